package ledger

import (
	"strings"
	"testing"
	"time"

	"github.com/relctl/relctl/pkg/release"
)

func TestAWaiverOfAGateCoversWhatItNames(t *testing.T) {
	t.Parallel()
	waive := func(n uint64, w Waive) Recorded {
		return Recorded{Event: Event{Number: n, Type: TypeWaive, Channel: "rolling", Waive: &w}}
	}
	v, other := release.MustVersion("2026.1123.1"), release.MustVersion("2026.1123.2")
	scoped := &Waivers{list: []Recorded{waive(4, Waive{Gate: "orders", Ring: "canary", Release: v})}}
	wide := &Waivers{list: []Recorded{waive(3, Waive{Gate: "orders"})}} // as they were before waivers had a scope
	for _, c := range []struct {
		name       string
		of         *Waivers
		gate, ring string
		v          release.Version
		want       uint64
	}{
		{"the release in the ring", scoped, "orders", "canary", v, 4},
		{"another release", scoped, "orders", "canary", other, 0},
		{"another ring", scoped, "orders", "all", v, 0},
		{"another gate", scoped, "errors", "canary", v, 0},
		{"no ring", scoped, "orders", "", v, 0},
		{"one without scope covers every ring", wide, "orders", "all", other, 3},
		{"but no other gate", wide, "errors", "all", other, 0},
		{"none", nil, "orders", "canary", v, 0},
	} {
		if got, _, _ := c.of.Ring("rolling", c.gate, c.ring, c.v); got != c.want {
			t.Errorf("%s: event %d, want %d", c.name, got, c.want)
		}
	}
	if _, _, ok := scoped.Gate("rolling", "orders"); ok {
		t.Error("a waiver for a ring covers a cut")
	}
}

func TestAWaiverNamesItsScopeInFullOrNotAtAll(t *testing.T) {
	t.Parallel()
	v := release.MustVersion("2026.1123.1")
	for name, w := range map[string]Waive{
		"a ring without a release": {Gate: "orders", Ring: "canary"},
		"a release without a ring": {Gate: "orders", Release: v},
		"a change in a ring":       {Change: commitA, Ring: "canary", Release: v},
	} {
		w.Expires = time.Unix(9, 0)
		_, err := story(t, Event{Type: TypeWaive, Reason: "because", Waive: &w})
		if err == nil || !strings.Contains(err.Error(), "together") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
