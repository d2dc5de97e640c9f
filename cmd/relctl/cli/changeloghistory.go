package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/relctl/relctl/pkg/changelog"
	"github.com/relctl/relctl/pkg/channel"
	"github.com/relctl/relctl/pkg/git"
	"github.com/relctl/relctl/pkg/history"
	"github.com/relctl/relctl/pkg/plan"
	"github.com/relctl/relctl/pkg/project"
	"github.com/relctl/relctl/pkg/release"
)

// teller gathers what a changelog tells.
type teller struct {
	IO
	project *project.Project
	channel *channel.Channel
	opts    changelogOptions
}

// choose returns the channel that is named, else the one that owns the versions, else the only one.
func (t *teller) choose(args []string) (*channel.Channel, error) {
	if len(args) == 1 {
		return t.project.Policy.Channel(args[0])
	}
	all := t.project.Policy.Channels
	if len(all) == 1 {
		return all[0], nil
	}
	for _, text := range []string{t.opts.to, t.opts.from} {
		v, err := release.ParseVersion(text)
		if err != nil {
			continue
		}
		for _, ch := range all {
			if ch.Line.Contains(v) || t.project.State.Released(ch.Name, v) {
				return ch, nil
			}
		}
	}
	var names []string
	for _, ch := range all {
		names = append(names, ch.Name)
	}
	return nil, usagef("name one of "+strings.Join(names, ", "), "there are several channels, and nothing says which one is meant")
}

// told is a release that a changelog may begin or end with.
type told struct {
	version release.Version
	commit  string
}

// releases returns the channel's releases, the oldest version first: those of the ledger, and the tags of the line that
// it does not know. older are the versions before the line, whose changes are no news in it.
func (t *teller) releases(ctx context.Context) (releases, older []told, err error) {
	known := map[string]bool{}
	if ch := t.project.State.Channels[t.channel.Name]; ch != nil {
		for _, r := range ch.Releases {
			known[r.Version.String()] = true
			releases = append(releases, told{r.Version, r.Commit})
		}
	}
	tags, err := t.tags(ctx)
	if err != nil {
		return nil, nil, err
	}
	for _, tag := range tags {
		switch line := t.channel.Line; {
		case known[tag.version.String()]:
		case line.IsZero() && len(known) == 0, line.Contains(tag.version):
			releases = append(releases, tag)
		case !line.IsZero() && tag.version.Prerelease() == "" && tag.version.Compare(line.First()) < 0:
			older = append(older, tag)
		}
	}
	for name, ch := range t.project.State.Channels {
		if other, err := t.project.Policy.Channel(name); err != nil || name == t.channel.Name || other.Line.IsZero() || t.channel.Line.IsZero() {
			continue
		}
		for _, r := range ch.Releases {
			same := func(o told) bool { return o.version.Compare(r.Version) == 0 }
			if r.Version.Prerelease() == "" && r.Version.Compare(t.channel.Line.First()) < 0 && !slices.ContainsFunc(older, same) {
				older = append(older, told{r.Version, r.Commit})
			}
		}
	}
	byVersion := func(a, b told) int { return a.version.Compare(b.version) }
	slices.SortFunc(releases, byVersion)
	slices.SortFunc(older, byVersion)
	return releases, older, nil
}

// tags are those that the channel's template reads as versions, without those that another channel's line owns if this
// one has no line, and without other numbers for commits of the channel or of later lines.
func (t *teller) tags(ctx context.Context) ([]told, error) {
	if t.channel.Tag == "" {
		return nil, nil
	}
	refs, err := t.project.Repo.Refs(ctx, "refs/tags/")
	if err != nil {
		return nil, err
	}
	var out []told
	for _, r := range refs {
		if v, ok := t.channel.ParseTag(strings.TrimPrefix(r.Name, "refs/tags/")); ok && r.Commit != "" {
			out = append(out, told{v, r.Commit})
		}
	}
	line, later := t.channel.Line, numberings(out)
	return slices.DeleteFunc(out, func(tag told) bool {
		to, other := later[minorOf(tag.version)]
		if line.IsZero() {
			return other || slices.ContainsFunc(t.project.Policy.Channels, func(ch *channel.Channel) bool { return ch.Line.Contains(tag.version) })
		}
		return other && !line.Contains(tag.version) && to.compare(minorOf(line.First())) >= 0
	}), nil
}

// window is what a changelog tells: the releases, the oldest first, and what it leaves out.
type window struct {
	releases []told
	// before are releases that the reader has, or that came before the line.
	before []told
	// previous is the release before the first of the window.
	previous release.Version
	// line says that the reader comes from an older line, which may have carried changes as picks.
	line bool
	// next includes what is not released yet.
	next bool
}

// window chooses among the releases. Pre-releases count only where they are named: their changes are those of the
// release that they lead to.
func (t *teller) window(releases, older []told) (window, error) {
	named := func(r told, text string) bool { return r.version.String() == text }
	releases = slices.DeleteFunc(releases, func(r told) bool {
		return r.version.Prerelease() != "" && !named(r, t.opts.from) && !named(r, t.opts.to)
	})
	begin, end := 0, len(releases)
	w := window{next: t.opts.all || t.opts.to == nextRelease || len(releases) == 0}
	if to := t.opts.to; to != "" && to != nextRelease {
		i := slices.IndexFunc(releases, func(r told) bool { return named(r, to) })
		if i < 0 {
			return w, t.unknown(to, releases)
		}
		end = i + 1
	}
	switch from := t.opts.from; {
	case from != "":
		i := slices.IndexFunc(releases, func(r told) bool { return named(r, from) })
		if at := slices.IndexFunc(older, func(r told) bool { return named(r, from) }); i < 0 && at >= 0 {
			w.line = true
			w.releases, w.before, w.previous = releases[:end], older[at:at+1], older[at].version
			return w, nil
		}
		if i < 0 {
			return w, t.unknown(from, releases)
		}
		if begin = i + 1; begin > end || begin == end && !w.next {
			return w, usagef("give an older version to --from", "nothing was released after %s", plain(from))
		}
	case t.opts.to == nextRelease:
		begin = end
	case !t.opts.all:
		begin = max(end-1, 0)
	}
	w.releases = releases[begin:end]
	w.before = slices.Concat(older, releases[:begin])
	if begin > 0 {
		w.previous = releases[begin-1].version
	}
	return w, nil
}

// unknown is a version that is no release of the channel.
func (t *teller) unknown(version string, releases []told) error {
	var names []string
	for _, r := range releases[max(len(releases)-10, 0):] {
		names = append(names, r.version.String())
	}
	h := fmt.Sprintf("%s has no release yet", t.channel.Name)
	if len(names) > 0 {
		h = "its last releases are " + strings.Join(names, ", ")
	}
	return usagef(h, "%s is no release of channel %s", plain(version), t.channel.Name)
}

// log reads the history of the window.
func (t *teller) log(ctx context.Context) (changelog.Log, error) {
	l := changelog.Log{Product: t.project.Policy.Product.Name, Channel: t.channel.Name}
	overrides, err := changelog.LoadOverrides(t.project.Policy.FS)
	if err != nil {
		return l, err
	}
	releases, older, err := t.releases(ctx)
	if err != nil {
		return l, err
	}
	w, err := t.window(releases, older)
	if err != nil {
		return l, err
	}
	head, parts, err := t.walk(ctx, w)
	if err != nil {
		return l, err
	}
	carried := map[string]bool{}
	if w.line {
		if carried, err = t.carried(ctx, w, head); err != nil {
			return l, err
		}
	}
	told, err := t.project.Told(ctx, t.channel.Name)
	if err != nil {
		return l, err
	}
	l.From = w.previous
	for i, p := range parts {
		p.Changes = slices.DeleteFunc(p.Changes, func(c release.Change) bool {
			return slices.ContainsFunc(origins(c), func(id string) bool { return carried[id] })
		})
		r := changelog.Release{Product: l.Product, Channel: l.Channel, Commit: head, Changes: p.Changes}
		if i < len(w.releases) {
			r.Version, r.Commit = w.releases[i].version, w.releases[i].commit
			if r.Date, err = t.date(ctx, p, r.Commit); err != nil {
				return l, err
			}
		} else if !w.next || len(p.Changes) == 0 && len(parts) > 1 {
			continue
		}
		r.Previous = w.previous
		if i > 0 {
			r.Previous = w.releases[i-1].version
		}
		if w := told.Withdrawal(r.Version); w != nil {
			r.Withdrawn, r.Advisory = w.Reason, w.Withdraw.Advisory
		}
		changelog.Apply(overrides, &r)
		l.Releases = append(l.Releases, r)
	}
	slices.Reverse(l.Releases)
	return l, t.checkOverrides(ctx, overrides, l)
}

// date is that of a release's commit, which the walk does not see if what came before the window holds it.
func (t *teller) date(ctx context.Context, p history.Part, commit string) (time.Time, error) {
	if !p.Date.IsZero() {
		return p.Date, nil
	}
	c, err := t.project.Repo.Commit(ctx, commit)
	if err != nil {
		return time.Time{}, err
	}
	return c.Committer.When, nil
}

// walk reads the history once. It returns the branch's head, if the window reaches it, and a part for each release and
// one for what comes next.
func (t *teller) walk(ctx context.Context, w window) (head string, parts []history.Part, err error) {
	opts := history.ReleasesOptions{Across: t.opts.format == changelog.Operator && !t.opts.all}
	if w.next {
		ref := plan.RemoteRef(t.project.Remote, t.channel.Branch)
		head, err = t.project.Repo.Resolve(ctx, ref)
		if errors.Is(err, git.ErrNotFound) {
			return "", nil, &plan.BranchError{Channel: t.channel.Name, Branch: t.channel.Branch, Ref: ref, Remote: t.project.Remote}
		}
		if err != nil {
			return "", nil, err
		}
		opts.Tips = append(opts.Tips, head)
	}
	for _, r := range slices.Backward(w.releases) {
		opts.Tips = append(opts.Tips, r.commit)
	}
	for _, r := range w.before {
		opts.After = append(opts.After, r.commit)
	}
	for _, r := range w.releases {
		opts.Releases = append(opts.Releases, r.commit)
	}
	parts, err = history.Releases(ctx, t.project.Repo, opts)
	return head, parts, err
}

// carried returns the ids of the changes that the older line has beside the window's history: picks tell the upgrade
// nothing new.
func (t *teller) carried(ctx context.Context, w window, head string) (map[string]bool, error) {
	opts := history.ReleasesOptions{Tips: []string{w.before[0].commit}}
	if w.next {
		opts.After = append(opts.After, head)
	}
	for _, r := range w.releases {
		opts.After = append(opts.After, r.commit)
	}
	parts, err := history.Releases(ctx, t.project.Repo, opts)
	if err != nil {
		return nil, err
	}
	ids := map[string]bool{}
	for _, p := range parts {
		for _, c := range p.Changes {
			for _, id := range origins(c) {
				ids[id] = true
			}
		}
	}
	return ids, nil
}

// origins are the commits that a change is known by.
func origins(c release.Change) []string { return append([]string{c.ID, c.Commit}, c.PickedFrom...) }

// checkOverrides refuses an override of a commit that does not exist. Most overrides belong to other releases; only
// where all are told a correction can be seen to have no effect.
func (t *teller) checkOverrides(ctx context.Context, overrides []*changelog.Override, l changelog.Log) error {
	used := map[string]bool{}
	for _, r := range l.Releases {
		for _, c := range r.Corrections {
			used[c.File] = true
		}
	}
	for _, o := range overrides {
		if used[o.File] {
			continue
		}
		_, err := t.project.Repo.Resolve(ctx, o.Change)
		if errors.Is(err, git.ErrNotFound) {
			return &changelog.OverrideError{File: o.File, Message: fmt.Sprintf("there is no commit %s here", o.Change)}
		}
		if err != nil {
			return err
		}
		if !t.opts.all {
			continue
		}
		on, err := t.project.Repo.IsAncestor(ctx, o.Change, plan.RemoteRef(t.project.Remote, t.channel.Branch))
		if err != nil {
			return err
		}
		if on {
			t.say("%s corrects nothing: its commit is on %s, but is told as a part of another change, was taken back, or came before the line", plain(o.File), plain(t.channel.Branch))
		}
	}
	return nil
}
