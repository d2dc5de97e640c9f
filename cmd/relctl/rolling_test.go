package main

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/relctl/relctl/pkg/deploy"
	"github.com/relctl/relctl/pkg/release"
)

// TestRollingConverges drives the commands of a rolling channel in a random order from two clones of one remote, and
// kills many of them at some point: before or after a call of git that writes, or at a stage of a cut. After each the
// ledger must say what a simple model says, and after advance the deploy branch what the ledger says.
//
// Each seed is a story of its own. RELCTL_ROLLING_SEEDS=100-199 runs other and more of them, RELCTL_ROLLING_STEPS=200
// longer ones; a story that fails is printed with its seed.
func TestRollingConverges(t *testing.T) {
	t.Parallel()
	first, last := seeds(t, 1, 2)
	for seed := first; seed <= last; seed++ {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			s := newStory(t, seed)
			for range number(t, "RELCTL_ROLLING_STEPS", 45) {
				s.step()
			}
			s.end()
		})
	}
}

// seeds are the first and the last seed to run.
func seeds(t *testing.T, first, last uint64) (uint64, uint64) {
	text := os.Getenv("RELCTL_ROLLING_SEEDS")
	if text == "" {
		return first, last
	}
	from, to, both := strings.Cut(text, "-")
	if !both {
		to = from
	}
	var errs [2]error
	first, errs[0] = strconv.ParseUint(from, 10, 32)
	last, errs[1] = strconv.ParseUint(to, 10, 32)
	if err := errors.Join(errs[:]...); err != nil {
		t.Fatalf("RELCTL_ROLLING_SEEDS: %v", err)
	}
	return first, last
}

func number(t *testing.T, name string, otherwise int) int {
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return n
}

// story is a service that lives through one random sequence of commands.
type story struct {
	*rolling
	model *model
	rand  *rand.Rand
	// commits is how many there are to release, one by one; unfinished says that the cut of the last died.
	commits    int
	unfinished bool
	// manifests are those that a ring had with a release: they never change.
	manifests map[string]string
	told      []string
	crashes   int
}

func newStory(t testing.TB, seed uint64) *story {
	s := &story{rolling: newRolling(t, 2), rand: rand.New(rand.NewPCG(seed, 10)), manifests: map[string]string{}}
	s.model = newModel(s.now)
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("RELCTL_ROLLING_SEEDS=%d\n%s", seed, strings.Join(s.told, "\n"))
		}
	})
	return s
}

func (s *story) pass(d time.Duration) {
	s.now = s.now.Add(d)
	s.model.now = s.now
}

// step is one thing that happens.
func (s *story) step() {
	s.pass(time.Minute)
	a := act{ring: s.rand.IntN(modelRings), release: none, name: "freeze-" + strconv.Itoa(s.rand.IntN(2)), emergency: s.rand.IntN(2) == 0}
	if s.model.releases > 0 {
		a.release = s.rand.IntN(s.model.releases)
	}
	choice := s.rand.IntN(20)
	switch {
	case choice < 4:
		s.cut()
		return
	case choice < 8:
		s.elapse()
		return
	case choice < 11:
		s.converge()
		return
	case a.release == none:
		return // nothing of the rest can be said before there is a release
	case choice < 13:
		a.what = "promote"
		if v := s.model.candidate(a.ring); v != none && s.rand.IntN(3) > 0 {
			a.release = v
		}
	case choice < 15:
		a.what = "rollback"
		if stays := s.model.rings[a.ring].stays; len(stays) > 0 && s.rand.IntN(3) > 0 {
			a.release = stays[s.rand.IntN(len(stays))].release
		}
	case choice < 16:
		a.what = "reject"
	case choice < 17:
		a.what = "exonerate"
	case choice < 18:
		a.what = []string{"hold", "resume"}[s.rand.IntN(2)]
		if s.rand.IntN(4) == 0 {
			a.ring = none
		}
	case choice < 19:
		a.what = "resume"
	default:
		a.what = []string{"freeze", "thaw"}[s.rand.IntN(2)]
		if s.rand.IntN(2) == 0 {
			a.ring = none
		}
	}
	s.do(a, s.crash())
}

// crash is where a command dies: nowhere, most of the time.
func (s *story) crash() crash {
	switch s.rand.IntN(4) {
	case 0:
		return crash{git: 1 + s.rand.IntN(4), verbs: "push"}
	case 1:
		return crash{git: 1 + s.rand.IntN(24), verbs: "push fetch commit-tree update-ref"}
	}
	return crash{}
}

// stages are those of a cut that leave something behind.
var stages = []string{"reserve", "build", "attest", "documents", "manifest", "sign", "stage", "stage:start", "gates", "commit:start", "commit", "reveal:start", "reveal"}

// cut releases one more commit, or finishes an earlier cut that died.
func (s *story) cut() {
	if !s.unfinished {
		if s.commits == modelReleases {
			return
		}
		s.commit(fmt.Sprintf("fix: number %d", s.commits))
		s.commits++
	}
	die := s.crash()
	if s.rand.IntN(3) == 0 {
		die = crash{stage: stages[s.rand.IntN(len(stages))]}
	}
	s.release(die)
}

// release cuts until all commits are released and to be seen, or the command dies.
func (s *story) release(die crash) {
	s.t.Helper()
	a := act{what: "cut", ring: none, release: none}
	if s.model.releases == s.commits {
		a.what = "publish"
		if s.visible(s.commits - 1) {
			a.what = "nothing"
		}
	}
	if s.unfinished = s.do(a, die).crashed; s.unfinished {
		return
	}
	for i := range s.commits {
		if !s.visible(i) {
			s.t.Fatalf("release %d is not in the store", i)
		}
	}
}

func (s *story) visible(release int) bool {
	_, err := os.Stat(filepath.Join(s.dir, "store", "releases", "rolling", s.versions()[release].String(), "release.json"))
	return err == nil
}

// elapse lets half an hour or more go by, of which most cells say how it was.
func (s *story) elapse() {
	d := time.Duration(1+s.rand.IntN(4)) * 30 * time.Minute
	s.pass(d)
	for i := range modelRings {
		if s.rand.IntN(8) > 0 {
			s.observe(i, d, s.rand.IntN(10) > 0, s.crash())
		}
	}
}

func (s *story) observe(ring int, d time.Duration, healthy bool, die crash) {
	stays := s.model.rings[ring].stays
	if len(stays) == 0 {
		return
	}
	stay := stays[len(stays)-1]
	from := s.now.Add(-d)
	if stay.at.After(from) {
		from = stay.at
	}
	s.do(act{what: "observe", ring: ring, release: stay.release, word: modelWord{from: from, to: s.now, healthy: healthy}}, die)
}

// do runs a command and holds what it did against the model.
func (s *story) do(a act, die crash) ran {
	s.t.Helper()
	before := s.model
	states := before.do(a)
	clone := s.clones[s.rand.IntN(len(s.clones))]
	args := s.args(a)
	got := s.run(clone, die, args...)
	s.told = append(s.told, fmt.Sprintf("%s %s: %s %s%s", s.now.Format("02 15:04"), filepath.Base(clone), strings.Join(args, " "), got.how(), die))
	is := s.view()
	if got.crashed {
		s.crashes++
		for _, m := range append([]*model{before}, states...) {
			if reflect.DeepEqual(m.view(), is) {
				s.model = m
				return got
			}
		}
		s.t.Fatalf("%s died, and the ledger says\n%+v\nbefore it was\n%+v", a.what, is, before.view())
	}
	nothing := a.what == "nothing" && got.code == 5
	if ok := len(states) > 0 || a.what == "advance"; ok != (got.code == 0) && !nothing {
		s.t.Fatalf("%v ended with %d, want that it is done: %v\n%s", args, got.code, ok, got.out)
	}
	if len(states) > 0 {
		s.model = states[len(states)-1]
	}
	if want := s.model.view(); !reflect.DeepEqual(want, is) {
		s.t.Fatalf("after %v the ledger says\n%+v\nthe model\n%+v\n%s", args, is, want, got.out)
	}
	if got.code == 0 && !slices.Contains([]string{"cut", "publish", "nothing", "observe"}, a.what) {
		s.deployed()
	}
	return got
}

// args is the command line of an act.
func (s *story) args(a act) []string {
	args := []string{a.what, "rolling"}
	version := ""
	if a.release != none {
		version = s.versions()[a.release].String()
	}
	switch a.what {
	case "cut", "publish", "nothing":
		return []string{"cut", "rolling", "--key", s.key}
	case "observe":
		status := release.Fail
		if a.word.healthy {
			status = release.Pass
		}
		s.signAs(modelCellName(a.ring))
		return []string{
			"observe", "health", "rolling", version, "--cell", modelCellName(a.ring), "--status", string(status),
			"--from", a.word.from.Format(time.RFC3339), "--to", a.word.to.Format(time.RFC3339),
		}
	case "promote":
		return append(args, version, "--ring", modelRingName(a.ring))
	case "reject", "exonerate":
		return append(args, version, "--reason", "why")
	case "rollback":
		args = append(args, "--to", version)
		if a.emergency {
			args = append(args, "--emergency")
		}
	case "freeze", "thaw":
		args = append(args, "--name", a.name)
	case "advance":
		return args
	}
	if a.ring != none && a.what != "thaw" {
		args = append(args, "--ring", modelRingName(a.ring))
	}
	return append(args, "--reason", "why")
}

// deployed holds the deploy branch against the model: every cell has what its ring runs, and nothing else.
func (s *story) deployed() {
	s.t.Helper()
	if diff := s.undeployed(); diff != "" {
		s.t.Fatal(diff)
	}
}

func (s *story) undeployed() string {
	files := s.deployBranch()
	versions := s.versions()
	for i := range modelRings {
		want, is := "", ""
		if v := s.model.rings[i].runs(); v != none {
			want = versions[v].String()
		}
		dir := path.Join("rendered", modelRingName(i), modelCellName(i))
		if files == nil {
			if want != "" {
				return fmt.Sprintf("%s runs %s, and there is no deploy branch", dir, want)
			}
			continue
		}
		d, err := deploy.ReadDeployed(files, modelRingName(i), modelCellName(i))
		s.must(err)
		if d != nil {
			is = d.Version.String()
		}
		if is != want {
			return fmt.Sprintf("%s is at %q, the ledger says %q", dir, is, want)
		}
		if want == "" {
			continue
		}
		data, err := fs.ReadFile(files, path.Join(dir, "manifests.yaml"))
		s.must(err)
		if was, ok := s.manifests[dir+want]; ok && was != string(data) {
			return fmt.Sprintf("the manifests of %s in %s were\n%s\nand are\n%s", want, dir, was, data)
		}
		s.manifests[dir+want] = string(data)
	}
	return ""
}

// converge advances until there is nothing to do, crashes or not, and then once more.
func (s *story) converge() {
	s.t.Helper()
	s.do(act{what: "advance", ring: none, release: none}, s.crash())
	s.do(act{what: "advance", ring: none, release: none}, crash{})
	before := s.refs()
	for _, clone := range s.clones {
		if out := s.run(clone, crash{}, "advance", "rolling"); out.code != 0 || !strings.HasPrefix(out.out, "nothing to do") {
			s.t.Fatalf("advance has no end: %s", out.out)
		}
	}
	if after := s.refs(); after != before {
		s.t.Fatalf("advance wrote something with nothing to do:\n%s\n%s", before, after)
	}
	if out := s.run(s.clones[0], crash{}, "ledger", "verify"); out.code != 0 {
		s.t.Fatalf("ledger verify: %s", out.out)
	}
}

// end lets everything go on, until the newest release runs everywhere.
func (s *story) end() {
	s.t.Helper()
	if s.model.held {
		s.do(act{what: "resume", ring: none, release: none}, crash{})
	}
	for name, ring := range s.model.frozen {
		s.do(act{what: "thaw", ring: ring, release: none, name: name}, crash{})
	}
	for i, r := range s.model.rings {
		if r.held || r.rolledBack {
			s.do(act{what: "resume", ring: i, release: none}, crash{})
		}
	}
	if s.unfinished {
		s.release(crash{})
	}
	s.commit("fix: the last")
	s.commits++
	s.release(crash{})
	newest := s.model.releases - 1
	for s.model.rings[modelRings-1].runs() != newest {
		if s.now.Sub(begin) > 90*24*time.Hour {
			s.t.Fatalf("the newest release never reaches all rings: %+v", s.model.view())
		}
		s.do(act{what: "advance", ring: none, release: none}, crash{})
		s.pass(2 * time.Hour)
		for i := range modelRings {
			s.observe(i, 2*time.Hour, true, crash{})
		}
	}
	s.converge()
	if s.crashes == 0 {
		s.t.Error("nothing ever died")
	}
	s.t.Logf("%d releases, %d commands died", s.model.releases, s.crashes)
}

// view is what the ledger says, folded from its first event.
func (s *story) view() view {
	s.t.Helper()
	st := s.state()
	v := view{}
	c := st.Channels["rolling"]
	if c == nil {
		return v
	}
	v.Releases, v.Held = len(c.Releases), c.Held != nil
	for i, r := range c.Releases {
		if r.Rejected != 0 {
			v.Rejected = append(v.Rejected, i)
		}
		if c.Voided(r.Version) != nil {
			v.Voided = append(v.Voided, i)
		}
	}
	for _, f := range st.Freezes {
		v.Frozen = append(v.Frozen, f.Name+" of "+strings.Join(append(f.Rings, "all")[:1], ""))
	}
	for i := range v.Rings {
		r := c.Rings[modelRingName(i)]
		if r == nil {
			continue
		}
		v.Rings[i] = viewRing{Held: r.Held != nil, RolledBack: r.RolledBack != nil}
		for _, stay := range r.Stays {
			v.Rings[i].Stays = append(v.Rings[i].Stays, c.Index(stay.Version))
		}
		for _, o := range c.Observations {
			if o.Ring == modelRingName(i) {
				v.Rings[i].Words++
			}
		}
	}
	return v
}
