package guide_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/relctl/relctl/pkg/fact"
	"github.com/relctl/relctl/pkg/guide"
)

func reference(facts ...fact.Fact) map[string]string {
	s := &fact.Set{Facts: facts}
	fact.Sort(s.Facts)
	out := map[string]string{}
	for _, p := range guide.Reference(s, func(url string) string { return strings.TrimPrefix(url, "https://docs.example/") }) {
		out[p.Path] = string(p.Markdown)
	}
	return out
}

func TestTheReferenceTellsFactsToThoseWhoNeverSawTheSource(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		says, page string
		facts      []fact.Fact
		want       string
	}{
		{"keys, by the file that has them", "reference/configuration.md", []fact.Fact{
			{Kind: fact.Config, Name: "listen", Text: "Where it listens (default :80).", Attributes: fact.Attributes{Type: "string", Default: ptr(":80")}},
			{Kind: fact.Config, Name: "agent level", Text: "How much it says.", Attributes: fact.Attributes{Enum: []string{"debug", "info"}, Required: true}},
			{Kind: fact.Config, Name: "agent n", Attributes: fact.Attributes{Type: "integer", Minimum: "1", Maximum: "9", Deprecated: "use m", RemovedIn: "3.0"}},
		}, `
| Key | Type | Default | About |
| --- | --- | --- | --- |
| ` + "`listen`" + ` | string | ` + "`:80`" + ` | Where it listens. |

## ` + "`agent`" + `

| Key | Type | About |
| --- | --- | --- |
| ` + "`level`" + ` | – | How much it says. **Required.** One of ` + "`debug`, `info`" + `. |
| ` + "`n`" + ` | integer | From 1 to 9. **Deprecated:** use m. Will be gone in 3\.0. |
`},
		{"flags, by the command that has them", "reference/command-line.md", []fact.Fact{
			{Kind: fact.Command, Name: "acme items list", Text: "List items."},
			{Kind: fact.Flag, Name: "acme-items-list --json", Text: "as JSON", Attributes: fact.Attributes{Type: "bool"}},
			{Kind: fact.Env, Name: "ACME_LEVEL", Text: "stands for --level"},
		}, `
## Commands

| Command | About |
| --- | --- |
| ` + "`acme items list`" + ` | List items. |

## ` + "`acme items list`" + `

| Flag | Type | About |
| --- | --- | --- |
| ` + "`--json`" + ` | bool | as JSON |

## Environment variables

| Variable | About |
| --- | --- |
| ` + "`ACME_LEVEL`" + ` | stands for --level |
`},
		{"an alert with what to do about it", "reference/alerts.md", []fact.Fact{
			{Kind: fact.Alert, Name: "Down", Text: "It is down.", Attributes: fact.Attributes{Expr: "up == 0", For: "5m", Severity: "page", RunbookURL: "https://docs.example/runbooks/down.md#then"}},
			{Kind: fact.Alert, Name: "Else", Attributes: fact.Attributes{Expr: "x", RunbookURL: "https://else.example/x"}},
		}, `
## ` + "`Down`" + `

It is down.

It fires when this holds for 5m, as *page*:

` + "```promql\nup == 0\n```" + `

What to do then: [down](../runbooks/down.md#then).

## ` + "`Else`" + `

It fires when this holds:

` + "```promql\nx\n```" + `

Its runbook: ` + "`https://else.example/x`" + `
`},
		{"what a migration deletes", "reference/database.md", []fact.Fact{
			{Kind: fact.Migration, Name: "0001_a", Attributes: fact.Attributes{Lock: fact.LockAll, Statements: []string{"drops table a"}, Destructive: []string{"drops table a"}}},
		}, "| `0001_a` | drops table a | readers and writers wait, as long as the table is worked through | **no, it drops table a** |\n"},
	} {
		pages := reference(c.facts...)
		if !strings.HasSuffix(pages[c.page], c.want) || len(pages) != 1 {
			t.Errorf("%s: %s is\n%s\nwant at its end\n%s", c.says, c.page, pages[c.page], c.want)
		}
	}
}

func TestAReferenceHasNoPageAboutNothing(t *testing.T) {
	t.Parallel()
	if pages := reference(); len(pages) != 0 {
		t.Errorf("no facts make %v", pages)
	}
}

func TestVeryManyFactsMakeAPageThatOpens(t *testing.T) {
	t.Parallel()
	var many []fact.Fact
	for i := range 30_000 {
		many = append(many, fact.Fact{Kind: fact.CRD, Name: fmt.Sprintf("things.example/v1 spec.%05d", i), Text: strings.Repeat("words ", 50)})
	}
	page := reference(many...)["reference/api.md"]
	if len(page) > 1<<20 || !strings.Contains(page, "more, which `docs/facts.json` has.") {
		t.Errorf("a page of %d bytes", len(page))
	}
}

func TestHostileFactsAreTextInTheReference(t *testing.T) {
	t.Parallel()
	for _, evil := range []string{
		"<script>alert(1)</script>", "[a](javascript:alert(1))", "![a](https://evil.example/a.png)", "```\n# not a heading\n<b>", "a | b | c", "\u202Egnp.exe",
		"| --- |\n| <img src=x> |", "https://evil.example www.evil.example", strings.Repeat("x", 1<<20), "`</code><script>`", "a\x00b\nc", "--- \n# title",
	} {
		var facts []fact.Fact
		for _, kind := range fact.Kinds {
			facts = append(facts, fact.Fact{Kind: kind, Name: evil, Text: evil, Attributes: fact.Attributes{
				Type: evil, Default: &evil, Enum: []string{evil}, Minimum: evil, Deprecated: evil, RemovedIn: evil, Value: evil, State: evil, Destructive: []string{evil},
				Statements: []string{evil}, Expr: evil, For: evil, Severity: evil, RunbookURL: evil, Labels: []string{evil}, Versions: []string{evil},
			}})
		}
		pages := reference(facts...)
		if len(pages) != 8 {
			t.Errorf("%d pages", len(pages))
		}
		for _, page := range pages {
			checkInert(t, []byte(page))
		}
	}
}
