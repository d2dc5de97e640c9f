package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/relctl/relctl/pkg/deploy"
	"github.com/relctl/relctl/pkg/git"
	"github.com/relctl/relctl/pkg/ledger"
	"github.com/relctl/relctl/pkg/release"
	"github.com/relctl/relctl/pkg/sign"
)

// begin is when a rolling service begins its life.
var begin = time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)

// rollingAddress is where the engine finds the product's repository.
const rollingAddress = "https://git.example/acme.git"

// rolling is a product with four rings of one cell each, clones of its remote, and a store beside them.
type rolling struct {
	t      testing.TB
	now    time.Time
	clones []string
	// dir holds all of it, bare is the remote, and remote the same to be read without relctl's commands.
	dir, bare string
	remote    *git.Repo
	// key is the file with the key that signs releases.
	key string
}

const rollingService = "apiVersion: v1\nkind: Service\nmetadata: {name: acme}\nspec: {selector: {app: acme}, ports: [{port: 80}]}\n"

func newRolling(t testing.TB, clones int) *rolling {
	t.Helper()
	if ok, err := condition("prog:ssh-keygen"); err != nil || !ok {
		t.Skipf("ssh-keygen is missing: %v", err)
	}
	dir := t.TempDir()
	r := &rolling{t: t, now: begin, dir: dir, key: filepath.Join(dir, "cosign.key"), bare: filepath.Join(dir, "remote.git")}
	private, public, err := sign.Generate([]byte("correct horse"))
	r.must(err)
	r.write("cosign.key", string(private), 0o600)
	r.write("gitconfig", "[user]\n\tname = release\n\temail = release@acme.example\n[init]\n\tdefaultBranch = main\n[gpg]\n\tformat = ssh\n[gc]\n\tauto = 0\n", 0o600)
	product := "name: acme\nbuild: {command: [sh, build.sh], output: out}\nstores: [{directory: " + filepath.Join(dir, "store") + "}]\n" +
		"signing: {keys: [channels/keys/cosign.pub], threshold: 1}\n" +
		"deploy: {base: deploy/base, repository: " + rollingAddress + "}\nroles:\n  cells:\n"
	channel := "kind: rolling\nbranch: main\nversion: {scheme: calver, format: YYYY.MDD.N}\ndeploy: {engine: argocd}\nrings:\n"
	for i, soak := range modelSoaks {
		name := modelCellName(i)
		r.must(exec.Command("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", filepath.Join(dir, name)).Run())
		ssh, err := os.ReadFile(filepath.Join(dir, name+".pub"))
		r.must(err)
		product += fmt.Sprintf("    - {name: %s, ssh: %q}\n", name, strings.TrimSpace(string(ssh)))
		channel += fmt.Sprintf("  - {name: %s, cells: [%s]", modelRingName(i), name)
		if soak > 0 {
			channel += fmt.Sprintf(", soak: %s", soak)
		}
		channel += "}\n"
	}
	r.gitIn(dir, "init", "--quiet", "--bare", r.bare)
	for i := range clones {
		r.clones = append(r.clones, filepath.Join(dir, fmt.Sprintf("clone-%d", i)))
	}
	r.clone(r.clones[0])
	for name, text := range map[string]string{
		"channels/product.yaml": product, "channels/rolling.yaml": channel, "channels/keys/cosign.pub": string(public),
		"build.sh":                       "echo \"tool $RELCTL_VERSION\" >\"$RELCTL_OUTPUT/tool.txt\"\n",
		"deploy/base/kustomization.yaml": "resources: [service.yaml]\n", "deploy/base/service.yaml": rollingService,
	} {
		r.write(filepath.Join("clone-0", filepath.FromSlash(name)), text, 0o644)
	}
	r.commit("feat: begin")
	for _, c := range r.clones[1:] {
		r.clone(c)
	}
	r.write("dying/git", dying, 0o700)
	r.write("waiting/git", waiting, 0o700)
	r.remote, err = git.Open(t.Context(), r.bare)
	r.must(err)
	t.Cleanup(func() { _ = r.remote.Close() })
	return r
}

// clone makes a clone of the remote, which is also the one that the policy names by its public address.
func (r *rolling) clone(dir string) {
	r.gitIn(r.dir, "clone", "--quiet", r.bare, dir)
	r.gitIn(dir, "config", "url."+r.bare+".insteadOf", rollingAddress)
}

// write writes a file below the folder of the test.
func (r *rolling) write(name, text string, mode fs.FileMode) {
	r.t.Helper()
	path := filepath.Join(r.dir, name)
	r.must(os.MkdirAll(filepath.Dir(path), 0o755))
	r.must(os.WriteFile(path, []byte(text), mode))
}

// env is the environment of every program, cut off from the user's configuration of git.
func (r *rolling) env() []string {
	return append(os.Environ(), "HOME="+r.dir, "GIT_CONFIG_GLOBAL="+filepath.Join(r.dir, "gitconfig"), "GIT_CONFIG_NOSYSTEM=1", "LC_ALL=C")
}

// gitIn runs git and returns what it prints.
func (r *rolling) gitIn(dir string, args ...string) string {
	r.t.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir, cmd.Env = dir, r.env()
	out, err := cmd.CombinedOutput()
	if err != nil {
		r.t.Fatalf("git %v: %v\n%s", args, err, out)
	}
	return string(out)
}

func (r *rolling) must(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}

// commit gives main something to release.
func (r *rolling) commit(message string) {
	r.t.Helper()
	r.gitIn(r.clones[0], "add", "--all")
	r.gitIn(r.clones[0], "commit", "--quiet", "--allow-empty", "--message", message)
	r.gitIn(r.clones[0], "push", "--quiet", "origin", "main")
}

// signAs lets everybody sign with the key of a cell.
func (r *rolling) signAs(cell string) {
	r.t.Helper()
	r.gitIn(r.dir, "config", "--file", "gitconfig", "user.signingKey", filepath.Join(r.dir, cell+".pub"))
}

// state is what the ledger of the remote says.
func (r *rolling) state() *ledger.State {
	r.t.Helper()
	s, err := ledger.New(r.remote, "").State(r.t.Context())
	r.must(err)
	return s
}

func (r *rolling) versions() []release.Version {
	var out []release.Version
	if c := r.state().Channels["rolling"]; c != nil {
		for _, rel := range c.Releases {
			out = append(out, rel.Version)
		}
	}
	return out
}

// deployBranch are the files of the deploy branch, nil if there is none.
func (r *rolling) deployBranch() fs.FS {
	r.t.Helper()
	id, err := r.remote.Resolve(r.t.Context(), "refs/heads/"+deploy.DefaultBranch)
	if errors.Is(err, git.ErrNotFound) {
		return nil
	}
	r.must(err)
	files, err := r.remote.FS(r.t.Context(), id)
	r.must(err)
	return files
}

// refs are all refs of the remote.
func (r *rolling) refs() string {
	return r.gitIn(r.bare, "for-each-ref", "--format=%(objectname) %(refname)")
}

// crash is where a command dies as by kill -9: at a call of git that is one of verbs, 1 before the first, 2 after it, and
// so on, or at a stage of a cut.
type crash struct {
	git   int
	verbs string
	stage string
	// waits lets the command live, but wait before its first push until it is let go.
	waits bool
}

func (c crash) String() string {
	switch {
	case c.stage != "":
		return " (dies at " + c.stage + ")"
	case c.git > 0:
		return fmt.Sprintf(" (dies at %d of %s)", c.git, c.verbs)
	}
	return ""
}

// dying is a git that kills the program that calls it.
const dying = `#!/bin/sh
PATH=${PATH#*:}
for arg; do
	case " $DIE_VERBS " in *" $arg "*)
		echo >>"$DIE_COUNT"
		n=$(wc -l <"$DIE_COUNT")
		test $((2 * n - 1)) -ne "$DIE_AT" || { kill -9 $PPID; exit 1; }
		test $((2 * n)) -eq "$DIE_AT" || break
		git "$@"
		kill -9 $PPID
		exit 1
	esac
done
exec git "$@"
`

// waiting is a git that says when it is about to push for the first time, and waits for an answer.
const waiting = `#!/bin/sh
PATH=${PATH#*:}
case " $* " in *" push "*)
	if test ! -e "$RACE_MARK"; then
		: >"$RACE_MARK"
		echo >"$RACE/ready"
		read -r _ <"$RACE/go"
	fi
esac
exec git "$@"
`

// gitFrom puts one of those in front of the PATH.
func (r *rolling) gitFrom(folder string) string {
	return "PATH=" + filepath.Join(r.dir, folder) + ":" + os.Getenv("PATH")
}

// ran is how a command ended.
type ran struct {
	code    int
	crashed bool
	out     string
}

func (r ran) how() string {
	if r.crashed {
		return "died"
	}
	return fmt.Sprint(r.code)
}

// run runs relctl in a clone as a program of its own.
func (r *rolling) run(clone string, die crash, args ...string) ran {
	r.t.Helper()
	return r.command(clone, die, args...)()
}

// command prepares a run; it may be called from another goroutine.
func (r *rolling) command(clone string, die crash, args ...string) func() ran {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), 5*time.Minute)
	cmd := exec.CommandContext(ctx, "relctl", append([]string{"-C", clone}, args...)...)
	cmd.Env = append(r.env(), "RELCTL_PASSWORD=correct horse", "RELCTL_TEST_NOW="+r.now.Format(time.RFC3339), "TEST_KILL="+die.stage)
	if die.git > 0 {
		cmd.Env = append(cmd.Env, r.gitFrom("dying"), "DIE_COUNT="+filepath.Join(r.t.TempDir(), "count"), "DIE_VERBS="+die.verbs, "DIE_AT="+strconv.Itoa(die.git))
	}
	if die.waits {
		cmd.Env = append(cmd.Env, r.gitFrom("waiting"), "RACE="+r.dir, "RACE_MARK="+filepath.Join(r.t.TempDir(), "mark"))
	}
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	return func() ran {
		defer cancel()
		err := cmd.Run()
		var exit *exec.ExitError
		if err != nil && !errors.As(err, &exit) {
			return ran{code: -1, out: err.Error()}
		}
		status, _ := cmd.ProcessState.Sys().(syscall.WaitStatus)
		return ran{code: cmd.ProcessState.ExitCode(), crashed: status.Signaled(), out: out.String()}
	}
}
