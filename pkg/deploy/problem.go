package deploy

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Problem is something about the manifests that would fail, surprise or do nothing in a cluster.
type Problem struct {
	// File that holds the object, as far as it is known: a path of the release's commit or of the deploy branch.
	File string `json:"file"`
	// Ring, and the cells in it, "" and none if it does not depend on them.
	Ring  string   `json:"ring,omitempty"`
	Cells []string `json:"cells,omitempty"`
	// Object is its kind and name, such as "Deployment acme".
	Object string `json:"object,omitempty"`
	// Field is the path to the value, such as "spec.template.spec.containers[0].image".
	Field string `json:"field,omitempty"`
	// Message says what is wrong, Fix what to do about it.
	Message string `json:"message"`
	Fix     string `json:"fix"`
}

func (p Problem) String() string {
	var where []string
	for _, s := range []string{p.File, p.Object, p.Field} {
		if s != "" {
			where = append(where, s)
		}
	}
	text := strings.Join(where, ": ") + ": " + p.Message
	if p.Ring != "" {
		text += fmt.Sprintf(" (ring %s", p.Ring)
		if len(p.Cells) > 0 {
			text += ", cells " + strings.Join(p.Cells, " ")
		}
		text += ")"
	}
	return visible(text)
}

// Problems are all that were found. Nothing is rendered then.
type Problems []Problem

func (ps Problems) Error() string {
	if len(ps) == 1 {
		return ps[0].String()
	}
	lines := []string{fmt.Sprintf("%d problems in the manifests", len(ps))}
	for _, p := range ps {
		lines = append(lines, "  "+p.String())
	}
	return strings.Join(lines, "\n")
}

// Hint says what to do about them, each way out once.
func (ps Problems) Hint() string {
	var fixes []string
	for _, p := range ps {
		if p.Fix != "" && !slices.Contains(fixes, p.Fix) {
			fixes = append(fixes, p.Fix)
		}
	}
	return strings.Join(fixes, "\n")
}

// merge sorts, and tells once what several cells of a ring share.
func (ps Problems) merge() Problems {
	key := func(p Problem) string {
		return strings.Join([]string{p.Ring, p.File, p.Object, p.Field, p.Message}, "\x00")
	}
	at := map[string]int{}
	var out Problems
	for _, p := range ps {
		if i, ok := at[key(p)]; ok {
			out[i].Cells = append(out[i].Cells, p.Cells...)
			continue
		}
		at[key(p)] = len(out)
		out = append(out, p)
	}
	slices.SortStableFunc(out, func(a, b Problem) int { return cmp.Compare(key(a), key(b)) })
	for i := range out {
		slices.Sort(out[i].Cells)
		out[i].Cells = slices.Compact(out[i].Cells)
	}
	return out
}
