package plan

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/relctl/relctl/pkg/channel"
	"github.com/relctl/relctl/pkg/git"
	"github.com/relctl/relctl/pkg/history"
	"github.com/relctl/relctl/pkg/ledger"
	"github.com/relctl/relctl/pkg/release"
)

// Lines are what the history of all channels is read from.
type Lines struct {
	Repo   *git.Repo
	Remote string
	Policy *Policy
	State  *ledger.State
	// Marks are the verdicts that stand, oldest first.
	Marks []ledger.Recorded
}

// Index reads who carries what on main and on the line of each LTS channel. Main is the branch of the rolling channel
// that the LTS channels take their changes from, else the default branch. Channels whose branch is not there yet are
// left out.
func (l Lines) Index(ctx context.Context) (*history.Index, error) {
	tags, err := l.tags(ctx)
	if err != nil {
		return nil, err
	}
	absent, err := l.Absent(ctx)
	if err != nil {
		return nil, err
	}
	opts := history.IndexOptions{
		Main: l.main(), Decorations: l.Policy.Product.History.Decorations,
		Cache: filepath.Join(l.Repo.CommonDir(), "relctl", "history"),
	}
	for _, ch := range l.Policy.Channels {
		if ch.Kind != release.LTS || slices.ContainsFunc(absent, func(a *BranchError) bool { return a.Channel == ch.Name }) {
			continue
		}
		opts.Lines = append(opts.Lines, history.Line{Name: ch.Name, Ref: RemoteRef(l.Remote, ch.Branch), Releases: l.releases(ch, tags)})
	}
	first := func(name string) release.Version {
		ch, err := l.Policy.Channel(name)
		if err != nil || ch.Line.IsZero() {
			return release.Version{}
		}
		return ch.Line.First()
	}
	slices.SortStableFunc(opts.Lines, func(a, b history.Line) int { return first(b.Name).Compare(first(a.Name)) })
	for _, m := range l.Marks {
		opts.Marks = append(opts.Marks, history.Mark{
			Verdict: history.Verdict(m.Type), Line: m.Channel, Change: m.Mark.Change, Commit: m.Mark.Commit, Reason: m.Reason, Event: m.Number,
		})
	}
	return history.Load(ctx, l.Repo, opts)
}

// Absent are the LTS channels whose branch is not there: nobody has opened it yet, or this clone did not fetch it.
func (l Lines) Absent(ctx context.Context) ([]*BranchError, error) {
	var out []*BranchError
	for _, ch := range l.Policy.Channels {
		if ch.Kind != release.LTS {
			continue
		}
		ref := RemoteRef(l.Remote, ch.Branch)
		_, err := l.Repo.Resolve(ctx, ref)
		switch {
		case errors.Is(err, git.ErrNotFound):
			out = append(out, &BranchError{Channel: ch.Name, Branch: ch.Branch, Ref: ref, Remote: l.Remote})
		case err != nil:
			return nil, err
		}
	}
	return out, nil
}

// main is the line where changes are made first.
func (l Lines) main() history.Line {
	for _, ch := range l.Policy.Channels {
		if src, err := l.Policy.Channel(ch.Source); err == nil && ch.Kind == release.LTS {
			return history.Line{Name: src.Name, Ref: RemoteRef(l.Remote, src.Branch), Releases: l.releases(src, nil)}
		}
	}
	for _, ch := range l.Policy.Channels {
		if ch.Kind == release.Rolling && ch.Branch == l.Policy.Branch {
			return history.Line{Name: ch.Name, Ref: RemoteRef(l.Remote, ch.Branch), Releases: l.releases(ch, nil)}
		}
	}
	return history.Line{Name: l.Policy.Branch, Ref: RemoteRef(l.Remote, l.Policy.Branch)}
}

func (l Lines) tags(ctx context.Context) ([]git.Ref, error) {
	if !slices.ContainsFunc(l.Policy.Channels, func(ch *channel.Channel) bool { return ch.Tag != "" }) {
		return nil, nil
	}
	return l.Repo.Refs(ctx, "refs/tags/")
}

// ReleaseError is a version that no channel released.
type ReleaseError struct {
	Version string
	// Known are the newest releases, one a channel: "lts-2.4 2.4.7".
	Known []string
}

func (e *ReleaseError) Error() string { return fmt.Sprintf("no channel has released %q", e.Version) }

// Hint lists what there is.
func (e *ReleaseError) Hint() string {
	if len(e.Known) == 0 {
		return "there is no release yet; git fetch --tags brings those that the remote has"
	}
	return "the newest releases are " + strings.Join(e.Known, ", ")
}

// Release finds a released version, and the channel that it belongs to.
func (l Lines) Release(ctx context.Context, version string) (*channel.Channel, history.Released, error) {
	tags, err := l.tags(ctx)
	if err != nil {
		return nil, history.Released{}, err
	}
	unknown := &ReleaseError{Version: version}
	for _, ch := range l.Policy.Channels {
		var last release.Version
		for _, r := range l.releases(ch, tags) {
			if r.Version.String() == strings.TrimPrefix(version, "v") {
				return ch, r, nil
			}
			if r.Version.Compare(last) > 0 {
				last = r.Version
			}
		}
		if !last.IsZero() {
			unknown.Known = append(unknown.Known, ch.Name+" "+last.String())
		}
	}
	return nil, history.Released{}, unknown
}

// Holds makes sure that an index reaches a release: in one that it does not know it would find no fix that can be lost.
func (l Lines) Holds(ctx context.Context, ix *history.Index, ch *channel.Channel, r history.Released) error {
	tip := ix.Tip(ch.Name)
	if tip == "" {
		return &BranchError{Channel: ch.Name, Branch: ch.Branch, Ref: RemoteRef(l.Remote, ch.Branch), Remote: l.Remote}
	}
	ok, err := l.Repo.IsAncestor(ctx, r.Commit, tip)
	if err == nil && !ok {
		err = fmt.Errorf("release %s of %s is not in the history of branch %s, so its fixes cannot be told", r.Version, ch.Name, ch.Branch)
	}
	return err
}

// releases are a channel's final releases, by the ledger, and by the tags of its line that the ledger does not know.
func (l Lines) releases(ch *channel.Channel, tags []git.Ref) []history.Released {
	var out []history.Released
	known := map[string]bool{}
	add := func(v release.Version, commit string) {
		if v.Prerelease() == "" && !known[v.String()] {
			known[v.String()] = true
			out = append(out, history.Released{Version: v, Commit: commit})
		}
	}
	if st := l.State.Channels[ch.Name]; st != nil {
		for _, r := range st.Releases {
			add(r.Version, r.Commit)
		}
	}
	for _, t := range tags {
		if v, ok := ch.ParseTag(t.Name[len("refs/tags/"):]); ok && ch.Line.Contains(v) {
			add(v, t.Commit)
		}
	}
	return out
}
