package acme

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Sample is a replayed repository.
type Sample struct {
	// Repo is a working clone, on main, with a local identity of git.
	Repo string
	// Remote is the bare repository behind its remote origin.
	Remote string
	// Steps holds the commit of each step by the step's number, such as "0100".
	Steps map[string]string
}

// Address is where the product's policy says that its repository is. In the sample it leads to the remote.
const Address = "https://git.example/acme.git"

// Replay makes dir/remote.git and dir/repo, neither of which may exist, and replays the history into them. All branches
// that are left, and all tags, are pushed.
func Replay(ctx context.Context, dir string) (*Sample, error) {
	fsys, err := fs.Sub(embedded, "steps")
	if err != nil {
		return nil, err
	}
	return replay(ctx, dir, fsys)
}

// replay is Replay of any steps.
func replay(ctx context.Context, dir string, fsys fs.FS) (*Sample, error) {
	steps, err := readSteps(fsys)
	if err != nil {
		return nil, err
	}
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	p := &player{
		Sample:   Sample{Repo: filepath.Join(abs, "repo"), Remote: filepath.Join(abs, "remote.git"), Steps: map[string]string{}},
		branches: []string{mainBranch},
		current:  mainBranch,
	}
	if err := p.begin(ctx); err != nil {
		return nil, err
	}
	for _, s := range steps {
		if err := p.play(ctx, s); err != nil {
			return nil, fmt.Errorf("step %s: %w", s.ID, err)
		}
	}
	return &p.Sample, p.publish(ctx)
}

const mainBranch = "main"

// player is a replay under way.
type player struct {
	Sample
	git      *git
	branches []string
	current  string
}

// begin makes the two empty repositories.
func (p *player) begin(ctx context.Context) error {
	for _, dir := range []string{p.Repo, p.Remote} {
		if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
			return err
		}
		if err := os.Mkdir(dir, 0o755); err != nil {
			return err
		}
	}
	p.git = newGit(p.Repo)
	// Without templates there are no sample hooks, and no folder for hooks either.
	init := []string{"init", "--quiet", "--template=", "--initial-branch=" + mainBranch}
	return errors.Join(
		p.git.each(ctx,
			append(slices.Clone(init), "--bare", p.Remote), append(init, p.Repo),
			[]string{"remote", "add", "origin", p.Remote},
			[]string{"config", "url." + p.Remote + ".insteadOf", Address},
			[]string{"config", "user.name", "acme release"}, []string{"config", "user.email", "release@acme.example"}),
		os.MkdirAll(filepath.Join(p.Remote, "hooks"), 0o755),
		os.MkdirAll(filepath.Join(p.Repo, ".git", "hooks"), 0o755),
		os.MkdirAll(filepath.Join(p.Repo, ".git", "info"), 0o755))
}

// play does one step.
func (p *player) play(ctx context.Context, s *step) error {
	if err := p.enter(ctx, s); err != nil {
		return err
	}
	g := p.git.as(s)
	if s.Act != "" {
		if err := p.act(ctx, g, s); err != nil {
			return err
		}
		id, err := g.run(ctx, "rev-parse", "HEAD")
		if err != nil {
			return err
		}
		p.Steps[s.ID] = id
	}
	if s.Tag == "" {
		return nil
	}
	message := s.Body
	if s.Subject != "" || s.Act == "revert" { // the body is the commit's
		message = s.Tag
	}
	_, err := g.feed(ctx, []byte(message+"\n"), "tag", "--annotate", "--file=-", s.Tag)
	return err
}

// enter checks the step's branch out, and opens it if the step says from where.
func (p *player) enter(ctx context.Context, s *step) error {
	switch {
	case s.From != "":
		at := s.From
		if id, ok := p.Steps[s.From]; ok {
			at = id
		}
		p.branches = append(p.branches, s.Branch)
		p.current = s.Branch
		_, err := p.git.run(ctx, "checkout", "--quiet", "-b", s.Branch, at)
		return err
	case s.Branch == p.current:
		return nil
	}
	p.current = s.Branch
	_, err := p.git.run(ctx, "checkout", "--quiet", s.Branch)
	return err
}

func (p *player) act(ctx context.Context, g *git, s *step) error {
	if s.Act == "merge" {
		_, err := g.run(ctx, "merge", "--quiet", "--no-ff", "--message", s.message(s.Subject), s.Target)
		if err != nil {
			return err
		}
		p.branches = slices.DeleteFunc(p.branches, func(b string) bool { return b == s.Target })
		_, err = g.run(ctx, "branch", "--quiet", "-D", s.Target)
		return err
	}
	if s.Act == "commit" {
		if err := p.change(ctx, g, s); err != nil {
			return err
		}
		_, err := g.feed(ctx, []byte(s.message(s.Subject)), "commit", "--quiet", "--file=-")
		return err
	}
	target, ok := p.Steps[s.Target]
	if !ok {
		return fmt.Errorf("%s: no step %s with a commit comes before", s.Act, s.Target)
	}
	switch s.Act {
	case "pick":
		_, err := g.run(ctx, "cherry-pick", "-x", target)
		return err
	case "pick-conflict":
		return p.pickConflict(ctx, g, s, target)
	}
	return p.revert(ctx, g, s, target)
}

// pickConflict picks a commit that does not apply, and resolves the conflict as the step says: files in conflict
// become what they were on the branch, and then what the step makes of them.
func (p *player) pickConflict(ctx context.Context, g *git, s *step, target string) error {
	if _, err := g.run(ctx, "cherry-pick", "-x", target); err == nil {
		return fmt.Errorf("the pick of step %s has no conflict", s.Target)
	}
	unmerged, err := g.run(ctx, "diff", "--name-only", "-z", "--diff-filter=U")
	if err != nil {
		return err
	}
	files := strings.FieldsFunc(unmerged, func(r rune) bool { return r == 0 })
	if len(files) == 0 {
		return fmt.Errorf("the pick of step %s failed without a conflict", s.Target)
	}
	if _, err := g.run(ctx, append([]string{"checkout", "--quiet", "HEAD", "--"}, files...)...); err != nil {
		return err
	}
	if err := p.change(ctx, g, s); err != nil {
		return err
	}
	// The message is git's, with the trailer; strip takes its comments about the conflict away.
	_, err = g.run(ctx, "commit", "--quiet", "--no-edit", "--cleanup=strip")
	return err
}

// revert is git's, with the reason after git's message.
func (p *player) revert(ctx context.Context, g *git, s *step, target string) error {
	if _, err := g.run(ctx, "revert", "--no-edit", target); err != nil || s.Body == "" {
		return err
	}
	message, err := g.run(ctx, "log", "-1", "--format=%B")
	if err != nil {
		return err
	}
	_, err = g.feed(ctx, []byte(strings.TrimSpace(message)+"\n\n"+s.Body+"\n"), "commit", "--quiet", "--amend", "--file=-")
	return err
}

// change brings the step's files into the working tree and the index.
func (p *player) change(ctx context.Context, g *git, s *step) error {
	if len(s.Diff) > 0 {
		if _, err := g.feed(ctx, s.Diff, "apply", "--index", "--whitespace=nowarn", "-"); err != nil {
			return err
		}
	}
	add := []string{"add", "--"}
	for _, f := range s.Files {
		name := filepath.Join(p.Repo, filepath.FromSlash(f.Name))
		mode := fs.FileMode(0o644)
		if strings.HasSuffix(f.Name, ".sh") {
			mode = 0o755
		}
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(name, f.Data, mode); err != nil {
			return err
		}
		add = append(add, f.Name)
	}
	if len(s.Files) > 0 {
		if _, err := g.run(ctx, add...); err != nil {
			return err
		}
	}
	if len(s.Remove) == 0 {
		return nil
	}
	_, err := g.run(ctx, append([]string{"rm", "--quiet", "--"}, s.Remove...)...)
	return err
}

// publish pushes everything, and leaves the clone on main.
func (p *player) publish(ctx context.Context) error {
	return p.git.each(ctx,
		[]string{"checkout", "--quiet", mainBranch},
		append([]string{"push", "--quiet", "--set-upstream", "--tags", "origin"}, p.branches...),
		[]string{"remote", "set-head", "origin", mainBranch})
}
