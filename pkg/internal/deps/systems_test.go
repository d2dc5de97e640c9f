package deps

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/tools/go/packages"
)

// What ships for other systems has no errors of types there. It is read from source, without the bodies of what others
// wrote: to compile it all again for each system would take minutes.
func TestTypesHoldOnOtherSystems(t *testing.T) {
	root, err := filepath.Abs(filepath.Join("..", "..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	own := func(file string) bool { return strings.HasPrefix(file, root+string(filepath.Separator)) }
	for _, c := range []struct {
		goos, goarch string
		what         []string
	}{
		{"windows", "amd64", []string{"./cmd/...", "./pkg/..."}},
		{"darwin", "arm64", []string{"./cmd/...", "./pkg/..."}},
	} {
		t.Run(c.goos, func(t *testing.T) {
			config := &packages.Config{
				Mode: packages.NeedName | packages.NeedFiles | packages.NeedCompiledGoFiles | packages.NeedImports | packages.NeedDeps | packages.NeedTypes | packages.NeedSyntax | packages.NeedTypesInfo | packages.NeedTypesSizes,
				Dir:  root,
				Env:  append(os.Environ(), "GOOS="+c.goos, "GOARCH="+c.goarch, "CGO_ENABLED=0"),
				ParseFile: func(set *token.FileSet, name string, src []byte) (*ast.File, error) {
					file, err := parser.ParseFile(set, name, src, parser.SkipObjectResolution)
					if file != nil && !own(name) {
						for _, d := range file.Decls {
							if f, ok := d.(*ast.FuncDecl); ok {
								f.Body = nil
							}
						}
					}
					return file, err
				},
			}
			found, err := packages.Load(config, c.what...)
			if err != nil {
				t.Fatal(err)
			}
			if len(found) == 0 {
				t.Fatal("no package was found")
			}
			packages.Visit(found, nil, func(p *packages.Package) {
				for _, f := range p.GoFiles {
					if !own(f) {
						return
					}
				}
				for _, e := range p.Errors {
					t.Errorf("%s: %v", p.PkgPath, e)
				}
			})
		})
	}
}
