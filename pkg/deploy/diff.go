package deploy

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"
)

// Diff is what differs between two releases in one cell.
type Diff struct {
	Ring string `json:"ring"`
	Cell string `json:"cell"`
	// From and To are the releases, null where there is none.
	From *Deployed `json:"from"`
	To   *Deployed `json:"to"`
	// Note is what else there is to say.
	Note string `json:"note,omitempty"`
	// Images of which the cell runs another version, or that come or go.
	Images []ImageChange `json:"images,omitempty"`
	// Objects that were added, removed or changed, by kind and name.
	Objects []ObjectChange `json:"objects,omitempty"`
}

// ImageChange is an image of which a cell runs another version.
type ImageChange struct {
	// Name is the image without tag and digest.
	Name string `json:"name"`
	// Old and New are the digests, or what stands in their place, none where the image is not there.
	Old []string `json:"old,omitempty"`
	New []string `json:"new,omitempty"`
}

// ObjectChange is an object that differs.
type ObjectChange struct {
	Kind      string `json:"kind"`
	Group     string `json:"group,omitempty"`
	Namespace string `json:"namespace,omitempty"`
	Name      string `json:"name"`
	// Change is added, removed or changed.
	Change string `json:"change"`
	// Fields that differ, in changed objects.
	Fields []FieldChange `json:"fields,omitempty"`
	// LabelOnly says that nothing but relctl's own labels differ: nothing restarts.
	LabelOnly bool `json:"label_only,omitempty"`
}

// The ways in which an object can differ.
const (
	Added   = "added"
	Removed = "removed"
	Changed = "changed"
)

// FieldChange is a value that differs. Values are JSON, and null where there is none; what a Secret holds is not shown.
type FieldChange struct {
	Path string `json:"path"`
	Old  any    `json:"old"`
	New  any    `json:"new"`
}

// DiffManifests compares two manifests.yaml of one cell, object by object. Either may be empty.
func DiffManifests(old, now []byte) ([]ObjectChange, []ImageChange, error) {
	a, err := parseManifests(old)
	if err != nil {
		return nil, nil, fmt.Errorf("deploy: old manifests: %w", err)
	}
	b, err := parseManifests(now)
	if err != nil {
		return nil, nil, fmt.Errorf("deploy: new manifests: %w", err)
	}
	objects, images := compare(a, b)
	return objects, images, nil
}

// Compare tells what differs between two rendered sets, such as one ring with two releases, cell by cell. A cell that
// only one of them has comes or goes.
func Compare(old, now *Set) ([]Diff, error) {
	type place struct{ ring, cell string }
	before := map[place]*Deployed{}
	for i := range old.Cells {
		before[place{old.Cells[i].Ring, old.Cells[i].Cell}] = &old.Cells[i]
	}
	var out []Diff
	for _, to := range now.Cells {
		at := place{to.Ring, to.Cell}
		d, err := diffCell(before[at], old.manifests(to.Ring, to.Cell), to, now.manifests(to.Ring, to.Cell))
		if err != nil {
			return nil, err
		}
		delete(before, at)
		out = append(out, d)
	}
	for _, from := range old.Cells {
		if before[place{from.Ring, from.Cell}] != nil {
			out = append(out, Diff{Ring: from.Ring, Cell: from.Cell, From: &from, Note: leaves})
		}
	}
	return out, nil
}

func (s *Set) manifests(ring, cell string) []byte {
	return s.Files[path.Join(renderedDir(ring, cell), manifestsName)]
}

// diffCell compares what a cell ran, nil for nothing, with what it shall run.
func diffCell(from *Deployed, old []byte, to Deployed, now []byte) (Diff, error) {
	d := Diff{Ring: to.Ring, Cell: to.Cell, From: from, To: &to}
	if _, bad := parseManifests(old); bad != nil {
		old, d.Note = nil, "what it ran cannot be read and counts as nothing"
	}
	var err error
	d.Objects, d.Images, err = DiffManifests(old, now)
	return d, err
}

// Diff compares what the branch has with what a set would make of it, for each cell of the set's rings. A cell without
// changes is listed too, with nothing in it; one that leaves its ring has no To. files may be nil.
func (s *Set) Diff(files fs.FS) ([]Diff, error) {
	var out []Diff
	for _, to := range s.Cells {
		from, err := ReadDeployed(files, to.Ring, to.Cell)
		if err != nil {
			return nil, err
		}
		old, err := ReadManifests(files, to.Ring, to.Cell)
		if err != nil {
			return nil, err
		}
		d, err := diffCell(from, old, to, s.manifests(to.Ring, to.Cell))
		if err != nil {
			return nil, err
		}
		out = append(out, d)
	}
	left, err := s.left(files)
	return append(out, left...), err
}

// left returns the cells that the branch has and the set's rings have no more.
func (s *Set) left(files fs.FS) ([]Diff, error) {
	var out []Diff
	for _, dir := range s.Owned {
		ring, ok := strings.CutPrefix(dir, renderedRing("")+"/")
		if !ok || files == nil {
			continue
		}
		entries, err := fs.ReadDir(files, dir)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("deploy: %w", err)
		}
		for _, e := range entries {
			if s.Files[path.Join(dir, e.Name(), stateName)] != nil || !e.IsDir() {
				continue
			}
			from, err := ReadDeployed(files, ring, e.Name())
			if err != nil {
				return nil, err
			}
			out = append(out, Diff{Ring: ring, Cell: e.Name(), From: from, Note: leaves})
		}
	}
	return out, nil
}

// leaves is what is said of a cell that leaves its ring: engines are told to keep it.
const leaves = "leaves the ring; what it runs stays until somebody takes it away"
