package channel

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"reflect"
	"strings"
)

// comments reads the comments of types and fields from Go sources: "Gate" and "Gate.When" to sentences in which a
// field goes by the name of its key.
func comments(sources fs.FS) (map[string]string, error) {
	out := map[string]string{}
	files, err := fs.Glob(sources, "*.go")
	if err != nil {
		return nil, err
	}
	for _, name := range files {
		data, err := fs.ReadFile(sources, name)
		if err != nil {
			return nil, err
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, data, parser.ParseComments)
		if err != nil {
			return nil, fmt.Errorf("comments: %w", err)
		}
		for _, decl := range file.Decls {
			if g, ok := decl.(*ast.GenDecl); ok && g.Tok == token.TYPE {
				typeComments(out, g)
			}
		}
	}
	return out, nil
}

func typeComments(out map[string]string, g *ast.GenDecl) {
	for _, spec := range g.Specs {
		t := spec.(*ast.TypeSpec) // a declaration of types holds nothing else
		out[t.Name.Name] = sentence(g.Doc, t.Name.Name, "")
		s, ok := t.Type.(*ast.StructType)
		if !ok {
			continue
		}
		for _, f := range s.Fields.List {
			for _, name := range f.Names {
				key := ""
				if f.Tag != nil {
					key, _, _ = strings.Cut(reflect.StructTag(strings.Trim(f.Tag.Value, "`")).Get("json"), ",")
				}
				out[t.Name.Name+"."+name.Name] = sentence(f.Doc, name.Name, key)
			}
		}
	}
}

// sentence returns a comment as one paragraph, with the Go name at its beginning replaced by the key, or left out.
func sentence(doc *ast.CommentGroup, goName, key string) string {
	text := strings.Join(strings.Fields(doc.Text()), " ")
	rest, ok := strings.CutPrefix(text, goName+" ")
	switch {
	case !ok:
		return text
	case key != "":
		return key + " " + rest
	}
	rest = strings.TrimPrefix(strings.TrimPrefix(rest, "is "), "are ")
	return strings.ToUpper(rest[:1]) + rest[1:]
}
