package ledger

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/relctl/relctl/pkg/release"
)

// BenchmarkStateWith10000Observations is what each command pays for a long history of observations: to read the cache,
// to fold one event on a copy, to write the cache; next to folding it all.
func BenchmarkStateWith10000Observations(b *testing.B) {
	s := newService(b, "1.0.0")
	s.must(promote("1.0.0", "dogfood"), promote("1.0.0", "canary"))
	var all []Recorded
	for range 10000 {
		e := s.health("1.0.0", release.Pass)
		e.Schema, e.Number, e.Time, e.Channel = EventSchema, s.Next, s.at(), "rolling"
		rec := Recorded{Event: e, Commit: commitA}
		if err := s.Apply(rec); err != nil {
			b.Fatal(err)
		}
		all = append(all, rec)
	}
	path := filepath.Join(b.TempDir(), "cache")
	data, err := json.Marshal(cache{Schema: cacheSchema, State: s.State})
	if err != nil {
		b.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		b.Fatal(err)
	}
	b.Run("read", func(b *testing.B) {
		b.SetBytes(int64(len(data)))
		for b.Loop() {
			if c, err := readCache(path); err != nil || len(c.State.Channels["rolling"].Observations) != len(all) {
				b.Fatal(err)
			}
		}
	})
	b.Run("append", func(b *testing.B) {
		for b.Loop() {
			next := s.clone()
			rec := all[0]
			rec.Number = next.Next
			if err := next.Apply(rec); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("write", func(b *testing.B) {
		for b.Loop() {
			if _, err := json.Marshal(cache{Schema: cacheSchema, State: s.State}); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("fold", func(b *testing.B) {
		for b.Loop() {
			next := s.clone()
			for i := range all {
				rec := all[i]
				rec.Number = next.Next
				if err := next.Apply(rec); err != nil {
					b.Fatal(err)
				}
			}
		}
	})
}
