package plan

import (
	"strings"
	"testing"

	"github.com/relctl/relctl/pkg/history"
	"github.com/relctl/relctl/pkg/release"
)

func releasesOf(list string) []history.Released {
	var out []history.Released
	for v := range strings.FieldsSeq(list) {
		out = append(out, history.Released{Version: release.MustVersion(v)})
	}
	return out
}

func TestLossesAreToldAsRanges(t *testing.T) {
	t.Parallel()
	minor, err := release.ParseLine("2.4")
	if err != nil {
		t.Fatal(err)
	}
	major, err := release.ParseLine("2")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		about      string
		list       string
		begin, end int
		line       release.Line
		want       string
		in, out    string
	}{
		{"the newest of an older line stands for what comes after it", "2.4.0 2.4.5 2.4.7", 1, 3, minor, ">=2.4.5 <2.5.0-0", "2.4.9", "2.5.0"},
		{"also where the line is a major one", "2.4.0 2.7.1", 1, 2, major, ">=2.7.1 <3.0.0-0", "2.9.0", "3.0.0"},
		{"some in the middle", "2.4.0 2.4.5 2.4.7", 1, 2, minor, ">=2.4.5 <2.4.7", "2.4.6", "2.4.7"},
		{"the first releases of the channel, until one has the fix", "2.6.0 2.6.1 2.6.2", 0, 2, release.Line{}, "<2.6.2", "2.6.1", "2.6.2"},
		{"all releases so far; the next may have it", "2.6.0 2.6.1", 0, 2, release.Line{}, "<=2.6.1", "2.6.1", "2.6.2"},
		{"the only one so far", "2.6.0", 0, 1, release.Line{}, "=2.6.0", "2.6.0", "2.6.1"},
		{"one that took it back", "2.6.0 2.6.1 2.6.2 2.6.3", 1, 3, release.Line{}, ">=2.6.1 <2.6.3", "2.6.2", "2.6.0"},
	} {
		got := span(releasesOf(c.list), c.begin, c.end, c.line)
		r, err := release.ParseRange(got)
		if got != c.want || err != nil || !release.Within(r, release.MustVersion(c.in)) || release.Within(r, release.MustVersion(c.out)) {
			t.Errorf("%s: %q (%v), want %q, with %s and without %s", c.about, got, err, c.want, c.in, c.out)
		}
	}
}

func TestNeighboursWithTheSameGapStandTogether(t *testing.T) {
	t.Parallel()
	a, b := &history.Known{Commit: "a"}, &history.Known{Commit: "b"}
	var list []lossy
	for _, g := range []lossy{
		{first: 0, last: 0, begin: 0, end: 2, lost: []*history.Known{a}},
		{first: 1, last: 1, begin: 0, end: 2, lost: []*history.Known{a, b}},
		{first: 2, last: 2, begin: 0, end: 3, lost: []*history.Known{b}},
		{first: 4, last: 4, begin: 0, end: 3, lost: []*history.Known{b}},
	} {
		list = join(list, g)
	}
	if len(list) != 3 || list[0].last != 1 || len(list[0].lost) != 2 || list[1].last != 2 || list[2].first != 4 {
		t.Errorf("%+v", list)
	}
}

func TestAReasonTellsNobodyOfFixesThatOnlyOthersLose(t *testing.T) {
	t.Parallel()
	a, b, c := &history.Known{Commit: "aaaa", Subject: "one"}, &history.Known{Commit: "bbbb", Subject: "two"}, &history.Known{Commit: "cccc", Subject: "three"}
	for _, row := range []struct {
		about string
		ways  [][]*history.Known
		want  string
	}{
		{"the same losses on all ways", [][]*history.Known{{a, b}, {b, a}}, `2 fixes would go missing: aaaa "one", bbbb "two"`},
		{"later releases have more to lose", [][]*history.Known{{a}, {a, b}, {a, b, c}}, `1 fix would go missing: aaaa "one", and up to 2 more between others of these releases`},
		{"each way loses another", [][]*history.Known{{a}, {b}}, `up to 2 fixes would go missing: aaaa "one", bbbb "two"`},
	} {
		l := lossy{lost: row.ways[0], always: row.ways[0]}
		for _, way := range row.ways[1:] {
			l.add(way, way)
		}
		if got := l.reason(); got != row.want {
			t.Errorf("%s: %q, want %q", row.about, got, row.want)
		}
	}
}

func TestAHostileSubjectIsBearableInASignedStatement(t *testing.T) {
	t.Parallel()
	text := plainText("fix \x1b[31m\xff\n" + strings.Repeat("ä", 3000))
	if err := release.CheckTexts(text); err != nil || len(text) > 1010 {
		t.Errorf("%d bytes: %v", len(text), err)
	}
}
