package main

import (
	"context"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"sync"
	"testing"

	"github.com/relctl/relctl/internal/s3test"
)

var hexID = regexp.MustCompile(`[0-9a-f]{40}`)

// crashCommand is a command of which every side effect is disturbed.
type crashCommand struct {
	name string
	// before is what must have happened, args the command.
	before [][]string
	args   []string
	// again is what finishes it after a fault, if it is not args.
	again []string
	// then is the command for which it was done, and which clears away what it left.
	then []string
	// over are the exit codes that say that nothing was left to do.
	over []int
	// bucket puts a bucket at the end of args, whose requests are points too.
	bucket bool
}

var cutLTS = []string{
	"cut", "lts-2.4", "--key", "../keys/cosign.key", "--trust-key", "../keys/lts-2.4.key", "--trust-key", "../keys/snapshot.key", "--trust-key", "../keys/timestamp.key",
}

var cutRolling = []string{"cut", "rolling", "--key", "../keys/cosign.key"}

// buildShard builds one of two parts of the line's release.
func buildShard(part string) []string {
	return []string{"build", "lts-2.4", "--plan", "../plan.json", "--shard", part, "--key", "../keys/shards.key"}
}

var cutShards = append(slices.Clone(cutLTS), "--from-shards", "2")

var crashCommands = []crashCommand{
	{name: "cut lts-2.4", args: cutLTS, over: []int{5}},
	{name: "build lts-2.4", before: [][]string{buildShard("2/2")}, args: buildShard("1/2"), then: cutShards},
	{name: "cut from shards", before: [][]string{buildShard("1/2"), buildShard("2/2")}, args: cutShards, over: []int{5}},
	{name: "cut rolling", args: cutRolling, over: []int{5}},
	{name: "promote rolling", before: [][]string{cutRolling}, args: []string{"promote", "rolling", "2026.302.1"}, again: []string{"advance", "rolling"}},
	{name: "advance rolling", before: [][]string{cutRolling}, args: []string{"advance", "rolling"}},
	{name: "publish 2.4.0", before: [][]string{cutLTS}, args: []string{"publish", "2.4.0", "--to", "../mirror"}},
	{name: "publish to a bucket", before: [][]string{cutLTS}, args: []string{"publish", "2.4.0", "--to"}, bucket: true},
}

// TestCrashMatrix disturbs every side effect of the commands that release, promote and publish, one at a time: the process
// dies before or after it, the disk fills or turns read-only, the network ends, a push is refused. Nothing may be half
// visible then; and after the command is run again all must be as if nothing had happened. The points are those of an
// undisturbed run, so that a new side effect is covered by itself.
//
// Every so many of the cases run. RELCTL_CRASH=all runs all of them, RELCTL_CRASH="cut rolling" those of one command;
// RELCTL_CRASH_POINT and RELCTL_CRASH_FAULT choose one.
func TestCrashMatrix(t *testing.T) {
	t.Parallel()
	base := newCrashWorld(t)
	base.trust()
	base.plan()
	var all []*crashMatrix
	for _, c := range crashCommands {
		all = append(all, newCrashMatrix(t, base, c))
	}
	checkPoints(t, all)
	if os.Getenv("RELCTL_CRASH") == "all" && os.Getenv("RELCTL_CRASH_POINT") == "" && writePage() {
		t.Cleanup(func() { writeResult(t, all) })
	}
	for _, m := range all {
		t.Run(m.name, func(t *testing.T) {
			t.Parallel()
			for i, k := range m.cases() {
				if !chosen(m.name, i, k) {
					continue
				}
				t.Run(k.String(), func(t *testing.T) {
					t.Parallel()
					t.Cleanup(func() { m.note(t, k) })
					m.check(t, k)
				})
			}
		})
	}
}

// sampled is how many cases share one that runs by default.
const sampled = 200

func chosen(command string, i int, k crashCase) bool {
	if point := os.Getenv("RELCTL_CRASH_POINT"); point != "" {
		fault := os.Getenv("RELCTL_CRASH_FAULT")
		return k.point == point && (fault == "" || fault == k.fault)
	}
	switch which := os.Getenv("RELCTL_CRASH"); which {
	case "":
		return i%sampled == sampled/2
	case "all":
		return true
	default:
		return which == command
	}
}

// crashMatrix is a command with all that can happen to it.
type crashMatrix struct {
	crashCommand
	start *crashWorld
	// points are its side effects in order; before and whole is what is seen before and after an undisturbed run.
	points        []string
	before, whole seen

	mu sync.Mutex
	// ran is how many cases did, failed are those that failed.
	ran    int
	failed []crashCase
}

// note remembers how a case ended.
func (m *crashMatrix) note(t *testing.T, k crashCase) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.ran++
	if t.Failed() {
		m.failed = append(m.failed, k)
	}
}

func newCrashMatrix(t *testing.T, base *crashWorld, c crashCommand) *crashMatrix {
	t.Helper()
	m := &crashMatrix{crashCommand: c, start: base.copy(t)}
	for _, args := range c.before {
		m.start.well(args...)
	}
	m.before = m.start.look()
	w := m.start.copy(t)
	log := w.path("points")
	served := m.serve(w, crashCase{})
	if got := served.run(w.watched("", "", log)); got.code != 0 {
		t.Fatalf("undisturbed, it ended with %s: %s", got.how(), got.out)
	}
	var err error
	m.points, err = readPoints(log)
	w.must(err)
	if c.bucket { // what it does here is what it does for a folder
		m.points = served.gateway.points
	}
	if c.again != nil {
		w.well(c.again...)
	}
	if c.then != nil {
		w.well(c.then...)
	}
	m.whole = w.look()
	if text := m.whole.half(w, m.before, m.whole) + w.verified(m.whole); text != "" {
		t.Fatalf("undisturbed:\n%s", text)
	}
	return m
}

// crashCase is one fault at one point.
type crashCase struct{ point, fault string }

func (k crashCase) String() string { return k.point + ", " + k.fault }

func (m *crashMatrix) cases() []crashCase {
	var out []crashCase
	for _, p := range m.points {
		for _, f := range faultsOf(p) {
			out = append(out, crashCase{p, f})
		}
	}
	return out
}

// check lets a fault happen, looks, runs the command again, and looks again.
func (m *crashMatrix) check(t *testing.T, k crashCase) {
	w := m.start.copy(t)
	served := m.serve(w, k)
	first := served.run(w.watched(k.point, k.fault, ""))
	if _, err := os.Stat(w.path("hit")); err != nil {
		t.Fatalf("the command did not come to this point: %s: %s", first.how(), first.out)
	}
	if dies := k.fault == dieBefore || k.fault == dieAfter; dies != first.crashed {
		t.Fatalf("it ended with %s: %s", first.how(), first.out)
	}
	if text := w.look().half(w, m.before, m.whole); text != "" {
		t.Errorf("after the fault:\n%s%s", text, first.out)
	}
	if served.gateway != nil {
		served.gateway.open()
	}
	if m.again != nil {
		served.args = m.again
	}
	second := served.run(nil)
	if m.then != nil {
		w.well(m.then...)
	}
	end := w.look()
	if second.code != 0 && !slices.Contains(m.over, second.code) {
		t.Errorf("again, it ended with %s: %s", second.how(), second.out)
	}
	if text := end.differs(m.whole) + w.verified(end); text != "" {
		t.Errorf("in the end:\n%s\nthe first run said\n%s\nthe second\n%s", text, first.out, second.out)
	}
}

// served is a command with the server that it talks to.
type served struct {
	*crashWorld
	args    []string
	gateway *gateway
}

// serve starts the bucket of a command that needs one.
func (m *crashMatrix) serve(w *crashWorld, k crashCase) *served {
	w.t.Helper()
	s := &served{crashWorld: w, args: m.args}
	if !m.bucket {
		return s
	}
	w.must(os.MkdirAll(w.path("s3", "releases"), 0o755))
	real, stop, err := s3test.Start(w.t.Context(), w.path("s3"))
	w.must(err)
	w.t.Cleanup(stop)
	s.gateway = &gateway{real: real, point: k.point, fault: k.fault, hit: w.path("hit")}
	server := httptest.NewServer(s.gateway)
	w.t.Cleanup(server.Close)
	s.args = append(slices.Clone(m.args), "s3://releases/acme?endpoint="+server.URL)
	return s
}

// run runs the command, which its server may kill.
func (s *served) run(env []string) ran {
	ctx, cancel := context.WithCancel(s.t.Context())
	defer cancel()
	if s.gateway != nil {
		s.gateway.kill = cancel
		env = append(env, "AWS_ACCESS_KEY_ID="+s3test.AccessKey, "AWS_SECRET_ACCESS_KEY="+s3test.SecretKey)
	}
	return ended(s.program(ctx, env, s.args...))
}
