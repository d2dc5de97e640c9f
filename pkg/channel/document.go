package channel

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// Limits on what is read. They are far above what channel files need, and keep a hostile file from costing anything.
const (
	maxFileBytes = 256 << 10
	maxFiles     = 500
	maxDepth     = 16
	maxTokens    = 20_000
)

// place is a line and a column, both from 1.
type place struct{ line, column int }

// document is one file: its text, where each of its values stands, and what is wrong with it.
type document struct {
	file  string
	lines []string
	// values and keys are places by path, such as "gates[0].name".
	values, keys map[string]place
	errs         Errors
}

func newDocument(file string, data []byte) *document {
	return &document{
		file:   file,
		lines:  strings.Split(strings.ReplaceAll(string(data), "\r\n", "\n"), "\n"),
		values: map[string]place{},
		keys:   map[string]place{},
	}
}

// fail records an error at a place; the zero place is the file as a whole.
func (d *document) fail(at place, suggestion, format string, args ...any) {
	e := &Error{File: d.file, Message: fmt.Sprintf(format, args...), Suggestion: suggestion}
	if at.line > 0 && at.line <= len(d.lines) {
		e.Source = d.lines[at.line-1]
		e.Line, e.Column = at.line, min(at.column, utf8.RuneCountInString(e.Source)+1)
	}
	d.errs = append(d.errs, e)
}

// failAt records an error about the value at a path.
func (d *document) failAt(path, format string, args ...any) {
	d.fail(d.values[path], "", format, args...)
}

// at returns the place of a node.
func at(n ast.Node) place {
	if m, ok := n.(*ast.MappingNode); ok && !m.IsFlowStyle && len(m.Values) > 0 {
		n = m.Values[0].Key // the token of a block mapping is its first colon
	}
	return placeOf(n.GetToken())
}

func placeOf(t *token.Token) place {
	if t == nil || t.Position == nil {
		return place{}
	}
	return place{t.Position.Line, max(t.Position.Column, 1)}
}

// parse returns the one value of the file, or nil after recording why there is none.
func (d *document) parse(data []byte) ast.Node {
	if !d.checkText() {
		return nil
	}
	text := strings.ReplaceAll(string(data), "\r\n", "\n")
	tokens := lexer.Tokenize(text)
	if !d.checkTokens(tokens) {
		return nil
	}
	file, err := parser.Parse(tokens, 0, parser.AllowDuplicateMapKey()) // repeated keys are found, all of them, later
	var syntax *yaml.SyntaxError
	switch {
	case errors.As(err, &syntax):
		d.fail(placeOf(syntax.Token), "", "%s", explain(syntax.Message))
		return nil
	case err != nil:
		d.fail(place{}, "", "%s", explain(err.Error()))
		return nil
	case len(file.Docs) == 0 || file.Docs[0].Body == nil:
		d.fail(place{}, "", "the file is empty")
		return nil
	case len(file.Docs) > 1:
		d.fail(placeOf(file.Docs[1].Start), "", "a second document begins; a channel file has only one")
		return nil
	}
	d.checkPlain(tokens)
	return file.Docs[0].Body
}

// checkPlain refuses text that the parser takes without quotes, and other readers of YAML do not.
func (d *document) checkPlain(tokens token.Tokens) {
	for _, t := range tokens {
		block := t.Prev != nil && (t.Prev.Type == token.LiteralType || t.Prev.Type == token.FoldedType)
		if t.Type == token.StringType && !block && strings.IndexAny(t.Value, ",[]{}#&*!|>'\"%@`") == 0 {
			d.fail(placeOf(t), "", "text that begins with %.1s must stand in quotes", t.Value)
		}
	}
}

// explanations say more than the parser does.
var explanations = map[string]string{
	"mapping value is not allowed in this context": `no key can stand here; put text with ": " in quotes, and check the indentation`,
	"value is not allowed in this context":         "this does not belong here; check the indentation and the brackets",
	"non-map value is specified":                   "a key and a colon are expected here",
}

// explain returns a message of the parser on one line.
func explain(message string) string {
	message, _, _ = strings.Cut(message, "\n")
	if better, ok := explanations[message]; ok {
		return better
	}
	return strings.ReplaceAll(message, "\t", `\t`)
}

// checkText refuses bytes that people cannot see or that programs read differently.
func (d *document) checkText() bool {
	for i, line := range d.lines {
		indent := true
		for n, r := range []rune(line) {
			here := place{i + 1, n + 1}
			switch {
			case r == '\t' && indent:
				d.fail(here, "", "a tab indents the line; YAML takes only spaces")
			case r == '\ufeff' && i == 0 && n == 0:
				d.fail(here, "", "the file begins with a byte order mark; save it as plain UTF-8")
			case r == utf8.RuneError && !utf8.ValidString(line):
				d.fail(here, "", "the line is not valid UTF-8")
			case r != '\t' && (unicode.IsControl(r) || unicode.Is(unicode.Cf, r)):
				d.fail(here, "", "the line has an invisible character, U+%04X", r)
			default:
				indent = indent && r == ' '
				continue
			}
			break // one error a line
		}
	}
	return len(d.errs) == 0
}

// checkTokens refuses, before anything is built from them, the parts of YAML that channel files have no use for, and
// nesting that would cost a parser its stack.
func (d *document) checkTokens(tokens token.Tokens) bool {
	if len(tokens) > maxTokens {
		d.fail(place{}, "", "the file holds more than %d words and signs", maxTokens)
		return false
	}
	depth, dashes := 0, place{}
	for _, t := range tokens {
		here := placeOf(t)
		switch t.Type {
		case token.AnchorType, token.AliasType, token.MergeKeyType:
			d.fail(here, "", "anchors, aliases and merge keys are not allowed; write the value out")
		case token.TagType:
			d.fail(here, "", "tags such as %.20s are not allowed", t.Value)
		case token.DirectiveType:
			d.fail(here, "", "directives are not allowed")
		case token.MappingKeyType:
			d.fail(here, "", `keys marked with "?" are not allowed`)
		case token.SequenceStartType, token.MappingStartType:
			depth++
		case token.SequenceEndType, token.MappingEndType:
			depth--
		case token.SequenceEntryType:
			if dashes.line != here.line {
				dashes = place{line: here.line}
			}
			dashes.column++
		}
		if depth > maxDepth || dashes.column > maxDepth {
			d.fail(here, "", "values are nested more than %d deep", maxDepth)
			return false
		}
	}
	return len(d.errs) == 0
}
