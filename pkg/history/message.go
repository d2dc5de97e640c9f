package history

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/relctl/relctl/pkg/release"
)

// Message is a commit message, parsed by Conventional Commits 1.0.0.
type Message struct {
	// Header is the first line.
	Header string
	// Type in lower case, Scope and Description are the parts of a conventional header. The type is "revert" for git's
	// own `Revert "…"`, whose description is what was reverted.
	Type, Scope, Description string
	// Body is the text between header and footers.
	Body    string
	Footers []release.Footer
	// Breaking is set by "!" or a BREAKING CHANGE footer, whose text is BreakingNote.
	Breaking     bool
	BreakingNote string
	// PickedFrom are the ids of "(cherry picked from commit …)" lines in their order, the original first.
	PickedFrom []string
	// Reverts are the ids of "This reverts commit …", or of "This reverts commits … and …".
	Reverts []string
	// PR is the number in "(#123)" at the end of the header, or in "Merge pull request #123", or 0.
	PR int
	// CVEs named anywhere, sorted, each once.
	CVEs []string
	// Problem says why the header is not conventional, "" if it is.
	Problem string
}

var (
	typeForm    = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_/-]*$`)
	footerForm  = regexp.MustCompile(`^(BREAKING CHANGE|[A-Za-z][A-Za-z0-9-]*)(: | #)(.*)$`)
	pickForm    = regexp.MustCompile(`^\(cherry picked from commit ([0-9A-Fa-f]{7,64})\)$`)
	revertForm  = regexp.MustCompile(`This reverts commits?\s+([0-9A-Fa-f]{7,64}\b(?:(?:\s*,\s*(?:and\s+)?|\s+and\s+)[0-9A-Fa-f]{7,64}\b)*)`)
	idForm      = regexp.MustCompile(`[0-9A-Fa-f]{7,64}`)
	prForm      = regexp.MustCompile(`\(#([0-9]{1,9})\)$`)
	mergePRForm = regexp.MustCompile(`^Merge pull request #([0-9]{1,9}) from `)
	cveForm     = regexp.MustCompile(`\bCVE-[0-9]{4}-[0-9]{4,19}\b`)
)

// types in lower case begin lines of squashed bodies, which are no footers.
var types = []string{"build", "chore", "ci", "docs", "feat", "fix", "perf", "refactor", "revert", "security", "style", "test", "deps"}

// Parse reads a commit message. It accepts any text, in time linear in its length.
func Parse(text string) Message {
	text = strings.ToValidUTF8(strings.ReplaceAll(text, "\r\n", "\n"), "�")
	text = strings.TrimSpace(text)
	header, rest, _ := strings.Cut(text, "\n")
	m := Message{Header: strings.TrimSpace(header)}
	m.parseHeader(m.Header)
	m.parseRest(rest)
	// A plain search first: few messages hold either, and the patterns cost more than all the rest.
	if strings.Contains(rest, "This reverts commit") {
		for _, list := range revertForm.FindAllStringSubmatch(rest, 64) {
			for _, id := range idForm.FindAllString(strings.ToLower(list[1]), 64) {
				if !slices.Contains(m.Reverts, id) {
					m.Reverts = append(m.Reverts, id)
				}
			}
		}
	}
	if strings.Contains(text, "CVE-") {
		m.CVEs = cveForm.FindAllString(text, 256)
		slices.Sort(m.CVEs)
		m.CVEs = slices.Compact(m.CVEs)
	}
	return m
}

func (m *Message) parseHeader(h string) {
	var pr []string
	switch {
	case strings.HasSuffix(h, ")"):
		pr = prForm.FindStringSubmatch(h)
	case strings.HasPrefix(h, "Merge pull request #"):
		pr = mergePRForm.FindStringSubmatch(h)
	}
	if pr != nil {
		m.PR, _ = strconv.Atoi(pr[1]) // nine digits at most
	}
	for {
		verb, inner, ok := quoted(h)
		if !ok {
			break
		}
		if verb == "Revert" {
			m.Type, m.Description = "revert", inner
			return
		}
		h = inner // Reapply: the change is back, by its own type
	}
	m.Description = h
	if h == "" {
		m.Problem = "the message has no subject"
		return
	}
	m.parseConventional(h)
}

// quoted splits git's `Revert "…"` and `Reapply "…"`, with or without a number of a pull request after it. It looks at
// the ends only: a header may be quoted very often.
func quoted(h string) (verb, inner string, ok bool) {
	verb, _, ok = strings.Cut(h[:min(len(h), len(`Reapply "`))], ` "`)
	if !ok || verb != "Revert" && verb != "Reapply" {
		return "", "", false
	}
	inner = h[len(verb)+len(` "`):]
	if number, isPR := strings.CutSuffix(inner, ")"); isPR {
		number = strings.TrimRight(number, "0123456789")
		if before, isPR := strings.CutSuffix(number, " (#"); isPR && len(number) < len(inner)-1 {
			inner = before
		}
	}
	inner, ok = strings.CutSuffix(inner, `"`)
	return verb, inner, ok
}

// parseConventional reads "type(scope)!: description".
func (m *Message) parseConventional(h string) {
	head, description, ok := strings.Cut(h, ":")
	if !ok {
		m.Problem = `the subject has no "type: "`
		return
	}
	head, breaking := strings.CutSuffix(head, "!")
	typ, scope, scoped := strings.Cut(head, "(")
	if scoped {
		var closed bool
		scope, closed = strings.CutSuffix(scope, ")")
		if !closed || scope == "" || strings.ContainsAny(scope, "()") || strings.TrimSpace(scope) != scope {
			m.Problem = "the scope is not of the form (scope)"
			return
		}
	}
	switch {
	case !typeForm.MatchString(typ):
		m.Problem = "what stands before the colon is no type"
		return
	case !strings.HasPrefix(description, " "):
		m.Problem = "the colon is not followed by a space"
		return
	}
	m.Type, m.Scope, m.Breaking = strings.ToLower(typ), scope, breaking
	m.Description = strings.TrimSpace(description)
}

// parseRest takes pick lines out and splits what is left into body and footers.
func (m *Message) parseRest(rest string) {
	var paragraphs [][]string
	var current []string
	flush := func() {
		if len(current) > 0 {
			paragraphs = append(paragraphs, current)
			current = nil
		}
	}
	for line := range strings.SplitSeq(rest, "\n") {
		trimmed := strings.TrimSpace(line)
		if strings.HasPrefix(trimmed, "(cherry picked from commit ") {
			if pick := pickForm.FindStringSubmatch(trimmed); pick != nil {
				m.PickedFrom = append(m.PickedFrom, strings.ToLower(pick[1]))
				continue
			}
		}
		if trimmed == "" {
			flush()
			continue
		}
		current = append(current, strings.TrimRight(line, " \t"))
	}
	flush()
	at := footersBegin(paragraphs)
	var body []string
	for _, p := range paragraphs[:at] {
		body = append(body, strings.Join(p, "\n"))
	}
	m.Body = strings.Join(body, "\n\n")
	m.readFooters(paragraphs[at:])
}

// footerStart splits a line that begins a footer.
func footerStart(line string) (release.Footer, bool) {
	if !strings.Contains(line, ": ") && !strings.Contains(line, " #") {
		return release.Footer{}, false
	}
	f := footerForm.FindStringSubmatch(line)
	if f == nil || slices.Contains(types, f[1]) {
		return release.Footer{}, false
	}
	value := f[3]
	if f[2] == " #" {
		value = "#" + value
	}
	return release.Footer{Token: f[1], Value: strings.TrimSpace(value)}, true
}

func isBreaking(token string) bool { return token == "BREAKING CHANGE" || token == "BREAKING-CHANGE" }

// footersBegin returns the index of the first paragraph of the footers: from there on each paragraph begins with a
// footer, or goes on with a BREAKING CHANGE. A message that ends in prose has none.
func footersBegin(paragraphs [][]string) int {
	begin := len(paragraphs)
	for i := len(paragraphs) - 1; i >= 0; i-- {
		if _, ok := footerStart(paragraphs[i][0]); !ok {
			continue // only an open BREAKING CHANGE before it can take it in
		}
		if i+1 == begin || opensBreaking(paragraphs[i]) {
			begin = i
			continue
		}
		break
	}
	return begin
}

// opensBreaking reports whether the last footer of a paragraph is a BREAKING CHANGE.
func opensBreaking(paragraph []string) bool {
	last := ""
	for _, line := range paragraph {
		if f, ok := footerStart(line); ok {
			last = f.Token
		}
	}
	return isBreaking(last)
}

func (m *Message) readFooters(paragraphs [][]string) {
	var value strings.Builder // of the last footer, so that many lines take linear time
	flush := func() {
		if len(m.Footers) > 0 {
			m.Footers[len(m.Footers)-1].Value = strings.TrimSpace(value.String())
		}
		value.Reset()
	}
	for _, p := range paragraphs {
		for i, line := range p {
			if f, ok := footerStart(line); ok {
				flush()
				m.Footers = append(m.Footers, f)
				value.WriteString(f.Value)
				continue
			}
			if i == 0 {
				value.WriteByte('\n')
			}
			value.WriteString("\n" + strings.TrimSpace(line))
		}
	}
	flush()
	var notes []string
	for _, f := range m.Footers {
		if !isBreaking(f.Token) {
			continue
		}
		m.Breaking = true
		if f.Value != "" {
			notes = append(notes, f.Value)
		}
	}
	m.BreakingNote = strings.Join(notes, "\n\n")
}
