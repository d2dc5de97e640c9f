package tool

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
)

func TestUnknownToolNamesTheKnownOnes(t *testing.T) {
	_, err := Path(t.Context(), "curl")
	if err == nil || !strings.Contains(err.Error(), "actionlint, cosign, golangci-lint, goreleaser") {
		t.Fatalf("got %v", err)
	}
}

func TestEveryNameIsDeclaredInToolsModule(t *testing.T) {
	dir, err := sourceDir(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range Names() {
		file := filepath.Join(dir, "go.mod")
		if apart[name] {
			file = filepath.Join(dir, name, "go.mod")
		}
		mod, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		block, _, ok := strings.Cut(string(mod), "require")
		if !ok || !regexp.MustCompile(`(?m)^\s*(tool )?`+regexp.QuoteMeta(packages[name])+`$`).MatchString(block) {
			t.Errorf("%s is not a tool of %s", packages[name], file)
		}
	}
}

func TestBuiltProgramIsTheDeclaredVersionAndIsBuiltOnce(t *testing.T) {
	path := For(t, "cosign")
	before, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), "go", "version", "-m", path).Output()
	if err != nil {
		t.Fatal(err)
	}
	dir, err := sourceDir(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	mod, err := os.ReadFile(filepath.Join(dir, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	declared := regexp.MustCompile(`\tgithub\.com/sigstore/cosign/v3 (\S+)`).FindSubmatch(mod)
	if declared == nil {
		t.Fatal("tools/go.mod does not require cosign")
	}
	if want := "github.com/sigstore/cosign/v3\t" + string(declared[1]); !strings.Contains(string(out), want) {
		t.Errorf("%s is not %s:\n%.400s", path, want, out)
	}
	if again := For(t, "cosign"); again != path {
		t.Errorf("second call gave %s, first %s", again, path)
	}
	after, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if !os.SameFile(before, after) {
		t.Error("the second call built the program again")
	}
}

func TestFolderAwayFromTheSourceIsRefused(t *testing.T) {
	dir := t.TempDir()
	if got := toolsOf(dir); got != "" {
		t.Errorf("an empty folder gave %q", got)
	}
	if err := os.WriteFile(filepath.Join(dir, "go.mod"), []byte("module example.com/other\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "tools"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "tools", "go.mod"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if got := toolsOf(dir); got != "" {
		t.Errorf("the tools of another module were taken: %q", got)
	}
}

func TestManyProcessesMakeAProgramOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cache", "program")
	log := filepath.Join(t.TempDir(), "log")
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^$")
			cmd.Env = append(os.Environ(), "TOOL_TEST_ONCE="+path, "TOOL_TEST_LOG="+log)
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%v: %s", err, out)
			}
		})
	}
	wg.Wait()
	made, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	if string(made) != "made\n" {
		t.Errorf("made %d times", strings.Count(string(made), "\n"))
	}
}

// TestMain lets the test binary play one of many processes that want the same program.
func TestMain(m *testing.M) {
	if path := os.Getenv("TOOL_TEST_ONCE"); path != "" {
		if err := once(path, appendAndWrite(os.Getenv("TOOL_TEST_LOG"))); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func appendAndWrite(log string) func(string) error {
	return func(tmp string) error {
		f, err := os.OpenFile(log, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
		if err != nil {
			return err
		}
		if _, err := f.WriteString("made\n"); err != nil {
			return err
		}
		if err := f.Close(); err != nil {
			return err
		}
		return os.WriteFile(tmp, []byte("program"), 0o755)
	}
}

func TestFailedBuildLeavesNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "program")
	broken := errors.New("no compiler")
	err := once(path, func(tmp string) error {
		if err := os.WriteFile(tmp, []byte("half"), 0o755); err != nil {
			return err
		}
		return broken
	})
	if !errors.Is(err, broken) {
		t.Fatalf("got %v", err)
	}
	for _, p := range []string{path, path + ".tmp"} {
		if _, err := os.Stat(p); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s is left behind", filepath.Base(p))
		}
	}
	if err := once(path, func(tmp string) error { return os.WriteFile(tmp, []byte("whole"), 0o755) }); err != nil {
		t.Fatalf("the next try failed: %v", err)
	}
}
