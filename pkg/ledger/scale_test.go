package ledger

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
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

// A list with room behind its end would be shared by two states that fold on from one: the second event would take the
// place of the first.
func TestClonesHaveNoRoomInCommon(t *testing.T) {
	s := NewState()
	s.Channels["rolling"] = &Channel{Rings: map[string]*Ring{"canary": {}}}
	fill := func(v reflect.Value) {
		for i := range v.NumField() {
			if f := v.Field(i); f.Kind() == reflect.Slice {
				f.Set(reflect.MakeSlice(f.Type(), 1, 4))
			}
		}
	}
	check := func(v reflect.Value) {
		for i := range v.NumField() {
			if f := v.Field(i); f.Kind() == reflect.Slice && (f.Len() != 1 || f.Cap() != 1) {
				t.Errorf("%s.%s has room for %d behind its end", v.Type(), v.Type().Field(i).Name, f.Cap()-f.Len())
			}
		}
	}
	fill(reflect.ValueOf(s).Elem())
	fill(reflect.ValueOf(s.Channels["rolling"]).Elem())
	fill(reflect.ValueOf(s.Channels["rolling"].Rings["canary"]).Elem())
	c := s.clone()
	check(reflect.ValueOf(c).Elem())
	check(reflect.ValueOf(c.Channels["rolling"]).Elem())
	check(reflect.ValueOf(c.Channels["rolling"].Rings["canary"]).Elem())
}
