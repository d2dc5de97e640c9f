package main

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/relctl/relctl/pkg/history"
)

// table is one part of the report.
type table struct {
	title, text string
	head        []string
	rows        [][]string
}

// row adds one; numbers are written out.
func (t *table) row(cells ...any) {
	out := make([]string, len(cells))
	for i, c := range cells {
		out[i] = fmt.Sprint(c)
	}
	t.rows = append(t.rows, out)
}

// markdown writes the table as GitHub shows it.
func (t *table) markdown(w io.Writer) {
	rule := strings.TrimSuffix(strings.Repeat("--- | ", len(t.head)), " | ")
	print(w, "### %s\n\n%s\n\n| %s |\n| %s |\n", t.title, t.text, strings.Join(t.head, " | "), rule)
	for _, r := range t.rows {
		print(w, "| %s |\n", strings.Join(escapeAll(r), " | "))
	}
	print(w, "\n")
}

// plain writes the table for a terminal.
func (t *table) plain(w io.Writer) {
	print(w, "%s\n%s\n\n", t.title, t.text)
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, r := range append([][]string{t.head}, t.rows...) {
		print(tw, "%s\n", strings.Join(r, "\t"))
	}
	_ = tw.Flush() // w's errors show at its end
	print(w, "\n")
}

func print(w io.Writer, format string, args ...any) { _, _ = fmt.Fprintf(w, format, args...) }

// escapeAll keeps what people wrote from being read as Markdown or HTML.
func escapeAll(cells []string) []string {
	quote := strings.NewReplacer("|", "\\|", "<", "&lt;", "`", "\\`", "*", "\\*", "_", "\\_", "[", "\\[", "\\", "\\\\", "\n", " ", "\r", "")
	out := make([]string, len(cells))
	for i, c := range cells {
		out[i] = quote.Replace(c)
	}
	return out
}

// percent writes a share.
func percent(part, of int) string {
	if of == 0 {
		return "–"
	}
	return strconv.FormatFloat(100*float64(part)/float64(of), 'f', 1, 64) + " %"
}

// tables are the report.
func (r *Result) tables(shown []Disagreement) []*table {
	return []*table{r.foundTable(), r.trailerTable(), r.agreementTable(), sampleTable(shown, len(r.Disagreements))}
}

// kinds are the evidence that some line has.
func kinds(of func(*LineResult) []map[history.Evidence]int, lines []*LineResult) []history.Evidence {
	var out []history.Evidence
	for _, e := range evidence {
		if slices.ContainsFunc(lines, func(l *LineResult) bool {
			return slices.ContainsFunc(of(l), func(m map[history.Evidence]int) bool { return m[e] > 0 })
		}) {
			out = append(out, e)
		}
	}
	return out
}

func heads(first []string, kinds []history.Evidence) []string {
	for _, k := range kinds {
		first = append(first, string(k))
	}
	return first
}

// foundTable says by which evidence picks were found.
func (r *Result) foundTable() *table {
	kinds := kinds(func(l *LineResult) []map[history.Evidence]int { return []map[history.Evidence]int{l.Found} }, r.Lines)
	t := &table{
		title: "Found by which evidence", text: fmt.Sprintf("Commits that a line has and main has not, without merges. %s is at %s.", r.Main, r.Tip),
		head: heads([]string{"line", "at", "commits", "own trailer", "found on main"}, kinds),
	}
	for _, l := range append(slices.Clone(r.Lines), r.sum()) {
		cells := []any{l.Name, l.Tip[:min(10, len(l.Tip))], l.Commits, l.Trailers, total(l.Found)}
		for _, k := range kinds {
			cells = append(cells, l.Found[k])
		}
		t.row(cells...)
	}
	return t
}

// trailerTable holds what is found without trailers against them.
func (r *Result) trailerTable() *table {
	kinds := kinds(func(l *LineResult) []map[history.Evidence]int {
		return []map[history.Evidence]int{l.Hidden.Right, l.Hidden.Wrong}
	}, r.Lines)
	t := &table{
		title: "Against the pick trailers",
		text:  "The trailers of the lines are hidden from the detector. The last columns say by which evidence it was right, and in brackets how often it was wrong by it.",
		head:  heads([]string{"line", "known picks", "right", "wrong", "missed", "recall", "precision"}, kinds),
	}
	for _, l := range append(slices.Clone(r.Lines), r.sum()) {
		s := l.Hidden
		cells := []any{l.Name, s.known(), s.right(), s.wrong(), s.Missed, percent(s.right(), s.known()), percent(s.right(), s.right()+s.wrong())}
		for _, k := range kinds {
			cell := strconv.Itoa(s.Right[k])
			if s.Wrong[k] > 0 {
				cell += fmt.Sprintf(" (%d)", s.Wrong[k])
			}
			cells = append(cells, cell)
		}
		t.row(cells...)
	}
	return t
}

// agreementTable compares with what git finds by patch-ids.
func (r *Result) agreementTable() *table {
	t := &table{
		title: "Against git's own search by patch",
		text:  "In how many commits of a line both see a change of main, neither does, or only one of them.",
		head:  []string{"line", "oracle", "both", "neither", "only the detector", "only git", "git's picks found"},
	}
	for _, l := range append(slices.Clone(r.Lines), r.sum()) {
		for _, o := range []struct {
			oracle Oracle
			a      Agreement
		}{{ByCherry, l.Cherry}, {ByCherryMark, l.CherryMark}} {
			t.row(l.Name, o.oracle, o.a.Both, o.a.Neither, o.a.More, o.a.Missed, percent(o.a.Both, o.a.Both+o.a.Missed))
		}
	}
	return t
}

// sum adds the lines up.
func (r *Result) sum() *LineResult {
	s := &LineResult{
		Name: "all", Found: map[history.Evidence]int{},
		Hidden: Score{Right: map[history.Evidence]int{}, Wrong: map[history.Evidence]int{}},
	}
	for _, l := range r.Lines {
		s.Commits += l.Commits
		s.Trailers += l.Trailers
		s.Hidden.Missed += l.Hidden.Missed
		for _, e := range evidence {
			s.Found[e] += l.Found[e]
			s.Hidden.Right[e] += l.Hidden.Right[e]
			s.Hidden.Wrong[e] += l.Hidden.Wrong[e]
		}
		s.Cherry.add(l.Cherry)
		s.CherryMark.add(l.CherryMark)
	}
	return s
}

func (a *Agreement) add(b Agreement) {
	a.Both += b.Both
	a.Neither += b.Neither
	a.More += b.More
	a.Missed += b.Missed
}

// sampleTable lists disagreements so that a person can explain them.
func sampleTable(shown []Disagreement, of int) *table {
	t := &table{
		title: "Disagreements", text: fmt.Sprintf("%d of %d, one commit a row.", len(shown), of),
		head: []string{"#", "oracle", "kind", "commit of the line", "the detector says", "by", "the oracle says"},
	}
	for i, d := range shown {
		t.row(i+1, d.Oracle, d.Kind, d.Commit.words(), d.Ours.words(), dash(string(d.By)), d.Theirs.words())
	}
	return t
}

// words are the short id and the subject of a commit.
func (c *commit) words() string {
	if c == nil {
		return "–"
	}
	return c.id[:min(10, len(c.id))] + " " + c.subject
}

func dash(text string) string {
	if text == "" {
		return "–"
	}
	return text
}
