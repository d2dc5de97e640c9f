package upgrade_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/relctl/relctl/pkg/release"
	"github.com/relctl/relctl/pkg/upgrade"
)

var update = flag.Bool("update", false, "write the golden files anew")

var today = time.Date(2026, 5, 3, 10, 0, 0, 0, time.UTC)

// picture is the product's, with support windows and an end.
func picture(t *testing.T) upgrade.Picture {
	p := upgrade.Picture{Product: "acme", Now: today}
	for i, l := range product(t) {
		l.Standing.Support = release.SupportWindow{Maintenance: fmt.Sprintf("%d-03-01", 2026+i), EOL: fmt.Sprintf("%d-03-01", 2027+i)}
		p.Lines = append(p.Lines, upgrade.Drawn{Line: l, Begin: time.Date(2024+i, 9, 1, 0, 0, 0, 0, time.UTC)})
	}
	p.Lines[0].Standing.Ended = &release.Ending{Time: today.AddDate(0, -1, 0), Reason: "as announced", Successor: "lts-2.4"}
	p.Lines[2].Standing.Floor = &release.Floor{Version: v("3.0.1"), Reason: "tokens in logs"}
	return p
}

// harmless are the elements of a picture.
var harmless = strings.Fields("svg title desc style rect text defs marker path line circle g")

// texts reads an SVG strictly and returns the text of all elements; names of elements that could act are an error.
func texts(t *testing.T, svg []byte) string {
	t.Helper()
	var out strings.Builder
	d := xml.NewDecoder(bytes.NewReader(svg))
	for {
		tok, err := d.Token()
		if errors.Is(err, io.EOF) {
			return out.String()
		}
		if err != nil {
			t.Fatalf("%v in\n%s", err, svg)
		}
		switch x := tok.(type) {
		case xml.StartElement:
			if !slices.Contains(harmless, x.Name.Local) {
				t.Errorf("an element %s", x.Name.Local)
			}
			for _, a := range x.Attr {
				if strings.HasPrefix(a.Name.Local, "on") || a.Name.Local == "href" {
					t.Errorf("an attribute %s", a.Name.Local)
				}
			}
		case xml.CharData:
			out.Write(x)
		case xml.ProcInst, xml.Directive, xml.Comment:
			t.Errorf("%T in the picture", x)
		}
	}
}

func TestThePictureIsTheSameEveryTimeAndSaysInWordsWhatItShows(t *testing.T) {
	svg := picture(t).SVG()
	if again := picture(t).SVG(); !bytes.Equal(svg, again) {
		t.Error("two pictures of the same differ")
	}
	golden := filepath.Join("testdata", "graph.svg")
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(golden, svg, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil || !bytes.Equal(svg, want) {
		t.Errorf("%v; the picture is not that of %s; go test ./pkg/upgrade -update, and look at it", err, golden)
	}
	said := texts(t, svg)
	for _, words := range []string{
		"2.4.3 was withdrawn: loses data", "2.4.1 is a required stop: migrates the index", "lts-2.2: ended on 2026-04-03: as announced",
		"3.0.0 lies below 3.0.1", "2.4.7 may go to 3.0.1", "2.2.9 goes to 2.4.1 first",
	} {
		if !strings.Contains(said, words) {
			t.Errorf("it does not say %q:\n%s", words, said)
		}
	}
}

func TestABlockedWayIsDrawnAsOne(t *testing.T) {
	svg := upgrade.Picture{Product: "acme", Now: today, Lines: []upgrade.Drawn{
		{Line: line(t, "2.2", "2.2.9", release.Upgrades{})},
		{Line: line(t, "2.4", "2.4.0 2.4.1", release.Upgrades{From: ">=2.2.0", Blocked: []release.Block{{From: "=2.2.9", To: "<2.4.2", Reason: "1 fix would go missing"}}})},
		{Line: line(t, "2.6", "2.6.0", release.Upgrades{From: ">=2.2.0"})},
	}}.SVG()
	said := texts(t, svg)
	for _, words := range []string{"2.2.9 may not go to 2.4.1: 1 fix would go missing", "2.2.9 may go to 2.6.0", "2.4.1 may go to 2.6.0"} {
		if !strings.Contains(said, words) {
			t.Errorf("it does not say %q", words)
		}
	}
	if n := bytes.Count(svg, []byte(`class="shut"`)); n != 1 {
		t.Errorf("%d blocked ways", n)
	}
}

func TestHostileTextsComeOutAsText(t *testing.T) {
	const evil = "</title><script>alert(1)</script>]]>\x1b[31m\u202e\xff\" onload=\"x"
	p := picture(t)
	p.Product = evil
	p.Lines[0].Standing.Channel = evil
	p.Lines[0].Standing.Ended.Reason = evil
	s := p.Lines[1].Standing
	s.Withdrawn[0].Reason, s.Upgrade.Stops[0].Reason, s.Upgrade.Blocked[0].Reason = evil, evil, evil
	svg := p.SVG()
	said := texts(t, svg)
	if !strings.Contains(said, "<script>alert(1)</script>") || strings.ContainsAny(said, "\x1b\u202e") {
		t.Errorf("%q", said)
	}
}

func TestALongLineIsDrawnByItsStopsItsFirstAndItsNewest(t *testing.T) {
	var list []string
	for i := range 60 {
		list = append(list, fmt.Sprintf("2.4.%d", i))
	}
	l := line(t, "2.4", strings.Join(list, " "), release.Upgrades{Stops: []release.Stop{{Version: v("2.4.20"), Reason: "index"}}})
	said := texts(t, upgrade.Picture{Product: "acme", Now: today, Lines: []upgrade.Drawn{{Line: l}}}.SVG())
	for words, want := range map[string]bool{"2.4.0\n": true, "2.4.20 is a": true, "2.4.59": true, "2.4.30": false, "45 more not drawn": true} {
		if strings.Contains(said, strings.TrimSuffix(words, "\n")) != want {
			t.Errorf("%q: %v, want %v", words, !want, want)
		}
	}
}

func TestAProductWithoutReleasesIsDrawnToo(t *testing.T) {
	said := texts(t, upgrade.Picture{Product: "acme", Now: today, Lines: []upgrade.Drawn{{Line: line(t, "2.4", "", release.Upgrades{})}}}.SVG())
	if !strings.Contains(said, "no release yet") {
		t.Error(said)
	}
}
