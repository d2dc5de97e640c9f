package cut_test

import (
	"context"
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/theupdateframework/go-tuf/v2/metadata"
	"github.com/theupdateframework/go-tuf/v2/metadata/config"
	"github.com/theupdateframework/go-tuf/v2/metadata/updater"

	"github.com/relctl/relctl/pkg/cut"
	"github.com/relctl/relctl/pkg/plan"
	"github.com/relctl/relctl/pkg/release"
	"github.com/relctl/relctl/pkg/sign"
	"github.com/relctl/relctl/pkg/trust"
)

// trustRoles are the roles of a product with one line; each has one key.
var trustRoles = []string{"root", "targets", "snapshot", "timestamp", "lts-2.4", "lts-2.4-status"}

var roleKeys = sync.OnceValues(func() (map[string]*sign.Key, error) {
	out := map[string]*sign.Key{}
	for _, role := range trustRoles {
		k, err := newKey()
		if err != nil {
			return nil, err
		}
		out[role] = k
	}
	return out, nil
})

// signers are the keys of roles.
func signers(t *testing.T, roles ...string) []trust.Signer {
	t.Helper()
	keys, err := roleKeys()
	if err != nil {
		t.Fatal(err)
	}
	var out []trust.Signer
	for _, role := range roles {
		out = append(out, keys[role])
	}
	return out
}

// vouched gives a cut the keys of roles.
func vouched(t *testing.T, roles ...string) func(*cut.Options) {
	keys := signers(t, roles...)
	return func(o *cut.Options) { o.TrustKeys = keys }
}

// change changes the world's trust, signed by the keys of all roles.
func (w *world) change(edit func(e *trust.Edit) error) {
	w.t.Helper()
	p := w.project()
	_, err := p.ChangeTrust(w.t.Context(), cut.TrustChange{
		Edit: func(_ *trust.Repository, e *trust.Edit) error { return edit(e) },
		Keys: signers(w.t, trustRoles...), Stores: p.Stores(), Now: now,
	})
	w.do(err)
}

// trusted makes the first root of the world.
func (w *world) trusted() {
	w.t.Helper()
	w.change(func(e *trust.Edit) error {
		var errs []error
		for i, k := range signers(w.t, trustRoles...) {
			errs = append(errs, e.AddKey(trustRoles[i], k.Public()))
		}
		return errors.Join(errs...)
	})
}

// folder serves a store to go-tuf's client.
type folder string

func (f folder) DownloadFile(address string, maxLength int64, _ time.Duration) ([]byte, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, err
	}
	data, err := os.ReadFile(filepath.Join(string(f), filepath.FromSlash(u.Path)))
	if err != nil {
		return nil, &metadata.ErrDownloadHTTP{StatusCode: 404}
	}
	if int64(len(data)) > maxLength {
		return nil, &metadata.ErrDownloadLengthMismatch{}
	}
	return data, nil
}

// fetch lets go-tuf's own client, which knows the first root, get a target from the world's store.
func (w *world) fetch(target string) ([]byte, error) {
	w.t.Helper()
	root, err := os.ReadFile(filepath.Join(w.store, "trust", "1.root.json"))
	w.do(err)
	cfg, err := config.New("https://store.example/trust", root)
	w.do(err)
	cfg.LocalMetadataDir, cfg.LocalTargetsDir = w.t.TempDir(), w.t.TempDir()
	cfg.RemoteTargetsURL, cfg.PrefixTargetsWithHash, cfg.Fetcher = "https://store.example", false, folder(w.store)
	client, err := updater.New(cfg)
	if err != nil {
		return nil, err
	}
	client.UnsafeSetRefTime(now)
	info, err := client.GetTargetInfo(target)
	if err != nil {
		return nil, err
	}
	_, data, err := client.DownloadTarget(info, filepath.Join(w.t.TempDir(), "target"), "")
	return data, err
}

func TestStockClientFindsWhatWasCut(t *testing.T) {
	t.Parallel()
	w := begin(t)
	w.trusted()
	r := w.mustCut(vouched(t, "lts-2.4", "snapshot", "timestamp"))
	if !r.did("trust done") {
		t.Errorf("told %v", r.told)
	}
	raw, err := w.fetch(release.ReleaseTarget("lts-2.4", r.Manifest.Version))
	if err != nil || release.Digest(raw) != r.Digest {
		t.Errorf("go-tuf finds %s, %v", release.Digest(raw), err)
	}
	standing, err := w.fetch(release.StandingTarget("lts-2.4"))
	w.do(err)
	if s, err := release.DecodeStanding(standing); err != nil || s.Product != r.Manifest.Product {
		t.Errorf("standing %+v, %v", s, err)
	}
	// The list names the ledger's event, so that a rewritten ledger shows.
	p := w.project()
	repo, err := p.TrustRepository(t.Context())
	w.do(err)
	listed, err := repo.Releases("lts-2.4")
	w.do(err)
	cutEvent := p.State.Channels["lts-2.4"].Releases[0]
	if len(listed) != 1 || listed[0].Ledger != cutEvent.Ledger || listed[0].Event != cutEvent.Event || len(cutEvent.Ledger) != 40 {
		t.Errorf("listed %+v, cut by %+v", listed, cutEvent)
	}
	if subject := w.InRemote("log", "-1", "--format=%s", listed[0].Ledger); !strings.Contains(subject, "cut lts-2.4") {
		t.Errorf("the commit that the list names is %q", subject)
	}
}

func TestReleaseWaitsInvisibleUntilTrustListsIt(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ first, then []string }{
		"channel's key, then the reconciler's": {[]string{"lts-2.4"}, []string{"snapshot", "timestamp"}},
		"no key, then all":                     {nil, []string{"lts-2.4", "snapshot", "timestamp"}},
		"one key after the other":              {[]string{"lts-2.4", "snapshot"}, []string{"timestamp"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := begin(t)
			w.trusted()
			_, err := w.cut(vouched(t, c.first...))
			var waits *cut.TrustWaitError
			if !errors.As(err, &waits) || !strings.Contains(waits.Hint(), "relctl trust refresh") {
				t.Fatalf("got %v", err)
			}
			if _, err := os.Stat(filepath.Join(w.store, "releases")); err == nil {
				t.Error("it is visible")
			}
			r := w.mustCut(vouched(t, c.then...)) // a rerun goes on
			if _, err := w.fetch(release.ReleaseTarget("lts-2.4", r.Manifest.Version)); err != nil {
				t.Error(err)
			}
			if w.builds() != 1 {
				t.Errorf("it was built %d times", w.builds())
			}
		})
	}
}

func TestKilledAfterTrustTheReconcilerFinishes(t *testing.T) {
	t.Parallel()
	for _, stage := range []string{"trust start", "trust done", "bundle done", "reveal start"} {
		t.Run(stage, func(t *testing.T) {
			t.Parallel()
			w := begin(t)
			w.trusted()
			ctx, cancel := context.WithCancel(t.Context())
			p := w.project()
			opts := cut.Options{Signers: []cut.Signer{key(t, firstKey)}, TrustKeys: signers(t, "lts-2.4", "snapshot", "timestamp"), Now: now}
			at(stage, cancel)(&opts)
			_, err := cut.Run(ctx, p, w.line(p), opts)
			if err == nil && stage != "reveal start" {
				t.Error("the cut ended well though it was stopped")
			}
			other := w.elsewhere()
			p = other.project()
			c := cut.TrustChange{Keys: signers(t, "lts-2.4", "snapshot", "timestamp"), Stores: other.stores, Now: now}
			_, err = p.RefreshTrust(t.Context(), c)
			w.do(err)
			_, err = p.FinishWaiting(t.Context(), c, nil)
			w.do(err)
			if _, err := w.fetch("releases/lts-2.4/2.4.0/release.json"); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestChannelWithoutKeysIsNotCut(t *testing.T) {
	t.Parallel()
	w := begin(t)
	w.change(func(e *trust.Edit) error {
		var errs []error
		for i, k := range signers(t, "root", "targets", "snapshot", "timestamp") {
			errs = append(errs, e.AddKey(trustRoles[i], k.Public()))
		}
		return errors.Join(errs...)
	})
	var refused *cut.KeyError
	if _, err := w.cut(); !errors.As(err, &refused) || !strings.Contains(refused.Hint(), "relctl trust add-key lts-2.4") {
		t.Errorf("got %v", err)
	}
	w.invisible()
}

func TestTwoReconcilersAtOnceEndInOneChain(t *testing.T) {
	t.Parallel()
	w := begin(t)
	w.trusted()
	_, err := w.cut(vouched(t, "lts-2.4"))
	var waits *cut.TrustWaitError
	if !errors.As(err, &waits) {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	errs := make([]error, 3)
	for i := range errs {
		p := w.elsewhere().project()
		c := cut.TrustChange{Keys: signers(t, "snapshot", "timestamp"), Stores: w.elsewhere().stores, Now: now}
		group.Go(func() {
			if _, errs[i] = p.RefreshTrust(t.Context(), c); errs[i] == nil {
				_, errs[i] = p.FinishWaiting(t.Context(), c, nil)
			}
		})
	}
	group.Wait()
	w.do(errors.Join(errs...))
	if _, err := w.fetch("releases/lts-2.4/2.4.0/release.json"); err != nil {
		t.Error(err)
	}
	if n := strings.Count(w.events(), "-trust.json"); n != 3 { // the root, the list, and one that vouches
		t.Errorf("%d events of trust:\n%s", n, w.events())
	}
}

func TestTrustThatARunDidNotPublishIsPublishedByTheNext(t *testing.T) {
	t.Parallel()
	w := begin(t)
	w.trusted()
	keys := vouched(t, "lts-2.4", "snapshot", "timestamp")
	timestamp := filepath.Join(w.store, "trust", "timestamp.json")
	old, err := os.ReadFile(timestamp)
	w.do(err)
	r := w.mustCut(keys)
	w.do(os.WriteFile(timestamp, old, 0o600)) // as if it had died before it wrote this one
	if _, err := w.fetch(release.ReleaseTarget("lts-2.4", r.Manifest.Version)); err == nil {
		t.Fatal("the old timestamp lists the release")
	}
	var empty *plan.EmptyError
	if _, err := w.cut(keys); !errors.As(err, &empty) {
		t.Errorf("got %v", err)
	}
	if _, err := w.fetch(release.ReleaseTarget("lts-2.4", r.Manifest.Version)); err != nil {
		t.Error(err)
	}
}
