package acme

import (
	"bytes"
	"context"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/relctl/relctl/pkg/channel"
)

var update = flag.Bool("update", false, "write the golden files anew")

// sample is replayed once for all tests, which only read it.
var sample *Sample

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "acme-")
		if err != nil {
			panic(err)
		}
		defer func() { _ = os.RemoveAll(dir) }()
		if sample, err = Replay(context.Background(), dir); err != nil {
			panic(err)
		}
		return m.Run()
	}())
}

// gitIn runs git in a repository and returns what it printed.
func gitIn(t *testing.T, dir string, args ...string) string {
	t.Helper()
	out, err := newGit(dir).run(t.Context(), args...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func refs(t *testing.T, dir string) string {
	t.Helper()
	return gitIn(t, dir, "for-each-ref", "--format=%(objecttype) %(objectname) %(refname)", "refs/heads", "refs/tags") + "\n"
}

func TestTheHistoryHasTheSameIdsEverywhere(t *testing.T) {
	golden := filepath.Join("golden", "refs.txt")
	got := refs(t, sample.Remote)
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("refs:\n%s\nwant:\n%s\nif the steps were changed on purpose: go test ./testdata/acme -update", got, want)
	}
	if local := refs(t, sample.Repo); local != got {
		t.Errorf("the clone has other refs than its remote:\n%s", local)
	}
}

func TestTheUsersConfigurationHasNoSay(t *testing.T) {
	home := t.TempDir()
	config := "[user]\n\tname = somebody\n[commit]\n\tgpgSign = true\n[core]\n\tautocrlf = true\n\thooksPath = /nonexistent\n" +
		"[init]\n\tdefaultBranch = trunk\n[merge]\n\tff = only\n[commit]\n\tcleanup = verbatim\n"
	if err := os.WriteFile(filepath.Join(home, ".gitconfig"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]string{
		"HOME": home, "XDG_CONFIG_HOME": home, "TZ": "Asia/Tokyo", "LC_ALL": "de_DE.UTF-8",
		"GIT_DIR": home, "GIT_WORK_TREE": home, "GIT_INDEX_FILE": filepath.Join(home, "index"),
		"GIT_AUTHOR_NAME": "somebody", "GIT_COMMITTER_DATE": "2001-01-01T00:00:00Z",
	} {
		t.Setenv(name, value)
	}
	again, err := Replay(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if got, want := refs(t, again.Remote), refs(t, sample.Remote); got != want {
		t.Errorf("refs:\n%s\nwant:\n%s", got, want)
	}
}

func TestAFolderInUseIsLeftAlone(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "repo"), 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := Replay(t.Context(), dir); !os.IsExist(err) {
		t.Errorf("Replay over a folder: %v", err)
	}
}

func TestTheCloneIsReadyToWorkIn(t *testing.T) {
	for args, want := range map[string]string{
		"status --porcelain --branch":                     "## main...origin/main",
		"config --local user.email":                       "release@acme.example",
		"rev-parse --abbrev-ref release/2.4@{upstream}":   "origin/release/2.4",
		"symbolic-ref refs/remotes/origin/HEAD":           "refs/remotes/origin/main",
		"ls-files --stage hack/build.sh":                  "100755 ",
		"cat-file -t v2.4.0":                              "tag",
		"for-each-ref --format=%(refname) refs/heads/dev": "",
	} {
		if got := gitIn(t, sample.Repo, strings.Fields(args)...); !strings.HasPrefix(got, want) || want == "" && got != "" {
			t.Errorf("git %s = %q, want %q", args, got, want)
		}
	}
	if got := gitIn(t, sample.Remote, "symbolic-ref", "HEAD"); got != "refs/heads/main" {
		t.Errorf("the remote's default branch is %s", got)
	}
}

func TestTheHistoryHasEveryShapeThatTheToolMustRead(t *testing.T) {
	log := func(args ...string) string {
		return gitIn(t, sample.Repo, append([]string{"log", "--format=%s%n%b"}, args...)...)
	}
	main, line, unreleased := log("main"), log("release/2.4"), log("v2.4.2..release/2.4")
	for _, c := range []struct{ what, where, text string }{
		{"a breaking change on main", main, "feat(api)!: "},
		{"its footer", main, "BREAKING CHANGE: "},
		{"a revert on main", main, `Revert "fix(config): `},
		{"a merged pull request on main", main, "Merge pull request #17 from dev-3/low-stock"},
		{"a merged pull request on the line", unreleased, "Merge pull request #28 from dev-2/backport-16"},
		{"a security fix", unreleased, "Fixes: CVE-2026-"},
		{"a fix for the line only", unreleased, "Lts-Only: "},
		{"a pick", unreleased, "(cherry picked from commit " + sample.Steps["0300"] + ")"},
		{"the pick with a conflict", unreleased, "(cherry picked from commit " + sample.Steps["0280"] + ")"},
		{"a pick that is taken back", unreleased, "This reverts commit " + sample.Steps["0320"]},
	} {
		if !strings.Contains(c.where, c.text) {
			t.Errorf("%s is missing: %q", c.what, c.text)
		}
	}
	if strings.Contains(line, "feat(inventory): count the items that run low") {
		t.Error("rolling work is on the line")
	}
	if diff := gitIn(t, sample.Repo, "show", "--format=", "--numstat", sample.Steps["0350"]); diff == gitIn(t, sample.Repo, "show", "--format=", "--numstat", sample.Steps["0280"]) {
		t.Error("the pick with a conflict changes the same as its original")
	}
	if gitIn(t, sample.Repo, "merge-base", "main", "release/2.4") != gitIn(t, sample.Repo, "rev-parse", "v2.4.0^{commit}") {
		t.Error("the line does not begin at v2.4.0")
	}
}

func TestTheChannelFilesAreStrictlyValid(t *testing.T) {
	set, err := channel.Load(os.DirFS(sample.Repo))
	if err != nil {
		t.Fatal(err)
	}
	lts, err := set.Channel("lts-2.4")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := set.Channel("rolling"); err != nil || len(set.Channels) != 2 || set.Product.Build == nil || len(lts.Gates) != 2 {
		t.Errorf("channels %v, %v", set.Channels, err)
	}
	for _, g := range lts.Gates {
		if g.Approval != nil {
			t.Errorf("gate %s waits for a person, so the demo cannot run by itself", g.Name)
		}
		info, err := os.Stat(filepath.Join(sample.Repo, g.Command[0]))
		if err != nil || info.Mode()&0o100 == 0 {
			t.Errorf("gate %s: %v", g.Name, err)
		}
	}
	if files := gitIn(t, sample.Repo, "ls-tree", "release/2.4", "channels/"); files != "" {
		t.Errorf("policy lies on the release branch: %s", files)
	}
}

func TestConfigureCompletesThePolicy(t *testing.T) {
	dir := t.TempDir()
	gitIn(t, dir, "clone", "--quiet", sample.Remote, "clone")
	dir = filepath.Join(dir, "clone")
	if err := Configure(dir, Policy{PublicKey: []byte("a key\n"), Goreleaser: true}); err != nil {
		t.Fatal(err)
	}
	set, err := channel.Load(os.DirFS(dir))
	if err != nil {
		t.Fatal(err)
	}
	p := set.Product
	if p.Build != nil || p.Goreleaser != ".goreleaser.yaml" || len(p.Signing.Keys) != 1 {
		t.Errorf("product = %+v", p)
	}
	if got, err := os.ReadFile(filepath.Join(dir, p.Signing.Keys[0])); err != nil || string(got) != "a key\n" {
		t.Errorf("key = %q, %v", got, err)
	}
	if err := Configure(dir, Policy{Goreleaser: true}); err == nil {
		t.Error("Configure changes the builder of a product that has no such line")
	}
}

// programs runs a program in a folder and returns what it printed.
func programs(t *testing.T, dir string, env []string, argv ...string) []byte {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), argv[0], argv[1:]...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), env...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s in %s: %v\n%s", strings.Join(argv, " "), dir, err, bytes.TrimSpace(out))
	}
	return out
}

// checkout clones one commit into a folder of its own.
func checkout(t *testing.T, rev string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "acme")
	gitIn(t, sample.Repo, "clone", "--quiet", "--branch", rev, sample.Remote, dir)
	return dir
}
