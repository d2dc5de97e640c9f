// Package acme is relctl's sample product: a small order service with a command line, and its history.
//
// The history is a readable sequence of steps below steps/, one txtar file each, which [Replay] turns into a real
// repository with a bare remote. Authors and dates are pinned, so that it has the same commit ids everywhere.
package acme

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"

	"golang.org/x/tools/txtar"
)

//go:embed steps/*.txtar
var steps embed.FS

// Sample is a replayed repository.
type Sample struct {
	// Repo is the clone in which a release engineer works, Remote the bare repository that it pushes to.
	Repo, Remote string
	// Commits are the commit ids by step, "0010-begin".
	Commits map[string]string
}

// Replay builds dir/remote.git and dir/repo, which must not exist. The clone has main checked out and an identity of
// its own, so that commits work on a machine that has none.
func Replay(ctx context.Context, dir string) (*Sample, error) {
	s := &Sample{Repo: filepath.Join(dir, "repo"), Remote: filepath.Join(dir, "remote.git"), Commits: map[string]string{}}
	r := &replay{ctx: ctx, dir: s.Repo, commits: s.Commits}
	if err := os.MkdirAll(s.Repo, 0o755); err != nil {
		return nil, err
	}
	for _, args := range [][]string{
		{"init", "--quiet", "--bare", "--initial-branch=main", s.Remote},
		{"init", "--quiet", "--initial-branch=main", s.Repo},
		{"config", "user.name", "acme release"},
		{"config", "user.email", "release@acme.example"},
		{"config", "commit.gpgSign", "false"},
		{"config", "tag.gpgSign", "false"},
		{"config", "core.autocrlf", "false"},
		{"remote", "add", "origin", s.Remote},
	} {
		if _, err := r.git(nil, args...); err != nil {
			return nil, err
		}
	}
	files, err := steps.ReadDir("steps")
	if err != nil {
		return nil, err
	}
	for _, f := range files {
		name := strings.TrimSuffix(f.Name(), ".txtar")
		data, err := steps.ReadFile("steps/" + f.Name())
		if err != nil {
			return nil, err
		}
		if err := r.step(name, data); err != nil {
			return nil, fmt.Errorf("sample step %s: %w", name, err)
		}
	}
	for _, args := range [][]string{
		{"checkout", "--quiet", "main"},
		{"push", "--quiet", "origin", "main", "release/2.4"},
		{"push", "--quiet", "origin", "--tags"},
		{"branch", "--quiet", "--set-upstream-to=origin/main", "main"},
		{"branch", "--quiet", "--set-upstream-to=origin/release/2.4", "release/2.4"},
		{"remote", "set-head", "origin", "main"},
	} {
		if _, err := r.git(nil, args...); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// replay applies steps one after the other.
type replay struct {
	ctx     context.Context //nolint:containedctx // lives as long as Replay
	dir     string
	commits map[string]string
}

// step is one parsed txtar file.
type step struct {
	keys    map[string]string
	message string
	files   []txtar.File
}

// known are the keys of a step's header.
var known = map[string]bool{
	"branch": true, "from": true, "author": true, "date": true, "tag": true,
	"pick": true, "conflict": true, "revert": true, "merge": true, "remove": true,
}

// parse reads "key: value" lines up to an empty line, and the commit message after it.
func parse(data []byte) (*step, error) {
	a := txtar.Parse(data)
	head, message, _ := strings.Cut(string(a.Comment), "\n\n")
	s := &step{keys: map[string]string{}, message: strings.TrimSpace(message) + "\n", files: a.Files}
	for line := range strings.Lines(head) {
		key, value, ok := strings.Cut(strings.TrimSpace(line), ": ")
		if !ok || !known[key] {
			return nil, fmt.Errorf("unknown header line %q", line)
		}
		s.keys[key] = value
	}
	if s.keys["branch"] == "" || s.keys["date"] == "" {
		return nil, errors.New("a step needs branch and date")
	}
	return s, nil
}

func (r *replay) step(name string, data []byte) error {
	s, err := parse(data)
	if err != nil {
		return err
	}
	env := identity(s)
	if err := r.checkout(s, env); err != nil {
		return err
	}
	switch {
	case s.keys["pick"] != "":
		err = r.pick(s, env)
	case s.keys["revert"] != "":
		_, err = r.git(env, "revert", "--no-edit", r.commits[s.keys["revert"]])
	case s.keys["merge"] != "":
		_, err = r.git(env, "merge", "--quiet", "--no-ff", "--message", s.message, s.keys["merge"])
	case s.keys["tag"] != "" && len(s.files) == 0:
		_, err = r.git(env, "tag", "--annotate", "--message", strings.TrimSpace(s.message), s.keys["tag"])
	default:
		err = r.commit(s, env)
	}
	if err != nil {
		return err
	}
	id, err := r.git(nil, "rev-parse", "HEAD")
	r.commits[name] = strings.TrimSpace(id)
	return err
}

// identity pins who and when.
func identity(s *step) []string {
	author := s.keys["author"]
	if author == "" {
		author = "dev-1"
	}
	return []string{
		"GIT_AUTHOR_NAME=" + author, "GIT_AUTHOR_EMAIL=" + author + "@acme.example", "GIT_AUTHOR_DATE=" + s.keys["date"],
		"GIT_COMMITTER_NAME=" + author, "GIT_COMMITTER_EMAIL=" + author + "@acme.example", "GIT_COMMITTER_DATE=" + s.keys["date"],
	}
}

func (r *replay) checkout(s *step, env []string) error {
	branch := s.keys["branch"]
	if _, err := r.git(nil, "rev-parse", "--quiet", "--verify", "refs/heads/"+branch); err == nil {
		_, err = r.git(env, "checkout", "--quiet", branch)
		return err
	}
	if len(r.commits) == 0 {
		return nil // the first step makes the branch that git init named
	}
	_, err := r.git(env, "checkout", "--quiet", "-b", branch, r.commits[s.keys["from"]])
	return err
}

// pick takes another step's commit over with git's own trailer; a conflict is expected where the step says so.
func (r *replay) pick(s *step, env []string) error {
	_, err := r.git(env, "cherry-pick", "-x", r.commits[s.keys["pick"]])
	if s.keys["conflict"] != "yes" {
		return err
	}
	if err == nil {
		return errors.New("the pick was to conflict, and did not")
	}
	for _, f := range s.files { // the resolution is told as an edit of what the branch had
		if path, edit := strings.CutPrefix(f.Name, "edit "); edit {
			if _, err := r.git(env, "checkout", "--quiet", "--ours", "--", path); err != nil {
				return err
			}
		}
	}
	if err := r.write(s); err != nil {
		return err
	}
	if _, err := r.git(env, "add", "--all"); err != nil {
		return err
	}
	_, err = r.git(append(env, "GIT_EDITOR=true"), "cherry-pick", "--continue")
	return err
}

func (r *replay) commit(s *step, env []string) error {
	if err := r.write(s); err != nil {
		return err
	}
	for path := range strings.FieldsSeq(s.keys["remove"]) {
		if err := os.Remove(filepath.Join(r.dir, filepath.FromSlash(path))); err != nil {
			return err
		}
	}
	if _, err := r.git(env, "add", "--all"); err != nil {
		return err
	}
	_, err := r.git(env, "commit", "--quiet", "--cleanup=verbatim", "--message", s.message)
	return err
}

// edits are the parts of a section "edit <path>": what stands there, and what shall.
var edits = regexp.MustCompile(`(?sm)^<<<<\n(.*?)^====\n(.*?)^>>>>\n`)

// write puts a step's files into the working tree. Shell scripts are made executable.
func (r *replay) write(s *step) error {
	for _, f := range s.files {
		path, edit := strings.CutPrefix(f.Name, "edit ")
		full := filepath.Join(r.dir, filepath.FromSlash(path))
		data := f.Data
		if edit {
			old, err := os.ReadFile(full)
			if err != nil {
				return err
			}
			if data, err = apply(string(old), string(f.Data)); err != nil {
				return fmt.Errorf("%s: %w", path, err)
			}
		}
		mode := os.FileMode(0o644)
		if strings.HasSuffix(path, ".sh") {
			mode = 0o755
		}
		if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(full, data, mode); err != nil {
			return err
		}
		if err := os.Chmod(full, mode); err != nil {
			return err
		}
	}
	return nil
}

func apply(text, section string) ([]byte, error) {
	parts := edits.FindAllStringSubmatch(section, -1)
	if len(parts) == 0 {
		return nil, errors.New("an edit without <<<< ==== >>>>")
	}
	for _, p := range parts {
		if strings.Count(text, p[1]) != 1 {
			return nil, fmt.Errorf("the text to edit stands there %d times:\n%s", strings.Count(text, p[1]), p[1])
		}
		text = strings.Replace(text, p[1], p[2], 1)
	}
	return []byte(text), nil
}

// git runs git in the sample, apart from the user's configuration.
func (r *replay) git(env []string, args ...string) (string, error) {
	cmd := exec.CommandContext(r.ctx, "git", args...)
	cmd.Dir = r.dir
	for _, e := range os.Environ() {
		if !strings.HasPrefix(e, "GIT_") {
			cmd.Env = append(cmd.Env, e)
		}
	}
	cmd.Env = append(cmd.Env, "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL="+os.DevNull, "LC_ALL=C", "TZ=UTC", "GIT_TERMINAL_PROMPT=0")
	cmd.Env = append(cmd.Env, env...)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("git %s: %w: %s", args[0], err, strings.TrimSpace(stderr.String()))
	}
	return string(out), nil
}

// Policy is what a user of the sample decides.
type Policy struct {
	// PublicKey signs releases; it becomes channels/keys/release.pub.
	PublicKey []byte
	// Goreleaser builds the product in place of the product's own script.
	Goreleaser bool
}

// Configure writes the policy into the working tree of a replayed repository; committing it is left to the caller.
func Configure(repo string, p Policy) error {
	keys := filepath.Join(repo, "channels", "keys")
	if err := os.MkdirAll(keys, 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(keys, "release.pub"), p.PublicKey, 0o644); err != nil {
		return err
	}
	if !p.Goreleaser {
		return nil
	}
	product := filepath.Join(repo, "channels", "product.yaml")
	data, err := os.ReadFile(product)
	if err != nil {
		return err
	}
	const script, tool = "build: {command: [./hack/build.sh], output: dist}\n", "goreleaser: .goreleaser.yaml\n"
	if !strings.Contains(string(data), script) {
		return fmt.Errorf("%s is not built by its script", product)
	}
	return os.WriteFile(product, []byte(strings.Replace(string(data), script, tool, 1)), 0o644)
}
