package plan

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/relctl/relctl/pkg/channel"
	"github.com/relctl/relctl/pkg/gate"
	"github.com/relctl/relctl/pkg/git"
	"github.com/relctl/relctl/pkg/history"
	"github.com/relctl/relctl/pkg/ledger"
	"github.com/relctl/relctl/pkg/release"
	"github.com/relctl/relctl/pkg/version"
)

// Builder says what a build depends on. It is consumed here so that a plan needs no builder to be run.
type Builder interface {
	// Pins are the builder's versions, sorted by name.
	Pins(ctx context.Context) ([]release.Pin, error)
	// Describe says in words what a commit's build would make.
	Describe(ctx context.Context, tree fs.FS) []string
}

// Request is what a plan is made of.
type Request struct {
	Repo    *git.Repo
	Remote  string
	Policy  *Policy
	State   *ledger.State
	Waivers *ledger.Waivers // those that count now
	Channel *channel.Channel
	Builder Builder
	// Gates of the channel, in the order of its file.
	Gates []gate.Entry
	// Checks are what CI said about a commit, by the check's name, for channels that ask for checks.
	Checks func(ctx context.Context, commit string) (map[string]ledger.Check, error)
	// Index reads who carries what, for the gates that ask it.
	Index func(context.Context) (*history.Index, error)
	// Service is asked how changes did in the rings of the source channel.
	Service Service
	// Pre asks for a pre-release such as "rc".
	Pre string
	// Now is the time that waivers and calendar versions are judged at.
	Now time.Time
	// Strict refuses what a cut cannot stand on: tags that the ledger does not know.
	Strict bool
}

// New makes the plan for a channel, asking the planned gates on the way.
func New(ctx context.Context, req Request) (*release.Plan, error) {
	d := draft{Request: req, plan: &release.Plan{Schema: release.PlanSchema}}
	for _, step := range []func(context.Context) error{
		d.openBranch,   // the commit at the branch's head
		d.findPrevious, // what the channel released before, from the ledger
		d.test,         // the newest commit whose checks passed, where the channel asks for checks
		d.gather,       // what came since, and the builder's versions
		d.choose,       // the next version, its tag, and with them the digest
		d.judge,        // evidence, and the gates
	} {
		if err := step(ctx); err != nil {
			return nil, err
		}
	}
	return d.plan, nil
}

// draft is a plan in the making.
type draft struct {
	Request
	plan *release.Plan
	head *git.Commit
	// since is the commit from which changes are told, "" for the whole branch.
	since string
	// released are the channel's versions, by the ledger or, while there is none, by tags.
	released []release.Version
	index    *history.Index
	// skips are the newest commits that lack a check, skipped is how many there are in all.
	skips   []release.SkippedCommit
	skipped int
	grades  grades
}

func (d *draft) assume(format string, args ...any) {
	d.plan.Assumptions = append(d.plan.Assumptions, fmt.Sprintf(format, args...))
}

func (d *draft) openBranch(ctx context.Context) error {
	if text := d.Policy.Assumption(); text != "" {
		d.assume("%s", text)
	}
	shallow, err := d.Repo.Shallow()
	if err != nil {
		return err
	}
	if shallow {
		return &ShallowError{Remote: d.Remote}
	}
	if err := d.ended(); err != nil {
		return err
	}
	ref := RemoteRef(d.Remote, d.Channel.Branch)
	commit, err := d.Repo.Resolve(ctx, ref)
	if errors.Is(err, git.ErrNotFound) {
		return &BranchError{Channel: d.Channel.Name, Branch: d.Channel.Branch, Ref: ref, Remote: d.Remote}
	}
	if err != nil {
		return err
	}
	head, err := d.Repo.Commit(ctx, commit)
	if err != nil {
		return err
	}
	d.plan.Inputs = release.Inputs{
		Product: d.Policy.Product.Name,
		Channel: d.Channel.Name,
		Kind:    d.Channel.Kind,
		Line:    d.Channel.Line,
		Branch:  d.Channel.Ref(),
		Policy:  d.Policy.Blobs,
	}
	d.at(head)
	return nil
}

// at makes the plan one of a commit.
func (d *draft) at(c *git.Commit) {
	d.head = c
	d.plan.Inputs.Commit, d.plan.Inputs.SourceDate = c.ID, c.Committer.When.UTC().Truncate(time.Second)
}

// gather reads the changes while the builder says its versions: both ask other programs.
func (d *draft) gather(ctx context.Context) error {
	pinned := make(chan error, 1)
	go func() { pinned <- d.pin(ctx) }()
	err, pinErr := d.readChanges(ctx), <-pinned
	if err != nil {
		return err
	}
	return pinErr
}

func (d *draft) readChanges(ctx context.Context) error {
	res, err := history.Changes(ctx, d.Repo, history.Options{From: d.since, To: d.head.ID})
	if err != nil {
		return err
	}
	d.plan.Changes = res.Changes
	if d.plan.Changes == nil {
		d.plan.Changes = []release.Change{}
	}
	if p := d.plan.Inputs.Previous; p != nil && p.Commit == d.head.ID {
		return &EmptyError{Channel: d.Channel.Name, Branch: d.Channel.Branch, Previous: p.Version}
	}
	return nil
}

func (d *draft) choose(context.Context) error {
	v, why, err := version.Next(version.Options{
		Kind: d.Channel.Kind, Line: d.Channel.Line,
		Scheme: d.Channel.Version.Scheme, Format: d.Channel.Version.Format,
		Released: d.released, Changes: d.plan.Changes, Pre: d.Pre, Now: d.Now,
	})
	if err != nil {
		return err
	}
	d.plan.Inputs.Version, d.plan.Why = v, why
	for _, other := range d.Policy.Channels {
		if other.Name != d.Channel.Name && other.Line.Contains(v) {
			return fmt.Errorf("%s would release %s, which lies in line %s of channel %s", d.Channel.Name, v, other.Line, other.Name)
		}
	}
	d.plan.Inputs.Tag = d.Channel.TagName(v)
	d.plan.Digest = d.plan.Inputs.Digest()
	return nil
}

func (d *draft) pin(ctx context.Context) error {
	pins, err := d.Builder.Pins(ctx)
	if err != nil {
		if d.Strict {
			return err
		}
		d.assume("%v; the digest changes once it is there", err)
	}
	if pins == nil {
		pins = []release.Pin{}
	}
	d.plan.Inputs.Pins = pins
	tree, err := d.Repo.FS(ctx, d.head.ID)
	if err != nil {
		return err
	}
	d.plan.Build = d.Builder.Describe(ctx, tree)
	return nil
}
