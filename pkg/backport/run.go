package backport

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/relctl/relctl/pkg/git"
	"github.com/relctl/relctl/pkg/release"
)

// Target is a line of a remote.
type Target struct {
	// Line is the channel's name.
	Line string
	// Remote and Branch say where the line lives; what was fetched of it last is what is picked onto.
	Remote, Branch string
}

// ref is the line as it was fetched.
func (t Target) ref() string { return "refs/remotes/" + t.Remote + "/" + t.Branch }

// Topic returns the name of the branch for a backport of a change.
func (t Target) Topic(c Change) string { return "backport/" + t.Line + "/" + release.Short(c.ID) }

// RunOptions say how a change is taken to a line.
type RunOptions struct {
	// Direct pushes the line itself instead of a topic branch.
	Direct bool
	// DryRun forecasts, and stops.
	DryRun bool
	// Heads are the refs of the remote by name, as it has them now.
	Heads *git.RemoteRefs
	// Forecaster of the repository.
	Forecaster *git.Forecaster
	// Has reports whether a line has what a commit brings, by whatever commit; nil asks for the very commit only.
	Has func(line, commit string) bool
	// Earlier finds changes that the line at tip misses and that touch one of the files, oldest first; nil stands for
	// [Earlier].
	Earlier func(ctx context.Context, c Change, tip string, files []string) ([]Change, error)
}

// State says what came of a backport.
type State string

// The states of a backport.
const (
	Forecasted State = "forecast" // a dry run
	Pushed     State = "pushed"
	There      State = "pushed-before" // the topic branch is on the remote already
	Nothing    State = "present"       // the line has the change: nothing was pushed
	Stopped    State = "conflict"      // nothing was pushed; a local branch waits for a person
)

// Result is what came of one change on one line.
type Result struct {
	Line     string   `json:"line"`
	State    State    `json:"state"`
	Forecast Forecast `json:"forecast"`
	// Branch is the short name of the branch that was pushed, or made here for a conflict.
	Branch string `json:"branch,omitempty"`
	// Kept: the local branch was here before, and was left as it is.
	Kept bool `json:"kept,omitempty"`
	// Base is the tip of the line, Commit the head of what was pushed.
	Base   string `json:"base"`
	Commit string `json:"commit,omitempty"`
	// Empty are commits of the change that the line has already, if it has not all of them.
	Empty []string `json:"empty,omitempty"`
	// Commands take a person from the conflict to the push.
	Commands []string `json:"commands,omitempty"`
}

// Failed reports whether the line did not get the change, or would not.
func (r *Result) Failed() bool {
	return r.State == Stopped || r.State == Forecasted && r.Forecast.Outcome != Applies && r.Forecast.Outcome != Present
}

// Run takes a change to a line. Everything is picked, or nothing is pushed: a conflict is a result, with a local branch
// at the line's tip and the commands that finish the work there. Errors are those of git.CherryPick and git.Push.
func Run(ctx context.Context, repo *git.Repo, c Change, t Target, opts RunOptions) (*Result, error) {
	tip, err := repo.Resolve(ctx, t.ref())
	if err != nil {
		return nil, fmt.Errorf("line %s: %w", t.Line, err)
	}
	r := &Result{Line: t.Line, Base: tip, State: Forecasted}
	if r.Forecast, err = forecast(ctx, repo, c, t.Line, tip, opts); err != nil || opts.DryRun {
		return r, err
	}
	if !opts.Direct {
		if there, ok := opts.Heads.Ref("refs/heads/" + t.Topic(c)); ok {
			return r, r.before(ctx, repo, c, t, there)
		}
	}
	if r.Forecast.Outcome == Present {
		r.State = Nothing
		return r, nil
	}
	picked, err := repo.CherryPick(ctx, tip, c.Picks)
	var conflict *git.PickError
	switch {
	case errors.As(err, &conflict):
		return r, r.stop(ctx, repo, c, t, conflict, opts.Direct)
	case err != nil:
		return nil, err
	case picked.Head == tip:
		r.State = Nothing
		return r, nil
	}
	r.Commit, r.Empty = picked.Head, picked.Empty
	return r, r.push(ctx, repo, c, t, opts)
}

// before takes the topic branch that an earlier run, or a person, pushed for the change.
func (r *Result) before(ctx context.Context, repo *git.Repo, c Change, t Target, there git.Ref) error {
	head, err := repo.Commit(ctx, there.Commit)
	if err != nil {
		return err
	}
	r.State, r.Branch, r.Commit = There, t.Topic(c), there.Commit
	if last := c.Picks[len(c.Picks)-1].Commit; !strings.Contains(head.Message, "(cherry picked from commit "+last+")") {
		return &TopicError{Remote: t.Remote, Branch: r.Branch, Commit: there.Commit}
	}
	return nil
}

// forecast asks what the change would do. One whose commits the line has is present, even if its files changed since.
func forecast(ctx context.Context, repo *git.Repo, c Change, line, tip string, opts RunOptions) (Forecast, error) {
	present := true
	for _, p := range c.Picks {
		has, err := repo.IsAncestor(ctx, p.Commit, tip)
		if err != nil {
			return Forecast{}, err
		}
		present = present && (has || opts.Has != nil && opts.Has(line, p.Commit))
	}
	if present {
		return Forecast{Outcome: Present}, nil
	}
	request := Request{Change: c, Onto: tip, Earlier: func(ctx context.Context, files []string) ([]Change, error) {
		if opts.Earlier != nil {
			return opts.Earlier(ctx, c, tip, files)
		}
		return Earlier(ctx, repo, c, tip, files)
	}}
	out, err := Forecasts(ctx, repo, opts.Forecaster, []Request{request}, Options{})
	if err != nil {
		return Forecast{}, err
	}
	return out[0], nil
}

// Earlier returns the commits before a change that the line at tip does not have and that touch one of the files, as
// changes, oldest first. There is one more than are tried.
func Earlier(ctx context.Context, repo *git.Repo, c Change, tip string, files []string) ([]Change, error) {
	commits, err := repo.LastTouching(ctx, tip, c.ID, files, DefaultTries+1+len(c.Picks))
	if err != nil {
		return nil, err
	}
	own := map[string]bool{}
	for _, p := range c.Picks {
		own[p.Commit] = true
	}
	var out []Change
	for _, id := range commits {
		if !own[id] {
			out = append(out, Change{ID: id, Picks: []git.Pick{{Commit: id}}})
		}
	}
	return out, nil
}

// push makes the result visible, at once or not at all.
func (r *Result) push(ctx context.Context, repo *git.Repo, c Change, t Target, opts RunOptions) error {
	update := git.Update{Ref: "refs/heads/" + t.Branch, New: r.Commit, Old: r.Base}
	r.Branch = t.Branch
	if !opts.Direct {
		r.Branch = t.Topic(c)
		update = git.Update{Ref: "refs/heads/" + r.Branch, New: r.Commit}
	}
	if err := repo.Push(ctx, t.Remote, []git.Update{update}); err != nil {
		return err
	}
	r.State = Pushed
	return nil
}

// TopicError is a topic branch that exists on the remote and holds something else.
type TopicError struct{ Remote, Branch, Commit string }

func (e *TopicError) Error() string {
	return fmt.Sprintf("branch %s exists on %s at %.10s, and does not end in a pick of the change", e.Branch, e.Remote, e.Commit)
}

// Hint says how to go on.
func (e *TopicError) Hint() string {
	return fmt.Sprintf("finish the work there, or delete it with git push %s --delete %s and run the command again", e.Remote, e.Branch)
}

// stop leaves a branch for a person to resolve the conflict on.
func (r *Result) stop(ctx context.Context, repo *git.Repo, c Change, t Target, at *git.PickError, direct bool) error {
	r.State, r.Branch = Stopped, t.Topic(c)
	if r.Forecast.Outcome == Applies { // but the user's configuration merges in another way
		r.Forecast = Forecast{Outcome: Conflicts}
		for _, f := range at.Files {
			r.Forecast.Files = append(r.Forecast.Files, File{Path: f, Kind: "content"})
		}
	}
	ref := "refs/heads/" + r.Branch
	_, err := repo.Resolve(ctx, ref)
	switch {
	case err == nil:
		r.Kept = true
	case errors.Is(err, git.ErrNotFound):
		err = repo.UpdateRef(ctx, ref, r.Base, "")
	}
	if err != nil {
		return err
	}
	r.Commands, err = commands(ctx, repo, c, t, at, direct)
	return err
}

// commands are what a person types to do the picks by hand, if they stop at the same conflict.
func commands(ctx context.Context, repo *git.Repo, c Change, t Target, at *git.PickError, direct bool) ([]string, error) {
	topic := t.Topic(c)
	out := []string{"git switch " + topic}
	for i := 0; i < len(c.Picks); {
		n, command, err := pickCommand(ctx, repo, c.Picks[i:])
		if err != nil {
			return nil, err
		}
		out = append(out, command)
		if slices.ContainsFunc(c.Picks[i:i+n], func(p git.Pick) bool { return p.Commit == at.Commit }) {
			add := "git add --"
			for _, f := range at.Files {
				add += " " + quote(f)
			}
			out = append(out, add, "git cherry-pick --continue")
		}
		i += n
	}
	push := "git push " + t.Remote + " " + topic
	if direct {
		push += ":" + t.Branch
	}
	return append(out, push), nil
}

// quote makes a word that a shell takes as it is.
func quote(word string) string {
	if word != "" && strings.Trim(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-/+=:,@%") == "" {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

// pickCommand returns the command for the first picks, as many as one command can do.
func pickCommand(ctx context.Context, repo *git.Repo, picks []git.Pick) (n int, command string, err error) {
	command = "git cherry-pick -x"
	for _, p := range picks {
		mainline, err := repo.Mainline(ctx, p)
		switch {
		case err != nil:
			return 0, "", err
		case mainline > 0 && n == 0:
			return 1, fmt.Sprintf("%s -m %d %s", command, mainline, p.Commit), nil
		case mainline > 0:
			return n, command, nil
		}
		command += " " + p.Commit
		n++
	}
	return n, command, nil
}
