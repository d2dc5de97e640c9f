package cli_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/relctl/relctl/internal/trusttest"
)

func TestAListingsExitCodeSaysWhetherSomethingMayBeInstalled(t *testing.T) {
	shelf := trusttest.Shelf()
	old, newer, withdrawn, update, forged := "usb/acme-2.4.6.bundle", "usb/acme-2.4.7.bundle", "usb/acme-2.4.5.bundle", "usb/acme-2026-07-01.trust", "found/acme-2.4.8.bundle"
	for _, c := range []struct {
		name      string
		installed string
		files     []string
		code      int
	}{
		{"one may be installed", "2.4.6", []string{newer}, 0},
		{"one may be installed, another is withdrawn, a third is older", "2.4.6", []string{withdrawn, old, newer}, 0},
		{"all are older than what is installed", "2.4.7", []string{old}, 4},
		{"all are withdrawn", "2.4.5", []string{withdrawn}, 7},
		{"a forgery beside good ones", "2.4.6", []string{old, newer, forged}, 4},
		{"a forgery beside withdrawn ones", "2.4.5", []string{withdrawn, forged}, 4},
		{"what is installed was not said", "", []string{newer}, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			site(t)
			init := "init --root root.json --product acme --channel lts-2.4"
			if c.installed != "" {
				init += " --installed " + c.installed
			}
			if err := os.Mkdir("medium", 0o755); err != nil {
				t.Fatal(err)
			}
			for _, name := range c.files {
				if err := os.WriteFile(filepath.Join("medium", filepath.Base(name)), shelf[name], 0o600); err != nil {
					t.Fatal(err)
				}
			}
			for _, line := range []string{init, "update-trust " + update} {
				if code, _, stderr := relverify(t, line); code != 0 {
					t.Fatalf("%s: %s", line, stderr)
				}
			}
			for _, line := range []string{"medium", "--json medium"} {
				if code, stdout, stderr := relverify(t, line); code != c.code || strings.Count(stdout, ".bundle") < len(c.files) {
					t.Errorf("%s: exit code %d, want %d\n%s%s", line, code, c.code, stdout, stderr)
				}
			}
		})
	}
}
