package cut

import (
	"context"
	"fmt"
	"slices"

	"github.com/relctl/relctl/pkg/build"
	"github.com/relctl/relctl/pkg/channel"
	"github.com/relctl/relctl/pkg/ledger"
	"github.com/relctl/relctl/pkg/plan"
	"github.com/relctl/relctl/pkg/project"
	"github.com/relctl/relctl/pkg/release"
)

// reserved is a plan that owns its version.
type reserved struct {
	Plan     release.Plan `json:"plan"`
	Sequence uint64       `json:"sequence"`
	// Commit is the reservation's commit in the ledger, "" in a dry run.
	Commit  string `json:"commit"`
	resumed bool
}

// reserve records the plan in the ledger, so that of two runs one version comes out. A dry run takes the numbers that
// a reservation would get.
func (c *cutter) reserve(ctx context.Context, t *target) (*reserved, error) {
	if t.open != nil {
		c.opts.Progress(project.Progress{Stage: "reserve", State: "kept"})
		return &reserved{Plan: t.open.Plan, Sequence: t.open.Sequence, Commit: t.open.Commit, resumed: true}, nil
	}
	if c.opts.DryRun {
		return &reserved{Plan: t.plan, Sequence: c.State.NextSequence(c.ch.Name)}, nil
	}
	c.opts.Progress(project.Progress{Stage: "reserve", State: "start"})
	out := &reserved{Plan: t.plan}
	rec, err := c.Append(ctx, func(s *ledger.State) (*ledger.Event, error) {
		*out = reserved{Plan: t.plan}
		if ch := s.Channels[c.ch.Name]; ch != nil {
			if o := ch.Open; o != nil && o.Plan.Digest == t.plan.Digest {
				*out = reserved{Plan: o.Plan, Sequence: o.Sequence, Commit: o.Commit, resumed: true}
				return nil, nil //nolint:nilnil // another run reserved this very plan
			}
			if o := ch.Open; o != nil {
				if err := c.maySupersede(ctx, o); err != nil {
					return nil, err
				}
			}
			for _, r := range ch.Releases {
				if r.Plan == t.plan.Digest {
					return nil, &plan.EmptyError{Channel: c.ch.Name, Branch: c.ch.Branch, Previous: r.Version}
				}
			}
		}
		out.Sequence = s.NextSequence(c.ch.Name)
		return &ledger.Event{Type: ledger.TypeReserve, Channel: c.ch.Name, Reserve: &ledger.Reserve{Plan: t.plan, Sequence: out.Sequence}}, nil
	})
	if err != nil {
		return nil, &StageError{Stage: "reserve", Err: err}
	}
	if rec != nil {
		out.Commit = rec.Commit
	}
	c.opts.Progress(project.Progress{Stage: "reserve", State: "done", Text: fmt.Sprintf("%s is ours, sequence %d of %s", t.plan.Inputs.Version, out.Sequence, c.ch.Name)})
	return out, nil
}

// maySupersede refuses to take a reservation's place once its release.json is signed: bytes under that version may be
// in somebody's hands.
func (c *cutter) maySupersede(ctx context.Context, o *ledger.Reservation) error {
	signed, err := c.Signed(ctx, o.Plan.Digest, c.stores)
	if err != nil {
		return err
	}
	if signed {
		return &SignedError{Channel: c.ch.Name, Version: o.Plan.Inputs.Version, Plan: o.Plan.Digest}
	}
	return nil
}

// SignedError is a reservation that another plan wants to replace though its release.json is signed.
type SignedError struct {
	Channel string
	Version release.Version
	Plan    string
}

func (e *SignedError) Error() string {
	return fmt.Sprintf("%s %s is reserved by plan %s, and its release.json is signed", e.Channel, e.Version, e.Plan)
}

// Hint says how to finish it or to give it up.
func (e *SignedError) Hint() string {
	return fmt.Sprintf("finish it with: relctl cut %s\nor give it up, which burns the version: relctl abandon %s --reason '…'", e.Channel, e.Channel)
}

// Folders of a cut below its journal's folder.
const (
	filesDir   = "files"
	buildDir   = "build"
	scratchDir = "scratch"
)

// build runs the builder on a scratch checkout of the commit.
func (c *cutter) build(ctx context.Context, r *reserved) ([]build.Artifact, error) {
	return do(c.journal, "build", r.Plan.Inputs, func() (step[[]build.Artifact], error) {
		if err := c.journal.clear(buildDir, scratchDir); err != nil {
			return step[[]build.Artifact]{}, err
		}
		in := r.Plan.Inputs
		from := "from " + release.Short(in.Commit)
		var artifacts []build.Artifact
		var err error
		if c.opts.Shards > 0 {
			from = fmt.Sprintf("from %s of %s", release.Count(len(c.shards), "shard"), release.Short(in.Commit))
			artifacts, err = c.join(ctx)
		} else {
			artifacts, err = c.builder.Build(ctx, buildRequest(c.Project, c.ch, in, c.journal))
		}
		if err != nil {
			return step[[]build.Artifact]{}, err
		}
		return step[[]build.Artifact]{
			Out: artifacts, Left: []string{buildDir},
			Text: fmt.Sprintf("%s %s", release.Count(shipped(artifacts), "file"), from),
		}, c.journal.clear(scratchDir)
	})
}

// shipped counts the files of a build that belong to the release.
func shipped(artifacts []build.Artifact) int {
	n := 0
	for _, a := range artifacts {
		if a.Shipped {
			n++
		}
	}
	return n
}

// buildRequest asks for a build of a plan, in folders of a journal.
func buildRequest(p *project.Project, ch *channel.Channel, in release.Inputs, j *journal) build.Request {
	req := build.Request{
		Repo: p.Repo, Remote: p.Remote, Commit: in.Commit, Version: in.Version, Tag: in.Tag, Product: in.Product,
		SourceDate: in.SourceDate, Scratch: j.path(scratchDir), Out: j.path(buildDir),
	}
	if in.Previous != nil {
		req.PreviousTag = ch.TagName(in.Previous.Version)
	}
	return req
}

// askBuilt asks the gates of the second moment on the files that were staged, and the planned gates once more, since a
// build takes long enough for an approval or a waiver to expire.
func (c *cutter) askBuilt(ctx context.Context, r *reserved, m *made) ([]release.Verdict, error) {
	c.opts.Progress(project.Progress{Stage: "gates", State: "start"})
	if err := c.Refresh(ctx); err != nil {
		return nil, &StageError{Stage: "gates", Err: err}
	}
	req, err := c.request(ctx)
	if err != nil {
		return nil, &StageError{Stage: "gates", Err: err}
	}
	verdicts, err := plan.Recheck(ctx, req, r.Plan, c.journal.path(filesDir))
	if err != nil {
		return nil, &StageError{Stage: "gates", Err: err}
	}
	if refused := release.Blocking(verdicts); len(refused) > 0 {
		if err := c.KeepRefused(c.ch.Name, "", m.Manifest.Version, verdicts); err != nil {
			return nil, &StageError{Stage: "gates", Err: err}
		}
		return nil, &project.RefusedError{Channel: c.ch.Name, Version: m.Manifest.Version, Verdicts: refused}
	}
	asked := slices.DeleteFunc(slices.Clone(verdicts), func(v release.Verdict) bool { return v.Moment != release.Built })
	c.opts.Progress(project.Progress{Stage: "gates", State: "done", Text: fmt.Sprintf("%d asked on the built files, none refuses", len(asked))})
	return asked, nil
}
