// Command generate writes testdata/attacks/README.md, the list of the corpus of attacks, or, given a folder, the corpus:
// for each attack a folder with bad and good, what the site has seen before, the root or the keys, and what is expected.
package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/relctl/relctl/internal/attacks"
)

func main() {
	err := os.WriteFile(filepath.Join("testdata", "attacks", "README.md"), []byte(attacks.Table()), 0o644)
	if len(os.Args) == 2 {
		err = corpus(os.Args[1])
	}
	if err != nil {
		_, _ = fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func corpus(dir string) error {
	for i, a := range attacks.All() {
		files := a.Files()
		files["expect.txt"] = fmt.Appendf(nil, "row: %s\nattack: %s\nreason: %s\nexit: %d\n", a.Row, a.Name, a.Code, a.Exit)
		name := strings.Map(func(r rune) rune {
			if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
				return r
			}
			return '-'
		}, a.Name)
		if err := write(filepath.Join(dir, fmt.Sprintf("%03d-%s", i+1, name)), files, a); err != nil {
			return err
		}
	}
	return nil
}

func write(dir string, files map[string][]byte, a attacks.Attack) error {
	err := os.MkdirAll(dir, 0o755)
	for name, data := range files {
		err = errors.Join(err, os.WriteFile(filepath.Join(dir, name), data, 0o644))
	}
	if a.Size > 0 {
		err = errors.Join(err, os.Truncate(filepath.Join(dir, a.BadName()), a.Size))
	}
	return err
}
