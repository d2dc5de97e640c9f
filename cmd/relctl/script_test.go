package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/relctl/relctl/cmd/relctl/cli"
	relverify "github.com/relctl/relctl/cmd/relverify/cli"
	"github.com/relctl/relctl/internal/tool"
	"github.com/relctl/relctl/pkg/project"
	"github.com/relctl/relctl/pkg/sign"
	"github.com/relctl/relctl/testdata/acme"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"relctl": func() {
			ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
			defer stop()
			watchDisk()
			os.Exit(cli.Run(ctx, os.Args[1:], cli.IO{In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Watch: kill(os.Getenv("TEST_KILL")), Now: clock(os.Getenv("RELCTL_TEST_NOW"))}))
		},
		"relverify": func() {
			now := clock(os.Getenv("RELCTL_TEST_NOW"))
			if now == nil {
				now = time.Now
			}
			os.Exit(relverify.RunAt(context.Background(), os.Args[1:], os.Stdin, os.Stdout, os.Stderr, "relverify", now))
		},
	})
}

// kill returns a watcher that kills this process, as kill -9 would, when the named stage is done ("build") or begins
// ("build:start").
func kill(at string) func(project.Progress) {
	stage, state, found := strings.Cut(at, ":")
	if !found {
		state = "done"
	}
	return func(p project.Progress) {
		if p.Stage != stage || p.State != state {
			return
		}
		self, err := os.FindProcess(os.Getpid())
		if err == nil {
			err = self.Kill()
		}
		if err != nil {
			panic(err)
		}
		select {}
	}
}

// TestScripts runs every command line that relctl promises, as its user types it.
func TestScripts(t *testing.T) {
	templateDir = t.TempDir()
	testscript.Run(t, testscript.Params{
		Dir:                 filepath.Join("..", "..", "testdata", "script"),
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup:               setup,
		Condition:           condition,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"sample":   cmdSample,
			"at":       cmdAt,
			"rings":    cmdRings,
			"exit":     cmdExit,
			"flip":     cmdFlip,
			"tool":     cmdTool,
			"tree":     cmdTree,
			"docs":     cmdDocs,
			"count":    cmdCount,
			"edit":     cmdEdit,
			"samefile": cmdSameFile,
			"bucket":   cmdBucket,
			"registry": cmdRegistry,
			"image":    cmdImage,
			"retag":    cmdRetag,
			"artifact": cmdArtifact,
			"service":  cmdService,
			"shelf":    cmdShelf,
			"workflow": cmdWorkflow,
			"gitlab":   cmdGitLab,
			"forge":    cmdForge,

			"prometheus": cmdPrometheus,
		},
	})
}

// setup gives each script a home of its own, with a git identity and nothing else, and Go's caches from outside.
func setup(env *testscript.Env) error {
	home := filepath.Join(env.WorkDir, "home")
	if err := os.MkdirAll(home, 0o755); err != nil {
		return err
	}
	gitconfig := filepath.Join(home, ".gitconfig")
	text := "[user]\n\tname = release\n\temail = release@acme.example\n[init]\n\tdefaultBranch = main\n[protocol \"file\"]\n\tallow = always\n"
	if err := os.WriteFile(gitconfig, []byte(text), 0o600); err != nil {
		return err
	}
	env.Setenv("HOME", home)
	env.Setenv("XDG_CONFIG_HOME", filepath.Join(home, ".config"))
	env.Setenv("GIT_CONFIG_GLOBAL", gitconfig)
	env.Setenv("GIT_CONFIG_NOSYSTEM", "1")
	env.Setenv("LC_ALL", "C")
	env.Setenv("NO_COLOR", "1")
	env.Setenv("RELCTL_PASSWORD", "correct horse")
	env.Setenv("GOGC", "400") // hundreds of programs, most of which end before collecting garbage pays
	goEnv, err := goEnvironment()
	if err != nil {
		return err
	}
	for k, v := range goEnv {
		env.Setenv(k, v)
	}
	return nil
}

var goEnvironment = sync.OnceValues(func() (map[string]string, error) {
	names := []string{"GOCACHE", "GOMODCACHE", "GOPROXY", "GOFLAGS", "GOPATH", "GOSUMDB", "GOTOOLCHAIN"}
	out, err := exec.Command("go", append([]string{"env"}, names...)...).Output()
	if err != nil {
		return nil, err
	}
	env := map[string]string{}
	for i, line := range strings.Split(strings.TrimSuffix(string(out), "\n"), "\n") {
		env[names[i]] = line
	}
	return env, nil
})

// condition knows what a system package gives: [prog:ssh-keygen] is true if the program is there. Where CI is set its
// absence is a failure, since .ci/run installs it.
func condition(cond string) (bool, error) {
	if name, ok := strings.CutPrefix(cond, "prog:"); ok {
		_, err := exec.LookPath(name)
		if err != nil && os.Getenv("CI") != "" {
			return false, fmt.Errorf("%s is missing, which .ci/run installs", name)
		}
		return err == nil, nil
	}
	if cond == "mounts" {
		return exec.Command("unshare", "-rm", "mount", "-t", "tmpfs", "none", "/mnt").Run() == nil, nil
	}
	return false, fmt.Errorf("unknown condition %q", cond)
}

// templateDir is where [template] is made; TestScripts removes it at its end.
var templateDir string

// template is the sample product with a signing key, made once and copied into each script that asks for it.
var template = sync.OnceValues(func() (string, error) {
	dir := templateDir
	if _, err := acme.Replay(context.Background(), dir); err != nil {
		return "", err
	}
	private, public, err := sign.Generate([]byte("correct horse"))
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(filepath.Join(dir, "keys"), 0o755); err != nil {
		return "", err
	}
	for name, data := range map[string][]byte{"cosign.key": private, "cosign.pub": public} {
		if err := os.WriteFile(filepath.Join(dir, "keys", name), data, 0o600); err != nil {
			return "", err
		}
	}
	return dir, acme.Configure(filepath.Join(dir, "repo"), acme.Policy{PublicKey: public})
})

// cmdSample lays out the sample product: repo/, remote.git and keys/. Its policy is committed and pushed, and its tags
// are adopted unless the argument "fresh" is given; the soak of its line is waived then, since no release of the service
// ran anywhere.
func cmdSample(ts *testscript.TestScript, neg bool, args []string) {
	if neg {
		ts.Fatalf("sample cannot be negated")
	}
	src, err := template()
	ts.Check(err)
	work := ts.MkAbs(".")
	for _, name := range []string{"repo", "remote.git", "keys"} {
		ts.Check(os.CopyFS(filepath.Join(work, name), os.DirFS(filepath.Join(src, name))))
	}
	repo := filepath.Join(work, "repo")
	git := func(args ...string) {
		ts.Check(ts.Exec("git", append([]string{"-C", repo}, args...)...))
	}
	git("remote", "set-url", "origin", filepath.Join(work, "remote.git"))
	git("config", "--rename-section", "url."+filepath.Join(src, "remote.git"), "url."+filepath.Join(work, "remote.git"))
	git("add", "channels")
	git("commit", "--quiet", "--message", "ci: sign releases with this key")
	git("push", "--quiet", "origin", "main")
	if len(args) == 0 {
		ts.Check(ts.Exec("relctl", "-C", repo, "adopt", "lts-2.4"))
		ts.Check(ts.Exec("relctl", "-C", repo, "waive", "lts-2.4", "--gate", "soak", "--reason", "the service is not watched yet"))
	}
}

// cmdExit runs a program and holds its exit code: exit 5 relctl plan lts-2.4.
func cmdExit(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exit code program args…")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	got := 0
	var exit *exec.ExitError
	switch {
	case err == nil:
	case asExit(err, &exit):
		got = exit.ExitCode()
	default:
		ts.Fatalf("%v", err)
	}
	if got != want {
		ts.Fatalf("%s ended with exit code %d, want %d", args[1], got, want)
	}
}

func asExit(err error, target **exec.ExitError) bool {
	e, ok := err.(*exec.ExitError) //nolint:errorlint // testscript returns it bare
	*target = e
	return ok
}

// cmdFlip flips the lowest bit of one byte: flip file offset, where a negative offset counts from the end.
func cmdFlip(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: flip file offset")
	}
	name := ts.MkAbs(args[0])
	data, err := os.ReadFile(name)
	ts.Check(err)
	at, err := strconv.Atoi(args[1])
	ts.Check(err)
	if at < 0 {
		at += len(data)
	}
	data[at] ^= 1
	ts.Check(os.WriteFile(name, data, 0o600))
}

// cmdTool puts programs of tools/go.mod on the script's PATH, building them the first time.
func cmdTool(ts *testscript.TestScript, neg bool, args []string) {
	for _, name := range args {
		path, err := tool.Path(context.Background(), name)
		ts.Check(err)
		ts.Setenv("PATH", filepath.Dir(path)+string(os.PathListSeparator)+ts.Getenv("PATH"))
	}
	if neg {
		ts.Fatalf("tool cannot be negated")
	}
}

// cmdTree copies the files of this repository, as they are now, into a new folder.
func cmdTree(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: tree folder")
	}
	root, err := filepath.Abs(filepath.Join("..", ".."))
	ts.Check(err)
	out, err := exec.Command("git", "-C", root, "ls-files", "-z", "--cached", "--others", "--exclude-standard").Output()
	ts.Check(err)
	for name := range strings.SplitSeq(strings.TrimSuffix(string(out), "\x00"), "\x00") {
		from, to := filepath.Join(root, name), filepath.Join(ts.MkAbs(args[0]), name)
		info, err := os.Stat(from)
		if os.IsNotExist(err) {
			continue // deleted and not committed yet
		}
		ts.Check(err)
		data, err := os.ReadFile(from)
		ts.Check(err)
		ts.Check(os.MkdirAll(filepath.Dir(to), 0o755))
		ts.Check(os.WriteFile(to, data, info.Mode().Perm()))
	}
}

// cmdDocs runs a page of this repository as a reader would, in one shell: it writes the files of blocks that name one
// ("```yaml channels/product.yaml") and runs the commands of console blocks, each of which must succeed.
func cmdDocs(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: docs page")
	}
	page, err := os.ReadFile(filepath.Join("..", "..", filepath.FromSlash(args[0])))
	ts.Check(err)
	script, ran := pageScript(string(page))
	if ran == 0 {
		ts.Fatalf("%s shows no command", args[0])
	}
	ts.Check(ts.Exec("sh", "-e", "-c", script))
}

// pageScript returns the shell script that a page amounts to, and how many commands it has.
func pageScript(page string) (script string, commands int) {
	var b strings.Builder
	fence, file := "", ""
	for line := range strings.Lines(page) {
		text := strings.TrimRight(line, "\n")
		switch {
		case fence == "" && strings.HasPrefix(text, "```"):
			words := strings.Fields(strings.TrimPrefix(text, "```"))
			fence = "text"
			if len(words) == 1 {
				fence = words[0]
			}
			if len(words) == 2 {
				file = words[1]
				fmt.Fprintf(&b, "mkdir -p \"$(dirname %s)\"\ncat >%s <<'END_OF_BLOCK'\n", file, file)
			}
		case text == "```":
			if file != "" {
				b.WriteString("END_OF_BLOCK\n")
			}
			fence, file = "", ""
		case file != "":
			b.WriteString(line)
		case fence == "console":
			prompt, command, ok := strings.Cut(text, "$ ")
			if ok && strings.Trim(prompt, "abcdefghijklmnopqrstuvwxyz") == "" {
				fmt.Fprintf(&b, "echo %q >&2\n%s\n", "$ "+strings.NewReplacer("$", "", "`", "", "\"", "", "\\", "").Replace(command), command)
				commands++
			}
		}
	}
	return b.String(), commands
}

// cmdCount holds the number of lines of a file, or of stdout, that contain a text: count 3 stdout 'cut'.
func cmdCount(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: count number file text")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	for line := range strings.Lines(ts.ReadFile(args[1])) {
		if strings.Contains(line, args[2]) {
			got++
		}
	}
	if got != want {
		ts.Fatalf("%d lines of %s contain %q, want %d:\n%s", got, args[1], args[2], want, ts.ReadFile(args[1]))
	}
}

// cmdEdit replaces text in a file, and fails if it is not there: edit file old new. \n stands for a line's end.
func cmdEdit(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: edit file old new")
	}
	name := ts.MkAbs(args[0])
	data, err := os.ReadFile(name)
	ts.Check(err)
	lines := strings.NewReplacer(`\n`, "\n", `\t`, "\t")
	old, replacement := lines.Replace(args[1]), lines.Replace(args[2])
	if !strings.Contains(string(data), old) {
		ts.Fatalf("%s does not contain %q:\n%s", args[0], old, data)
	}
	ts.Check(os.WriteFile(name, []byte(strings.ReplaceAll(string(data), old, replacement)), 0o600))
}

// cmdSameFile compares two files byte by byte, of any size.
func cmdSameFile(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: samefile a b")
	}
	var data [2][]byte
	for i, name := range args {
		f, err := os.Open(ts.MkAbs(name))
		ts.Check(err)
		data[i], err = io.ReadAll(f)
		ts.Check(err)
		ts.Check(f.Close())
	}
	if same := string(data[0]) == string(data[1]); same == neg {
		ts.Fatalf("%s and %s: same is %v", args[0], args[1], same)
	}
}
