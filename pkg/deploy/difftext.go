package deploy

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"unicode"
)

// Text shows a diff for people: the release, what happens to each object, then the fields.
func (d *Diff) Text() string {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s/%s: %s\n", d.Ring, d.Cell, d.versions())
	for _, i := range d.Images {
		fmt.Fprintf(&b, "  image %s\n", i.String())
	}
	labels := 0
	for _, o := range d.Objects {
		if o.LabelOnly {
			labels++
			continue
		}
		fmt.Fprintf(&b, "  %s %s %s\n", sign[o.Change], visible(o.Kind), visible(o.Name))
		for _, f := range o.Fields {
			if !ownLabel(f.Path) {
				fmt.Fprintf(&b, "      %s: %s -> %s\n", visible(f.Path), show(f.Old), show(f.New))
			}
		}
	}
	if labels > 0 {
		fmt.Fprintf(&b, "  %s in the release's labels only\n", count(labels, "object differs", "objects differ"))
	}
	if d.Note != "" {
		fmt.Fprintf(&b, "  %s\n", d.Note)
	}
	if len(d.Objects) == 0 && d.To != nil {
		b.WriteString("  nothing changes in the cluster\n")
	}
	return b.String()
}

var sign = map[string]string{Added: "+", Removed: "-", Changed: "~"}

// Summary is one line for a cell.
func (d *Diff) Summary() string {
	if d.To == nil && d.Note != "" {
		return d.Cell + ": " + d.Note
	}
	n := map[string]int{}
	for _, o := range d.Objects {
		if !o.LabelOnly {
			n[o.Change]++
		}
	}
	var parts []string
	for _, what := range []string{Added, Changed, Removed} {
		if n[what] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n[what], what))
		}
	}
	if len(parts) == 0 && len(d.Objects) > 0 {
		parts = []string{"labels only"}
	}
	if len(parts) == 0 {
		parts = []string{"no change"}
	}
	return fmt.Sprintf("%s: %s, %s", d.Cell, d.versions(), strings.Join(parts, ", "))
}

func (d *Diff) versions() string {
	from, to := "nothing", "nothing"
	if d.From != nil {
		from = d.From.Version.String()
	}
	if d.To != nil {
		to = d.To.Version.String()
	}
	if from == to {
		return to
	}
	return from + " -> " + to
}

func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// show prints a value on one line of bounded length.
func show(v any) string {
	if v == nil {
		return "none"
	}
	data, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	if r := []rune(short(string(data))); len(r) > 120 {
		return string(r[:119]) + "…"
	}
	return short(string(data))
}

func (c *ImageChange) String() string {
	return visible(fmt.Sprintf("%s: %s -> %s", c.Name, list(c.Old), list(c.New)))
}

// list shows digests as people compare them.
func list(digests []string) string {
	if len(digests) == 0 {
		return "none"
	}
	return short(strings.Join(digests, ", "))
}

var longDigest = regexp.MustCompile(`sha256:[0-9a-f]{64}`)

// short abbreviates the digests in a text.
func short(text string) string {
	return longDigest.ReplaceAllStringFunc(text, func(d string) string { return d[:len("sha256:")+12] })
}

// visible replaces what would move a terminal's cursor, or begin a line of its own.
func visible(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return unicode.ReplacementChar
		}
		return r
	}, text)
}
