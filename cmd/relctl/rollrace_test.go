package main

import (
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/relctl/relctl/pkg/git"
)

// TestRolloutRaces lets commands of several clones decide on the same ledger, and then push, all at once. What comes of
// it must be what some order of them gives, in which each that is refused was refused by the one before.
func TestRolloutRaces(t *testing.T) {
	t.Parallel()
	base := raceable(t)
	advance := act{what: "advance", ring: none, release: none}
	promote := act{what: "promote", ring: 0, release: 2}
	rollback := act{what: "rollback", ring: 0, release: 0}
	for name, racers := range map[string][]act{
		"four of automation":       {advance, advance, advance, advance},
		"two promotions":           {promote, promote},
		"two rollbacks":            {rollback, rollback},
		"promotion and rollback":   {promote, rollback},
		"automation and rollback":  {advance, advance, rollback},
		"promotion and rejection":  {promote, {what: "reject", ring: none, release: 2}},
		"automation and hold":      {advance, {what: "hold", ring: none, release: none}},
		"promotion and freeze":     {promote, {what: "freeze", ring: 0, release: none, name: "fair"}},
		"rollback and its freeze":  {rollback, {what: "freeze", ring: none, release: none, name: "fair"}},
		"everybody in one moment":  {advance, promote, rollback, {what: "hold", ring: 0, release: none}},
		"rollbacks of other rings": {rollback, {what: "rollback", ring: 1, release: 0}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := base.copy(t)
			var codes []bool
			for i, got := range s.race(racers) {
				codes = append(codes, got.code == 0)
				if got.crashed || got.code != 0 && got.code != 6 {
					t.Errorf("%v ended with %s: %s", s.args(racers[i]), got.how(), got.out)
				}
			}
			is, possible := s.view(), map[string]*model{}
			orders(s.model, racers, make([]bool, len(racers)), make([]bool, len(racers)), possible)
			m := possible[outcome(is, codes)]
			if m == nil {
				t.Fatalf("no order of %v gives\n%s\nbut these:\n%s", racers, outcome(is, codes), strings.Join(slices.Sorted(maps.Keys(possible)), "\n"))
			}
			s.model = m
			s.linear()
			s.deployed()
			s.converge()
		})
	}
}

// orders collects all outcomes that racers may have. Automation is a row of single steps.
func orders(m *model, racers []act, over, well []bool, out map[string]*model) {
	if !slices.Contains(over, false) {
		out[outcome(m.view(), well)] = m
		return
	}
	for i, a := range racers {
		if over[i] {
			continue
		}
		ends, ok, next := slices.Clone(over), slices.Clone(well), m
		states := m.do(a)
		if len(states) > 0 {
			next = states[0]
		}
		ends[i] = a.what != "advance" || len(states) == 0
		ok[i] = a.what == "advance" || len(states) > 0
		orders(next, racers, ends, ok, out)
	}
}

func outcome(v view, ended []bool) string { return fmt.Sprintf("%+v %v", v, ended) }

// raceable is a service whose first two rings ran two releases, with a third to promote into the first.
func raceable(t testing.TB) *story {
	t.Helper()
	s := newStory(t, 1)
	for range 2 {
		clone := filepath.Join(s.dir, fmt.Sprintf("clone-%d", len(s.clones)))
		s.clone(clone)
		s.clones = append(s.clones, clone)
	}
	advance := act{what: "advance", ring: none, release: none}
	release := func() {
		s.commit("fix: more")
		s.commits++
		s.release(crash{})
		s.pass(time.Minute)
	}
	release()
	s.do(advance, crash{})
	release()
	s.pass(2 * time.Hour)
	s.observe(1, 2*time.Hour, true, crash{})
	s.do(advance, crash{})
	release()
	want := [modelRings]viewRing{{Stays: []int{0, 1}}, {Stays: []int{0, 1}, Words: 1}, {Stays: []int{0}}}
	if got := s.view().Rings; !reflect.DeepEqual(got, want) {
		t.Fatalf("the rings are %+v", got)
	}
	return s
}

// copy is the same service again, for another test.
func (s *story) copy(t *testing.T) *story {
	t.Helper()
	r := *s.rolling
	out := &story{rolling: &r, model: s.model.clone(), rand: s.rand, commits: s.commits, manifests: map[string]string{}}
	r.t, r.dir, r.clones = t, t.TempDir(), nil
	r.bare = filepath.Join(r.dir, "remote.git")
	r.must(os.CopyFS(r.dir, os.DirFS(s.dir)))
	for _, c := range s.clones {
		clone := filepath.Join(r.dir, filepath.Base(c))
		r.gitIn(clone, "remote", "set-url", "origin", r.bare)
		r.gitIn(clone, "config", "--rename-section", "url."+s.bare, "url."+r.bare)
		r.clones = append(r.clones, clone)
	}
	var err error
	r.remote, err = git.Open(t.Context(), r.bare)
	r.must(err)
	t.Cleanup(func() { _ = r.remote.Close() })
	return out
}

// race runs commands in a clone each and lets them push when all of them are about to.
func (s *story) race(racers []act) []ran {
	s.t.Helper()
	ready, start := s.fifo("ready"), s.fifo("go")
	runs := make([]func() ran, len(racers))
	for i, a := range racers {
		runs[i] = s.command(s.clones[i], crash{waits: true}, s.args(a)...)
	}
	out := make([]ran, len(racers))
	var all sync.WaitGroup
	for i, run := range runs {
		all.Go(func() { out[i] = run() })
	}
	all.Go(func() {
		if _, err := io.ReadFull(ready, make([]byte, len(racers))); err == nil {
			_, _ = start.WriteString(strings.Repeat("\n", len(racers))) // without it the commands time out
		}
	})
	all.Wait()
	return out
}

// fifo makes a named pipe that never ends.
func (s *story) fifo(name string) *os.File {
	s.t.Helper()
	path := filepath.Join(s.dir, name)
	s.must(exec.Command("mkfifo", path).Run())
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	s.must(err)
	s.t.Cleanup(func() { _ = f.Close() })
	return f
}

// linear fails the test if the ledger or the deploy branch is anything but one line of commits.
func (s *story) linear() {
	s.t.Helper()
	for _, branch := range []string{"relctl/ledger", "relctl/deploy"} {
		if merges := s.gitIn(s.bare, "rev-list", "--min-parents=2", branch); merges != "" {
			s.t.Errorf("%s has merges:\n%s", branch, merges)
		}
	}
	if n, next := strings.Count(s.gitIn(s.bare, "rev-list", "relctl/ledger"), "\n"), s.state().Next; uint64(n) != next-1 {
		s.t.Errorf("%d commits for %d events", n, next-1)
	}
}
