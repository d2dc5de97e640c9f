package cut

import (
	"context"
	"fmt"

	"github.com/relctl/relctl/pkg/git"
	"github.com/relctl/relctl/pkg/ledger"
	"github.com/relctl/relctl/pkg/plan"
	"github.com/relctl/relctl/pkg/project"
	"github.com/relctl/relctl/pkg/release"
)

// commit is the point of no return: one atomic push creates the tag and the ledger's cut event, or neither. If another
// run of the same plan was first, its release is ours.
func (c *cutter) commit(ctx context.Context, r *reserved, m *made, verdicts []release.Verdict) error {
	c.opts.Progress(project.Progress{Stage: "commit", State: "start"})
	if err := c.stillThere(ctx, r.Plan.Inputs); err != nil {
		return &StageError{Stage: "commit", Err: err}
	}
	in := r.Plan.Inputs
	digest := release.Digest(m.Raw)
	tag, refs, err := c.tag(ctx, r, digest)
	if err != nil {
		return &StageError{Stage: "commit", Err: err}
	}
	first := false
	_, err = c.Append(ctx, func(s *ledger.State) (*ledger.Event, error) {
		first = false
		ch := s.Channels[c.ch.Name]
		if ch != nil {
			for _, done := range ch.Releases {
				if done.Plan == r.Plan.Digest && done.Release == digest {
					return nil, nil //nolint:nilnil // another run cut this very release
				}
			}
		}
		if ch == nil || ch.Open == nil || ch.Open.Plan.Digest != r.Plan.Digest {
			return nil, &plan.MovedError{Want: r.Plan.Digest, Got: "another plan", Moved: []string{"its reservation in the ledger was given up or replaced meanwhile"}}
		}
		first = true
		return &ledger.Event{Type: ledger.TypeCut, Channel: c.ch.Name, Cut: &ledger.Cut{
			Plan: r.Plan.Digest, Version: in.Version, Sequence: r.Sequence, Commit: in.Commit,
			Tag: in.Tag, TagObject: tag, Reserve: r.Commit, Release: digest, Verdicts: verdicts,
		}}, nil
	}, refs...)
	if err != nil {
		c.dropTag(ctx, in.Tag, tag)
		return &StageError{Stage: "commit", Err: err}
	}
	text := fmt.Sprintf("tag %s and the ledger are pushed", in.Tag)
	if in.Tag == "" {
		text = "the ledger is pushed"
	}
	if !first {
		text = "another run had pushed this very release"
		c.dropTag(ctx, in.Tag, tag)
	}
	c.opts.Progress(project.Progress{Stage: "commit", State: "done", Text: text})
	return nil
}

// tag makes the annotated tag here, signed when git is configured for it. A tag that a killed run of the same release
// left is taken as it is.
func (c *cutter) tag(ctx context.Context, r *reserved, digest string) (string, []git.Update, error) {
	in := r.Plan.Inputs
	if in.Tag == "" {
		return "", nil, nil
	}
	message := ledger.FormatTagMessage(fmt.Sprintf("%s %s", in.Product, in.Version), ledger.TagMessage{Reserve: r.Commit, Release: digest})
	object := ""
	if old, err := c.Repo.Tag(ctx, in.Tag); err == nil {
		was, perr := ledger.ParseTagMessage(old.Message)
		if perr != nil || old.Commit != in.Commit || was.Reserve != r.Commit || was.Release != digest {
			return "", nil, &plan.TagError{Tag: in.Tag, Recorded: in.Commit, Found: old.Commit}
		}
		object = old.Object
	}
	if object == "" {
		var err error
		if object, err = c.Repo.CreateTag(ctx, in.Tag, in.Commit, message); err != nil {
			return "", nil, err
		}
	}
	return object, []git.Update{{Ref: "refs/tags/" + in.Tag, New: object}}, nil
}

// dropTag takes back a local tag that was not pushed, so that nothing in this clone claims a release that is not one.
func (c *cutter) dropTag(ctx context.Context, name, object string) {
	if name == "" || object == "" {
		return
	}
	ctx = context.WithoutCancel(ctx)
	remote, err := c.Repo.LsRemote(ctx, c.Remote)
	if err != nil {
		return // the tag stays for the next run of the same release to take
	}
	if at, ok := remote.Ref("refs/tags/" + name); ok && at.ID == object {
		return
	}
	_ = c.Repo.DeleteTag(ctx, name, object) // a leftover is recognised by the next run
}
