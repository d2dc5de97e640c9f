package cli

import (
	"cmp"
	"context"
	"errors"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/relctl/relctl/pkg/channel"
	"github.com/relctl/relctl/pkg/cut"
	"github.com/relctl/relctl/pkg/git"
	"github.com/relctl/relctl/pkg/handbook"
	"github.com/relctl/relctl/pkg/plan"
	"github.com/relctl/relctl/pkg/project"
	"github.com/relctl/relctl/pkg/release"
)

const commentSchema = "https://relctl.dev/schema/ci-comment/v1"

// ciComment is what relctl ci comment --json prints.
type ciComment struct {
	Schema  string `json:"schema"`
	Product string `json:"product"`
	// Base is the branch that is merged into, and Head the commit that it would be at; "" if nothing is merged.
	Base string `json:"base,omitempty"`
	Head string `json:"head,omitempty"`
	// Behind counts the commits of Base that Head does not have.
	Behind int `json:"behind,omitempty"`
	// Channels that release from Base.
	Channels []ciChannel `json:"channels"`
	// Backports are the changes of the merge that lines lack, left out if they go to no line.
	Backports *backportsReport `json:"backports,omitempty"`
}

// ciChannel is what a cut of a channel would be.
type ciChannel struct {
	Channel string `json:"channel"`
	// Plan is left out where there is none, and Problem says why.
	Plan *release.Plan `json:"plan,omitempty"`
	// Merged are those changes of the plan that the merge brings.
	Merged []release.Change `json:"merged,omitempty"`
	// Problem is why there is no plan, or why a cut would be refused whatever the gates say; Hint is what to do.
	Problem string `json:"problem,omitempty"`
	Hint    string `json:"hint,omitempty"`
}

// commentFlags are what the user asked for.
type commentFlags struct {
	remote     *string
	json       *bool
	base, head string
	goreleaser string
}

func newCIComment(s IO) *cobra.Command {
	var f commentFlags
	cmd := &cobra.Command{
		Use:   "comment [channel]…",
		Short: "Write what a pull request means for releases, as Markdown",
		Long: `comment looks at the project as it would stand after a merge, and writes what each channel that releases from the branch
would then cut: the version, the changes that the merge brings, what the gates say, notes for operators that are missing,
and on which lines its changes are wanted and whether picks would apply. It changes nothing and asks no forge; a pipeline
posts what it prints.

Branch and commit come from what GitHub or GitLab set for the job, or from --base and --head. Without either it tells of the
channels as they are. Exit code 6, after the comment, where a cut would be refused for missing notes or because alerts and
runbooks do not agree with the product.`,
		Example: `  relctl ci comment --base main --head HEAD > comment.md
  relctl ci comment lts-2.4`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error { return runComment(cmd, s, &f, args) },
	}
	f.remote, f.json = addRemote(cmd), addJSON(cmd)
	addPrometheus(cmd)
	cmd.Flags().StringVar(&f.base, "base", "", "the `branch` that is merged into (default: from the job)")
	cmd.Flags().StringVar(&f.head, "head", "", "the `commit` that the branch would be at (default: from the job)")
	cmd.Flags().StringVar(&f.goreleaser, "goreleaser", "", "`path` of the goreleaser program (default: from the PATH)")
	return cmd
}

func runComment(cmd *cobra.Command, s IO, f *commentFlags, names []string) error {
	ctx := cmd.Context()
	if f.base == "" && f.head == "" {
		f.base, f.head = mergeOfJob()
	}
	if (f.base == "") != (f.head == "") {
		return usagef("relctl ci comment --base main --head HEAD", "--base and --head go together")
	}
	var p *project.Project
	out := &ciComment{Schema: commentSchema, Base: f.base, Channels: []ciChannel{}}
	since := ""
	if f.base == "" {
		var err error
		if p, err = look(ctx, cmd, *f.remote); err != nil {
			return err
		}
	} else {
		v, err := project.OpenPreview(ctx, repoFlag(cmd), *f.remote, f.base, f.head)
		if err != nil {
			return err
		}
		defer v.Close()
		v.Prometheus = prometheusFlag(cmd)
		p, since = v.Project, v.Since
	}
	refused, err := f.gather(ctx, p, out, since, names, s.now())
	if err != nil {
		return err
	}
	if *f.json {
		return errors.Join(s.json(out), errors.Join(refused...))
	}
	s.print("%s", out.markdown())
	return errors.Join(refused...)
}

// mergeOfJob is the merge that a job of GitHub or GitLab is about.
func mergeOfJob() (base, head string) {
	if base = os.Getenv("GITHUB_BASE_REF"); base != "" {
		return base, os.Getenv("GITHUB_SHA")
	}
	if base = os.Getenv("CI_MERGE_REQUEST_TARGET_BRANCH_NAME"); base != "" {
		return base, os.Getenv("CI_COMMIT_SHA")
	}
	return "", ""
}

// gather fills the comment in, and returns what a cut would be refused for.
func (f *commentFlags) gather(ctx context.Context, p *project.Project, out *ciComment, since string, names []string, now time.Time) ([]error, error) {
	out.Product = p.Policy.Product.Name
	channels, err := commentChannels(p.Policy, names, f.base)
	if err != nil {
		return nil, err
	}
	var brings map[string]bool
	if f.base != "" {
		if brings, err = out.merge(ctx, p, since); err != nil {
			return nil, err
		}
	}
	var refused []error
	for _, ch := range channels {
		one, no := f.channel(ctx, p, ch, brings, now)
		out.Channels = append(out.Channels, one)
		refused = append(refused, no)
	}
	if f.base == p.Policy.Branch {
		bf := backportsFlags{}
		bf.filter.Commits = brings
		bf.limit = 25
		r, err := bf.report(ctx, p, now)
		var absent *plan.BranchError
		switch {
		case errors.As(err, &absent): // there are no lines here
		case err != nil:
			return nil, err
		case len(r.Changes) > 0:
			out.Backports = r
		}
	}
	return refused, nil
}

// commentChannels are the channels to tell of: those that are named, or those of the branch.
func commentChannels(policy *plan.Policy, names []string, branch string) ([]*channel.Channel, error) {
	var out []*channel.Channel
	for _, name := range names {
		ch, err := policy.Channel(name)
		if err != nil {
			return nil, err
		}
		out = append(out, ch)
	}
	for _, ch := range policy.Channels {
		if len(names) == 0 && (branch == "" || ch.Branch == branch) {
			out = append(out, ch)
		}
	}
	return out, nil
}

// merge looks at what the merge brings: the ids of its commits.
func (out *ciComment) merge(ctx context.Context, p *project.Project, since string) (map[string]bool, error) {
	var err error
	if out.Head, err = p.Repo.Resolve(ctx, plan.RemoteRef(p.Remote, out.Base)); err != nil {
		return nil, err
	}
	if out.Behind, err = p.Repo.CountRange(ctx, out.Head, since); err != nil {
		return nil, err
	}
	brings := map[string]bool{}
	for c, err := range p.Repo.Log(ctx, git.LogOptions{Not: []string{since}, To: []string{out.Head}}) {
		if err != nil {
			return nil, err
		}
		brings[c.ID] = true
	}
	return brings, nil
}

// channel plans one channel. The error is what a cut would be refused for.
func (f *commentFlags) channel(ctx context.Context, p *project.Project, ch *channel.Channel, brings map[string]bool, now time.Time) (ciChannel, error) {
	out := ciChannel{Channel: ch.Name}
	made, err := cut.Plan(ctx, p, ch, cut.PlanOptions{Goreleaser: f.goreleaser, Now: now})
	if err != nil {
		out.Problem, out.Hint = err.Error(), hint(err)
		return out, nil
	}
	out.Plan = made
	for _, c := range made.Changes {
		if brings[c.Commit] {
			out.Merged = append(out.Merged, c)
		}
	}
	refusal := handbook.NotesRefusal(made)
	agreed, err := handbook.New(p).Contract(ctx, made.Inputs)
	if err == nil {
		err = agreed.Err()
	}
	if err != nil {
		out.Problem, out.Hint = err.Error(), cmp.Or(hint(err), "relctl docs check")
	}
	return out, errors.Join(refusal, err)
}
