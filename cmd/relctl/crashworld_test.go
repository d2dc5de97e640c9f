package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	relverify "github.com/relctl/relctl/cmd/relverify/cli"
	"github.com/relctl/relctl/pkg/release"
	"github.com/relctl/relctl/pkg/sign"
)

// crashNow is when everything happens in a crash world.
var crashNow = time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)

// crashWorld is a product in a folder that can be copied: repo/, remote.git, store/, keys/. Nothing in it knows where
// it lies.
type crashWorld struct {
	t   testing.TB
	dir string
}

// crashFiles are the files of its main branch.
var crashFiles = map[string]string{
	"channels/product.yaml": "name: acme\nbuild: {command: [sh, build.sh], output: out}\nstores: [{directory: ../store}]\n" +
		"signing: {keys: [channels/keys/cosign.pub], threshold: 1}\nshards: {keys: [channels/keys/shards.pub]}\n" +
		"deploy: {base: deploy/base, repository: " + rollingAddress + "}\n",
	"channels/lts-2.4.yaml": "kind: lts\nline: \"2.4\"\nbranch: release/2.4\ntag: \"v{version}\"\naccept: [fix]\n",
	"channels/rolling.yaml": "kind: rolling\nbranch: main\nversion: {scheme: calver, format: YYYY.MDD.N}\ndeploy: {engine: argocd}\n" +
		"rings:\n  - {name: dogfood, cells: [internal]}\n  - {name: canary, cells: [eu-1, us-1]}\n",
	"build.sh":                       "echo \"tool $RELCTL_VERSION\" >\"$RELCTL_OUTPUT/tool$RELCTL_SHARD.txt\"\n",
	"deploy/base/kustomization.yaml": "resources: [service.yaml]\n", "deploy/base/service.yaml": rollingService,
}

// crashRoles are the roles of trust there, with a key each.
var crashRoles = []string{"root", "targets", "snapshot", "timestamp", "lts-2.4", "lts-2.4-status"}

// newCrashWorld makes a product whose line and whose service have something to release.
func newCrashWorld(t testing.TB) *crashWorld {
	t.Helper()
	w := &crashWorld{t: t, dir: t.TempDir()}
	private, public, err := sign.Generate([]byte("correct horse"))
	w.must(err)
	w.write("keys/cosign.key", string(private), 0o600)
	w.write("keys/cosign.pub", string(public), 0o600)
	w.write("gitconfig", "[user]\n\tname = release\n\temail = release@acme.example\n[init]\n\tdefaultBranch = main\n\ttemplateDir =\n[gc]\n\tauto = 0\n[maintenance]\n\tauto = false\n", 0o600)
	w.write("git/git", crashingGit, 0o700)
	w.git(w.dir, "init", "--quiet", "--bare", "remote.git")
	w.git(w.dir, "init", "--quiet", "repo")
	w.git(w.path("repo"), "remote", "add", "origin", "../remote.git")
	w.git(w.path("repo"), "config", "url.../remote.git.insteadOf", rollingAddress)
	for name, text := range crashFiles {
		w.write("repo/"+name, text, 0o644)
	}
	w.write("repo/channels/keys/cosign.pub", string(public), 0o644)
	private, public, err = sign.Generate([]byte("correct horse"))
	w.must(err)
	w.write("keys/shards.key", string(private), 0o600)
	w.write("repo/channels/keys/shards.pub", string(public), 0o644)
	w.git(w.path("repo"), "add", "--all")
	w.git(w.path("repo"), "commit", "--quiet", "--message", "feat: begin")
	w.git(w.path("repo"), "branch", "release/2.4")
	w.git(w.path("repo"), "checkout", "--quiet", "release/2.4")
	w.git(w.path("repo"), "commit", "--quiet", "--allow-empty", "--message", "fix: orders are counted once")
	w.git(w.path("repo"), "checkout", "--quiet", "main")
	w.git(w.path("repo"), "push", "--quiet", "origin", "main", "release/2.4")
	w.git(w.path("repo"), "fetch", "--quiet", "origin")
	w.git(w.path("repo"), "remote", "set-head", "origin", "main")
	return w
}

// plan writes what a cut of the line would do into a file.
func (w *crashWorld) plan() {
	w.t.Helper()
	out, err := w.program(w.t.Context(), nil, "plan", "lts-2.4", "--json").Output()
	w.must(err)
	w.write("plan.json", string(out), 0o644)
}

// trust gives the product a root of trust.
func (w *crashWorld) trust() {
	w.t.Helper()
	args := []string{"trust", "init", "--yes"}
	for _, role := range crashRoles {
		private, public, err := sign.Generate([]byte("correct horse"))
		w.must(err)
		w.write("keys/"+role+".key", string(private), 0o600)
		w.write("keys/"+role+".pub", string(public), 0o600)
		args = append(args, "--role", role+"=../keys/"+role+".pub", "--key", "../keys/"+role+".key")
	}
	w.well(args...)
}

func (w *crashWorld) path(elem ...string) string {
	return filepath.Join(append([]string{w.dir}, elem...)...)
}

func (w *crashWorld) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *crashWorld) write(name, text string, mode fs.FileMode) {
	w.t.Helper()
	w.must(os.MkdirAll(filepath.Dir(w.path(name)), 0o755))
	w.must(os.WriteFile(w.path(name), []byte(text), mode))
}

// copy is the same world in another folder.
func (w *crashWorld) copy(t testing.TB) *crashWorld {
	t.Helper()
	out := &crashWorld{t: t, dir: t.TempDir()}
	out.must(exec.Command("cp", "-a", w.dir+"/.", out.dir).Run()) // some files are read-only
	return out
}

// env is the environment of every program, in which only the world's own clock runs.
func (w *crashWorld) env() []string {
	date := crashNow.Format(time.RFC3339)
	return append(os.Environ(), "HOME="+w.dir, "GIT_CONFIG_GLOBAL="+w.path("gitconfig"), "GIT_CONFIG_NOSYSTEM=1", "LC_ALL=C",
		"GIT_AUTHOR_DATE="+date, "GIT_COMMITTER_DATE="+date, "RELCTL_PASSWORD=correct horse", "RELCTL_TEST_NOW="+date, "TMPDIR="+w.scratch())
}

// scratch is the world's own folder for temporary files.
func (w *crashWorld) scratch() string { return w.path("tmp") }

func (w *crashWorld) git(dir string, args ...string) string {
	w.t.Helper()
	w.must(os.MkdirAll(w.scratch(), 0o755))
	cmd := exec.Command("git", args...)
	cmd.Dir, cmd.Env = dir, w.env()
	out, err := cmd.CombinedOutput()
	if err != nil {
		w.t.Fatalf("git %v: %v\n%s", args, err, out)
	}
	return string(out)
}

// program is a run of relctl in the world's clone, with more environment.
func (w *crashWorld) program(ctx context.Context, env []string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "relctl", args...)
	cmd.Dir, cmd.Env = w.path("repo"), append(w.env(), env...)
	return cmd
}

// run runs relctl to its end.
func (w *crashWorld) run(env []string, args ...string) ran {
	w.t.Helper()
	return ended(w.program(w.t.Context(), env, args...))
}

// ended runs a program to its end.
func ended(cmd *exec.Cmd) ran {
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return ran{code: -1, out: err.Error()}
	}
	status, _ := cmd.ProcessState.Sys().(syscall.WaitStatus)
	return ran{code: cmd.ProcessState.ExitCode(), crashed: status.Signaled(), out: out.String()}
}

// well runs relctl, which must succeed.
func (w *crashWorld) well(args ...string) {
	w.t.Helper()
	if got := w.run(nil, args...); got.code != 0 {
		w.t.Fatalf("relctl %v: %s: %s", args, got.how(), got.out)
	}
}

// watched is the environment of a run that is recorded, or disturbed at a point.
func (w *crashWorld) watched(point, fault, log string) []string {
	return []string{"PATH=" + w.path("git") + ":" + os.Getenv("PATH"), crashRoot + "=" + w.dir, crashPoint + "=" + point, crashFault + "=" + fault, crashLog + "=" + log}
}

// seen is all of the world that others can see.
type seen struct {
	// Refs of the remote: branches with what was committed to them, tags with the commit that they are of.
	Refs map[string]string
	// Files below the folders that are stores, with their digests; those that hold random signatures count as present.
	Files map[string]string
	// Tags of the clone.
	Tags string
}

func (w *crashWorld) look() seen {
	w.t.Helper()
	s := seen{Refs: map[string]string{}, Files: map[string]string{}}
	bare := w.path("remote.git")
	for line := range strings.Lines(w.git(bare, "for-each-ref", "--format=%(refname) %(objectname) %(*objectname)")) {
		f := strings.Fields(line)
		if strings.HasPrefix(f[0], "refs/heads/relctl/") {
			// A line of commits, each with one parent, and what the newest holds.
			s.Refs[f[0]] = hexID.ReplaceAllString(w.git(bare, "log", "--reverse", "--format=%s %P", f[0]), "+")
			if f[0] == "refs/heads/relctl/deploy" {
				s.Refs[f[0]] += w.git(bare, "rev-parse", f[0]+"^{tree}")
			}
			continue
		}
		s.Refs[f[0]] = f[len(f)-1]
	}
	for _, store := range []string{"store", "mirror", "s3/releases"} {
		s.addFiles(w.t, w.dir, store)
	}
	s.Tags = w.git(w.path("repo"), "tag", "--list")
	return s
}

// addFiles adds what lies in a store.
func (s *seen) addFiles(t testing.TB, dir, store string) {
	t.Helper()
	err := filepath.WalkDir(filepath.Join(dir, store), func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // no store yet
		}
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		if err != nil || strings.HasPrefix(rel, filepath.Join(store, ".staging", "put-")) {
			return err // the store sweeps these away after a day
		}
		s.Files[rel] = "present"
		if strings.HasSuffix(path, ".sigstore.json") || strings.HasSuffix(path, ".bundle") || strings.Contains(path, "/trust/") {
			return nil
		}
		data, err := os.ReadFile(path)
		s.Files[rel] = release.Digest(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// differs tells how two views differ, "" if they are the same.
func (s seen) differs(want seen) string {
	var b strings.Builder
	compare := func(what string, got, want map[string]string) {
		for _, k := range slices.Sorted(maps.Keys(want)) {
			if g, ok := got[k]; !ok {
				fmt.Fprintf(&b, "lost %s %s\n", what, k)
			} else if g != want[k] {
				fmt.Fprintf(&b, "%s %s is\n%s, not\n%s\n", what, k, g, want[k])
			}
		}
		for _, k := range slices.Sorted(maps.Keys(got)) {
			if _, ok := want[k]; !ok {
				fmt.Fprintf(&b, "left %s %s\n", what, k)
			}
		}
	}
	compare("ref", s.Refs, want.Refs)
	compare("file", s.Files, want.Files)
	if s.Tags != want.Tags {
		fmt.Fprintf(&b, "the clone has tags %q, not %q\n", s.Tags, want.Tags)
	}
	return b.String()
}

// half tells what of the world is visible though it must not be, or not visible though it must be: after a command that
// died, before it is run again. whole is what an undisturbed run ends in.
func (s seen) half(w *crashWorld, before, whole seen) string {
	var b strings.Builder
	for k, v := range s.Files {
		switch {
		case strings.Contains(k, "/."):
			continue // no name that anything reads
		case whole.Files[k] == "":
			fmt.Fprintf(&b, "%s is visible\n", k)
		case v != whole.Files[k] && v != before.Files[k]:
			fmt.Fprintf(&b, "%s is visible with other bytes\n", k)
		}
	}
	// A release is visible with all its files or not at all, and only if the ledger has it.
	releases := map[string]bool{}
	for k := range whole.Files {
		if i := strings.LastIndex(k, "/releases/"); i >= 0 && before.Files[k] == "" {
			releases[filepath.Join(append([]string{k[:i]}, strings.Split(k[i+1:], "/")[:3]...)...)] = true
		}
	}
	ledger := s.Refs["refs/heads/relctl/ledger"]
	for r := range releases {
		if _, shown := s.Files[r+"/"+release.ManifestName]; !shown {
			if !strings.HasPrefix(r, "s3/") {
				for k := range s.Files {
					if strings.HasPrefix(k, r+"/") {
						fmt.Fprintf(&b, "%s is half visible: %s\n", r, k)
					}
				}
			}
			continue // in a bucket release.json comes last and makes it visible
		}
		for k := range whole.Files {
			if strings.HasPrefix(k, r+"/") && s.Files[k] == "" {
				fmt.Fprintf(&b, "%s is half visible: %s is missing\n", r, k)
			}
		}
		if !strings.Contains(ledger, ": cut "+filepath.Base(filepath.Dir(r))+" "+filepath.Base(r)) {
			fmt.Fprintf(&b, "%s is visible and not in the ledger\n", r)
		}
	}
	_, tagged := s.Refs["refs/tags/v2.4.0"]
	if cut := strings.Contains(ledger, ": cut lts-2.4 2.4.0"); cut != tagged {
		fmt.Fprintf(&b, "cut is %v, tagged is %v\n", cut, tagged)
	}
	for _, store := range []string{"store", "mirror"} {
		b.WriteString(w.trusted(store, s))
	}
	return b.String()
}

// trusted holds that what a store's timestamp names is there.
func (w *crashWorld) trusted(store string, s seen) string {
	type metadata struct {
		Signed struct {
			Meta map[string]struct {
				Version int `json:"version"`
			} `json:"meta"`
		} `json:"signed"`
	}
	read := func(name string) (m metadata, err error) {
		data, err := os.ReadFile(w.path(store, "trust", name))
		if err != nil {
			return m, err
		}
		return m, json.Unmarshal(data, &m)
	}
	if s.Files[store+"/trust/timestamp.json"] == "" {
		return ""
	}
	timestamp, err := read("timestamp.json")
	if err == nil {
		var snapshot metadata
		if snapshot, err = read(fmt.Sprintf("%d.snapshot.json", timestamp.Signed.Meta["snapshot.json"].Version)); err == nil {
			for name, m := range snapshot.Signed.Meta {
				if _, err := read(fmt.Sprintf("%d.%s", m.Version, name)); err != nil {
					return err.Error() + "\n"
				}
			}
		}
	}
	if err != nil {
		return err.Error() + "\n"
	}
	return ""
}

// verified holds every bundle in the stores against the key.
func (w *crashWorld) verified(s seen) string {
	var b strings.Builder
	for name := range s.Files {
		if !strings.HasSuffix(name, ".bundle") {
			continue
		}
		var out bytes.Buffer
		code := relverify.RunAt(context.Background(), []string{"--key", w.path("keys", "cosign.pub"), w.path(name)}, strings.NewReader(""), &out, &out, "relverify", func() time.Time { return crashNow })
		if code != 0 {
			fmt.Fprintf(&b, "relverify %s: exit code %d: %s\n", name, code, out.String())
		}
	}
	return b.String()
}
