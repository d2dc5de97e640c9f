package plan

import (
	"context"
	"errors"

	"github.com/relctl/relctl/pkg/git"
	"github.com/relctl/relctl/pkg/release"
	"github.com/relctl/relctl/pkg/version"
)

// findPrevious takes the channel's releases from the ledger. It holds them against the tags and against ancestry, and
// never widens the range silently: `git describe` and dates play no part.
func (d *draft) findPrevious(ctx context.Context) error {
	tags, err := d.tags(ctx)
	if err != nil {
		return err
	}
	known := map[string]bool{}
	var last *release.Predecessor
	if ch := d.State.Channels[d.Channel.Name]; ch != nil {
		for _, r := range ch.Releases {
			d.released = append(d.released, r.Version)
			known[r.Tag] = true
			if t := tags[r.Tag]; r.Tag != "" && (t.ref.Commit != r.Commit || t.ref.ID != r.TagObject) {
				return &TagError{Tag: r.Tag, Recorded: r.Commit, Found: t.ref.Commit}
			}
			if r.Version.Prerelease() == "" && d.after(r.Version, last) {
				last = &release.Predecessor{Version: r.Version, Commit: r.Commit, Release: r.Release}
			}
		}
		for _, a := range ch.Abandoned {
			if a.Burned {
				d.released = append(d.released, a.Version)
			}
		}
	}
	if err := d.unknownTags(ctx, tags, known, &last); err != nil {
		return err
	}
	if last == nil {
		return d.firstOfLine(ctx, tags)
	}
	ok, err := d.Repo.IsAncestor(ctx, last.Commit, d.head.ID)
	if err != nil {
		return err
	}
	if !ok {
		return &AncestryError{Channel: d.Channel.Name, Branch: d.Channel.Branch, Previous: *last}
	}
	d.plan.Inputs.Previous, d.since = last, last.Commit
	d.warnOfWithdrawn(last.Version)
	return nil
}

// after reports whether a version of the channel comes after one that it released. Those of the scheme that a rolling
// channel has now come after all of one that it had before.
func (d *draft) after(v release.Version, last *release.Predecessor) bool {
	if last == nil {
		return true
	}
	if d.Channel.Kind == release.Rolling {
		scheme := d.Channel.Version.Scheme
		if now := version.OfScheme(scheme, v); now != version.OfScheme(scheme, last.Version) {
			return now
		}
	}
	return v.Compare(last.Version) > 0
}

// tag is a tag that is a version of this channel.
type tag struct {
	ref     git.Ref
	version release.Version
}

// tags are all tags that the channel's template reads as versions, by name.
func (d *draft) tags(ctx context.Context) (map[string]tag, error) {
	if d.Channel.Tag == "" {
		return nil, nil
	}
	refs, err := d.Repo.Refs(ctx, "refs/tags/")
	if err != nil {
		return nil, err
	}
	out := make(map[string]tag, len(refs))
	for _, r := range refs {
		name := r.Name[len("refs/tags/"):]
		if v, ok := d.Channel.ParseTag(name); ok {
			out[name] = tag{ref: r, version: v}
		}
	}
	return out, nil
}

// unknownTags deals with tags of the line that the ledger does not know: a cut refuses them, a plan takes them as the
// channel's releases and says so.
func (d *draft) unknownTags(ctx context.Context, tags map[string]tag, known map[string]bool, last **release.Predecessor) error {
	var names []string
	var outside *release.Predecessor // the last of those that the branch does not contain
	for name, t := range tags {
		if known[name] || !d.Policy.Owns(d.Channel, t.version) {
			continue
		}
		names = append(names, name)
		d.released = append(d.released, t.version)
		if t.version.Prerelease() != "" || !d.after(t.version, *last) {
			continue
		}
		ok, err := d.Repo.IsAncestor(ctx, t.ref.Commit, d.head.ID)
		switch {
		case err != nil:
			return err
		case ok:
			*last = &release.Predecessor{Version: t.version, Commit: t.ref.Commit}
		case d.after(t.version, outside):
			outside = &release.Predecessor{Version: t.version, Commit: t.ref.Commit}
		}
	}
	if len(names) == 0 {
		return nil
	}
	if d.Strict {
		return &UnknownTagsError{Channel: d.Channel.Name, Tags: names}
	}
	d.assume("the ledger does not know %d of the line's tags, so they were taken as its releases; relctl adopt %s records them", len(names), d.Channel.Name)
	if outside != nil && d.after(outside.Version, *last) {
		d.assume("%s at %s is not in the history of branch %s, so the changes are told since an earlier release", outside.Version, release.Short(outside.Commit), d.Channel.Branch)
	}
	return nil
}

// firstOfLine tells the first release's changes since the highest older version that the branch contains, or since an
// even higher one left it: where each line has a branch of its own, the branch may contain ancient versions only.
func (d *draft) firstOfLine(ctx context.Context, tags map[string]tag) error {
	var best, newest tag
	for _, t := range tags {
		if t.version.Prerelease() != "" || t.version.Compare(d.Channel.Line.First()) >= 0 {
			continue
		}
		if t.version.Compare(newest.version) > 0 {
			newest = t
		}
		if t.version.Compare(best.version) <= 0 {
			continue
		}
		if ok, err := d.Repo.IsAncestor(ctx, t.ref.Commit, d.head.ID); err != nil {
			return err
		} else if ok {
			best = t
		}
	}
	left, err := d.leftAt(ctx, newest, best)
	switch {
	case err != nil:
		return err
	case left != "":
		d.since = left
		d.assume("this is the first release of the channel; changes are told since %s left the branch at %s", newest.version, release.Short(left))
	case best.version.IsZero():
		d.assume("this is the first release of the channel and no older version is in its history, so all of the branch counts as new")
	default:
		d.since = best.ref.Commit
		d.assume("this is the first release of the channel; changes are told since %s", best.version)
	}
	return nil
}

// leftAt returns where the history of a version left the branch, "" if that is not after the contained version, if any.
func (d *draft) leftAt(ctx context.Context, newest, contained tag) (string, error) {
	if newest.version.Compare(contained.version) <= 0 {
		return "", nil
	}
	base, err := d.Repo.MergeBase(ctx, newest.ref.Commit, d.head.ID)
	switch {
	case errors.Is(err, git.ErrNotFound), base == contained.ref.Commit:
		return "", nil
	case err != nil || contained.version.IsZero():
		return base, err
	}
	ok, err := d.Repo.IsAncestor(ctx, contained.ref.Commit, base)
	if !ok {
		base = ""
	}
	return base, err
}
