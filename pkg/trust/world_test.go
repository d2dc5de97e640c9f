package trust_test

import (
	"errors"
	"fmt"
	"net/url"
	"path"
	"strings"
	"testing"
	"time"

	"github.com/theupdateframework/go-tuf/v2/metadata"
	"github.com/theupdateframework/go-tuf/v2/metadata/config"
	"github.com/theupdateframework/go-tuf/v2/metadata/updater"

	"github.com/relctl/relctl/internal/keytest"
	"github.com/relctl/relctl/pkg/release"
	"github.com/relctl/relctl/pkg/trust"
)

const channel = "lts-2.4"

var day0 = time.Date(2026, 11, 2, 8, 0, 0, 0, time.UTC)

// world is a product whose ledger counts, with the keys of its roles.
type world struct {
	t        testing.TB
	repo     *trust.Repository
	keys     map[string][]keytest.Key
	now      time.Time
	event    uint64
	releases []trust.Listed
	standing release.Standing
	// raw are the release.json files by target.
	raw map[string][]byte
}

// newWorld has 2 of 3 root keys and one key for every other role, and all of it signed.
func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{t: t, repo: &trust.Repository{}, keys: map[string][]keytest.Key{}, now: day0, event: 1, raw: map[string][]byte{}}
	w.standing = release.Standing{
		Schema: release.StandingSchema, Product: "acme", Channel: channel, Line: line(t, "2.4"),
		Support: release.SupportWindow{Maintenance: "2028-03-01", EOL: "2029-03-01"}, Upgrade: release.Upgrades{From: ">=2.2.0"},
	}
	w.change(w.begin)
	return w
}

// begin gives every role its keys.
func (w *world) begin(e *trust.Edit) error {
	var errs []error
	w.keys = map[string][]keytest.Key{}
	for _, role := range []string{"root", "root", "root", "targets", "snapshot", "timestamp", channel, channel + "-status"} {
		k := keytest.New(w.t)
		w.keys[role] = append(w.keys[role], k)
		errs = append(errs, e.AddKey(role, k.Public()))
	}
	return errors.Join(append(errs, e.SetThreshold("root", 2))...)
}

func line(t testing.TB, s string) release.Line {
	l, err := release.ParseLine(s)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func (w *world) Releases(string) ([]trust.Listed, error) { return w.releases, nil }

func (w *world) Standing(name string) (*release.Standing, error) {
	s := w.standing
	s.Channel = name
	s.Issued = w.now
	return &s, nil
}

func (w *world) options() trust.Options {
	w.event++
	return trust.Options{Version: w.event, Source: w, Expires: func(string) time.Time { return w.now.AddDate(0, 0, 400) }}
}

func (w *world) propose(edit func(e *trust.Edit) error) (*trust.Proposal, error) {
	w.t.Helper()
	e, err := w.repo.Edit(w.options())
	if err != nil {
		return nil, err
	}
	if err := edit(e); err != nil {
		return nil, err
	}
	return e.Proposal()
}

// change signs an edit with every key there is, takes it in and refreshes.
func (w *world) change(edit func(e *trust.Edit) error) {
	w.t.Helper()
	p, err := w.propose(edit)
	if err != nil {
		w.t.Fatal(err)
	}
	w.take(p)
	w.refresh()
}

func (w *world) all() (out []trust.Signer) {
	for _, keys := range w.keys {
		for _, k := range keys {
			out = append(out, k)
		}
	}
	return out
}

func (w *world) take(p *trust.Proposal) {
	w.t.Helper()
	for _, k := range w.all() {
		if _, err := p.Sign(w.t.Context(), k); err != nil {
			w.t.Fatal(err)
		}
	}
	files, standings, err := p.Files()
	if err != nil {
		w.t.Fatal(err)
	}
	if w.repo, err = w.repo.With(files, standings); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) refresh() {
	w.t.Helper()
	files, wants, err := w.repo.Refresh(w.t.Context(), w.options(), w.now, w.all())
	if err != nil || wants != nil {
		w.t.Fatal(wants, err)
	}
	if w.repo, err = w.repo.With(files, nil); err != nil {
		w.t.Fatal(err)
	}
}

// cut adds a release and lists it.
func (w *world) cut(version string) {
	w.t.Helper()
	w.release(version)
	w.change(func(e *trust.Edit) error { e.Renew(channel); return nil })
}

// release adds a release.
func (w *world) release(version string) {
	raw := []byte(fmt.Sprintf("{\"version\": %q}\n", version))
	n := uint64(len(w.releases) + 1)
	l := trust.Listed{Version: release.MustVersion(version), Sequence: n, Event: w.event, Ledger: fmt.Sprintf("%040x", n), Size: int64(len(raw)), Release: release.Digest(raw)}
	w.releases = append(w.releases, l)
	w.raw[release.ReleaseTarget(channel, l.Version)] = raw
}

// store is what is published, for go-tuf's fetcher.
func (w *world) store() map[string][]byte {
	out := map[string][]byte{}
	for _, f := range w.repo.Published() {
		out[f.Name] = f.Data
	}
	for name, raw := range w.raw {
		out[name] = raw
	}
	return out
}

type fetcher map[string][]byte

func (f fetcher) DownloadFile(address string, maxLength int64, _ time.Duration) ([]byte, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, err
	}
	data, ok := f[strings.TrimPrefix(u.Path, "/")]
	if !ok {
		return nil, &metadata.ErrDownloadHTTP{StatusCode: 404}
	}
	if int64(len(data)) > maxLength {
		return nil, &metadata.ErrDownloadLengthMismatch{}
	}
	return data, nil
}

// judge lets go-tuf's own client, which knows one root, fetch a target. It keeps what it saw in dir.
func judge(t testing.TB, root []byte, store map[string][]byte, dir string, now time.Time, target string) ([]byte, error) {
	t.Helper()
	cfg, err := config.New("https://store.example/trust", root)
	if err != nil {
		t.Fatal(err)
	}
	cfg.LocalMetadataDir, cfg.LocalTargetsDir = dir, path.Join(dir, "targets")
	cfg.RemoteTargetsURL, cfg.PrefixTargetsWithHash, cfg.Fetcher = "https://store.example", false, fetcher(store)
	client, err := updater.New(cfg)
	if err != nil {
		return nil, err
	}
	client.UnsafeSetRefTime(now)
	if err := client.Refresh(); err != nil {
		return nil, err
	}
	info, err := client.GetTargetInfo(target)
	if err != nil {
		return nil, err
	}
	_, data, err := client.DownloadTarget(info, path.Join(t.TempDir(), "out"), "")
	return data, err
}
