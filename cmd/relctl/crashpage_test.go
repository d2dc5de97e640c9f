package main

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// crashMark and crashRan stand before and after the parts of the page that are made here: the points, and the result of
// the last run of all cases.
const (
	crashMark = "<!-- crash matrix, made by make reliability -->\n"
	crashRan  = "<!-- crash matrix, the last whole run -->\n"
)

// crashPage is docs/reliability.md.
var crashPage = filepath.Join("..", "..", "docs", "reliability.md")

// pagePart returns the part of the page that stands between two marks, with what comes before and after it.
func pagePart(t *testing.T, mark string) (before, part, after string) {
	t.Helper()
	data, err := os.ReadFile(crashPage)
	if err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(string(data), mark)
	if len(parts) != 3 {
		t.Fatalf("%s has no place for %q", crashPage, mark)
	}
	return parts[0] + mark, parts[1], mark + parts[2]
}

func writePage() bool { return os.Getenv("RELCTL_RELIABILITY") == "write" }

// checkPoints holds the table in the page against the points that were found, or writes it if RELCTL_RELIABILITY=write.
func checkPoints(t *testing.T, all []*crashMatrix) {
	t.Helper()
	if runtime.GOOS != "linux" {
		return // the numbers are those of Linux
	}
	before, part, after := pagePart(t, crashMark)
	table := crashTable(all)
	switch {
	case writePage():
		if err := os.WriteFile(crashPage, []byte(before+table+after), 0o644); err != nil {
			t.Fatal(err)
		}
	case part != table:
		t.Errorf("%s is not current, run make reliability; it should say\n%s", crashPage, table)
	}
}

// writeResult writes what came of a run of all cases.
func writeResult(t *testing.T, all []*crashMatrix) {
	t.Helper()
	ran, failed := 0, []string(nil)
	for _, m := range all {
		ran += m.ran
		for _, k := range m.failed {
			failed = append(failed, fmt.Sprintf("- `%s`: %s\n", m.name, k))
		}
	}
	slices.Sort(failed)
	text := fmt.Sprintf("\nThe last time that all cases ran, there were %d of them, and %d failed.\n%s\n", ran, len(failed), strings.Join(failed, ""))
	before, _, after := pagePart(t, crashRan)
	if err := os.WriteFile(crashPage, []byte(before+text+after), 0o644); err != nil {
		t.Fatal(err)
	}
}

// crashTable lists how many points each command has, and what happens at them.
func crashTable(all []*crashMatrix) string {
	faults := []string{dieBefore, dieAfter, diskFull, readOnly, cutOff, lost, rejected, forbidden, broken}
	var b strings.Builder
	fmt.Fprintf(&b, "\n| command | points | of them on the disk | of git | requests | cases | %s |\n|%s\n", strings.Join(faults, " | "), strings.Repeat(" ---: |", 6+len(faults)))
	sum := make([]int, 5+len(faults))
	row := func(name string, n []int) {
		fmt.Fprintf(&b, "| %s |", name)
		for _, v := range n {
			fmt.Fprintf(&b, " %d |", v)
		}
		b.WriteString("\n")
	}
	for _, m := range all {
		n := make([]int, len(sum))
		for _, p := range m.points {
			n[0]++
			switch op, _, _ := strings.Cut(p, " "); {
			case op == "git":
				n[2]++
			case strings.ToUpper(op) == op:
				n[3]++
			default:
				n[1]++
			}
		}
		for _, k := range m.cases() {
			n[4]++
			for i, f := range faults {
				if f == k.fault {
					n[5+i]++
				}
			}
		}
		row("`"+m.name+"`", n)
		for i := range sum {
			sum[i] += n[i]
		}
	}
	row("all", sum)
	return b.String() + "\n"
}
