package ring_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/relctl/relctl/pkg/channel"
	"github.com/relctl/relctl/pkg/ledger"
	"github.com/relctl/relctl/pkg/ring"
)

func TestAPolicyIsWhatTheChannelFileSays(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"product.yaml": "name: acme\n",
		"rolling.yaml": `kind: rolling
branch: main
rings:
  - {name: dogfood, cells: [internal]}
  - {name: canary, soak: 2h, gap: 5m, cells: [eu-1], gates: [{name: errors, command: [./errors.sh]}]}
freeze:
  - {name: year-end, from: 2026-12-20, to: 2027-01-04, timezone: Europe/Berlin}
  - {name: weekend, weekdays: [fri], start: "18:00", end: "08:00"}
`,
	} {
		if err := os.MkdirAll(filepath.Join(dir, "channels"), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "channels", name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	set, err := channel.Load(os.DirFS(dir))
	if err != nil {
		t.Fatal(err)
	}
	c, err := set.Channel("rolling")
	if err != nil {
		t.Fatal(err)
	}
	p := ring.PolicyOf(c)
	canary := p.Rings[1]
	if p.Channel != "rolling" || len(p.Rings) != 2 || canary.Soak != 2*time.Hour || canary.MaxGap != 5*time.Minute || canary.Gates[0] != "errors" || canary.Cells[0] != "eu-1" {
		t.Errorf("%+v", p)
	}
	s := newService(t, p)
	s.cut("1.0.0")
	s.Now = time.Date(2026, 12, 25, 12, 0, 0, 0, time.UTC) // a Friday
	s.expect("dogfood", ring.Frozen, "frozen by year-end until 2027-01-04 23:00 UTC")
	s.Now = time.Date(2026, 3, 6, 18, 30, 0, 0, time.UTC) // a Friday, too
	s.expect("dogfood", ring.Frozen, "frozen by weekend until 2026-03-07 08:00 UTC")
}

// crowd is a channel with many rings and cells. Each ring has a release of its own, and waits for the one before.
func crowd(t testing.TB, rings, cells, observations int) *service {
	p := ring.Policy{Channel: "rolling"}
	for i := range rings {
		r := ring.Ring{Name: fmt.Sprintf("ring-%d", i), Soak: 1000 * time.Hour, Gates: []string{"errors"}}
		for j := range cells {
			r.Cells = append(r.Cells, fmt.Sprintf("cell-%d-%d", i, j))
		}
		p.Rings = append(p.Rings, r)
	}
	s := newService(t, p)
	for i := range rings {
		s.cut(fmt.Sprintf("1.%d.0", i))
		for _, r := range p.Rings[:rings-i] {
			s.must(&ledger.Event{Type: ledger.TypePromote, Promote: &ledger.Promote{Version: version(fmt.Sprintf("1.%d.0", i)), Ring: r.Name, Rings: p.Names()}})
		}
	}
	for range observations {
		s.pass(10 * time.Minute)
	}
	return s
}

func BenchmarkDecide500RingsTimesCells(b *testing.B) {
	for _, shape := range []struct{ rings, cells int }{{5, 100}, {50, 10}, {100, 5}} {
		s := crowd(b, shape.rings, shape.cells, 20)
		b.Run(fmt.Sprintf("%dx%d-with-%d-observations", shape.rings, shape.cells, len(s.Observed)), func(b *testing.B) {
			for b.Loop() {
				if d := s.Decide(); d[1].Action != ring.Wait {
					b.Fatal(d[1])
				}
			}
		})
	}
}
