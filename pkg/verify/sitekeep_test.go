package verify_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/relctl/relctl/internal/trusttest"
	"github.com/relctl/relctl/pkg/release"
	"github.com/relctl/relctl/pkg/verify"
)

func clock() time.Time { return trusttest.Start }

func acmeSite() verify.NewSite {
	return verify.NewSite{Root: trusttest.Acme().Roots[0], Product: "acme", Channel: "lts-2.4"}
}

// A site is set up once. Who compares the fingerprint later says so by the same command, and nothing else changes.
func TestASiteIsSetUpOnce(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "site")
	n := acmeSite()
	n.MaxAge = 30 * day
	s, err := verify.InitSite(dir, n, clock)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.SetInstalled(release.MustVersion("2.4.6")); err != nil {
		t.Fatal(err)
	}
	s.Close()
	state := s.State
	again := func(change func(*verify.NewSite)) error {
		n := acmeSite()
		change(&n)
		s, err := verify.InitSite(dir, n, clock)
		if err == nil {
			s.Close()
		}
		return err
	}
	other := trusttest.New("other").Roots[0]
	for name, change := range map[string]func(*verify.NewSite){
		"the same without a fingerprint": func(*verify.NewSite) {},
		"another product":                func(n *verify.NewSite) { n.Product, n.Fingerprint = "other", verify.Fingerprint(n.Root) },
		"another channel":                func(n *verify.NewSite) { n.Channel, n.Fingerprint = "lts-2.6", verify.Fingerprint(n.Root) },
		"another root":                   func(n *verify.NewSite) { n.Root, n.Fingerprint = other, verify.Fingerprint(other) },
	} {
		var there *verify.PolicyError
		if err := again(change); !errors.As(err, &there) || !strings.Contains(there.Text, dir) || there.Remedy == "" {
			t.Errorf("%s: %v", name, err)
		}
	}
	if kept, err := verify.ReadSite(dir, clock); err != nil || kept.Config.Compared {
		t.Fatalf("compared %v, %v", kept.Config.Compared, err)
	}
	if err := again(func(n *verify.NewSite) { n.Fingerprint = verify.Fingerprint(n.Root) }); err != nil {
		t.Fatal(err)
	}
	kept, err := verify.ReadSite(dir, clock)
	if err != nil || !kept.Config.Compared || kept.Config.MaxAge != int64(30*day/time.Second) || !reflect.DeepEqual(kept.State, state) {
		t.Errorf("%+v, %+v, %v", kept.Config, kept.State, err)
	}
}

// What cannot be a site is refused before there is a folder.
func TestASiteIsNotSetUpFromWhatCannotBeOne(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*verify.NewSite){
		"no product":              func(n *verify.NewSite) { n.Product = "" },
		"a channel that is a way": func(n *verify.NewSite) { n.Channel = "../lts" },
		"an age below zero":       func(n *verify.NewSite) { n.MaxAge = -day },
		"no root":                 func(n *verify.NewSite) { n.Root = nil },
		"a root that is a page":   func(n *verify.NewSite) { n.Root = []byte("<html>") },
		"a root with a byte changed": func(n *verify.NewSite) {
			n.Root = bytes.Replace(n.Root, []byte(`"version":1`), []byte(`"version":2`), 1)
		},
		"a part of a fingerprint": func(n *verify.NewSite) { n.Fingerprint = verify.Fingerprint(n.Root)[:8] },
	} {
		dir := filepath.Join(t.TempDir(), "site")
		n := acmeSite()
		change(&n)
		var bad *verify.PolicyError
		if s, err := verify.InitSite(dir, n, clock); s != nil || !errors.As(err, &bad) {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: there is a folder: %v", name, err)
		}
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := verify.InitSite(filepath.Join(file, "site"), acmeSite(), clock); err == nil {
		t.Error("set up below a file")
	}
}

// The site is seen to be in use while one process has it open to change it, and not while one looks.
func TestASiteThatIsOpenIsSeenToBeInUse(t *testing.T) {
	t.Parallel()
	s := siteOf(t, trusttest.Case{Root: trusttest.Acme().Roots[0], Now: trusttest.Start})
	if !verify.InUse(s.Dir) {
		t.Error("it is open, and not in use")
	}
	s.Close()
	s.Close() // twice does no harm
	if _, err := verify.ReadSite(s.Dir, clock); err != nil || verify.InUse(s.Dir) {
		t.Errorf("it was closed, and is in use: %v", err)
	}
	if verify.InUse(filepath.Join(s.Dir, "none")) {
		t.Error("no site is in use")
	}
}

// A file of a site that cannot be used is named, with a way on that loses as little as can be.
func TestADamagedSiteSaysHowToGoOn(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, file string
		change     func(data []byte) []byte
		hint       string
	}{
		{"site.json cut", "site.json", func(b []byte) []byte { return b[:len(b)/2] }, "restore it from a backup"},
		{"site.json of a later version", "site.json", func(b []byte) []byte { return bytes.Replace(b, []byte("site/v1"), []byte("site/v2"), 1) }, "backup"},
		{"site.json with another root", "site.json", func(b []byte) []byte { return bytes.Replace(b, []byte("2028"), []byte("2038"), 1) }, "backup"},
		{"site.json with another channel's name", "site.json", func(b []byte) []byte {
			return bytes.Replace(b, []byte(`"channel": "lts-2.4"`), []byte(`"channel": "../2.4"`), 1)
		}, "backup"},
		{"site.json beyond all measure", "site.json", tooMuch, "backup"},
		{"state.json empty, as after a crash of the machine", "state.json", func([]byte) []byte { return nil }, "move it away"},
		{"state.json beyond all measure", "state.json", tooMuch, "move it away"},
	} {
		s := siteOf(t, trusttest.Case{Root: trusttest.Acme().Roots[0], Now: trusttest.Start})
		s.Close()
		path := filepath.Join(s.Dir, c.file)
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		broken := c.change(data)
		if bytes.Equal(broken, data) {
			t.Fatalf("%s: nothing was changed", c.name)
		}
		if err := os.WriteFile(path, broken, 0o600); err != nil {
			t.Fatal(err)
		}
		for way, open := range map[string]func() (*verify.Site, error){
			"opened": func() (*verify.Site, error) { return verify.OpenSite(s.Dir, clock) },
			"read":   func() (*verify.Site, error) { return verify.ReadSite(s.Dir, clock) },
			"set up again": func() (*verify.Site, error) {
				n := acmeSite()
				n.Fingerprint = verify.Fingerprint(n.Root)
				return verify.InitSite(s.Dir, n, clock)
			},
		} {
			var damaged *verify.DamagedError
			s, err := open()
			if err == nil {
				s.Close() // or all else waits
			}
			if !errors.As(err, &damaged) || damaged.Path != path || !strings.Contains(damaged.Error(), path) || damaged.Unwrap() == nil || !strings.Contains(damaged.Hint(), c.hint) {
				t.Errorf("%s, %s: %v", c.name, way, err)
			}
		}
		if verify.InUse(s.Dir) {
			t.Errorf("%s: it stays locked", c.name)
		}
	}
	// A file that cannot be read is not damaged: moving it away would lose it.
	s := siteOf(t, trusttest.Case{Root: trusttest.Acme().Roots[0], Now: trusttest.Start})
	path := filepath.Join(s.Dir, "state.json")
	if err := errors.Join(os.Remove(path), os.Mkdir(path, 0o700)); err != nil {
		t.Fatal(err)
	}
	if _, err := verify.ReadSite(s.Dir, clock); err == nil || errors.As(err, new(*verify.DamagedError)) || !strings.Contains(err.Error(), path) {
		t.Errorf("a folder in its place: %v", err)
	}
}

func tooMuch(data []byte) []byte { return append(data, bytes.Repeat([]byte(" "), 8<<20)...) }

// A site whose state was lost starts from its pinned root, and asks anew what is installed.
func TestASiteWhoseStateWasLostStartsFromItsRoot(t *testing.T) {
	t.Parallel()
	v := trusttest.Acme()
	s := siteOf(t, trusttest.Case{Root: v.Roots[0], Installed: "2.4.6", Now: trusttest.Start})
	accept(t, s, v.Update("lts-2.4"))
	s.Close()
	if _, err := verify.OpenSite(filepath.Join(s.Dir, "none"), clock); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no site: %v", err)
	}
	if err := os.Remove(filepath.Join(s.Dir, "state.json")); err != nil {
		t.Fatal(err)
	}
	s, err := verify.OpenSite(s.Dir, clock)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var unsaid *verify.PolicyError
	if rep, err := offer(t, s, v.Bundle("lts-2.4", "2.4.7")); !errors.As(err, &unsaid) || rep.Install != verify.InstallRefused || !rep.Genuine {
		t.Errorf("%v, %+v", err, rep)
	}
	if err := s.SetInstalled(release.MustVersion("2.4.6")); err != nil {
		t.Fatal(err)
	}
	accept(t, s, v.Bundle("lts-2.4", "2.4.7"))
}

// An export carries all that was learned to another machine, but what is installed there somebody has to say.
func TestAnExportMakesTheSameSite(t *testing.T) {
	t.Parallel()
	v := trusttest.Acme()
	n := acmeSite()
	n.MaxAge, n.Installed, n.Fingerprint = 400*day, &verify.Installed{Version: release.MustVersion("2.4.6")}, verify.Fingerprint(n.Root)
	first, err := verify.InitSite(filepath.Join(t.TempDir(), "site"), n, clock)
	if err != nil {
		t.Fatal(err)
	}
	defer first.Close()
	thief := v.Clone() // has the key that is replaced
	thief.Skip(100)
	thief.Refresh()
	v.Rotate("timestamp", trusttest.NewKey("second"))
	say(v, withdraw("2.4.7"))
	accept(t, first, v.Update("lts-2.4"))
	data, err := first.Export()
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "second")
	second, err := verify.ImportSite(dir, data, func() time.Time { return trusttest.Start.Add(day) })
	if err != nil {
		t.Fatal(err)
	}
	second.Close()
	kept, err := verify.OpenSite(dir, clock)
	if err != nil {
		t.Fatal(err)
	}
	if kept.State.Installed != nil || !reflect.DeepEqual(kept.State.Roots, first.State.Roots) || !reflect.DeepEqual(kept.State.Channels, first.State.Channels) || kept.State.Timestamp != first.State.Timestamp {
		t.Errorf("%+v\nwant\n%+v", kept.State, first.State)
	}
	if c := kept.Config; !c.Compared || c.MaxAge != first.Config.MaxAge || c.Fingerprint != first.Config.Fingerprint || c.Channel != "lts-2.4" {
		t.Errorf("%+v", c)
	}
	history := kept.State.History
	if n := len(history); n != len(first.State.History)+1 || history[n-1].What != "import" || !strings.Contains(history[n-1].Text, "3 May 2026") {
		t.Errorf("%+v", history)
	}
	refused(t, kept, thief.Bundle("lts-2.4", "2.4.7"), verify.CodeTrustSignature)
	kept.Close()
	var there *verify.PolicyError
	if _, err := verify.ImportSite(dir, data, clock); !errors.As(err, &there) || !strings.Contains(there.Text, "already") {
		t.Errorf("over a site that is there: %v", err)
	}
}

// What a person takes for an export may be any file.
func TestOnlyAnExportIsImported(t *testing.T) {
	t.Parallel()
	s := siteOf(t, trusttest.Case{Root: trusttest.Acme().Roots[0], Now: trusttest.Start})
	good, err := s.Export()
	if err != nil {
		t.Fatal(err)
	}
	edit := func(change func(m map[string]any)) []byte {
		var m map[string]any
		if err := json.Unmarshal(good, &m); err != nil {
			t.Fatal(err)
		}
		change(m)
		data, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	part := func(m map[string]any, name string) map[string]any { return m[name].(map[string]any) }
	for name, data := range map[string][]byte{
		"nothing":                   nil,
		"a root":                    trusttest.Acme().Roots[0],
		"an export cut short":       good[:len(good)-10],
		"one of a later version":    edit(func(m map[string]any) { m["schema"] = "https://relctl.dev/schema/site-export/v2" }),
		"one without a state":       edit(func(m map[string]any) { delete(m, "state") }),
		"one with another root":     edit(func(m map[string]any) { part(m, "site")["root"] = string(trusttest.New("evil").Roots[0]) }),
		"one without a root":        edit(func(m map[string]any) { part(m, "site")["root"] = "" }),
		"one without a channel":     edit(func(m map[string]any) { delete(part(m, "site"), "channel") }),
		"one with a hostile state":  edit(func(m map[string]any) { part(m, "state")["root"] = "null" }),
		"one whose state is unread": edit(func(m map[string]any) { part(m, "state")["schema"] = "v9" }),
	} {
		dir := filepath.Join(t.TempDir(), "site")
		var bad *verify.PolicyError
		if s, err := verify.ImportSite(dir, data, clock); s != nil || !errors.As(err, &bad) || bad.Remedy == "" {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: there is a folder", name)
		}
	}
	if s, err := verify.ImportSite(filepath.Join(t.TempDir(), "site"), good, clock); err != nil {
		t.Errorf("the good one: %v", err)
	} else {
		s.Close()
	}
}

// Saying what is installed moves the site to the channel that owns the version, and gives what is known of the release.
func TestSayingWhatIsInstalledFollowsItsChannel(t *testing.T) {
	t.Parallel()
	v := trusttest.Acme()
	v.AddChannel("lts-2.6", "2.6")
	v.Release("lts-2.6", "2.6.0")
	world := trusttest.Case{Root: v.Roots[0], Now: trusttest.Start}
	for _, c := range []struct {
		say, channel, follows string
		known                 bool
	}{
		{"2.4.7", "lts-2.4", "lts-2.4", true},
		{"2.4.1", "lts-2.4", "lts-2.4", false},
		{"2.6.0", "lts-2.6", "lts-2.6", true},
		{"3.0.0", "", "lts-2.4", false},
		{"", "", "lts-2.4", false},
	} {
		s := siteOf(t, world)
		accept(t, s, v.Update("lts-2.4", "lts-2.6"))
		if err := s.SetInstalled(versionOf(c.say)); err != nil {
			t.Fatal(err)
		}
		kept, err := verify.ReadSite(s.Dir, clock)
		if err != nil {
			t.Fatal(err)
		}
		in := kept.State.Installed
		if in == nil || in.Version != versionOf(c.say) || in.Channel != c.channel || kept.Config.Channel != c.follows {
			t.Errorf("%q: %+v, the site follows %s", c.say, in, kept.Config.Channel)
		}
		if known := in.Release != "" && in.Sequence > 0; known != c.known {
			t.Errorf("%q: %+v", c.say, in)
		}
		what := c.say
		if what == "" {
			what = "nothing"
		}
		history := fmt.Sprint(kept.State.History)
		if !strings.Contains(history, "{2026-05-03 12:00:00 +0000 UTC installed "+what+", as a person said}") || strings.Contains(history, "from lts-2.4 to lts-2.6") != (c.follows == "lts-2.6") {
			t.Errorf("%q: history %s", c.say, history)
		}
	}
}

// Two sites that compare words of one release hear the same, and a release that was never met has none.
func TestTwoSitesHearTheSameWords(t *testing.T) {
	t.Parallel()
	v := trusttest.Acme()
	world := trusttest.Case{Root: v.Roots[0], Installed: "2.4.5", Now: trusttest.Start}
	far, near := siteOf(t, world), siteOf(t, world)
	accept(t, near, v.Bundle("lts-2.4", "2.4.6"))
	accept(t, far, v.Update("lts-2.4"))
	rep, err := far.Report()
	if err != nil {
		t.Fatal(err)
	}
	newest := release.MustVersion("2.4.7")
	if words, err := near.Words(newest); err != nil || words != rep.Channels[0].Words || len(strings.Fields(words)) != 8 {
		t.Errorf("%q, %v; the other hears %q", words, err, rep.Channels[0].Words)
	}
	var unmet *verify.PolicyError
	if words, err := far.Words(release.MustVersion("2.4.6")); words != "" || !errors.As(err, &unmet) || unmet.Remedy == "" {
		t.Errorf("one that was never met: %q, %v", words, err)
	}
	if words, err := near.Words(release.MustVersion("2.4.6")); err != nil || words == rep.Channels[0].Words {
		t.Errorf("another release: %q, %v", words, err)
	}
}

// The report that is carried back to the vendor says what is wrong at the site.
func TestTheReportWarnsOfWhatIsWrong(t *testing.T) {
	t.Parallel()
	v := trusttest.Acme()
	say(v, func(st *release.Standing) {
		withdraw("2.4.5")(st)
		st.Floor = &release.Floor{Version: release.MustVersion("2.4.6"), Reason: "a hole"}
	})
	for _, c := range []struct {
		name      string
		compared  bool
		installed string
		now       time.Time
		warnings  []string
	}{
		{"all is well", true, "2.4.7", trusttest.Start, nil},
		{"nobody has compared, nor said what runs", false, "", trusttest.Start, []string{"nobody has compared the root's fingerprint", "what is installed is not known"}},
		{"what runs should not", true, "2.4.5", trusttest.Start, []string{"2.4.5 was withdrawn: it loses data; install 2.4.7", "2.4.5 lies below 2.4.6"}},
		{"nothing is installed", true, "none", trusttest.Start, nil},
		{"another product's release runs", true, "1.0.0", trusttest.Start, nil},
		{"the clock is behind", true, "2.4.7", trusttest.Start.Add(-day), []string{"clock says 2 May 2026"}},
	} {
		n := acmeSite()
		if c.compared {
			n.Fingerprint = verify.Fingerprint(n.Root)
		}
		switch c.installed {
		case "":
		case "none":
			n.Installed = &verify.Installed{}
		default:
			n.Installed = &verify.Installed{Version: release.MustVersion(c.installed)}
		}
		s, err := verify.InitSite(filepath.Join(t.TempDir(), "site"), n, func() time.Time { return c.now })
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		accept(t, s, v.Update("lts-2.4"))
		rep, err := s.Report()
		if err != nil {
			t.Fatal(err)
		}
		if len(rep.Warnings) != len(c.warnings) {
			t.Fatalf("%s: %q", c.name, rep.Warnings)
		}
		for i, want := range c.warnings {
			if !strings.Contains(rep.Warnings[i], want) {
				t.Errorf("%s: %q, want %q", c.name, rep.Warnings[i], want)
			}
		}
		if rep.Today.Before(trusttest.Start) || !rep.Time.Equal(c.now) {
			t.Errorf("%s: today %s, time %s", c.name, rep.Today, rep.Time)
		}
	}
}

// A report stays small and a state bounded, however long the site lives.
func TestTheHistoryIsBounded(t *testing.T) {
	t.Parallel()
	s := siteOf(t, trusttest.Case{Root: trusttest.Acme().Roots[0], Now: trusttest.Start})
	for len(s.State.History) < 999 {
		s.State.History = append(s.State.History, verify.Event{What: "trust", Text: "early"})
	}
	for i := range 3 {
		if err := s.SetInstalled(release.MustVersion(fmt.Sprintf("2.4.%d", i))); err != nil {
			t.Fatal(err)
		}
	}
	all := s.State.History
	rep, err := s.Report()
	if err != nil || len(all) != 1000 || all[999].Text != "2.4.2, as a person said" || all[0].What != "trust" {
		t.Errorf("%d entries, %+v … %+v, %v", len(all), all[0], all[len(all)-1], err)
	}
	if len(rep.History) != 20 || rep.History[19] != all[999] {
		t.Errorf("the report has %d entries", len(rep.History))
	}
}
