package cli

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/relctl/relctl/pkg/channel"
	"github.com/relctl/relctl/pkg/fact"
	"github.com/relctl/relctl/pkg/fact/extract"
	"github.com/relctl/relctl/pkg/git"
	"github.com/relctl/relctl/pkg/plan"
	"github.com/relctl/relctl/pkg/portal"
	"github.com/relctl/relctl/pkg/release"
)

// mostFlagCommits is how far back the birth of a flag is looked for: commits that touch the files of flags.
const mostFlagCommits = 500

// flags gathers the feature flags at the head of each channel, the service's first, and when each came.
func (g *gatherer) flags(ctx context.Context, m *portal.Model) error {
	m.Flags = portal.Flags{Channels: []string{}, Missing: map[string]string{}, Flags: []portal.Flag{}}
	var sources []channel.FactSource
	for _, s := range g.project.Policy.Product.Docs.Facts {
		if s.Kind == "features" && len(s.Files) > 0 {
			sources = append(sources, s)
		}
	}
	if len(sources) == 0 {
		return nil
	}
	heads := []string{}
	known := map[string]int{}
	for _, ch := range serviceFirst(g.project.Policy.Channels) {
		head, err := g.project.Repo.Resolve(ctx, plan.RemoteRef(g.project.Remote, ch.Branch))
		if errors.Is(err, git.ErrNotFound) {
			m.Flags.Missing[ch.Name] = "branch " + ch.Branch + " was not fetched"
			continue
		}
		if err != nil {
			return err
		}
		found, err := g.features(ctx, sources, head)
		if err != nil {
			m.Flags.Missing[ch.Name] = err.Error()
			continue
		}
		at := len(m.Flags.Channels)
		m.Flags.Channels = append(m.Flags.Channels, ch.Name)
		heads = append(heads, head)
		for _, f := range found {
			i, ok := known[f.Name]
			if !ok {
				i = len(m.Flags.Flags)
				known[f.Name] = i
				m.Flags.Flags = append(m.Flags.Flags, portal.Flag{Name: f.Name, Text: f.Text, Path: f.Path})
			}
			m.Flags.Flags[i].States = append(padded(m.Flags.Flags[i].States, at), f.Attributes.State)
		}
	}
	for i := range m.Flags.Flags {
		m.Flags.Flags[i].States = padded(m.Flags.Flags[i].States, len(m.Flags.Channels))
	}
	slices.SortFunc(m.Flags.Flags, func(a, b portal.Flag) int { return cmp.Compare(a.Name, b.Name) })
	for _, head := range heads {
		if err := g.births(ctx, sources, head, m.Flags.Flags); err != nil {
			return err
		}
	}
	return nil
}

// serviceFirst sorts the rolling channels before the lines.
func serviceFirst(all []*channel.Channel) []*channel.Channel {
	return slices.SortedStableFunc(slices.Values(all), func(a, b *channel.Channel) int {
		return order(a) - order(b)
	})
}

func order(ch *channel.Channel) int {
	if ch.Kind == release.Rolling {
		return 0
	}
	return 1
}

// padded makes states as long as there are channels.
func padded(states []string, n int) []string {
	return append(states, make([]string, max(n-len(states), 0))...)
}

func (g *gatherer) features(ctx context.Context, sources []channel.FactSource, commit string) ([]fact.Fact, error) {
	files, err := g.project.Repo.FS(ctx, commit)
	if err != nil {
		return nil, err
	}
	set, err := extract.Gather(ctx, files, sources, extract.Options{})
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(set.Facts, func(f fact.Fact) bool { return f.Kind != fact.Feature }), nil
}

// births finds when flags came to a branch, by the commits that touch their files, the oldest first. An earlier birth on
// another branch stands.
func (g *gatherer) births(ctx context.Context, sources []channel.FactSource, head string, flags []portal.Flag) error {
	paths := map[string]bool{}
	for _, f := range flags {
		if f.Born.IsZero() {
			paths[":(top,literal)"+f.Path] = true
		}
	}
	if len(paths) == 0 {
		return nil
	}
	touching, err := g.project.Repo.Touching(ctx, head, slices.Collect(maps.Keys(paths)))
	if err != nil {
		return err
	}
	var commits []*git.Commit
	for id := range touching {
		c, err := g.project.Repo.Commit(ctx, id)
		if err != nil {
			return err
		}
		commits = append(commits, c)
	}
	slices.SortFunc(commits, func(a, b *git.Commit) int { return a.Committer.When.Compare(b.Committer.When) })
	if n := len(commits); n > mostFlagCommits {
		commits = commits[n-mostFlagCommits:]
	}
	for _, c := range commits {
		found, err := g.features(ctx, sources, c.ID)
		if err != nil {
			continue // a file that was broken then tells nothing
		}
		if born(flags, found, c.Committer.When.UTC()) {
			return nil
		}
	}
	return nil
}

// born dates the flags that are there for the first time, and reports whether all have a date.
func born(flags []portal.Flag, found []fact.Fact, when time.Time) bool {
	all := true
	for i := range flags {
		f := &flags[i]
		if f.Born.IsZero() && slices.ContainsFunc(found, func(x fact.Fact) bool { return x.Name == f.Name }) {
			f.Born = when
		}
		all = all && !f.Born.IsZero()
	}
	return all
}
