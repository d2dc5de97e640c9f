package verify_test

import (
	"bytes"
	"errors"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/relctl/relctl/internal/trusttest"
	"github.com/relctl/relctl/pkg/bundle"
	"github.com/relctl/relctl/pkg/release"
	"github.com/relctl/relctl/pkg/verify"
)

// store is where a vendor publishes, by the paths that a client asks for. It remembers what was asked.
type store struct {
	files map[string][]byte
	wants []verify.Want
}

// storeOf is the store of a vendor with all its channels.
func storeOf(v *trusttest.Vendor) *store {
	var channels []string
	for _, c := range v.Channels {
		channels = append(channels, c.Name)
	}
	s := &store{files: map[string][]byte{}}
	for name, data := range v.Files(channels...) {
		if !strings.HasPrefix(name, release.StandingDir) {
			name = release.TrustDir + name
		}
		s.files[name] = data
	}
	return s
}

func (s *store) get(w verify.Want) ([]byte, error) {
	s.wants = append(s.wants, w)
	return s.files[w.Name], nil
}

// asked returns the names that were asked for since the last call, without version numbers.
func (s *store) asked() string {
	var names []string
	for _, w := range s.wants {
		name := strings.TrimPrefix(w.Name, release.TrustDir)
		names = append(names, strings.TrimLeft(name, "0123456789."))
	}
	s.wants = nil
	return strings.Join(names, " ")
}

// find returns the one stored file whose name ends so.
func (s *store) find(t *testing.T, suffix string) string {
	t.Helper()
	for name := range s.files {
		if strings.HasSuffix(name, suffix) {
			return name
		}
	}
	t.Fatalf("no file %s", suffix)
	return ""
}

var standings = verify.Wanted{Standings: []string{"lts-2.4"}}

// A site that asks again and again asks for no more than what is new, and learns all of it.
func TestGatherAsksForNothingThatIsKnown(t *testing.T) {
	t.Parallel()
	v := trusttest.Acme()
	v.AddChannel("lts-2.6", "2.6")
	v.Release("lts-2.6", "2.6.0")
	s := siteOf(t, trusttest.Case{Root: v.Roots[0], Now: trusttest.Start})
	for _, c := range []struct {
		name   string
		change func()
		asked  string
		news   []string
	}{
		{
			"the first time", func() {}, "root.json timestamp.json snapshot.json targets.json lts-2.4-status.json channels/lts-2.4.json",
			[]string{"lts-2.4: as of 3 May 2026", "lts-2.4: the newest release is 2.4.7"},
		},
		{"nothing has changed", func() {}, "root.json timestamp.json", nil},
		{"the timestamp was signed anew", func() { v.Now = v.Now.Add(day); v.Refresh() }, "root.json timestamp.json", []string{"lts-2.4: as of 4 May 2026"}},
		{"another channel has a release", func() { v.Release("lts-2.6", "2.6.1") }, "root.json timestamp.json snapshot.json", nil},
		{
			"the channel has a release", func() { v.Release("lts-2.4", "2.4.8") },
			"root.json timestamp.json snapshot.json lts-2.4-status.json channels/lts-2.4.json", []string{"lts-2.4: the newest release is 2.4.8"},
		},
		{
			"a key was replaced", func() { v.Rotate("timestamp", trusttest.NewKey("second")); v.Publish() },
			"root.json root.json timestamp.json snapshot.json targets.json", []string{"root 2, after 1"},
		},
		{
			"a channel's key was replaced", func() {
				v.Rotate("lts-2.4-status", trusttest.NewKey("third"))
				say(v, func(*release.Standing) {})
			},
			"root.json timestamp.json snapshot.json targets.json lts-2.4-status.json", nil, // which vouches for the same standing
		},
	} {
		c.change()
		shop := storeOf(v)
		files, err := verify.Gather(s.State, standings, shop.get)
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		for _, w := range shop.wants {
			data := shop.files[w.Name]
			if int64(len(data)) > w.Most || w.SHA256 != "" && "sha256:"+w.SHA256 != release.Digest(data) {
				t.Errorf("%s: %s of %d bytes is asked for with %+v", c.name, w.Name, len(data), w)
			}
		}
		if got := shop.asked(); got != c.asked {
			t.Errorf("%s: asked for\n%s, want\n%s", c.name, got, c.asked)
		}
		if issued, err := files.Issued(); err != nil || !issued.Equal(v.Now) {
			t.Errorf("%s: issued %s, %v", c.name, issued, err)
		}
		news, err := s.Take(files, verify.Options{})
		if err != nil || !slices.Equal(news, c.news) {
			t.Errorf("%s: learned %q, %v; want %q", c.name, news, err, c.news)
		}
	}
}

// What is gathered from a store and what a trust update brings are the same to a site.
func TestWhatIsGatheredTeachesWhatATrustUpdateTeaches(t *testing.T) {
	t.Parallel()
	v := trusttest.Acme()
	v.Rotate("timestamp", trusttest.NewKey("second"))
	say(v, withdraw("2.4.5"))
	world := trusttest.Case{Root: v.Roots[0], Now: trusttest.Start}
	online, offline := siteOf(t, world), siteOf(t, world)
	files, err := verify.Gather(online.State, standings, storeOf(v).get)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := online.Take(files, verify.Options{}); err != nil {
		t.Fatal(err)
	}
	accept(t, offline, v.Update("lts-2.4"))
	if !reflect.DeepEqual(online.State, offline.State) {
		t.Errorf("gathered:\n%+v\ntrust update:\n%+v", online.State, offline.State)
	}
}

// A channel of which the vendor has said nothing is left out: judging says what is missing.
func TestGatherLeavesOutWhatTheVendorHasNotSaid(t *testing.T) {
	t.Parallel()
	v := trusttest.Acme()
	files, err := verify.Gather(&verify.State{}, verify.Wanted{Standings: []string{"lts-9.9"}, Releases: "lts-9.9"}, storeOf(v).get)
	if err != nil || len(files) != 4 {
		t.Errorf("%v, %v", slices.Sorted(maps.Keys(files)), err)
	}
	if all, err := files.Listed("lts-9.9"); err != nil || len(all) != 0 {
		t.Errorf("releases %v, %v", all, err)
	}
	quiet := trusttest.New("acme")
	quiet.AddChannel("lts-2.4", "2.4")
	quiet.Hook = func(role string, signed map[string]any, keys []*trusttest.Key) []*trusttest.Key {
		if role == "lts-2.4-status" {
			signed["targets"] = map[string]any{}
		}
		return keys
	}
	quiet.Publish()
	if files, err = verify.Gather(&verify.State{}, standings, storeOf(quiet).get); err != nil || files[release.StandingTarget("lts-2.4")] != nil {
		t.Errorf("a role without a standing: %v, %v", slices.Sorted(maps.Keys(files)), err)
	}
}

// saying changes what a role signs.
func saying(role string, change func(signed map[string]any)) func(*trusttest.Vendor) {
	return func(v *trusttest.Vendor) {
		v.Hook = func(r string, signed map[string]any, keys []*trusttest.Key) []*trusttest.Key {
			if r == role {
				change(signed)
			}
			return keys
		}
		v.Rotate("lts-2.4", v.Roles["lts-2.4"].Keys...) // has targets signed anew
		say(v, func(*release.Standing) {})
	}
}

// A store that is broken or hostile is told by what is wrong with it, before its files grow without bound.
func TestGatherRefusesABrokenStore(t *testing.T) {
	t.Parallel()
	end := errors.New("the line was cut")
	for _, c := range []struct {
		name   string
		code   string
		vendor func(*trusttest.Vendor)
		change func(t *testing.T, s *store)
		get    func(s *store, w verify.Want) ([]byte, error)
	}{
		{name: "no timestamp: not a store's address", code: verify.CodeTrustMissing, change: without("timestamp.json")},
		{name: "a web page in the timestamp's place", code: verify.CodeTrustForm, change: replaced("timestamp.json", []byte("<html>not found</html>"))},
		{name: "a timestamp longer than it may be", code: verify.CodeTrustForm, change: replaced("timestamp.json", bytes.Repeat([]byte(" "), 65<<10))},
		{name: "no snapshot", code: verify.CodeTrustMissing, change: without(".snapshot.json")},
		{name: "another snapshot", code: verify.CodeTrustDigest, change: replaced(".snapshot.json", []byte("{}"))},
		{name: "a longer snapshot", code: verify.CodeTrustForm, change: replaced(".snapshot.json", bytes.Repeat([]byte(" "), 1<<20))},
		{name: "a snapshot of a later TUF", code: verify.CodeTrustForm, vendor: saying("snapshot", func(m map[string]any) { m["spec_version"] = "2.0.0" })},
		{name: "no targets", code: verify.CodeTrustMissing, change: without(".targets.json")},
		{name: "no list of releases", code: verify.CodeTrustMissing, change: without(".lts-2.4.json")},
		{name: "no status", code: verify.CodeTrustMissing, change: without("-status.json")},
		{name: "a longer standing", code: verify.CodeTrustForm, change: replaced("channels/lts-2.4.json", bytes.Repeat([]byte(" "), 1<<20))},
		{name: "a root that is longer than a root", code: verify.CodeTrustForm, change: replaced("1.root.json", make([]byte, 1<<20))},
		{name: "roots without end", code: verify.CodeTrustForm, get: func(_ *store, w verify.Want) ([]byte, error) { return make([]byte, w.Most), nil }},
		{name: "a line that is cut", get: func(*store, verify.Want) ([]byte, error) { return nil, end }},
		{name: "a line that is cut after the roots", get: func(s *store, w verify.Want) ([]byte, error) {
			if strings.HasSuffix(w.Name, "timestamp.json") {
				return nil, end
			}
			return s.get(w)
		}},
		{name: "a line that is cut after the timestamp", get: func(s *store, w verify.Want) ([]byte, error) {
			if strings.HasSuffix(w.Name, "snapshot.json") {
				return nil, end
			}
			return s.get(w)
		}},
	} {
		v := trusttest.Acme()
		if c.vendor != nil {
			c.vendor(v)
		}
		s := storeOf(v)
		if c.change != nil {
			c.change(t, s)
		}
		if c.get == nil {
			c.get = (*store).get
		}
		asked := 0
		files, err := verify.Gather(&verify.State{}, verify.Wanted{Standings: []string{"lts-2.4"}, Releases: "lts-2.4"}, func(w verify.Want) ([]byte, error) {
			asked++
			return c.get(s, w)
		})
		var no *verify.Refusal
		switch {
		case c.code == "":
			if !errors.Is(err, end) {
				t.Errorf("%s: %v", c.name, err)
			}
		case !errors.As(err, &no) || no.Code != c.code || no.Hint() == "":
			t.Errorf("%s: %v, want a refusal by %s", c.name, err, c.code)
		}
		if files != nil || asked > 2000 {
			t.Errorf("%s: %d files, %d were asked for", c.name, len(files), asked)
		}
	}
}

func without(suffix string) func(*testing.T, *store) {
	return func(t *testing.T, s *store) {
		t.Helper()
		delete(s.files, s.find(t, suffix))
	}
}

func replaced(suffix string, data []byte) func(*testing.T, *store) {
	return func(t *testing.T, s *store) {
		t.Helper()
		s.files[s.find(t, suffix)] = data
	}
}

// A store that gives small roots for ever is left after as many as a walk may pass.
func TestGatherEndsThoughTheRootsDoNot(t *testing.T) {
	t.Parallel()
	roots := 0
	_, err := verify.Gather(&verify.State{}, standings, func(w verify.Want) ([]byte, error) {
		if strings.HasSuffix(w.Name, "root.json") {
			roots++
			return []byte("{}"), nil
		}
		return nil, nil
	})
	if err == nil || roots != release.MaxRoots {
		t.Errorf("%d roots, %v", roots, err)
	}
	if roots*2 > bundle.MaxTrustBytes {
		t.Error("the budget of bytes has stopped it, not the number")
	}
}

// The list of a channel's releases names what can be pulled; a list that speaks of anything else is no list.
func TestListedNamesTheReleasesOfAChannel(t *testing.T) {
	t.Parallel()
	list := func(t *testing.T, v *trusttest.Vendor) (string, error) {
		t.Helper()
		files, err := verify.Gather(&verify.State{}, verify.Wanted{Releases: "lts-2.4"}, storeOf(v).get)
		if err != nil {
			t.Fatal(err)
		}
		all, err := files.Listed("lts-2.4")
		slices.SortFunc(all, release.Version.Compare)
		var out []string
		for _, x := range all {
			out = append(out, x.String())
		}
		return strings.Join(out, " "), err
	}
	if got, err := list(t, trusttest.Acme()); got != "2.4.5 2.4.6 2.4.7" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	for _, path := range []string{
		"releases/lts-2.6/2.6.0/release.json", "releases/lts-2.4/release.json", "releases/lts-2.4/latest/release.json", "releases/lts-2.4/2.4.7/other.json",
		"releases/lts-2.4/02.4.7/release.json", "releases/lts-2.4/../../etc/passwd", "2.4.9/release.json", "releases/lts-2.4/2.4.9",
	} {
		v := trusttest.Acme()
		saying("lts-2.4", func(m map[string]any) {
			targets := m["targets"].(map[string]any)
			targets[path] = targets["releases/lts-2.4/2.4.7/release.json"]
		})(v)
		if got, err := list(t, v); got != "" || err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %q, %v", path, got, err)
		}
	}
}

// Issued is about the timestamp alone, and without it there is no time.
func TestNewsWithoutATimestampHaveNoTime(t *testing.T) {
	t.Parallel()
	v := trusttest.Acme()
	saying("timestamp", func(m map[string]any) { m["issued"] = "yesterday" })(v)
	for name, files := range map[string]verify.Files{
		"none": {}, "garbage": {"timestamp.json": []byte("{")}, "no time": {"timestamp.json": v.Files()["timestamp.json"]},
	} {
		if at, err := files.Issued(); err == nil || !at.Equal(time.Time{}) {
			t.Errorf("%s: %s, %v", name, at, err)
		}
	}
}

// A program may carry a newer root than the site has: it leads on, and another vendor's is refused.
func TestARootThatAProgramCarriesIsOffered(t *testing.T) {
	t.Parallel()
	v := trusttest.Acme()
	s := siteOf(t, trusttest.Case{Root: v.Roots[0], Now: trusttest.Start})
	v.Rotate("timestamp", trusttest.NewKey("second"))
	v.Publish()
	for i, want := range []string{"1.root.json", "2.root.json"} {
		if name, err := s.Offer(v.Roots[i]); err != nil || name != want {
			t.Errorf("root %d: %q, %v", i+1, name, err)
		}
	}
	// A store without the second root is told from one that has it.
	shop := storeOf(v)
	delete(shop.files, "trust/2.root.json")
	files, err := verify.Gather(s.State, standings, shop.get)
	if err != nil {
		t.Fatal(err)
	}
	var no *verify.Refusal
	if _, err := s.Take(files, verify.Options{}); !errors.As(err, &no) || no.Code != verify.CodeTrustSignature {
		t.Errorf("without the root: %v", err)
	}
	files["2.root.json"] = v.Roots[1]
	if _, err := s.Take(files, verify.Options{}); err != nil {
		t.Errorf("with the root that the program carries: %v", err)
	}
	other := trusttest.New("evil")
	if _, err := s.Offer(other.Roots[0]); !errors.As(err, &no) || no.Code != verify.CodeRootOther {
		t.Errorf("the root of another vendor: %v", err)
	}
	for name, root := range map[string][]byte{
		"no root": []byte("{}"), "no JSON": []byte("root"), "a byte changed": bytes.Replace(v.Roots[0], []byte("consistent_snapshot"), []byte("consistent_snapshos"), 1),
		"a signature of another key": bytes.Replace(v.Roots[1], []byte(`"version":2`), []byte(`"version":3`), 1),
	} {
		var unusable *verify.PolicyError
		if _, err := s.Offer(root); !errors.As(err, &unusable) || unusable.Remedy == "" {
			t.Errorf("%s: %v", name, err)
		}
	}
}
