package guide

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/relctl/relctl/pkg/changelog"
	"github.com/relctl/relctl/pkg/fact"
)

// Missing is a breaking fact that no note answers.
type Missing struct {
	Kind fact.Kind `json:"kind"`
	Name string    `json:"name"`
	// Texts say what changed of it.
	Texts []string `json:"texts"`
	// File is where its note belongs.
	File string `json:"file"`

	changes []fact.Change
}

// Fact names it as the front matter of a note does.
func (m Missing) Fact() string { return Answer{m.Kind, m.Name}.String() }

// Unanswered returns the facts of changes with an impact at least as bad as worst that no note answers, in the order of
// the changes. Their files lie in dir, under names that taken does not have.
func Unanswered(changes []fact.Change, worst fact.Impact, notes []Note, dir string, taken map[string]bool) []Missing {
	out := []Missing{}
	used := map[string]bool{}
	for _, c := range changes {
		if slices.Index(fact.Impacts, c.Impact) > slices.Index(fact.Impacts, worst) || slices.ContainsFunc(notes, func(n Note) bool { return n.Answers(c) }) {
			continue
		}
		i := slices.IndexFunc(out, func(m Missing) bool { return m.Kind == c.Kind && m.Name == c.Name })
		if i < 0 {
			id := freeID(c.Kind, c.Name, func(id string) bool { return taken[id] || used[id] })
			used[id] = true
			i = len(out)
			out = append(out, Missing{Kind: c.Kind, Name: c.Name, File: dir + "/" + id + ".md"})
		}
		out[i].Texts = append(out[i].Texts, changelog.Inert(c.Text))
		out[i].changes = append(out[i].changes, c)
	}
	return out
}

// freeID makes the name of a note out of that of a fact: "config server.listen" is config-server-listen.
func freeID(kind fact.Kind, name string, taken func(string) bool) string {
	id := strings.Trim(notID.ReplaceAllString(strings.ToLower(string(kind)+"-"+name), "-"), "-")
	if len(id) > 80 {
		id = strings.TrimRight(id[:80], "-")
	}
	free := id
	for n := 2; taken(free); n++ {
		free = fmt.Sprintf("%s-%d", id, n)
	}
	return free
}

var notID = regexp.MustCompile(`[^a-z0-9_]+`)

// Draft returns the note to fill in: what is known is there, and what only people know says TODO, with which the note is
// refused.
func (m Missing) Draft() []byte {
	kind := NoteBreaking
	for i, c := range m.changes {
		if i == 0 || c.Impact == fact.Breaking {
			kind = NoteKind(c.Impact)
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, "---\nkind: %s\nfacts:\n  - %s\n", kind, quoted(m.Fact()))
	b.WriteString("# What happens to somebody who does nothing?\nimpact: |\n")
	for _, t := range m.Texts {
		fmt.Fprintf(&b, "  %s\n", orTODO(t))
	}
	b.WriteString("  TODO: what does an operator notice?\n# What does an operator do, and when: before, during or after the upgrade?\naction: |\n")
	act, check := advice(m.changes[0])
	fmt.Fprintf(&b, "  TODO: %s\n", orTODO(strip(act)))
	b.WriteString("# How does one see that it is done? A command and what it prints is best.\ncheck: |\n")
	fmt.Fprintf(&b, "  TODO: %s\n", orTODO(strip(check)))
	b.WriteString("# Only for some channels? channels: [lts-2.6]\n---\n")
	return []byte(b.String())
}

func orTODO(text string) string {
	if text = strings.TrimSpace(changelog.Inert(text)); text == "" {
		return "…"
	}
	return text
}

// strip takes the marks of code off.
func strip(text string) string { return strings.ReplaceAll(text, "`", "") }

var plainYAML = regexp.MustCompile(`^[a-z]+ [A-Za-z0-9_./-]+( [A-Za-z0-9_./-]+)*$`)

// quoted writes a name so that YAML reads it as it is.
func quoted(text string) string {
	if plainYAML.MatchString(text) {
		return text
	}
	return strconv.QuoteToASCII(text) // whose escapes are YAML's
}
