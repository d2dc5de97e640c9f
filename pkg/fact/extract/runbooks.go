package extract

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/relctl/relctl/pkg/channel"
	"github.com/relctl/relctl/pkg/fact"
)

var (
	heading = regexp.MustCompile(`^ {0,3}(#{1,6})[ \t]+(.*?)[ \t]*#*[ \t]*$`)
	fence   = regexp.MustCompile("^ {0,3}(```+|~~~+)")
	htmlID  = regexp.MustCompile(`<a (?:id|name)="([^"<>]+)"`)
	ownID   = regexp.MustCompile(`[ \t]*\{#([\w-]+)\}$`)
	link    = regexp.MustCompile(`!?\[([^\]]*)\]\([^)]*\)`)
)

// runbooks reads a Markdown page. Its name is its path, since alerts link to it.
func runbooks(_ channel.FactSource, f file) ([]fact.Fact, error) {
	one := fact.Fact{Kind: fact.Runbook, Name: f.path, Line: 1}
	seen := map[string]int{}
	inFence := ""
	for _, line := range strings.Split(strings.ToValidUTF8(string(f.data), "?"), "\n") {
		if m := fence.FindStringSubmatch(line); m != nil {
			switch {
			case inFence == "":
				inFence = m[1]
			case strings.HasPrefix(m[1], inFence):
				inFence = ""
			}
			continue
		}
		if inFence != "" {
			continue
		}
		for _, m := range htmlID.FindAllStringSubmatch(line, -1) {
			one.Attributes.Anchors = append(one.Attributes.Anchors, m[1])
		}
		m := heading.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		title := m[2]
		if own := ownID.FindStringSubmatch(title); own != nil {
			one.Attributes.Anchors = append(one.Attributes.Anchors, own[1])
			title = title[:len(title)-len(own[0])]
		} else {
			one.Attributes.Anchors = append(one.Attributes.Anchors, unique(anchor(title), seen))
		}
		if one.Text == "" {
			one.Text = oneLine(title)
		}
	}
	slices.Sort(one.Attributes.Anchors)
	one.Attributes.Anchors = slices.Compact(one.Attributes.Anchors)
	return []fact.Fact{one}, nil
}

// anchor turns a heading into an anchor as forges do: lower case, no punctuation, - for spaces.
func anchor(title string) string {
	title = link.ReplaceAllString(title, "$1")
	return strings.Map(func(r rune) rune {
		switch {
		case r == ' ':
			return '-'
		case r == '-' || r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r):
			return unicode.ToLower(r)
		}
		return -1
	}, title)
}

// unique counts headings of the same text: usage, usage-1.
func unique(name string, seen map[string]int) string {
	n := seen[name]
	seen[name]++
	if n == 0 {
		return name
	}
	return fmt.Sprintf("%s-%d", name, n)
}
