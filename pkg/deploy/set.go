package deploy

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Set is what the deploy branch shall hold in the places that belong to relctl.
type Set struct {
	// Files by their path.
	Files map[string][]byte
	// Scaffolds are files that people own from then on: they are written only where there is none.
	Scaffolds map[string][]byte
	// Owned are the folders of which nothing but Files remains.
	Owned []string
	// Cells is what the rendered cells run, by ring and cell.
	Cells []Deployed
	// Warnings are worth a look, and stop nothing.
	Warnings Problems
}

// Join returns one set of several, such as rings and gitops of one commit. Two sets that write the same file are an
// error: they would both claim a ring.
func Join(sets ...*Set) (*Set, error) {
	out := &Set{Files: map[string][]byte{}, Scaffolds: map[string][]byte{}}
	for _, s := range sets {
		for _, name := range slices.Sorted(maps.Keys(s.Files)) {
			if _, ok := out.Files[name]; ok {
				return nil, fmt.Errorf("deploy: %s would be written twice", name)
			}
			out.Files[name] = s.Files[name]
		}
		maps.Copy(out.Scaffolds, s.Scaffolds)
		out.Owned = append(out.Owned, s.Owned...)
		out.Cells = append(out.Cells, s.Cells...)
		out.Warnings = append(out.Warnings, s.Warnings...)
	}
	slices.Sort(out.Owned)
	slices.SortFunc(out.Cells, func(a, b Deployed) int { return cmp.Or(cmp.Compare(a.Ring, b.Ring), cmp.Compare(a.Cell, b.Cell)) })
	return out, nil
}

// owns reports whether a path lies in a folder of which only the set's files remain.
func (s *Set) owns(name string) bool {
	return slices.ContainsFunc(s.Owned, func(dir string) bool { return strings.HasPrefix(name, dir+"/") })
}
