package changelog

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// OverrideError is something wrong in an override.
type OverrideError struct {
	File string
	// Line and Column count from 1; both are 0 if the error is about the whole file.
	Line, Column int
	// Source is the line as it stands in the file.
	Source  string
	Message string
}

// Error says where and what, and shows the line with a mark under the place.
func (e *OverrideError) Error() string {
	if e.Line == 0 {
		return Inert(e.File + ": " + e.Message)
	}
	text := fmt.Sprintf("%s:%d:%d: %s", Inert(e.File), e.Line, e.Column, Inert(e.Message))
	if utf8.RuneCountInString(e.Source) > 120 {
		return text
	}
	return fmt.Sprintf("%s\n%4d | %s\n     | %s^", text, e.Line, strings.Map(shown, e.Source), strings.Repeat(" ", e.Column-1))
}

// shown keeps the width of what a terminal would not print.
func shown(r rune) rune {
	if r == '\t' || !unicode.IsPrint(r) {
		return ' '
	}
	return r
}

var (
	commitForm = regexp.MustCompile(`^([0-9a-f]{40}|[0-9a-f]{64})$`)
	typeForm   = regexp.MustCompile(`^[a-z][a-z0-9_/-]{0,62}$`)
	cveForm    = regexp.MustCompile(`^CVE-[0-9]{4}-[0-9]{4,19}$`)
)

// overrideKeys are the keys in the order in which they are told.
var overrideKeys = []string{"change", "type", "scope", "subject", "body", "breaking", "breaking_note", "cves", "hide", "reason"}

// overrideReader reads one file.
type overrideReader struct {
	file  string
	lines []string
	out   Override
}

// ParseOverride reads an override strictly; file stands in its errors, which are [*OverrideError].
func ParseOverride(file string, data []byte) (*Override, error) {
	r := overrideReader{file: file, out: Override{File: file}}
	if len(data) > maxOverrideBytes {
		return nil, r.fail(nil, "the file is larger than %d KiB", maxOverrideBytes>>10)
	}
	if !utf8.Valid(data) {
		return nil, r.fail(nil, "the file is not valid UTF-8")
	}
	text := strings.ReplaceAll(string(data), "\r\n", "\n")
	r.lines = strings.Split(text, "\n")
	body, err := r.parse(text)
	if err != nil {
		return nil, err
	}
	if err := r.mapping(body); err != nil {
		return nil, err
	}
	return &r.out, nil
}

func (r *overrideReader) fail(t *token.Token, format string, args ...any) error {
	e := &OverrideError{File: r.file, Message: fmt.Sprintf(format, args...)}
	if t != nil && t.Position != nil && t.Position.Line > 0 && t.Position.Line <= len(r.lines) {
		e.Line, e.Source = t.Position.Line, r.lines[t.Position.Line-1]
		e.Column = min(max(t.Position.Column, 1), utf8.RuneCountInString(e.Source)+1)
	}
	return e
}

// parse returns the one value of the file.
func (r *overrideReader) parse(text string) (ast.Node, error) {
	tokens := lexer.Tokenize(text)
	depth := 0
	for _, t := range tokens {
		switch t.Type {
		case token.AnchorType, token.AliasType, token.MergeKeyType, token.TagType, token.DirectiveType, token.MappingKeyType:
			return nil, r.fail(t, "anchors, aliases, tags, directives and complex keys are not allowed")
		case token.SequenceStartType, token.MappingStartType, token.SequenceEntryType:
			depth++ // counted only upwards: an override needs few
		}
		if depth > 1000 {
			return nil, r.fail(t, "the file holds too many lists")
		}
	}
	file, err := parser.Parse(tokens, 0, parser.AllowDuplicateMapKey()) // repeated keys are told below
	var syntax *yaml.SyntaxError
	switch {
	case errors.As(err, &syntax):
		return nil, r.fail(syntax.Token, "%s", firstLine(syntax.Message))
	case err != nil:
		return nil, r.fail(nil, "%s", firstLine(err.Error()))
	case len(file.Docs) == 0 || file.Docs[0].Body == nil:
		return nil, r.fail(nil, "the file is empty; it needs the key change, and what to correct")
	case len(file.Docs) > 1:
		return nil, r.fail(file.Docs[1].Start, "a second document begins; an override has only one")
	}
	return file.Docs[0].Body, nil
}

func firstLine(text string) string {
	text, _, _ = strings.Cut(text, "\n")
	return text
}

// mapping reads the keys of the file.
func (r *overrideReader) mapping(body ast.Node) error {
	var pairs []*ast.MappingValueNode
	switch m := body.(type) {
	case *ast.MappingNode:
		pairs = m.Values
	case *ast.MappingValueNode:
		pairs = []*ast.MappingValueNode{m}
	default:
		return r.fail(body.GetToken(), "keys and values are expected here")
	}
	seen := map[string]int{}
	for _, p := range pairs {
		t := p.Key.GetToken()
		key := t.Value
		if line, ok := seen[key]; ok {
			return r.fail(t, "the key %.60q stands here again; it is already in line %d", key, line)
		}
		if !slices.Contains(overrideKeys, key) {
			return r.fail(t, "unknown key %.60q; the keys are %s", key, strings.Join(overrideKeys, ", "))
		}
		seen[key] = t.Position.Line
		if err := r.key(key, p.Value); err != nil {
			return err
		}
	}
	return r.complete(seen)
}

// complete checks what the keys say together.
func (r *overrideReader) complete(seen map[string]int) error {
	o := &r.out
	_, reason := seen["reason"]
	corrects := len(seen) - 1 // all but change
	if reason {
		corrects--
	}
	switch {
	case o.Change == "":
		return r.fail(nil, "the key change is missing: it names the commit whose note is corrected")
	case corrects == 0:
		return r.fail(nil, "nothing is corrected; give one of %s", strings.Join(overrideKeys[1:len(overrideKeys)-1], ", "))
	case o.Hide && corrects > 1:
		return r.fail(nil, "a change that is hidden needs no other correction")
	case o.Breaking != nil && !*o.Breaking && o.BreakingNote != nil:
		return r.fail(nil, "breaking is false, so there can be no breaking_note")
	}
	return nil
}

// key reads the value of one key.
func (r *overrideReader) key(key string, n ast.Node) error {
	o := &r.out
	switch key {
	case "breaking":
		o.Breaking = new(bool)
		return r.boolean(n, o.Breaking)
	case "hide":
		if err := r.boolean(n, &o.Hide); err != nil {
			return err
		}
		if !o.Hide {
			return r.fail(n.GetToken(), "hide is true, or left out")
		}
		return nil
	case "cves":
		return r.cves(n)
	}
	text, err := r.text(n)
	if key == "change" && isNumber(n) {
		text, err = n.GetToken().Value, nil // the digits of an id may look like a number
	}
	if err != nil {
		return err
	}
	problem := ""
	switch key {
	case "change":
		o.Change = text
		if !commitForm.MatchString(text) {
			problem = "is not a full commit id; git rev-parse prints it"
		}
	case "type":
		o.Type = &text
		if !typeForm.MatchString(text) {
			problem = "is not a commit type such as fix or security"
		}
	case "scope":
		o.Scope = &text
		problem = oneLine(text, 100)
	case "subject":
		o.Subject = &text
		if problem = oneLine(text, 500); text == "" {
			problem = "is no subject"
		}
	case "body":
		o.Body = &text
		problem = atMost(text, 2000)
	case "breaking_note":
		o.BreakingNote = &text
		problem = atMost(text, 4000)
	case "reason":
		o.Reason = text
		if problem = oneLine(text, 500); text == "" {
			problem = "is no reason"
		}
	}
	if problem != "" {
		return r.fail(n.GetToken(), "%.60q %s", text, problem)
	}
	return nil
}

func atMost(text string, limit int) string {
	if len(text) > limit {
		return fmt.Sprintf("and so on is longer than %d bytes", limit)
	}
	return ""
}

func oneLine(text string, limit int) string {
	if strings.Contains(text, "\n") {
		return "has more than one line"
	}
	return atMost(text, limit)
}

// text returns a string. What YAML reads as a number, a date or a boolean is refused.
func (r *overrideReader) text(n ast.Node) (string, error) {
	switch s := n.(type) {
	case *ast.StringNode:
		return strings.TrimSpace(s.Value), nil
	case *ast.LiteralNode:
		return strings.TrimSpace(s.Value.Value), nil
	case *ast.NullNode:
		return "", r.fail(n.GetToken(), `there is no value; give one, "" for none, or leave the key out`)
	}
	return "", r.fail(n.GetToken(), "text is expected here; put it in quotes")
}

func isNumber(n ast.Node) bool {
	switch n.(type) {
	case *ast.IntegerNode, *ast.FloatNode, *ast.InfinityNode:
		return true
	}
	return false
}

func (r *overrideReader) boolean(n ast.Node, to *bool) error {
	b, ok := n.(*ast.BoolNode)
	if !ok {
		return r.fail(n.GetToken(), "true or false is expected here")
	}
	*to = b.Value
	return nil
}

// cves reads a list, which may be empty: the change then names none.
func (r *overrideReader) cves(n ast.Node) error {
	list, ok := n.(*ast.SequenceNode)
	if !ok {
		return r.fail(n.GetToken(), "a list is expected here, such as [CVE-2026-1234]")
	}
	ids := []string{}
	for _, item := range list.Values {
		id, err := r.text(item)
		if err != nil {
			return err
		}
		if !cveForm.MatchString(id) {
			return r.fail(item.GetToken(), "%.60q is not of the form CVE-2026-1234", id)
		}
		ids = append(ids, id)
	}
	slices.Sort(ids)
	ids = slices.Compact(ids)
	r.out.CVEs = &ids
	return nil
}
