package plan

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/relctl/relctl/pkg/channel"
	"github.com/relctl/relctl/pkg/git"
	"github.com/relctl/relctl/pkg/history"
	"github.com/relctl/relctl/pkg/release"
)

// Blocked returns the ways from releases of older lines to those of a channel on which a fix would go missing, though
// the channel's file offers them. Ranges of releases stand together where no way between them is without a loss. Losses
// of which somebody recorded why the line will not get them are none.
func (l Lines) Blocked(ctx context.Context, ch *channel.Channel) ([]release.Block, error) {
	if ch.Upgrade == nil {
		return nil, nil
	}
	from, err := release.ParseRange(ch.Upgrade.From)
	if err != nil {
		return nil, err
	}
	tags, err := l.tags(ctx)
	if err != nil {
		return nil, err
	}
	to := l.ordered(ch, tags)
	if len(to) == 0 {
		return nil, nil
	}
	w := ways{Lines: l, ctx: ctx, channel: ch, held: map[string]map[string]bool{}}
	var out []release.Block
	for _, other := range l.Policy.Channels {
		if other.Kind != release.LTS || other.Line.First().Compare(ch.Line.First()) >= 0 {
			continue
		}
		olds := slices.DeleteFunc(l.ordered(other, tags), func(r history.Released) bool { return !release.Within(from, r.Version) })
		blocks, err := w.blocked(other, olds, to)
		if err != nil {
			return nil, err
		}
		out = append(out, blocks...)
	}
	return out, nil
}

// Releases returns a channel's final releases, by the ledger and by the tags of its line, the lowest version first.
func (l Lines) Releases(ctx context.Context, ch *channel.Channel) ([]history.Released, error) {
	tags, err := l.tags(ctx)
	return l.ordered(ch, tags), err
}

// ordered are a channel's final releases, the lowest version first.
func (l Lines) ordered(ch *channel.Channel, tags []git.Ref) []history.Released {
	out := l.releases(ch, tags)
	slices.SortFunc(out, func(a, b history.Released) int { return a.Version.Compare(b.Version) })
	return out
}

// ways looks for losses on the ways to one channel.
type ways struct {
	Lines
	ctx     context.Context
	channel *channel.Channel
	ix      *history.Index
	// held are the fixes that stand at a commit, by the commit that brought them.
	held map[string]map[string]bool
}

// lossy is a range of releases, by place, all ways between which lose fixes.
type lossy struct {
	first, last int // of the older line
	begin, end  int // of the channel: from begin on, before end
	// lost are the fixes that some of the ways lose, and always those that each of them loses.
	lost, always []*history.Known
}

// add takes in what another way loses.
func (l *lossy) add(lost, always []*history.Known) {
	l.always = slices.DeleteFunc(slices.Clone(l.always), func(k *history.Known) bool { return !among(always, k) })
	for _, k := range lost {
		if !among(l.lost, k) {
			l.lost = append(l.lost, k)
		}
	}
}

func among(list []*history.Known, k *history.Known) bool {
	return slices.ContainsFunc(list, func(o *history.Known) bool { return o.Commit == k.Commit })
}

func (w *ways) blocked(other *channel.Channel, olds, to []history.Released) ([]release.Block, error) {
	var found []lossy
	for i, old := range olds {
		gaps, err := w.gaps(other, i, old, to)
		if err != nil {
			return nil, err
		}
		for _, g := range gaps {
			found = join(found, g)
		}
	}
	out := make([]release.Block, len(found))
	for i, f := range found {
		out[i] = release.Block{From: span(olds, f.first, f.last+1, other.Line), To: span(to, f.begin, f.end, release.Line{}), Reason: f.reason()}
	}
	return out, nil
}

// join adds what holds for one release, as a part of what held for the one before it if it is the same.
func join(list []lossy, g lossy) []lossy {
	for i := range list {
		l := &list[i]
		if l.last+1 == g.first && l.begin == g.begin && l.end == g.end {
			l.last = g.last
			l.add(g.lost, g.always)
			return list
		}
	}
	return append(list, g)
}

// gaps are the runs of the channel's releases that lack fixes of an older release.
func (w *ways) gaps(other *channel.Channel, i int, old history.Released, to []history.Released) ([]lossy, error) {
	fixes, err := w.fixes(other, old)
	if err != nil {
		return nil, err
	}
	var out []lossy
	for j, r := range to {
		lost, err := w.lost(fixes, r)
		if err != nil {
			return nil, err
		}
		n := len(out)
		switch {
		case len(lost) == 0:
		case n > 0 && out[n-1].end == j:
			out[n-1].end = j + 1
			out[n-1].add(lost, lost)
		default:
			out = append(out, lossy{first: i, last: i, begin: j, end: j + 1, lost: lost, always: lost})
		}
	}
	return out, nil
}

// fixes are those of a release that its ways must not lose.
func (w *ways) fixes(other *channel.Channel, r history.Released) ([]*history.Known, error) {
	s, err := w.at(other, r)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(s.Fixes(), func(k *history.Known) bool {
		m, marked := w.ix.Mark(k, w.channel.Name)
		return marked && m.Verdict == history.MarkWont
	}), nil
}

// lost are the fixes that a release of the channel has not.
func (w *ways) lost(fixes []*history.Known, r history.Released) ([]*history.Known, error) {
	held, ok := w.held[r.Commit]
	if !ok {
		s, err := w.at(w.channel, r)
		if err != nil {
			return nil, err
		}
		held = map[string]bool{}
		for _, k := range s.Fixes() {
			held[k.Commit] = true
		}
		w.held[r.Commit] = held
	}
	var out []*history.Known
	for _, k := range fixes {
		if !held[k.Commit] {
			out = append(out, k)
		}
	}
	return out, nil
}

// at returns what stood at a release. The history is read when it is first asked for.
func (w *ways) at(ch *channel.Channel, r history.Released) (*history.Snapshot, error) {
	if w.ix == nil {
		var err error
		if w.ix, err = w.Index(w.ctx); err != nil {
			return nil, err
		}
	}
	if err := w.Holds(w.ctx, w.ix, ch, r); err != nil {
		return nil, err
	}
	return w.ix.At(r.Commit)
}

// span writes releases, from one place to before another, as a range. The last of an older line stand for what comes
// after them in that line: their fixes stay. What a channel releases next is not known to lack anything.
func span(list []history.Released, begin, end int, line release.Line) string {
	low := ">=" + list[begin].Version.String()
	var high string
	switch {
	case end < len(list):
		high = "<" + list[end].Version.String()
	case !line.IsZero():
		high = "<" + beyond(line)
	case end-begin == 1:
		return "=" + list[begin].Version.String()
	default:
		high = "<=" + list[end-1].Version.String()
	}
	if begin == 0 && line.IsZero() {
		return high
	}
	return low + " " + high
}

// beyond is the lowest version after a line: 3.0.0-0 for 2, 2.5.0-0 for 2.4.
func beyond(line release.Line) string {
	first := line.First()
	if !strings.Contains(line.String(), ".") {
		return fmt.Sprintf("%d.0.0-0", first.Major()+1)
	}
	return fmt.Sprintf("%d.%d.0-0", first.Major(), first.Minor()+1)
}

// reason says which fixes would go missing, for people. Who is at one of the releases must not be told of fixes that
// only others of them have.
func (l *lossy) reason() string {
	told, some := l.always, len(l.lost)-len(l.always)
	words, rest := "%s would go missing: %s", ""
	switch {
	case len(told) == 0:
		told, words = l.lost, "up to %s would go missing: %s"
	case some > 0:
		rest = fmt.Sprintf(", and up to %d more between others of these releases", some)
	}
	newest := slices.SortedFunc(slices.Values(told), func(a, b *history.Known) int {
		return cmp.Or(b.Date.Compare(a.Date), strings.Compare(a.Commit, b.Commit))
	})
	return fmt.Sprintf(words, fixes(len(told)), plainText(naming(newest))) + rest
}

// plainText is a text without what a signed statement may not carry.
func plainText(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "?"))
	const most = 1000
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "") + "…"
	}
	return s
}
