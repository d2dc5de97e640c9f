package attacks

import (
	"fmt"
	"slices"
	"strings"
)

// Table is testdata/attacks/README.md: row, attack, judge, reason, exit code.
func Table() string {
	var out strings.Builder
	all := All()
	out.WriteString("# The corpus of attacks\n\n" +
		"What an offline verifier must refuse, in the order in which it does, and the attacks that show each row. All are made\n" +
		"by `internal/attacks` and `internal/trusttest`, which are what there is to review: the bytes are the same in each run and\n" +
		"are not kept. `go run ./internal/attacks/generate /tmp/corpus` writes them out with their good twins, `go run\n" +
		"./internal/attacks/generate` writes this table. `go test ./cmd/relverify` runs every attack against the built program:\n" +
		"refused by its reason and exit code, no crash, nothing written, below 64 MiB of memory, and its good twin accepted.\n\n" +
		fmt.Sprintf("%d attacks. Judged by a *site* (trust metadata), by a *key* (stock signatures), or by both with one answer.\n", len(all)))
	for _, row := range Rows {
		fmt.Fprintf(&out, "\n## %s\n\n", upper(row))
		if why := Missing[row]; why != "" {
			fmt.Fprintf(&out, "Not yet: %s.\n\n", why)
		}
		for _, test := range Tests[row] {
			pkg, name, _ := strings.Cut(test, ": ")
			fmt.Fprintf(&out, "Also: `%s` of `%s`.\n", name, pkg)
		}
		if len(Tests[row]) > 0 {
			out.WriteString("\n")
		}
		list := slices.DeleteFunc(slices.Clone(all), func(a Attack) bool { return a.Row != row })
		if len(list) == 0 {
			continue
		}
		out.WriteString("| attack | judged by | reason | exit |\n|---|---|---|---|\n")
		for _, a := range list {
			fmt.Fprintf(&out, "| %s | %s | `%s` | %d |\n", a.Name, a.judges(), a.Code, a.Exit)
		}
	}
	return strings.TrimRight(strings.ReplaceAll(out.String(), "\n\n\n", "\n\n"), "\n") + "\n"
}

func (a Attack) judges() string {
	var by []string
	if a.Site != nil {
		by = append(by, "site")
	}
	if a.Keys != nil {
		by = append(by, "key")
	}
	return strings.Join(by, ", ")
}

func upper(s string) string { return strings.ToUpper(s[:1]) + s[1:] }
