package ledger

import (
	"strings"
	"testing"
	"time"

	"github.com/relctl/relctl/pkg/release"
)

func TestTextsOfObservationsHaveALength(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)
	named := func(name string) *Observe {
		return &Observe{Kind: ObserveCheck, Commit: commitA, Check: name, Status: release.Pass}
	}
	at := func(details string) *Observe {
		o := named("e2e")
		o.Details = details
		return o
	}
	revision := func(text string) *Observe {
		return &Observe{Kind: ObserveDeployed, Cell: "eu-1", Ring: "canary", Version: version("1.0.0"), From: now.Add(-time.Hour), Revision: text}
	}
	for name, c := range map[string]struct {
		make      func(string) *Observe
		fill      string
		most      int // how many of fill
		prefix    string
		emptyFits bool
	}{
		"the name of a check":    {make: named, fill: "试", most: 200},
		"the path of an address": {make: at, prefix: "https://ci.acme.example/", fill: "x", most: 1000, emptyFits: true},
		"that of a long host":    {make: at, prefix: "https://" + strings.Repeat("h", 300) + "/", fill: "x", most: 1000, emptyFits: true},
		"a revision":             {make: revision, fill: "r", most: 200},
	} {
		for n, fits := range map[int]bool{0: c.emptyFits, 1: true, c.most: true, c.most + 1: false} {
			err := c.make(c.prefix + strings.Repeat(c.fill, n)).check(&Event{Time: now})
			if fits != (err == nil) {
				t.Errorf("%s of %d characters: %v", name, n, err)
			}
		}
	}
}
