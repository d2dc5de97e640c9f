package channel_test

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/relctl/relctl/pkg/channel"
)

var update = flag.Bool("update", false, "write golden files and docs/schema anew")

// TestErrorsShowWhatIsWrongAndWhere holds the words that a person reads against testdata/errors.
func TestErrorsShowWhatIsWrongAndWhere(t *testing.T) {
	archives, err := filepath.Glob("testdata/errors/*.txtar")
	if err != nil || len(archives) == 0 {
		t.Fatalf("no archives: %v", err)
	}
	for _, name := range archives {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			ar, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			var files []string
			var want string
			for _, f := range ar.Files {
				if f.Name == "error" {
					want = string(f.Data)
					continue
				}
				files = append(files, f.Name, string(f.Data))
			}
			set, err := channel.Load(tree(files...))
			var list channel.Errors
			if set != nil || !errors.As(err, &list) {
				t.Fatalf("Load = %v, %v; want Errors", set, err)
			}
			var got strings.Builder
			for _, e := range list { // not the list's own Error, which stops after some
				got.WriteString(e.Error() + "\n")
			}
			if *update {
				ar.Files = append(ar.Files[:len(files)/2], txtar.File{Name: "error", Data: []byte(got.String())})
				if err := os.WriteFile(name, txtar.Format(ar), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(want, got.String()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			checkPlaces(t, list, files)
		})
	}
}

// checkPlaces holds each error's line against the file.
func checkPlaces(t *testing.T, list channel.Errors, files []string) {
	t.Helper()
	for _, e := range list {
		for i := 0; i < len(files); i += 2 {
			if e.File != "channels/"+files[i] || e.Line == 0 {
				continue
			}
			lines := strings.Split(files[i+1], "\n")
			if e.Line > len(lines) || lines[e.Line-1] != e.Source || e.Column < 1 || e.Column > len([]rune(e.Source))+1 {
				t.Errorf("%s has no place %d:%d with the line %q", e.File, e.Line, e.Column, e.Source)
			}
		}
	}
}
