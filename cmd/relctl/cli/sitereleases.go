package cli

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"sync"

	"github.com/relctl/relctl/pkg/changelog"
	"github.com/relctl/relctl/pkg/channel"
	"github.com/relctl/relctl/pkg/cut"
	"github.com/relctl/relctl/pkg/plan"
	"github.com/relctl/relctl/pkg/portal"
	"github.com/relctl/relctl/pkg/release"
)

// releases lists the releases of a channel, the newest first, and before them what is not released yet. Their changes are
// read when one of them asks, all in one walk over the history.
func (g *gatherer) releases(ctx context.Context, ch *channel.Channel, st *cut.ChannelStatus) ([]portal.Release, error) {
	if st.Missing != "" {
		return []portal.Release{}, nil
	}
	quiet := g.IO
	quiet.Err = io.Discard // what overrides correct is not the portal's to say
	t := &teller{IO: quiet, project: g.project, channel: ch, opts: changelogOptions{all: true, format: changelog.Keep}}
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
	chain, err := g.chain(w)
	if err != nil {
		return nil, err
	}
	read := sync.OnceValues(func() (changelog.Log, error) { return t.log(ctx) })
	out := []portal.Release{}
	previous := release.Version{}
	for _, r := range w.releases {
		commit, err := g.project.Repo.Commit(ctx, r.commit)
		if err != nil {
			return nil, err
		}
		one := portal.Release{Version: r.version, Commit: r.commit, Date: commit.Committer.When.UTC(), Previous: previous, Key: chain.add(r.commit), Changes: changesOf(read, r.version)}
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
		out = append(out, portal.Release{Commit: head, Previous: previous, Key: chain.add(head), Changes: changesOf(read, release.Version{})})
	}
	slices.Reverse(out)
	return out, nil
}

// changesOf reads the changes of one release of a log.
func changesOf(read func() (changelog.Log, error), v release.Version) func() ([]portal.Change, error) {
	return func() ([]portal.Change, error) {
		l, err := read()
		if err != nil {
			return nil, err
		}
		var out []portal.Change
		for _, r := range l.Releases {
			if r.Version.String() != v.String() {
				continue
			}
			for _, e := range r.Changes {
				out = append(out, portal.Change{
					Commit: e.Commit, Type: e.Type, Scope: e.Scope, Subject: e.Subject, Note: e.BreakingNote, Breaking: e.Breaking,
					PR: e.PR, CVEs: e.CVEs, Author: e.Author, Date: e.Date,
				})
			}
		}
		return out, nil
	}
}

// keyChain makes keys of releases: each stands for all commits that decide which changes are new in it.
type keyChain struct{ sum string }

func (g *gatherer) chain(w window) (*keyChain, error) {
	overrides, err := changelog.LoadOverrides(g.project.Policy.FS)
	if err != nil {
		return nil, err
	}
	data, err := json.Marshal(overrides)
	if err != nil {
		return nil, err
	}
	c := &keyChain{}
	c.add(string(data))
	for _, r := range w.before {
		c.add(r.commit)
	}
	return c, nil
}

func (c *keyChain) add(text string) string {
	c.sum = fmt.Sprintf("%x", sha256.Sum256([]byte(c.sum+" "+text)))
	return c.sum
}
