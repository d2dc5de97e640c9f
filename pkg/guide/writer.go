package guide

import (
	"fmt"
	"strings"
)

// maxRows of one table or list; the facts of both releases hold the rest.
const maxRows = 200

// writer writes blocks with an empty line after each.
type writer struct{ b strings.Builder }

func (w *writer) heading(level int, text string) {
	w.b.WriteString(strings.Repeat("#", level) + " " + text + "\n\n")
}

// para writes a paragraph of Markdown.
func (w *writer) para(format string, args ...any) {
	w.b.WriteString(fmt.Sprintf(format, args...) + "\n\n")
}

// list writes texts from outside as a list.
func (w *writer) list(texts []string) {
	for i, t := range texts {
		if i == maxRows {
			w.b.WriteString("- " + more(len(texts)) + "\n")
			break
		}
		w.b.WriteString("- " + line(t) + "\n")
	}
	w.b.WriteString("\n")
}

// numbered writes items of Markdown. Further lines of an item are indented.
func (w *writer) numbered(items []string) {
	for i, item := range items {
		number := fmt.Sprintf("%d. ", i+1)
		w.b.WriteString(number + indent(item, len(number)) + "\n")
	}
	w.b.WriteString("\n")
}

// indent puts further lines of an item under its text.
func indent(item string, by int) string {
	var b strings.Builder
	for i, text := range strings.Split(strings.TrimRight(item, "\n"), "\n") {
		if i > 0 {
			b.WriteByte('\n')
			if text != "" {
				b.WriteString(strings.Repeat(" ", by))
			}
		}
		b.WriteString(text)
	}
	return b.String()
}

// table writes cells of Markdown.
func (w *writer) table(head []string, rows [][]string) {
	w.b.WriteString("| " + strings.Join(head, " | ") + " |\n|" + strings.Repeat(" --- |", len(head)) + "\n")
	for i, r := range rows {
		if i == maxRows {
			break
		}
		w.b.WriteString("| " + strings.Join(r, " | ") + " |\n")
	}
	w.b.WriteString("\n")
	if len(rows) > maxRows {
		w.para("%s", more(len(rows)))
	}
}

func more(n int) string {
	return fmt.Sprintf("…and %d more; `docs/facts.json` of both releases has them all.", n-maxRows)
}

// entries writes changes as impact, action and check.
func (w *writer) entries(title string, level int, list []Entry) {
	if len(list) == 0 {
		return
	}
	w.heading(level, title)
	for i, e := range list {
		if i == maxRows {
			w.para("%s", more(len(list)))
			break
		}
		w.heading(level+1, line(e.Title))
		for _, part := range [][2]string{{"Impact", e.Impact}, {"Do this", e.Action}, {"Check", e.Check}, {"", e.Text}} {
			w.part(part[0], part[1])
		}
		if e.Note != "" && len(e.Facts) > 0 {
			w.para("Found in the product's files:")
			w.list(e.Facts)
		}
	}
}

// part writes one text of an entry.
func (w *writer) part(label, text string) {
	if label != "" {
		label = "**" + label + ":**"
	}
	if text = labelled(label, text); text != "" {
		w.para("%s", text)
	}
}

// labelled writes the text of a note behind a label of Markdown; a list or a block of code begins in a line of its own.
func labelled(label, text string) string {
	text = strings.TrimSpace(prose(text, ""))
	first, _, _ := strings.Cut(text, "\n")
	switch {
	case text == "" || label == "":
		return text
	case fence.MatchString(first), entry.MatchString(first):
		return label + "\n\n" + text
	}
	return label + " " + text
}
