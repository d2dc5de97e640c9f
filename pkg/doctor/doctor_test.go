package doctor_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/relctl/relctl/pkg/doctor"
	"github.com/relctl/relctl/pkg/internal/gittest"
	"github.com/relctl/relctl/pkg/project"
)

func TestMain(m *testing.M) {
	gittest.Isolate()
	os.Exit(m.Run())
}

const (
	productFile = "channels/product.yaml"
	product     = "name: acme\nbuild: {command: [./build.sh], output: out}\nstores: [{directory: ../store}]\nsigning: {keys: [channels/keys/release.pub], threshold: 1}\n"
	ltsFile     = "channels/lts-2.4.yaml"
	lts         = "kind: lts\nline: \"2.4\"\nbranch: release/2.4\n"
)

func publicKey(t *testing.T) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
}

// begin makes a product whose line 2.4 can be released, pushed. Files, as path and content in turn, are added to or
// replace those of main, from which the line's branch starts.
func begin(t *testing.T, files ...string) *gittest.Repo {
	t.Helper()
	r := gittest.New(t)
	r.Commit("chore: begin", append([]string{
		productFile, product, ltsFile, lts, "channels/keys/release.pub", publicKey(t), "build.sh", "#!/bin/sh\n",
	}, files...)...)
	r.Git("branch", "release/2.4")
	push(r)
	return r
}

func push(r *gittest.Repo) {
	r.Git("push", "--quiet", "origin", "+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*")
}

// A repository and what is said of it. Every fault is found where it lies, with what to do, and alone: a good repository
// has no problem.
func TestEveryFaultIsAFindingWithARemedy(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		files []string
		// change breaks what was begun.
		change func(t *testing.T, r *gittest.Repo)
		opts   doctor.Options
		// want is a status, a subject, and parts of the text and of the remedy.
		want [4]string
	}{
		{name: "nothing is wrong", want: [4]string{"ok", "clone", "the whole history", ""}},
		{name: "the server takes a branch", opts: doctor.Options{Probe: true}, want: [4]string{"ok", "push", "took and gave back", ""}},
		{name: "the server takes no branch", opts: doctor.Options{Probe: true}, change: func(_ *testing.T, r *gittest.Repo) {
			r.Hook("pre-receive", "echo 'no branches here' >&2\nexit 1\n")
		}, want: [4]string{"problem", "push", "no branches here", ""}},
		{name: "a branch that is not there", files: []string{"channels/lts-2.6.yaml", strings.ReplaceAll(lts, "2.4", "2.6")}, want: [4]string{"problem", "lts-2.6", "release/2.6", "git fetch origin"}},
		{name: "releases that the ledger does not know", change: func(_ *testing.T, r *gittest.Repo) {
			r.Tag("v2.4.1")
			r.Tag("v2.4.2")
			push(r)
		}, want: [4]string{"warning", "lts-2.4", "2 tags of its line are not in the ledger, the last is 2.4.2", "relctl adopt lts-2.4"}},
		{name: "a channel file that is none", files: []string{ltsFile, "kind: lts\nlime: 2.4\n"}, want: [4]string{"problem", "channels", "lime", ""}},
		{name: "no key", files: []string{productFile, strings.Split(product, "signing")[0]}, want: [4]string{"problem", "keys", "no key signs", "relctl key generate"}},
		{name: "a key that is not there", files: []string{productFile, strings.ReplaceAll(product, "release.pub", "lost.pub")}, want: [4]string{"problem", "keys", "lost.pub", "relctl key generate"}},
		{name: "a key that is none", files: []string{"channels/keys/release.pub", "key\n"}, want: [4]string{"problem", "keys", "release.pub", ""}},
		{name: "a store in a file's place", change: func(t *testing.T, r *gittest.Repo) {
			t.Helper()
			if err := os.WriteFile(filepath.Join(filepath.Dir(r.Dir), "store"), nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}, want: [4]string{"problem", "store", "nothing can be written", "make it a folder"}},
		{name: "a build script that one branch lacks", change: func(_ *testing.T, r *gittest.Repo) {
			r.Checkout("release/2.4")
			r.Git("rm", "--quiet", "build.sh")
			r.Git("commit", "--quiet", "--message", "chore: clean up")
			push(r)
		}, want: [4]string{"problem", "build", "release/2.4: build.sh is missing", "commit it to this branch too"}},
		{name: "builds that would differ", files: []string{
			productFile, strings.Replace(product, "build: {command: [./build.sh], output: out}", "goreleaser: .goreleaser.yaml", 1),
			".goreleaser.yaml", "version: 2\nbuilds:\n  - ldflags: [\"-X main.date={{.Date}}\"]\n",
		}, want: [4]string{"warning", "build", "two builds would differ", "write "}},
		{name: "no configuration of goreleaser", files: []string{productFile, strings.Replace(product, "build: {command: [./build.sh], output: out}", "goreleaser: .goreleaser.yaml", 1)}, want: [4]string{"problem", "build", ".goreleaser.yaml is missing", "commit it"}},
		{name: "submodules", files: []string{".gitmodules", "[submodule \"a\"]\n[submodule \"b\"]\n"}, want: [4]string{"warning", "lts-2.4", "2 submodules", "may fetch them"}},
		{name: "no documentation for operators", want: [4]string{"warning", "docs", "no documentation", "docs/operator"}},
		{name: "a folder of documentation that is not there", files: []string{productFile, product + "docs: {operator: docs/operator}\n"}, want: [4]string{"problem", "docs", "release/2.4", ""}},
		{name: "a clock that is behind", opts: doctor.Options{Now: gittest.Start.Add(-time.Hour)}, want: [4]string{"problem", "clock", "newest commit of release/2.4", "set this machine's clock"}},
		{name: "another remote than there is", opts: doctor.Options{Remote: "upstream"}, want: [4]string{"problem", "remote", "upstream", ""}},
		{name: "a remote that is gone", change: func(t *testing.T, r *gittest.Repo) {
			t.Helper()
			if err := os.RemoveAll(r.Remote); err != nil {
				t.Fatal(err)
			}
		}, want: [4]string{"problem", "remote", "", ""}},
		{name: "a remote without a default branch", change: func(_ *testing.T, r *gittest.Repo) { r.InRemote("symbolic-ref", "HEAD", "refs/heads/none") }, want: [4]string{"problem", "remote", "does not say which branch is its default", "settings of the server"}},
		{name: "git signs with a key that has a role", files: roles(t, "release"), change: signWith("release"), want: [4]string{"ok", "roles", "git signs for deploy as release-1", ""}},
		{name: "git signs with a key that has no role", files: roles(t, "release"), change: signWith("stranger"), want: [4]string{"warning", "roles", "a key that has no role", "set user.signingkey"}},
		{name: "git does not sign", files: roles(t, "release"), want: [4]string{"warning", "roles", "git could not sign", "git config gpg.format ssh"}},
		{name: "a ledger that is whole", change: adopt, opts: doctor.Options{Now: time.Now().Add(time.Hour)}, want: [4]string{"ok", "ledger", "2 events, each as it must be", ""}},
		{name: "a ledger that somebody has written by hand", change: func(t *testing.T, r *gittest.Repo) {
			t.Helper()
			adopt(t, r)
			r.Git("fetch", "--quiet", "origin")
			id := r.Git("commit-tree", "-p", "refs/remotes/origin/relctl/ledger", "-m", "by hand", "refs/remotes/origin/relctl/ledger^{tree}")
			r.Git("push", "--quiet", "origin", id+":refs/heads/relctl/ledger")
		}, want: [4]string{"problem", "channels", "does more than add one file", "git push --force origin"}},
		{name: "documentation for operators", files: []string{productFile, product + "docs: {operator: docs/operator}\n", "docs/operator/install.md", "# Install\n\nCopy the program.\n"}, want: [4]string{"ok", "docs", "release/2.4 has no problems", ""}},
		{name: "documentation with a link to nowhere", files: []string{productFile, product + "docs: {operator: docs/operator}\n", "docs/operator/install.md", "# Install\n\n[Next](none.md)\n"}, want: [4]string{"problem", "docs", "release/2.4 has 1 problem", "relctl docs check release/2.4"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := begin(t, c.files...)
			if c.change != nil {
				c.change(t, r)
			}
			c.opts.Dir = r.Dir
			if c.opts.Now.IsZero() {
				c.opts.Now = gittest.Start.Add(24 * time.Hour)
			}
			all, err := doctor.Examine(t.Context(), c.opts)
			if err != nil {
				t.Fatal(err)
			}
			found := false
			for _, f := range all {
				hit := string(f.Status) == c.want[0] && f.Subject == c.want[1] && strings.Contains(f.Text, c.want[2]) && strings.Contains(f.Remedy, c.want[3])
				found = found || hit
				if f.Status == doctor.Problem && f.Subject != c.want[1] {
					t.Errorf("another problem: %+v", f)
				}
			}
			if !found {
				t.Errorf("no finding %q in\n%+v", c.want, all)
			}
			if failed := doctor.Failed(all); failed && c.want[0] == "ok" || !failed && c.want[0] == "problem" {
				t.Errorf("failed is %v: %+v", failed, all)
			}
		})
	}
}

// roles is a product in which the key of a name may cut releases.
func roles(t *testing.T, name string) []string {
	t.Helper()
	return []string{productFile, product + "roles: {deploy: [{name: " + name + "-1, ssh: " + gittest.SSHKey(t, name).Public + "}]}\n"}
}

func signWith(name string) func(*testing.T, *gittest.Repo) {
	return func(t *testing.T, r *gittest.Repo) {
		t.Helper()
		r.SignWith(gittest.SSHKey(t, name))
	}
}

// adopt has the ledger know a release that was made before relctl.
func adopt(t *testing.T, r *gittest.Repo) {
	t.Helper()
	r.Tag("v2.4.1")
	push(r)
	p, err := project.Open(t.Context(), r.Dir, project.OpenOptions{Act: true})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = p.Repo.Close() }()
	if _, err := p.Adopt(t.Context(), p.Policy.Channels[0]); err != nil {
		t.Fatal(err)
	}
}

// A clone that ends early is told first: nothing that comes after could be judged by it.
func TestAShallowCloneIsTheOnlyProblemThatIsTold(t *testing.T) {
	t.Parallel()
	r := begin(t)
	r.Commit("fix: one")
	push(r)
	dir := filepath.Join(t.TempDir(), "shallow")
	r.Git("clone", "--quiet", "--depth", "1", "file://"+r.Remote, dir)
	all, err := doctor.Examine(t.Context(), doctor.Options{Dir: dir, Now: gittest.Start.Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	var problems []doctor.Finding
	for _, f := range all {
		if f.Status == doctor.Problem {
			problems = append(problems, f)
		}
	}
	if len(problems) != 1 || problems[0].Subject != "clone" || !strings.Contains(problems[0].Remedy, "--unshallow") {
		t.Errorf("%+v", all)
	}
}

func TestAnExaminationThatIsCutShortIsAnError(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := doctor.Examine(ctx, doctor.Options{Dir: t.TempDir(), Now: gittest.Start}); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}
