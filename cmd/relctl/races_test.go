package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// countingGit is a git that counts pushes.
const countingGit = `#!/bin/sh
PATH=${PATH#*:}
case " $* " in *" push "*) echo >>"$RACE_PUSHES" ;; esac
exec git "$@"
`

// enough is how often a process may be told to come again before it counts as starved.
const enough = 40

// TestProcessesRaceForOneRemote lets processes in clones of their own cut a line, cut the service, approve and promote, all
// at once, round after round: each round has one fix and one change to release. Of each there must be one release, the
// ledger a line of commits, and everybody done after a bounded number of tries.
//
// RELCTL_RACE_PROCESSES=32 RELCTL_RACE_ROUNDS=200 is the whole of it.
func TestProcessesRaceForOneRemote(t *testing.T) {
	t.Parallel()
	if ok, err := condition("prog:ssh-keygen"); err != nil || !ok {
		t.Skipf("ssh-keygen is missing: %v", err)
	}
	w := newCrashWorld(t)
	w.approvable()
	rounds, processes := number(t, "RELCTL_RACE_ROUNDS", 1), number(t, "RELCTL_RACE_PROCESSES", 8)
	w.write("counting/git", countingGit, 0o700)
	r := &racers{crashWorld: w}
	for i := range processes {
		clone := w.path(fmt.Sprintf("clone-%d", i))
		w.git(w.dir, "clone", "--quiet", "remote.git", clone)
		w.git(clone, "config", "url."+w.path("remote.git")+".insteadOf", rollingAddress)
		w.git(clone, "config", "remote.origin.url", w.path("remote.git"))
		r.clones = append(r.clones, clone)
	}
	for round := range rounds {
		if round%20 == 19 {
			r.tidy()
		}
		r.round(round, processes)
	}
	r.told(rounds)
}

// approvable lets the line ask for an approval, and everybody sign one.
func (w *crashWorld) approvable() {
	w.t.Helper()
	w.must(exec.Command("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "qa", "-f", w.path("keys", "qa")).Run())
	public, err := os.ReadFile(w.path("keys", "qa.pub"))
	w.must(err)
	w.git(w.dir, "config", "--file", "gitconfig", "gpg.format", "ssh")
	w.git(w.dir, "config", "--file", "gitconfig", "user.signingKey", w.path("keys", "qa.pub"))
	w.write("repo/channels/product.yaml", crashFiles["channels/product.yaml"]+
		fmt.Sprintf("roles:\n  qa:\n    - {name: qa, ssh: %q}\n", strings.TrimSpace(string(public))), 0o644)
	w.write("repo/channels/lts-2.4.yaml", crashFiles["channels/lts-2.4.yaml"]+"gates:\n  - {name: qa, approval: {role: qa, count: 1}}\n", 0o644)
	w.git(w.path("repo"), "commit", "--quiet", "--all", "--message", "ci: ask quality assurance")
	w.git(w.path("repo"), "push", "--quiet", "origin", "main")
}

// racers are processes with a clone each.
type racers struct {
	*crashWorld
	clones []string
	mu     sync.Mutex
	// tries and pushes are how many each process of each round made.
	tries, pushes []int
}

// job is what a process does until it is done.
type job struct {
	args []string
	// done and again are exit codes: that it is done, whoever did it, and that it is to come again.
	done, again []int
}

var jobs = []job{
	{args: []string{"cut", "lts-2.4", "--key", "../keys/cosign.key"}, done: []int{0, 5}, again: []int{6}},
	{args: []string{"approve", "lts-2.4", "--gate", "qa"}, done: []int{0, 5}},
	{args: []string{"cut", "rolling", "--key", "../keys/cosign.key"}, done: []int{0, 5}},
	{args: []string{"advance", "rolling"}, done: []int{0}, again: []int{5}},
}

// round lets everybody do their job and looks at what came of it.
func (r *racers) round(n, processes int) {
	r.t.Helper()
	repo := r.path("repo")
	for _, c := range [][]string{{"release/2.4", "fix: number %d"}, {"main", "feat: number %d"}} {
		r.git(repo, "checkout", "--quiet", c[0])
		r.git(repo, "commit", "--quiet", "--allow-empty", "--message", fmt.Sprintf(c[1], n))
		r.git(repo, "push", "--quiet", "origin", c[0])
	}
	var all sync.WaitGroup
	for i := range processes {
		all.Go(func() { r.work(i, jobs[(i+n)%len(jobs)]) })
	}
	all.Wait()
	r.judge(n)
}

// tidy packs what has come, as git does of itself where nobody asked it not to.
func (r *racers) tidy() {
	r.t.Helper()
	for _, repo := range append(slices.Clone(r.clones), r.path("repo"), r.path("remote.git")) {
		r.git(repo, "gc", "--quiet", "--prune=now")
	}
}

// work runs a job until it is done.
func (r *racers) work(i int, j job) {
	log := filepath.Join(r.clones[i], ".git", "pushes")
	_ = os.Remove(log)
	var last ran
	for try := 1; try <= enough; try++ {
		cmd := r.program(r.t.Context(), []string{"PATH=" + r.path("counting") + ":" + os.Getenv("PATH"), "RACE_PUSHES=" + log}, j.args...)
		cmd.Dir = r.clones[i]
		last = ended(cmd)
		if slices.Contains(j.done, last.code) {
			data, _ := os.ReadFile(log)
			r.mu.Lock()
			r.tries, r.pushes = append(r.tries, try), append(r.pushes, strings.Count(string(data), "\n"))
			r.mu.Unlock()
			return
		}
		if !slices.Contains(j.again, last.code) {
			break
		}
	}
	r.t.Errorf("relctl %v ended with %s: %s", j.args, last.how(), last.out)
}

// judge holds one release for each version of the rounds so far, and a ledger that is a line.
func (r *racers) judge(n int) {
	r.t.Helper()
	s := r.look()
	ledger := s.Refs["refs/heads/relctl/ledger"]
	if got := strings.Count(ledger, ": cut "); got != 2*(n+1) {
		r.t.Errorf("after %d rounds there are %d releases:\n%s", n+1, got, ledger)
	}
	for i := range n + 1 {
		version := fmt.Sprintf("2.4.%d", i)
		if got := strings.Count(ledger, ": cut lts-2.4 "+version+" "); got != 1 {
			r.t.Errorf("%s was cut %d times", version, got)
		}
		if s.Refs["refs/tags/v"+version] == "" || s.Files["store/releases/lts-2.4/"+version+"/release.json"] == "" {
			r.t.Errorf("%s has no tag, or is not visible", version)
		}
	}
	for i, line := range strings.Split(strings.TrimSpace(ledger), "\n") {
		if want := fmt.Sprintf("ledger %d: ", i+1); !strings.HasPrefix(line, want) || strings.Count(line, "+") > 1 {
			r.t.Errorf("commit %d of the ledger is %q", i+1, line)
		}
	}
	if text := r.verified(s); text != "" {
		r.t.Error(text)
	}
}

// told prints how often processes had to try.
func (r *racers) told(rounds int) {
	for _, d := range []struct {
		what string
		n    []int
	}{{"tries", r.tries}, {"pushes", r.pushes}} {
		slices.Sort(d.n)
		at := func(part float64) int { return d.n[min(int(part*float64(len(d.n))), len(d.n)-1)] }
		if len(d.n) > 0 {
			r.t.Logf("%d rounds, %d processes: %s: half made up to %d, nine of ten %d, ninety-nine of a hundred %d, at most %d", rounds, len(d.n), d.what, at(0.5), at(0.9), at(0.99), at(1))
		}
	}
}
