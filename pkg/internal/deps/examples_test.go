package deps

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// example is one whose output go test checks.
var example = regexp.MustCompile(`(?ms)^func Example\w*\(\) \{.*?^\t// Output:`)

func TestEveryPublicPackageShowsAnExampleThatRuns(t *testing.T) {
	for _, path := range golist(t, "./pkg/...") {
		name := strings.TrimPrefix(path, module)
		if strings.HasPrefix(name, "pkg/internal/") {
			continue
		}
		files, err := filepath.Glob(filepath.Join("..", "..", "..", filepath.FromSlash(name), "*_test.go"))
		if err != nil {
			t.Fatal(err)
		}
		found := false
		for _, f := range files {
			data, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			found = found || example.Match(data)
		}
		if !found {
			t.Errorf("%s has no example whose output is checked", name)
		}
	}
}
