package handbook

import (
	"slices"
	"strings"

	"github.com/relctl/relctl/pkg/channel"
	"github.com/relctl/relctl/pkg/fact"
	"github.com/relctl/relctl/pkg/fact/contract"
	"github.com/relctl/relctl/pkg/guide"
	"github.com/relctl/relctl/pkg/site"
)

// referencePages tell the facts of a commit to those who run it. A page that the folder has in the place of one stays.
func referencePages(docs channel.Docs, s *fact.Set) []site.Page {
	if s == nil {
		return nil
	}
	var out []site.Page
	for _, p := range guide.Reference(s, func(url string) string { return runbookPage(docs, s, url) }) {
		out = append(out, site.Page{Path: p.Path, Title: p.Title, Markdown: p.Markdown, Source: "the reference page " + p.Path})
	}
	return out
}

// runbookPage is the page that an address of a runbook leads to, in the operator's folder, with the section if it has it;
// "" where none ships.
func runbookPage(docs channel.Docs, s *fact.Set, url string) string {
	page, fragment, err := contract.Resolve(s, url)
	below, ships := strings.CutPrefix(page.Name, strings.TrimSuffix(docs.Operator, "/")+"/")
	switch {
	case err != nil || !ships || docs.Operator == "":
		return ""
	case slices.Contains(page.Attributes.Anchors, fragment):
		return below + "#" + fragment
	}
	return below
}
