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
	"github.com/relctl/relctl/pkg/internal/cuttest"
	"github.com/relctl/relctl/pkg/plan"
	"github.com/relctl/relctl/pkg/project"
	"github.com/relctl/relctl/pkg/release"
	"github.com/relctl/relctl/pkg/sign"
	"github.com/relctl/relctl/pkg/trust"
)

// trustRoles are the roles of a product with one line; each has one key.
var trustRoles = []string{"root", "targets", "snapshot", "timestamp", "lts-2.4", "lts-2.4-status"}

var roleKeys = sync.OnceValues(func() (map[string]*sign.Key, error) {
	out := map[string]*sign.Key{}
	for _, role := range trustRoles {
		k, err := cuttest.NewKey()
		if err != nil {
			return nil, err
		}
		out[role] = k
	}
	return out, nil
})

// signers are the keys of roles.
func Signers(t *testing.T, roles ...string) []trust.Signer {
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
	keys := Signers(t, roles...)
	return func(o *cut.Options) { o.TrustKeys = keys }
}

// change changes the world's trust, signed by the keys of all roles.
func (w *world) change(edit func(e *trust.Edit) error) {
	w.T.Helper()
	p := w.Project()
	_, err := p.ChangeTrust(w.T.Context(), project.TrustChange{
		Edit: func(_ *trust.Repository, e *trust.Edit) error { return edit(e) },
		Keys: Signers(w.T, trustRoles...), Stores: p.Stores(), Now: cuttest.Now,
	})
	w.Do(err)
}

// trusted makes the first root of the world.
func (w *world) trusted() {
	w.T.Helper()
	w.change(func(e *trust.Edit) error {
		var errs []error
		for i, k := range Signers(w.T, trustRoles...) {
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
	w.T.Helper()
	root, err := os.ReadFile(filepath.Join(w.Store, "trust", "1.root.json"))
	w.Do(err)
	cfg, err := config.New("https://store.example/trust", root)
	w.Do(err)
	cfg.LocalMetadataDir, cfg.LocalTargetsDir = w.T.TempDir(), w.T.TempDir()
	cfg.RemoteTargetsURL, cfg.PrefixTargetsWithHash, cfg.Fetcher = "https://store.example", false, folder(w.Store)
	client, err := updater.New(cfg)
	if err != nil {
		return nil, err
	}
	client.UnsafeSetRefTime(cuttest.Now)
	info, err := client.GetTargetInfo(target)
	if err != nil {
		return nil, err
	}
	_, data, err := client.DownloadTarget(info, filepath.Join(w.T.TempDir(), "target"), "")
	return data, err
}

func TestStockClientFindsWhatWasCut(t *testing.T) {
	t.Parallel()
	w := begin(t)
	w.trusted()
	r := w.MustCut(vouched(t, "lts-2.4", "snapshot", "timestamp"))
	if !r.Did("trust done") {
		t.Errorf("told %v", r.Told)
	}
	raw, err := w.fetch(release.ReleaseTarget("lts-2.4", r.Manifest.Version))
	if err != nil || release.Digest(raw) != r.Digest {
		t.Errorf("go-tuf finds %s, %v", release.Digest(raw), err)
	}
	standing, err := w.fetch(release.StandingTarget("lts-2.4"))
	w.Do(err)
	if s, err := release.DecodeStanding(standing); err != nil || s.Product != r.Manifest.Product {
		t.Errorf("standing %+v, %v", s, err)
	}
	// The list names the ledger's event, so that a rewritten ledger shows.
	p := w.Project()
	repo, err := p.TrustRepository(t.Context())
	w.Do(err)
	listed, err := repo.Releases("lts-2.4")
	w.Do(err)
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
			_, err := w.Cut(vouched(t, c.first...))
			var waits *project.TrustWaitError
			if !errors.As(err, &waits) || !strings.Contains(waits.Hint(), "relctl trust refresh") {
				t.Fatalf("got %v", err)
			}
			if _, err := os.Stat(filepath.Join(w.Store, "releases")); err == nil {
				t.Error("it is visible")
			}
			r := w.MustCut(vouched(t, c.then...)) // a rerun goes on
			if _, err := w.fetch(release.ReleaseTarget("lts-2.4", r.Manifest.Version)); err != nil {
				t.Error(err)
			}
			if w.Builds() != 1 {
				t.Errorf("it was built %d times", w.Builds())
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
			p := w.Project()
			opts := cut.Options{Signers: []project.Signer{cuttest.Key(t, cuttest.FirstKey)}, TrustKeys: Signers(t, "lts-2.4", "snapshot", "timestamp"), Now: cuttest.Now}
			cuttest.At(stage, cancel)(&opts)
			_, err := cut.Run(ctx, p, w.Line(p), opts)
			if err == nil && stage != "reveal start" {
				t.Error("the cut ended well though it was stopped")
			}
			other := w.elsewhere()
			p = other.Project()
			c := project.TrustChange{Keys: Signers(t, "lts-2.4", "snapshot", "timestamp"), Stores: other.Stores, Now: cuttest.Now}
			_, err = p.RefreshTrust(t.Context(), c)
			w.Do(err)
			_, err = cut.FinishWaiting(t.Context(), p, c, nil)
			w.Do(err)
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
		for i, k := range Signers(t, "root", "targets", "snapshot", "timestamp") {
			errs = append(errs, e.AddKey(trustRoles[i], k.Public()))
		}
		return errors.Join(errs...)
	})
	var refused *project.KeyError
	if _, err := w.Cut(); !errors.As(err, &refused) || !strings.Contains(refused.Hint(), "relctl trust add-key lts-2.4") {
		t.Errorf("got %v", err)
	}
	w.Invisible()
}

func TestTwoReconcilersAtOnceEndInOneChain(t *testing.T) {
	t.Parallel()
	w := begin(t)
	w.trusted()
	_, err := w.Cut(vouched(t, "lts-2.4"))
	var waits *project.TrustWaitError
	if !errors.As(err, &waits) {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	errs := make([]error, 3)
	for i := range errs {
		p := w.elsewhere().Project()
		c := project.TrustChange{Keys: Signers(t, "snapshot", "timestamp"), Stores: w.elsewhere().Stores, Now: cuttest.Now}
		group.Go(func() {
			if _, errs[i] = p.RefreshTrust(t.Context(), c); errs[i] == nil {
				_, errs[i] = cut.FinishWaiting(t.Context(), p, c, nil)
			}
		})
	}
	group.Wait()
	w.Do(errors.Join(errs...))
	if _, err := w.fetch("releases/lts-2.4/2.4.0/release.json"); err != nil {
		t.Error(err)
	}
	if n := strings.Count(w.Events(), "-trust.json"); n != 3 { // the root, the list, and one that vouches
		t.Errorf("%d events of trust:\n%s", n, w.Events())
	}
}

func TestTrustThatARunDidNotPublishIsPublishedByTheNext(t *testing.T) {
	t.Parallel()
	w := begin(t)
	w.trusted()
	keys := vouched(t, "lts-2.4", "snapshot", "timestamp")
	timestamp := filepath.Join(w.Store, "trust", "timestamp.json")
	old, err := os.ReadFile(timestamp)
	w.Do(err)
	r := w.MustCut(keys)
	w.Do(os.WriteFile(timestamp, old, 0o600)) // as if it had died before it wrote this one
	if _, err := w.fetch(release.ReleaseTarget("lts-2.4", r.Manifest.Version)); err == nil {
		t.Fatal("the old timestamp lists the release")
	}
	var empty *plan.EmptyError
	if _, err := w.Cut(keys); !errors.As(err, &empty) {
		t.Errorf("got %v", err)
	}
	if _, err := w.fetch(release.ReleaseTarget("lts-2.4", r.Manifest.Version)); err != nil {
		t.Error(err)
	}
}
