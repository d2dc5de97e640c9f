package trust_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/relctl/relctl/internal/keytest"
	"github.com/relctl/relctl/pkg/bundle"
	"github.com/relctl/relctl/pkg/release"
	"github.com/relctl/relctl/pkg/trust"
)

// accepted wants go-tuf's client to accept a target from the first root on.
func accepted(t *testing.T, w *world, target string) []byte {
	t.Helper()
	data, err := judge(t, w.repo.Roots()[0].Data, w.store(), t.TempDir(), w.now, target)
	if err != nil {
		t.Fatalf("go-tuf refuses %s: %v", target, err)
	}
	return data
}

func TestStockClientAcceptsWhatIsPublished(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.cut("2.4.0")
	w.cut("2.4.1-rc.1")
	for target, raw := range w.raw {
		if got := accepted(t, w, target); !bytes.Equal(got, raw) {
			t.Errorf("%s is %q", target, got)
		}
	}
	s, err := release.DecodeStanding(accepted(t, w, release.StandingTarget(channel)))
	if err != nil || s.Channel != channel || !s.Issued.Equal(day0) {
		t.Errorf("standing %+v, %v", s, err)
	}
	if _, err := judge(t, w.repo.Roots()[0].Data, w.store(), t.TempDir(), w.now, "releases/lts-2.4/9.9.9/release.json"); err == nil {
		t.Error("a release that was never cut is a target")
	}
}

func TestStockClientFollowsEveryChangeOfKeys(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.cut("2.4.0")
	first, dir := w.repo.Roots()[0].Data, t.TempDir()
	target := release.ReleaseTarget(channel, release.MustVersion("2.4.0"))
	follow := func(what string) {
		t.Helper()
		w.now = w.now.AddDate(0, 1, 0)
		w.refresh()
		for _, cache := range []string{dir, t.TempDir()} { // one that saw all, and one that wakes up now
			if _, err := judge(t, first, w.store(), cache, w.now, target); err != nil {
				t.Fatalf("after %s: %v", what, err)
			}
		}
	}
	follow("nothing")
	for _, role := range []string{"root", "timestamp", "snapshot", "targets", channel, channel + "-status"} {
		old, fresh := w.keys[role][0], keytest.New(t)
		w.keys[role] = append(w.keys[role], fresh)
		w.change(func(e *trust.Edit) error {
			if err := e.AddKey(role, fresh.Public()); err != nil {
				return err
			}
			_, err := e.Revoke(old.Public().ID()[:12])
			return err
		})
		w.keys[role] = w.keys[role][1:]
		follow("a new key of " + role)
		if keys, _ := w.repo.Keys(role); strings.Contains(fmt.Sprint(keys.Names), old.Public().ID()) {
			t.Errorf("%s still has the key that was revoked", role)
		}
	}
	w.change(func(e *trust.Edit) error { return e.SetThreshold("root", 3) })
	follow("another threshold")
	if n := len(w.repo.Roots()); n != 6 {
		t.Errorf("%d roots, want 6: one for each change of what the root says, and the first", n)
	}
}

func TestNewRootNeedsTheOldKeysAndTheNew(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	fresh := keytest.New(t)
	replace := func(e *trust.Edit) error {
		var errs []error
		for _, k := range w.keys["root"][:2] {
			errs = append(errs, e.RemoveKey("root", k.Public().ID()))
		}
		return errors.Join(append(errs, e.AddKey("root", fresh.Public()))...)
	}
	p, err := w.propose(replace)
	if err != nil {
		t.Fatal(err)
	}
	sign := func(k keytest.Key) {
		t.Helper()
		if _, err := p.Sign(t.Context(), k); err != nil {
			t.Fatal(err)
		}
	}
	sign(fresh)
	sign(w.keys["root"][2])
	var want *trust.WantError
	if _, _, err := p.Files(); !errors.As(err, &want) || !strings.Contains(err.Error(), "root 2, by the keys of root 1: 1 of 2 signatures") {
		t.Fatalf("with both new keys and one old: %v", err)
	}
	sign(w.keys["root"][0])
	if _, _, err := p.Files(); err != nil {
		t.Fatal(err)
	}
	// The same key again adds nothing.
	if roles, err := p.Signable(fresh); err != nil || roles != nil {
		t.Errorf("a key that has signed may sign %v, %v", roles, err)
	}
}

func TestOneKeyHasOneRole(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	spare := keytest.New(t)
	for name, edit := range map[string]func(e *trust.Edit) error{
		"a key of root for targets":      func(e *trust.Edit) error { return e.AddKey("targets", w.keys["root"][0].Public()) },
		"the same key twice":             func(e *trust.Edit) error { return e.AddKey("root", w.keys["root"][0].Public()) },
		"a channel's key for its status": func(e *trust.Edit) error { return e.AddKey(channel+"-status", w.keys[channel][0].Public()) },
		"a key for two new roles": func(e *trust.Edit) error {
			return errors.Join(e.AddKey("lts-2.6", spare.Public()), e.AddKey("lts-2.8", spare.Public()))
		},
		"a threshold that cannot be met":               func(e *trust.Edit) error { return e.SetThreshold("root", 4) },
		"the last key of a role":                       func(e *trust.Edit) error { return e.RemoveKey("targets", w.keys["targets"][0].Public().ID()) },
		"a key that has no role":                       func(e *trust.Edit) error { _, err := e.Revoke(spare.Public().ID()); return err },
		"a status key for releases of another channel": func(e *trust.Edit) error { return e.AddKey("lts-2.6", w.keys[channel+"-status"][0].Public()) },
		"a few digits":                                 func(e *trust.Edit) error { return e.RemoveKey("root", w.keys["root"][0].Public().ID()[:4]) },
		"a role that is none":                          func(e *trust.Edit) error { return e.AddKey("LTS", spare.Public()) },
		"a channel called like a role":                 func(e *trust.Edit) error { return e.AddKey("snapshot-status", spare.Public()) },
		"a threshold of a role that is not":            func(e *trust.Edit) error { return e.SetThreshold("lts-3.0", 1) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			own := *w
			own.t = t
			if _, err := own.propose(edit); err == nil {
				t.Error("it is allowed")
			}
		})
	}
	own := *w
	own.t = t
	own.keys = map[string][]keytest.Key{}
	for role, keys := range w.keys {
		own.keys[role] = keys
	}
	same := w.keys[channel+"-status"][0]
	own.change(func(e *trust.Edit) error {
		own.keys["lts-2.6"] = []keytest.Key{spare}
		return errors.Join(e.AddKey("lts-2.6", spare.Public()), e.AddKey("lts-2.6-status", same.Public()))
	})
	fresh := keytest.New(t)
	own.keys["fresh"] = []keytest.Key{fresh}
	own.change(func(e *trust.Edit) error {
		roles, err := e.Revoke(same.Public().ID())
		if err != nil || len(roles) != 2 {
			return fmt.Errorf("a key that says how two channels stand had the roles %v: %w", roles, err)
		}
		return errors.Join(e.AddKey(roles[0], fresh.Public()), e.AddKey(roles[1], fresh.Public()))
	})
	for _, role := range []string{channel + "-status", "lts-2.6-status"} {
		if keys, _ := own.repo.Keys(role); len(keys.Names) != 1 || strings.Contains(fmt.Sprint(keys.Names), same.Public().ID()) {
			t.Errorf("%s has the keys %v", role, keys.Names)
		}
	}
	taken, err := w.repo.Edit(trust.Options{Version: 99, Taken: map[string]string{spare.Public().ID(): "signs releases"}})
	if err != nil {
		t.Fatal(err)
	}
	var refused *trust.KeyError
	if err := taken.AddKey("root", spare.Public()); !errors.As(err, &refused) {
		t.Errorf("a key that signs releases becomes one of root: %v", err)
	}
}

func TestWordsSayWhatIsSigned(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.cut("2.4.0")
	old, fresh := w.keys["root"][0], keytest.New(t)
	w.standing.Withdrawn = []release.Withdrawal{{Version: release.MustVersion("2.4.0"), Time: day0, Reason: "loses orders", Advisory: "CVE-2026-1"}}
	p, err := w.propose(func(e *trust.Edit) error {
		e.Renew(channel + "-status")
		return errors.Join(e.AddKey("root", fresh.Public()), e.RemoveKey("root", old.Public().ID()), e.SetThreshold("root", 3))
	})
	if err != nil {
		t.Fatal(err)
	}
	words, err := p.Words()
	if err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprintf(`root 1 → 2, expires 2027-12-07
  root: key %.12s removed, key %.12s added, 3 of 3 must sign (was 2 of 3)
%[3]s-status 2 → %[4]d, expires 2027-12-07
  issued 2026-11-02T08:00:00Z for acme lts-2.4
  2.4.0 is withdrawn since 2026-11-02: loses orders, CVE-2026-1`, old.Public().ID(), fresh.Public().ID(), channel, w.event)
	if got := strings.Join(words, "\n"); got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}

func TestCeremonyOnMachinesWithoutNetwork(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.standing.Floor = &release.Floor{Version: release.MustVersion("2.4.0"), Reason: "older ones leak"}
	p, err := w.propose(func(e *trust.Edit) error { e.Renew("root"); e.Renew(channel + "-status"); return nil })
	if err != nil {
		t.Fatal(err)
	}
	opened, err := p.Unsigned()
	if err != nil {
		t.Fatal(err)
	}
	standings := p.Standings()
	req, err := p.Request()
	if err != nil {
		t.Fatal(err)
	}
	req.Product, req.Event, req.Created = "acme", w.event, day0
	data, err := release.Encode(req)
	if err != nil {
		t.Fatal(err)
	}
	// Two copies travel, each to holders of keys.
	var copies []*trust.Proposal
	for _, keys := range [][]keytest.Key{{w.keys["root"][0], w.keys[channel+"-status"][0]}, {w.keys["root"][2]}} {
		_, offline, err := trust.DecodeRequest(data)
		if err != nil {
			t.Fatal(err)
		}
		words, err := offline.Words()
		if err != nil || !strings.Contains(strings.Join(words, "\n"), "nothing below 2.4.0 may be installed: older ones leak") {
			t.Errorf("words %q, %v", words, err)
		}
		for _, k := range keys {
			if _, err := offline.Sign(t.Context(), k); err != nil {
				t.Fatal(err)
			}
		}
		back, err := offline.Request()
		if err != nil {
			t.Fatal(err)
		}
		back.Product = "acme"
		raw, err := release.Encode(back)
		if err != nil {
			t.Fatal(err)
		}
		_, again, err := trust.DecodeRequest(raw)
		if err != nil {
			t.Fatal(err)
		}
		copies = append(copies, again)
	}
	got, err := w.repo.Reopen(opened, standings)
	if err != nil {
		t.Fatal(err)
	}
	for i, c := range copies {
		if _, _, err := got.Files(); err == nil {
			t.Errorf("complete after %d copies", i)
		}
		if err := got.Merge(c); err != nil {
			t.Fatal(err)
		}
	}
	files, st, err := got.Files()
	if err != nil {
		t.Fatal(err)
	}
	if w.repo, err = w.repo.With(files, st); err != nil {
		t.Fatal(err)
	}
	w.refresh()
	accepted(t, w, release.StandingTarget(channel))

	// A copy of another proposal does not mix in.
	other, err := w.propose(func(e *trust.Edit) error { e.Renew("root"); return nil })
	if err != nil {
		t.Fatal(err)
	}
	if err := got.Merge(other); err == nil {
		t.Error("another proposal's signatures were taken over")
	}
}

func TestTamperedRequestIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	later, err := w.propose(func(e *trust.Edit) error {
		e.Renew("targets")
		e.Renew("root")
		e.Renew(channel + "-status")
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	// The first request builds on nothing, so that its shape alone can be refused.
	none := *w
	none.repo = &trust.Repository{}
	first, err := none.propose(none.begin)
	if err != nil {
		t.Fatal(err)
	}
	for what, p := range map[string]*trust.Proposal{"first": first, "later": later} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			refuseTampered(t, p)
		})
	}
}

func refuseTampered(t *testing.T, p *trust.Proposal) {
	req, err := p.Request()
	if err != nil {
		t.Fatal(err)
	}
	req.Product = "acme"
	good, err := release.Encode(req)
	if err != nil {
		t.Fatal(err)
	}
	for name, edit := range map[string]struct{ old, new string }{
		"a wider path":                {`"releases/lts-2.4/*/release.json"`, `"releases/*/*/release.json"`},
		"a path of another channel":   {`"channels/lts-2.4.json"`, `"channels/lts-2.6.json"`},
		"a base that nobody signed":   {`"version": 1`, `"version": 2`},
		"a field that is unknown":     {`"spec_version"`, `"x-hidden": true, "spec_version"`},
		"not terminating":             {`"terminating": true`, `"terminating": false`},
		"another standing":            {`"eol": "2029-03-01"`, `"eol": "2039-03-01"`},
		"a key under another's id":    {`"scheme": "ecdsa-sha2-nistp256"`, `"scheme": "ecdsa-sha2-nistp384"`},
		"another schema":              {`trust-request/v1`, `trust-request/v9`},
		"a repeated key":              {`"product": "acme"`, `"product": "acme", "product": "acme"`},
		"snapshot without its hashes": {`"role": "targets"`, `"role": "snapshot"`},
		"something after its end":     {"\n}\n", "\n}\n{}"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bad := bytes.ReplaceAll(good, []byte(edit.old), []byte(edit.new))
			if bytes.Equal(bad, good) {
				t.Fatalf("the request has no %s", edit.old)
			}
			if _, _, err := trust.DecodeRequest(bad); err == nil {
				t.Error("accepted")
			}
		})
	}
	if _, _, err := trust.DecodeRequest(good); err != nil {
		t.Errorf("its good twin: %v", err)
	}
}

func TestWithoutOnlineKeysNothingIsVouchedFor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.now = w.now.AddDate(0, 0, 30)
	for name, c := range map[string]struct {
		roles []string
		files int
		want  string
	}{
		"no key":             {nil, 0, "snapshot"},
		"the timestamp's":    {[]string{"timestamp"}, 0, "snapshot"},
		"the snapshot's":     {[]string{"snapshot"}, 1, "timestamp"},
		"those of two roles": {[]string{"snapshot", "timestamp"}, 2, ""},
	} {
		own := *w
		p, err := own.propose(func(e *trust.Edit) error { e.Renew(channel); return nil })
		if err != nil {
			t.Fatal(err)
		}
		own.take(p)
		if own.repo.Fresh(day0) {
			t.Errorf("%s: fresh though the snapshot is behind", name)
		}
		var keys []trust.Signer
		for _, role := range c.roles {
			keys = append(keys, own.keys[role][0])
		}
		files, wants, err := own.repo.Refresh(t.Context(), own.options(), own.now, keys)
		if err != nil || len(files) != c.files || (len(wants) > 0) != (c.want != "") {
			t.Fatalf("%s: %d files, wants %v, %v", name, len(files), wants, err)
		}
		if c.want != "" && wants[0].Role != c.want {
			t.Errorf("%s: it wants %s", name, wants[0])
		}
	}
}

func TestNothingIsCarriedThatNobodyWouldAccept(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	fresh := keytest.New(t)
	p, err := w.propose(func(e *trust.Edit) error {
		return errors.Join(e.AddKey("timestamp", fresh.Public()), e.RemoveKey("timestamp", w.keys["timestamp"][0].Public().ID()))
	})
	if err != nil {
		t.Fatal(err)
	}
	w.take(p)
	if _, err := w.repo.Files(trust.Carry{}); err == nil || !strings.Contains(err.Error(), "timestamp") {
		t.Errorf("files with a timestamp of a revoked key: %v", err)
	}
}

func TestWarningsComeLongBeforeTheEnd(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	life := func(role string) time.Duration {
		if role == "snapshot" {
			return 40 * 24 * time.Hour
		}
		return 400 * 24 * time.Hour
	}
	soon := func(days int) (n int) {
		for _, e := range w.repo.Expiries(day0.AddDate(0, 0, days), life) {
			if e.Soon {
				n++
			}
		}
		return n
	}
	for days, want := range map[int]int{0: 0, 309: 0, 311: 5, 389: 5, 391: 6, 500: 6} {
		if got := soon(days); got != want {
			t.Errorf("after %d days %d roles warn, want %d", days, got, want)
		}
	}
	if e := w.repo.Expiries(day0.AddDate(0, 0, 401), life); e[0].Days >= 0 {
		t.Errorf("expired metadata has %d days left", e[0].Days)
	}
}

func TestTenYearsOfTrustFitIntoALetter(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for year := range 10 {
		fresh := keytest.New(t)
		w.keys["root"] = append(w.keys["root"], fresh)
		w.change(func(e *trust.Edit) error {
			return errors.Join(e.AddKey("root", fresh.Public()), e.RemoveKey("root", w.keys["root"][0].Public().ID()))
		})
		w.keys["root"] = w.keys["root"][1:]
		for n := range 12 {
			w.release(fmt.Sprintf("2.4.%d", year*12+n))
			if n%4 == 0 {
				w.standing.Withdrawn = append(w.standing.Withdrawn, release.Withdrawal{
					Version: release.MustVersion(fmt.Sprintf("2.4.%d", year*12+n)), Time: w.now,
					Reason: fmt.Sprintf("orders of more than %d items are lost when the service restarts", n), Advisory: fmt.Sprintf("CVE-%d-%d", 2026+year, 1000+n),
				})
			}
		}
		w.change(func(e *trust.Edit) error { e.Renew(channel); e.Renew(channel + "-status"); return nil })
		w.now = w.now.AddDate(1, 0, 0)
	}
	files, err := w.repo.Files(trust.Carry{Standings: []string{channel}})
	if err != nil {
		t.Fatal(err)
	}
	if len(w.repo.Roots()) != 11 || len(files) != 11+3+1+1 {
		t.Errorf("%d roots, %d files", len(w.repo.Roots()), len(files))
	}
	var sources []bundle.Source
	for _, f := range files {
		sources = append(sources, bundle.Source{Name: f.Name, Mode: "0644", Size: int64(len(f.Data)), Open: func() (io.ReadCloser, error) {
			return io.NopCloser(bytes.NewReader(f.Data)), nil
		}})
	}
	var packed bytes.Buffer
	if err := bundle.WriteTrust(&packed, w.repo.Issued(), sources); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d bytes packed", packed.Len())
	if packed.Len() > 16<<10 {
		t.Errorf("%d bytes packed, want at most 16 KiB", packed.Len())
	}
	if since, err := w.repo.Files(trust.Carry{Standings: []string{channel}, SinceRoot: 9}); err != nil || len(since) != len(files)-9 {
		t.Errorf("since root 9: %d files, %v", len(since), err)
	}
}

func FuzzDecodeRequest(f *testing.F) {
	w := newWorld(f)
	p, err := w.propose(func(e *trust.Edit) error { e.Renew("root"); e.Renew(channel + "-status"); return nil })
	if err != nil {
		f.Fatal(err)
	}
	req, err := p.Request()
	if err != nil {
		f.Fatal(err)
	}
	req.Product = "acme"
	seed, err := json.Marshal(req)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(seed)
	f.Add([]byte(`{"schema":"https://relctl.dev/schema/trust-request/v1","product":"acme","proposed":[{"role":"root","metadata":{"signed":{"_type":"root"}}}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		_, p, err := trust.DecodeRequest(data)
		if err != nil {
			return
		}
		if _, err := p.Words(); err != nil {
			t.Errorf("accepted, but it cannot be said: %v", err)
		}
		p.Wants()
	})
}
