package project

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/relctl/relctl/internal/durable"
	"github.com/relctl/relctl/pkg/channel"
	"github.com/relctl/relctl/pkg/git"
	"github.com/relctl/relctl/pkg/ledger"
	"github.com/relctl/relctl/pkg/plan"
)

// Project is a repository as relctl sees it: git, the ledger and the policy.
type Project struct {
	Repo *git.Repo
	// Remote is the name of the pinned remote, "" if the repository has none.
	Remote string
	Ledger *ledger.Ledger
	State  *ledger.State
	Policy *plan.Policy
	// Prometheus is the address of the metric server for gates that name none.
	Prometheus string
	// Clock says for which moment gates ask, nil for the system's clock.
	Clock func() time.Time
}

// OpenOptions say how a project is opened.
type OpenOptions struct {
	// Remote to work with; "" takes origin, or the only one there is.
	Remote string
	// Act fetches the remote's refs first and reads the policy from its default branch only. Without it nothing is
	// fetched, and channel files may come from the working tree while the default branch has none.
	Act bool
}

// Open opens the project whose repository holds dir.
func Open(ctx context.Context, dir string, opts OpenOptions) (*Project, error) {
	repo, err := git.Open(ctx, dir)
	if err != nil {
		return nil, err
	}
	p := &Project{Repo: repo}
	if p.Remote, err = ChooseRemote(ctx, repo, opts); err != nil {
		return nil, err
	}
	p.Ledger = ledger.New(repo, p.Remote)
	if opts.Act {
		if err := p.Fetch(ctx); err != nil {
			return nil, err
		}
	}
	if p.State, err = p.Ledger.State(ctx); err != nil {
		return nil, err
	}
	p.Policy, err = plan.LoadPolicy(ctx, repo, plan.Source{
		Remote: p.Remote, Branch: p.State.DefaultBranch, WorkingTree: !opts.Act,
	})
	return p, err
}

// ChooseRemote picks the remote that policy, branches and ledger live on.
func ChooseRemote(ctx context.Context, repo *git.Repo, opts OpenOptions) (string, error) {
	remotes, err := repo.Remotes(ctx)
	if err != nil {
		return "", err
	}
	switch {
	case opts.Remote != "" && !slices.Contains(remotes, opts.Remote):
		return "", &RemoteError{Want: opts.Remote, Have: remotes}
	case opts.Remote != "":
		return opts.Remote, nil
	case slices.Contains(remotes, "origin"):
		return "origin", nil
	case len(remotes) == 1:
		return remotes[0], nil
	case len(remotes) == 0 && !opts.Act:
		return "", nil
	}
	return "", &RemoteError{Have: remotes}
}

// RemoteError is a repository without the remote that is asked for, or without one to choose.
type RemoteError struct {
	Want string
	Have []string
}

func (e *RemoteError) Error() string {
	switch {
	case e.Want != "":
		return fmt.Sprintf("the repository has no remote %q", e.Want)
	case len(e.Have) == 0:
		return "the repository has no remote, where the ledger and the tags of a release live"
	}
	return fmt.Sprintf("the repository has several remotes and none is called origin: %s", strings.Join(e.Have, ", "))
}

// Hint says how to name one.
func (e *RemoteError) Hint() string {
	if len(e.Have) == 0 {
		return "git remote add origin <url>, then push the branches"
	}
	return "name one with --remote: " + strings.Join(e.Have, ", ")
}

// Fetch brings the remote's branches, tags and ledger up to date.
func (p *Project) Fetch(ctx context.Context) error {
	return p.Repo.Fetch(ctx, p.Remote, "+refs/heads/*:refs/remotes/"+p.Remote+"/*", "refs/tags/*:refs/tags/*")
}

// Refresh reads the ledger again after a fetch.
func (p *Project) Refresh(ctx context.Context) error {
	if err := p.Fetch(ctx); err != nil {
		return err
	}
	var err error
	p.State, err = p.Ledger.State(ctx)
	return err
}

// Dist is the folder in which cuts of this repository leave their files.
func (p *Project) Dist() string {
	root := p.Repo.Top()
	if root == "" {
		root = p.Repo.GitDir()
	}
	return filepath.Join(root, "dist", "relctl")
}

// CheckPushed refuses work that the remote does not have: the release would not contain it, and nobody would notice.
func (p *Project) CheckPushed(ctx context.Context, ch *channel.Channel) error {
	branch := ch.Branch
	if err := p.checkBranch(ctx, ch); err != nil {
		return err
	}
	if dirty, err := p.Repo.Dirty(ctx); err != nil {
		return err
	} else if len(dirty) > 0 {
		return &UnpushedError{Branch: branch, Dirty: dirty}
	}
	local := "refs/heads/" + branch
	if _, err := p.Repo.Resolve(ctx, local); err != nil {
		return nil //nolint:nilerr // no local branch, nothing unpushed
	}
	n, err := p.Repo.CountRange(ctx, plan.RemoteRef(p.Remote, branch), local)
	if err != nil {
		return err
	}
	if n > 0 {
		return &UnpushedError{Branch: branch, Commits: n, Remote: p.Remote}
	}
	return nil
}

// checkBranch makes sure that the remote has the channel's branch.
func (p *Project) checkBranch(ctx context.Context, ch *channel.Channel) error {
	ref := plan.RemoteRef(p.Remote, ch.Branch)
	_, err := p.Repo.Resolve(ctx, ref)
	if errors.Is(err, git.ErrNotFound) {
		return &plan.BranchError{Channel: ch.Name, Branch: ch.Branch, Ref: ref, Remote: p.Remote}
	}
	return err
}

// UnpushedError is work in this clone that a release would leave out.
type UnpushedError struct {
	Branch, Remote string
	Commits        int
	Dirty          []string
}

func (e *UnpushedError) Error() string {
	if len(e.Dirty) > 0 {
		more := ""
		if n := len(e.Dirty) - 1; n > 0 {
			more = fmt.Sprintf(" and %d more", n)
		}
		return fmt.Sprintf("the working tree has changes that are not committed: %s%s", e.Dirty[0], more)
	}
	return fmt.Sprintf("branch %s has %d commits that %s does not have", e.Branch, e.Commits, e.Remote)
}

// Hint says how to go on.
func (e *UnpushedError) Hint() string {
	if len(e.Dirty) > 0 {
		return "commit and push them, or put them aside with git stash; a release is made from the remote's commit"
	}
	return fmt.Sprintf("git push %s %s, or drop the commits; a release is made from the remote's commit", e.Remote, e.Branch)
}

// WithPolicy returns the project as it would be with another policy.
func (p *Project) WithPolicy(policy *plan.Policy) *Project {
	then := *p
	then.Policy = policy
	return &then
}

// HideFromGit makes git pass over a folder of build output, such as [Project.Dist].
func HideFromGit(dir string) error {
	path := filepath.Join(dir, ".gitignore")
	if _, err := os.Stat(path); err == nil {
		return nil
	}
	return durable.Write(path, []byte("*\n"), 0o644)
}
