package rehearsal_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// claimed are the tests that docs/security.md names: functions, and scripts of the command line.
var claimed = regexp.MustCompile("`((?:Test|Fuzz)[A-Za-z0-9]+|[a-z0-9]+\\.txtar)`")

// function is a test as Go declares it.
var function = regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)[A-Za-z0-9]+)\(`)

func TestEveryClaimAboutSecurityNamesATestThatExists(t *testing.T) {
	t.Parallel()
	root := filepath.Join("..", "..")
	page, err := os.ReadFile(filepath.Join(root, "docs", "security.md"))
	if err != nil {
		t.Fatal(err)
	}
	have := map[string]bool{}
	err = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == ".git" || d.Name() == "dist"):
			return filepath.SkipDir
		case strings.HasSuffix(path, ".txtar"):
			have[d.Name()] = true
		case strings.HasSuffix(path, "_test.go"):
			data, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			for _, m := range function.FindAllSubmatch(data, -1) {
				have[string(m[1])] = true
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	names := claimed.FindAllSubmatch(page, -1)
	if len(names) < 50 {
		t.Errorf("docs/security.md names %d tests", len(names))
	}
	for _, m := range names {
		if !have[string(m[1])] {
			t.Errorf("docs/security.md names %s, and there is no such test", m[1])
		}
	}
	// A row of a table that claims something, and names nothing that holds it.
	for line := range strings.Lines(string(page)) {
		if strings.Contains(line, "| refused") && !claimed.MatchString(line) {
			t.Errorf("this claim names no test: %s", line)
		}
	}
}
