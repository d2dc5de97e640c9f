package site

import (
	"bytes"
	"html/template"
	"strings"

	"github.com/alecthomas/chroma/v2"
	"github.com/alecthomas/chroma/v2/lexers"
	"github.com/yuin/goldmark/ast"
)

// What is longer is shown without colours: a lexer may take very long over text that is made for it.
const (
	maxColoured     = 32 << 10
	maxColouredLine = 2000
)

// fences checks and colours the code of a page.
func (d *document) fences() {
	_ = ast.Walk(d.root, func(n ast.Node, entering bool) (ast.WalkStatus, error) { // the walker returns no error
		if !entering {
			return ast.WalkContinue, nil
		}
		switch n := n.(type) {
		case *ast.CodeBlock:
			d.code[n] = template.HTMLEscapeString(string(n.Lines().Value(d.source)))
		case *ast.FencedCodeBlock:
			lang := language(n, d.source)
			line := d.fenceLine(n)
			if !known(lang) {
				d.note(line, "the code block names the language %q, which has no colours here; write text for none", short(lang))
			}
			if !d.closed(n) {
				d.note(line, "the code block has no end; put a line of ``` after it")
			}
			d.code[n] = colour(lang, string(n.Lines().Value(d.source)))
		}
		return ast.WalkContinue, nil
	})
}

func language(n *ast.FencedCodeBlock, source []byte) string {
	return string(clean(n.Language(source)))
}

// known reports whether a language has colours or is said to have none.
func known(lang string) bool { return lang == "" || lang == "text" || lexers.Get(lang) != nil }

// fenceLine is the line that opens the block.
func (d *document) fenceLine(n *ast.FencedCodeBlock) int {
	switch {
	case n.Info != nil:
		return d.lineAt(n.Info.Segment.Start)
	case n.Lines().Len() > 0:
		return d.lineAt(n.Lines().At(0).Start) - 1
	}
	return d.line(n)
}

// closed reports whether a fence stands after the block, which CommonMark does not ask for at the end of a page.
func (d *document) closed(n *ast.FencedCodeBlock) bool {
	var end int
	switch lines := n.Lines(); {
	case lines.Len() > 0:
		end = lines.At(lines.Len() - 1).Stop
	case n.Info != nil:
		_, after, _ := bytes.Cut(d.source[n.Info.Segment.Stop:], []byte("\n"))
		end = len(d.source) - len(after)
	default:
		return true // two bare fences, nothing lost
	}
	next, _, _ := bytes.Cut(d.source[end:], []byte("\n"))
	next = bytes.TrimLeft(next, "> \t")
	return bytes.HasPrefix(next, []byte("```")) || bytes.HasPrefix(next, []byte("~~~"))
}

// colour marks up code with the classes of the style sheet.
func colour(lang, code string) string {
	lexer := lexers.Get(lang)
	if lang == "" || lexer == nil || len(code) > maxColoured || longest(code) > maxColouredLine {
		return template.HTMLEscapeString(code)
	}
	it, err := chroma.Coalesce(lexer).Tokenise(nil, code)
	if err != nil {
		return template.HTMLEscapeString(code)
	}
	var b strings.Builder
	for _, t := range it.Tokens() {
		text := template.HTMLEscapeString(t.Value)
		if c := class(t.Type); c != "" {
			b.WriteString(`<span class="` + c + `">` + text + `</span>`)
		} else {
			b.WriteString(text)
		}
	}
	if out := b.String(); len(out) > 0 {
		return out
	}
	return template.HTMLEscapeString(code)
}

func longest(code string) int {
	most := 0
	for line := range strings.Lines(code) {
		most = max(most, len(line))
	}
	return most
}

// class of a token, "" for those that look like any text. Few colours, so that those there are say something.
func class(t chroma.TokenType) string {
	switch {
	case t == chroma.GenericPrompt:
		return "gp"
	case t == chroma.GenericOutput:
		return "go"
	case t == chroma.GenericInserted:
		return "gi"
	case t == chroma.GenericDeleted:
		return "gd"
	case t == chroma.CommentPreproc, t == chroma.CommentPreprocFile:
		return "k"
	case t.InCategory(chroma.Comment):
		return "c"
	case t.InCategory(chroma.Keyword):
		return "k"
	case t.InSubCategory(chroma.LiteralString):
		return "s"
	case t.InSubCategory(chroma.LiteralNumber), t == chroma.NameConstant:
		return "m"
	case t == chroma.NameTag, t == chroma.NameAttribute, t == chroma.NameVariable, t == chroma.NameProperty:
		return "n"
	case t == chroma.NameFunction, t == chroma.NameBuiltin:
		return "f"
	}
	return ""
}
