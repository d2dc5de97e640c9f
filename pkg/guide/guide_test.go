package guide_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/relctl/relctl/pkg/fact"
	"github.com/relctl/relctl/pkg/guide"
	"github.com/relctl/relctl/pkg/release"
	"github.com/relctl/relctl/pkg/upgrade"
)

func point(version string, facts []fact.Fact, notes ...guide.Note) guide.Point {
	return guide.Point{Version: release.MustVersion(version), Channel: "lts-2.6", Facts: &fact.Set{Facts: facts}, Notes: notes}
}

func TestEachStepTellsTheNotesThatItsReleaseBrings(t *testing.T) {
	t.Parallel()
	named := func(id string, kind guide.NoteKind, channels ...string) guide.Note {
		return guide.Note{ID: id, Kind: kind, Title: id, Impact: "x", Channels: channels}
	}
	old, stop, other := named("old", guide.NoteBreaking), named("stop", guide.NoteAction), named("other", guide.NoteBreaking, "lts-2.4")
	fresh, known := named("fresh", guide.NoteBreaking), named("known", guide.NoteKnown)
	g := guide.New(guide.Request{Product: "acme", Points: []guide.Point{
		point("2.4.6", nil, old, known), point("2.5.0", nil, old, stop, known), point("2.6.0", nil, old, stop, fresh, other, known),
	}, Steps: []upgrade.Step{{Stop: "it migrates"}, {}}})
	if len(g.Steps) != 2 || len(g.Steps[0].Breaking) != 0 || len(g.Steps[0].Other) != 1 || g.Steps[0].Other[0].Note != "stop" || g.Steps[0].Stop != "it migrates" {
		t.Errorf("first step: %+v", g.Steps)
	}
	if len(g.Steps[1].Breaking) != 1 || g.Steps[1].Breaking[0].Note != "fresh" || len(g.Steps[1].Other) != 0 {
		t.Errorf("second step: %+v", g.Steps[1])
	}
	if len(g.Known) != 1 || g.Known[0].Note != "known" {
		t.Errorf("a known issue is told as long as its file is there: %+v", g.Known)
	}
	if len(g.Act) != 1 || g.Act[0].Who != "everybody" || g.Act[0].Breaking != 1 || g.Act[0].Action != 1 {
		t.Errorf("who must act: %+v", g.Act)
	}
}

func TestTheWayBackDependsOnWhatMigrationsDelete(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		about     string
		migration fact.Attributes
		noReturn  bool
		want      string
	}{
		{"nothing to undo", fact.Attributes{Reversible: true}, false, "Nothing that is known here keeps you from it"},
		{"no way back of its own", fact.Attributes{Lock: fact.LockNone}, false, "they delete nothing, and have no way back of their own"},
		{"data is gone", fact.Attributes{Destructive: []string{"drops table x"}}, true, "**After it** there is no way back but the backup"},
	} {
		g := guide.New(guide.Request{Product: "acme", Points: []guide.Point{
			point("2.4.6", nil), point("2.4.7", []fact.Fact{{Kind: fact.Migration, Name: "0001", Attributes: c.migration}}),
		}})
		if page := string(g.Markdown()); !strings.Contains(page, c.want) || (g.Steps[0].NoReturn() != nil) != c.noReturn {
			t.Errorf("%s: no %q in\n%s", c.about, c.want, page)
		}
	}
}

func TestVolumesThatGrewStayLargeOnTheWayBack(t *testing.T) {
	t.Parallel()
	volume := func(size string) []fact.Fact {
		return []fact.Fact{{Kind: fact.Resource, Name: "PersistentVolumeClaim/data requests.storage", Attributes: fact.Attributes{Value: size}}}
	}
	for _, c := range []struct {
		before, after string
		want          bool
	}{{"1Gi", "2Gi", true}, {"1Gi", "1024Mi", false}, {"2Gi", "1Gi", false}} {
		page := string(guide.New(guide.Request{Product: "acme", Points: []guide.Point{point("2.4.6", volume(c.before)), point("2.4.7", volume(c.after))}}).Markdown())
		if got := strings.Contains(page, "leave `PersistentVolumeClaim/data requests.storage` (`2Gi`) as large as they are now"); got != c.want {
			t.Errorf("from %s to %s: %v\n%s", c.before, c.after, got, page)
		}
	}
}

func TestBreakingFactsWithoutANoteStandTogether(t *testing.T) {
	t.Parallel()
	var facts []fact.Fact
	for i := range 300 {
		facts = append(facts, fact.Fact{Kind: fact.Metric, Name: fmt.Sprintf("acme_%03d", i)})
	}
	facts = append(facts, fact.Fact{Kind: fact.Port, Name: "http", Attributes: fact.Attributes{Value: "8080/TCP"}})
	g := guide.New(guide.Request{Product: "acme", Points: []guide.Point{point("2.4.6", facts), point("2.4.7", nil)}})
	if n := len(g.Steps[0].Breaking); n != 2 {
		t.Errorf("%d entries, want one of a port and one of all metrics", n)
	}
	page := string(g.Markdown())
	for _, want := range []string{"#### metric: 300 removed\n", "- `acme_000`\n", "…and 100 more", "Take each of them out of your dashboards", "#### port http\n"} {
		if !strings.Contains(page, want) {
			t.Errorf("no %q", want)
		}
	}
	if strings.Count(page, "acme_250") > 0 {
		t.Error("tables end after 200 rows")
	}
}

func TestTheGuideSaysWhatItCannotTell(t *testing.T) {
	t.Parallel()
	from, to := point("2.4.6", nil), point("2.4.7", nil)
	from.Facts, from.Problem = nil, "./help.sh: exit status 1"
	to.Facts.Missing = []fact.Missing{{Kind: "rules", Path: "alerts/*.yaml"}}
	page := string(guide.New(guide.Request{Product: "acme", Points: []guide.Point{from, to}, Install: []guide.Page{{Name: "kubernetes", Wanted: "k8s.md"}}}).Markdown())
	for _, want := range []string{"As far as is known, nobody has to change anything", "What operators care about at 2.4.6 could not be read", "has no page k8s.md"} {
		if !strings.Contains(page, want) {
			t.Errorf("no %q in\n%s", want, page)
		}
	}
	if strings.Contains(page, "relverify") {
		t.Error("relverify knows no such release")
	}
}
