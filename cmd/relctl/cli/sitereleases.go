package cli

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/relctl/relctl/pkg/changelog"
	"github.com/relctl/relctl/pkg/channel"
	"github.com/relctl/relctl/pkg/history"
	"github.com/relctl/relctl/pkg/plan"
	"github.com/relctl/relctl/pkg/portal"
	"github.com/relctl/relctl/pkg/project"
	"github.com/relctl/relctl/pkg/release"
)

// releases lists the releases of a channel, the newest first, and before them what is not released yet. Their changes are
// read when the portal asks for them.
func (g *gatherer) releases(ctx context.Context, ch *channel.Channel, st *project.ChannelStatus) ([]portal.Release, error) {
	if st.Missing != "" {
		return []portal.Release{}, nil
	}
	t := &teller{IO: g.IO, project: g.project, channel: ch, opts: changelogOptions{all: true}}
	known, older, err := t.releases(ctx)
	if err != nil {
		return nil, err
	}
	w, err := t.window(known, older)
	if err != nil {
		return nil, err
	}
	told, err := g.project.Told(ctx, ch.Name)
	if err != nil {
		return nil, err
	}
	changes, err := g.changes(ctx, ch, w)
	if err != nil {
		return nil, err
	}
	chain, err := changes.chain()
	if err != nil {
		return nil, err
	}
	out := []portal.Release{}
	previous := release.Version{}
	for i, r := range w.releases {
		commit, err := g.project.Repo.Commit(ctx, r.commit)
		if err != nil {
			return nil, err
		}
		one := portal.Release{Version: r.version, Commit: r.commit, Date: commit.Committer.When.UTC(), Previous: previous, Key: chain.add(r.commit), Changes: changes.of(i)}
		if said := told.Withdrawal(r.version); said != nil {
			one.Withdrawn = said.Reason
		}
		out = append(out, one)
		previous = r.version
	}
	if st.Unreleased == nil || *st.Unreleased > 0 {
		head, err := g.project.Repo.Resolve(ctx, plan.RemoteRef(g.project.Remote, ch.Branch))
		if err != nil {
			return nil, err
		}
		out = append(out, portal.Release{Commit: head, Previous: previous, Key: chain.add(head), Changes: changes.of(len(w.releases))})
		changes.head = head
	}
	slices.Reverse(out)
	return out, nil
}

// changes reads the changes of a channel's releases when the portal asks for them: one alone, and from the second in a
// row on with all that are older, in one walk that is a release ahead of who asks.
type changes struct {
	ctx       context.Context //nolint:containedctx // that of the command, for what the portal asks later
	project   *project.Project
	channel   *channel.Channel
	overrides []*changelog.Override
	window    window
	// head is the commit of what is not released yet.
	head string
	// next is the place of the release before the one that was asked for last. If there is a walk, it gives that.
	next int
	walk <-chan walked
}

// walked is what a walk gives.
type walked struct {
	part history.Part
	err  error
}

// shownChanges is how many commits of one release are told: more than anybody reads, but for what stood before the first
// release.
const shownChanges = 10_000

func (g *gatherer) changes(ctx context.Context, ch *channel.Channel, w window) (*changes, error) {
	overrides, err := changelog.LoadOverrides(g.project.Policy.FS)
	return &changes{ctx: ctx, project: g.project, channel: ch, overrides: overrides, window: w, next: -1}, err
}

// of reads the changes of the release at a place of the window, after the last of which is what is not released yet.
func (c *changes) of(i int) func() ([]portal.Change, bool, error) {
	return func() ([]portal.Change, bool, error) {
		part, err := c.part(i)
		if err != nil {
			return nil, false, err
		}
		r := changelog.Release{Product: c.project.Policy.Product.Name, Channel: c.channel.Name, Changes: part.Changes}
		if i < len(c.window.releases) {
			r.Version = c.window.releases[i].version
		}
		changelog.Apply(c.overrides, &r)
		out := make([]portal.Change, 0, len(r.Changes))
		for _, e := range r.Changes {
			out = append(out, portal.Change{
				Commit: e.Commit, Type: e.Type, Scope: e.Scope, Subject: e.Subject, Note: e.BreakingNote, Breaking: e.Breaking,
				PR: e.PR, CVEs: e.CVEs, Author: e.Author, Date: e.Date,
			})
		}
		return out, part.More, nil
	}
}

func (c *changes) part(i int) (history.Part, error) {
	if i != c.next {
		c.next, c.walk = i-1, nil
		return c.alone(i)
	}
	if c.walk == nil {
		c.walk = c.down(i)
	}
	c.next--
	w, ok := <-c.walk
	if !ok {
		return history.Part{}, c.ctx.Err()
	}
	return w.part, w.err
}

// alone reads what one release brought.
func (c *changes) alone(i int) (history.Part, error) {
	at := c.head
	if i < len(c.window.releases) {
		at = c.window.releases[i].commit
	}
	opts := history.ReleasesOptions{Tips: []string{at}, After: commits(c.window.before, c.window.releases[:i]), Limit: shownChanges}
	parts, err := history.Releases(c.ctx, c.project.Repo, opts)
	if err != nil {
		return history.Part{}, err
	}
	return parts[0], nil
}

// down reads what the releases from one on down brought.
func (c *changes) down(i int) <-chan walked {
	opts := history.ReleasesOptions{After: commits(c.window.before), Releases: commits(c.window.releases[:i+1]), Limit: shownChanges}
	opts.Tips = slices.Clone(opts.Releases)
	slices.Reverse(opts.Tips)
	out := make(chan walked)
	go func() {
		defer close(out)
		first := true // what no release contains, which is nothing
		for part, err := range history.Stream(c.ctx, c.project.Repo, opts) {
			if first && err == nil {
				first = false
				continue
			}
			select {
			case out <- walked{part, err}:
			case <-c.ctx.Done():
				return
			}
		}
	}()
	return out
}

// commits are those of releases.
func commits(lists ...[]told) []string {
	var out []string
	for _, l := range lists {
		for _, r := range l {
			out = append(out, r.commit)
		}
	}
	return out
}

// keyChain makes keys of releases: each stands for all commits that decide which changes are new in it.
type keyChain struct{ sum string }

func (c *changes) chain() (*keyChain, error) {
	data, err := json.Marshal(c.overrides)
	if err != nil {
		return nil, err
	}
	k := &keyChain{}
	k.add(string(data))
	for _, r := range c.window.before {
		k.add(r.commit)
	}
	return k, nil
}

func (c *keyChain) add(text string) string {
	c.sum = fmt.Sprintf("%x", sha256.Sum256([]byte(c.sum+" "+text)))
	return c.sum
}
