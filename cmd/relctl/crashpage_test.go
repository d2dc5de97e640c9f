package main

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// crashMark stands before and after the part of the page that is made here.
const crashMark = "<!-- crash matrix, made by make reliability -->\n"

// crashPage holds the table in docs/reliability.md against the points that were found, or writes it if
// RELCTL_RELIABILITY=write.
func crashPage(t *testing.T, all []*crashMatrix) {
	t.Helper()
	if runtime.GOOS != "linux" {
		return // the numbers are those of Linux
	}
	file := filepath.Join("..", "..", "docs", "reliability.md")
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(string(data), crashMark)
	if len(parts) != 3 {
		t.Fatalf("%s has no place for the table", file)
	}
	table := crashTable(all)
	if os.Getenv("RELCTL_RELIABILITY") == "write" {
		err := os.WriteFile(file, []byte(parts[0]+crashMark+table+crashMark+parts[2]), 0o644)
		if err != nil {
			t.Fatal(err)
		}
		return
	}
	if parts[1] != table {
		t.Errorf("%s is not current, run make reliability; it should say\n%s", file, table)
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
