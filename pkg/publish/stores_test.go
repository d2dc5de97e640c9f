package publish_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/relctl/relctl/internal/s3test"
	"github.com/relctl/relctl/pkg/publish"
	"github.com/relctl/relctl/pkg/release"
)

// TestMain gives the credentials of the S3 server to all tests, as a user does.
func TestMain(m *testing.M) {
	for k, v := range map[string]string{
		"AWS_ACCESS_KEY_ID": s3test.AccessKey, "AWS_SECRET_ACCESS_KEY": s3test.SecretKey,
		"AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull,
	} {
		if err := os.Setenv(k, v); err != nil {
			panic(err)
		}
	}
	os.Exit(m.Run())
}

// quick is patience for tests.
var quick = publish.Retry{Attempts: 4, Wait: time.Millisecond, Stall: 30 * time.Second}

// a shelf of stores: the same one opened anew at each call, as another process would.
type opener func() publish.Store

// onStores runs a test with each kind of store; every one begins empty. What between returns stands between the store
// and its server.
func onStores(t *testing.T, test func(t *testing.T, open opener)) {
	t.Helper()
	t.Run("directory", func(t *testing.T) {
		t.Parallel()
		root := filepath.Join(t.TempDir(), "store")
		test(t, func() publish.Store { return publish.Directory{Root: root} })
	})
	onServers(t, nil, test)
}

// between is a server before the real one, which it may disturb.
type between func(real http.Handler) http.Handler

func onServers(t *testing.T, b between, test func(t *testing.T, open opener)) {
	t.Helper()
	for _, kind := range []string{"registry", "bucket"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			test(t, remoteStore(t, kind, b))
		})
	}
}

// remoteStore starts a server, and what stands before it, and opens an empty store there.
func remoteStore(t *testing.T, kind string, b between) opener {
	t.Helper()
	var real http.Handler
	if kind == "bucket" {
		dir := t.TempDir()
		if err := os.Mkdir(filepath.Join(dir, "releases"), 0o755); err != nil {
			t.Fatal(err)
		}
		handler, stop, err := s3test.Start(t.Context(), dir)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(stop)
		real = handler
	} else {
		to := &url.URL{Scheme: "http", Host: dockerRegistry(t)}
		real = &httputil.ReverseProxy{
			ErrorLog: log.New(io.Discard, "", 0), // clients go away when they like
			Rewrite: func(r *httputil.ProxyRequest) {
				r.SetURL(to)
				r.Out.Host = r.In.Host // it makes absolute addresses of it
			},
		}
	}
	if b != nil {
		real = b(real)
	}
	server := httptest.NewServer(real)
	t.Cleanup(server.Close)
	return func() publish.Store {
		if kind == "bucket" {
			s, err := publish.ParseBucket("s3://releases/acme?endpoint=" + server.URL)
			if err != nil {
				t.Fatal(err)
			}
			s.Retry, s.PartSize = quick, 5<<20
			return s
		}
		s, err := publish.ParseRepository("oci://" + strings.TrimPrefix(server.URL, "http://") + "/acme/releases")
		if err != nil {
			t.Fatal(err)
		}
		s.Retry = quick
		return s
	}
}

// isShown reports what a store shows of a release: "" or all of it, to the byte. Anything between is an error.
func isShown(t *testing.T, s publish.Store, set publish.Set, bundle string) bool {
	t.Helper()
	m := set.Manifest
	raw, err := s.Released(t.Context(), m.Channel, m.Version)
	if err != nil {
		t.Fatal(err)
	}
	if raw == nil {
		if f, err := s.OpenReleased(t.Context(), m.Channel, m.Version, m.Files[0].Path); err == nil {
			_ = f.Close()
			t.Errorf("a file of what is not visible opens")
		}
		return false
	}
	if !bytes.Equal(raw, set.Raw) {
		t.Errorf("another release.json is visible")
	}
	for _, f := range m.Files {
		want, err := os.ReadFile(filepath.Join(set.Dir, filepath.FromSlash(f.Path)))
		if err != nil {
			t.Fatal(err)
		}
		if got := slurp(t, s, set, f.Path); !bytes.Equal(got, want) {
			t.Errorf("%s has %d bytes, want %d", f.Path, len(got), len(want))
		}
	}
	if bundle != "" {
		want, err := os.ReadFile(bundle)
		if err != nil {
			t.Fatal(err)
		}
		if got := slurp(t, s, set, filepath.Base(bundle)); !bytes.Equal(got, want) {
			t.Errorf("the bundle is %q", got)
		}
	}
	return true
}

func slurp(t *testing.T, s publish.Store, set publish.Set, path string) []byte {
	t.Helper()
	f, err := s.OpenReleased(t.Context(), set.Manifest.Channel, set.Manifest.Version, path)
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	data, err := io.ReadAll(f)
	if err := errors.Join(err, f.Close()); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return data
}

func bundleFile(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "acme-2.4.7.bundle")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestEveryStoreShowsNothingBeforeRevealAndAllOfItAfter(t *testing.T) {
	t.Parallel()
	onStores(t, func(t *testing.T, open opener) {
		s, bundle := sample(t), bundleFile(t, "bundle")
		if st, err := open().Staged(t.Context(), s.Plan); st != nil || err != nil {
			t.Fatalf("an empty store has staged %v, %v", st, err)
		}
		if err := open().Stage(t.Context(), s); err != nil {
			t.Fatal(err)
		}
		if isShown(t, open(), s, "") {
			t.Fatal("staging shows the release")
		}
		st, err := open().Staged(t.Context(), s.Plan)
		if err != nil || st == nil || !bytes.Equal(st.Raw, s.Raw) || string(st.Signatures["release.json.aa.sigstore.json"]) != "sig-a" {
			t.Fatalf("staged %v, %v", st, err)
		}
		f, err := open().Open(t.Context(), s.Plan, "artifacts/acme")
		if err != nil {
			t.Fatal(err)
		}
		if data, err := io.ReadAll(f); err != nil || f.Close() != nil || string(data) != "binary" {
			t.Errorf("staged file %q, %v", data, err)
		}
		for range 2 { // the second time finds it done
			if err := open().Reveal(t.Context(), s.Plan, s.Manifest, bundle); err != nil {
				t.Fatal(err)
			}
			if !isShown(t, open(), s, bundle) {
				t.Fatal("it is not visible")
			}
		}
		if st, err := open().Staged(t.Context(), s.Plan); st != nil || err != nil {
			t.Errorf("still staged: %v, %v", st, err)
		}
		if got, err := open().Signatures(t.Context(), "lts-2.4", s.Manifest.Version); err != nil || len(got) != 1 || string(got["release.json.aa.sigstore.json"]) != "sig-a" {
			t.Errorf("signatures %q, %v", got, err)
		}
		if err := open().Stage(t.Context(), s); err != nil {
			t.Errorf("staging what is visible: %v", err)
		}
		if len(s.Signatures) != 1 {
			t.Error("the caller's signatures were changed")
		}
		if _, err := open().OpenReleased(t.Context(), "lts-2.4", s.Manifest.Version, "artifacts/none"); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("a file that is not there: %v", err)
		}
	})
}

func TestEveryStoreKeepsTheFirstOfTwoBuildsAndNamesTheFileThatDiffers(t *testing.T) {
	t.Parallel()
	onStores(t, func(t *testing.T, open opener) {
		first := sample(t)
		other := set(t, map[string]string{"artifacts/acme": "other", "docs/a.md": "# a", "SHA256SUMS": "x", "VERIFY.md": "y"})
		if err := open().Stage(t.Context(), first); err != nil {
			t.Fatal(err)
		}
		for _, revealed := range []bool{false, true} {
			if revealed {
				if err := open().Reveal(t.Context(), first.Plan, first.Manifest, ""); err != nil {
					t.Fatal(err)
				}
			}
			var differ *publish.DifferError
			if err := open().Stage(t.Context(), other); !errors.As(err, &differ) || differ.Path != "artifacts/acme" {
				t.Errorf("revealed %v: error = %v", revealed, err)
			}
		}
		if !isShown(t, open(), first, "") {
			t.Error("the first is gone")
		}
	})
}

func TestEveryStoreGathersSignaturesOfSeveralMachines(t *testing.T) {
	t.Parallel()
	onStores(t, func(t *testing.T, open opener) {
		first, second := sample(t), sample(t)
		second.Signatures = map[string][]byte{"release.json.aa.sigstore.json": []byte("another by the same key"), "release.json.bb.sigstore.json": []byte("sig-b")}
		for _, s := range []publish.Set{first, second} {
			if err := open().Stage(t.Context(), s); err != nil {
				t.Fatal(err)
			}
		}
		want := func(got map[string][]byte, err error) {
			t.Helper()
			if err != nil || len(got) != 2 || string(got["release.json.aa.sigstore.json"]) != "sig-a" || string(got["release.json.bb.sigstore.json"]) != "sig-b" {
				t.Errorf("signatures %q, %v", got, err)
			}
		}
		st, err := open().Staged(t.Context(), first.Plan)
		if err != nil {
			t.Fatal(err)
		}
		want(st.Signatures, nil)
		if err := open().Reveal(t.Context(), first.Plan, first.Manifest, ""); err != nil {
			t.Fatal(err)
		}
		want(open().Signatures(t.Context(), "lts-2.4", first.Manifest.Version))
	})
}

func TestEveryStoreForgetsWhatIsDiscardedAndTakesAnotherBuildThen(t *testing.T) {
	t.Parallel()
	onStores(t, func(t *testing.T, open opener) {
		first := sample(t)
		other := set(t, map[string]string{"artifacts/acme": "other", "SHA256SUMS": "x"})
		for range 2 { // of nothing it is done at once
			if err := open().Discard(t.Context(), first.Plan); err != nil {
				t.Fatal(err)
			}
		}
		if err := open().Stage(t.Context(), first); err != nil {
			t.Fatal(err)
		}
		if err := open().Discard(t.Context(), first.Plan); err != nil {
			t.Fatal(err)
		}
		if st, err := open().Staged(t.Context(), first.Plan); st != nil || err != nil {
			t.Fatalf("still staged: %v, %v", st, err)
		}
		if err := open().Reveal(t.Context(), first.Plan, first.Manifest, ""); err == nil {
			t.Error("what was discarded became visible")
		}
		if err := errors.Join(open().Stage(t.Context(), other), open().Reveal(t.Context(), other.Plan, other.Manifest, "")); err != nil {
			t.Fatal(err)
		}
		if !isShown(t, open(), other, "") {
			t.Error("the other build is not visible")
		}
	})
}

func TestEveryStoreReplacesTrustAndBundles(t *testing.T) {
	t.Parallel()
	onStores(t, func(t *testing.T, open opener) {
		ctx, s := t.Context(), sample(t)
		put := func(files ...string) {
			t.Helper()
			var named []publish.Named
			for i := 0; i < len(files); i += 2 {
				named = append(named, publish.Named{Name: files[i], Data: []byte(files[i+1])})
			}
			if err := open().Put(ctx, named); err != nil {
				t.Fatal(err)
			}
		}
		get := func(name, want string) {
			t.Helper()
			if got, err := open().Get(ctx, name); err != nil || string(got) != want {
				t.Errorf("%s is %q, %v; want %q", name, got, err, want)
			}
		}
		get("trust/timestamp.json", "")
		put("trust/1.root.json", "root", "channels/lts-2.4.json", "standing", "trust/timestamp.json", "one")
		put("trust/2.root.json", "root 2", "trust/timestamp.json", "two")
		get("trust/1.root.json", "root")
		get("trust/2.root.json", "root 2")
		get("trust/timestamp.json", "two")
		get("channels/lts-2.4.json", "standing")
		get("trust/3.root.json", "")

		older, newer := bundleFile(t, "older trust"), bundleFile(t, "today's trust")
		if err := open().PutBundle(ctx, "lts-2.4", s.Manifest.Version, newer); err == nil {
			t.Error("a bundle was put where no release is")
		}
		if err := errors.Join(open().Stage(ctx, s), open().Reveal(ctx, s.Plan, s.Manifest, older), open().PutBundle(ctx, "lts-2.4", s.Manifest.Version, newer)); err != nil {
			t.Fatal(err)
		}
		if !isShown(t, open(), s, newer) {
			t.Error("it is not visible")
		}
	})
}

func TestEveryStoreRefusesFilesThatChangedSinceTheyWereBuilt(t *testing.T) {
	t.Parallel()
	onStores(t, func(t *testing.T, open opener) {
		s := sample(t)
		if err := os.WriteFile(filepath.Join(s.Dir, "artifacts", "acme"), []byte("BINARY"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := open().Stage(t.Context(), s); err == nil || !strings.Contains(err.Error(), "changed since it was built") {
			t.Errorf("error = %v", err)
		}
		if st, err := open().Staged(t.Context(), s.Plan); st != nil || err != nil {
			t.Errorf("staged %v, %v", st, err)
		}
	})
}

func TestEveryStoreTakesManyRunsAtOnce(t *testing.T) {
	t.Parallel()
	onStores(t, func(t *testing.T, open opener) {
		s, bundle := sample(t), bundleFile(t, "bundle")
		together := func(n int, f func() error) {
			t.Helper()
			var wg sync.WaitGroup
			errs := make([]error, n)
			for i := range errs {
				wg.Go(func() { errs[i] = f() })
			}
			wg.Wait()
			if err := errors.Join(errs...); err != nil {
				t.Fatal(err)
			}
		}
		together(6, func() error { return open().Stage(context.Background(), s) })
		together(6, func() error { return open().Reveal(context.Background(), s.Plan, s.Manifest, bundle) })
		if !isShown(t, open(), s, bundle) {
			t.Error("it is not visible")
		}
	})
}

func TestEveryStoreIsOpenedAgainByItsAddress(t *testing.T) {
	t.Parallel()
	onStores(t, func(t *testing.T, open opener) {
		s := sample(t)
		if err := errors.Join(open().Stage(t.Context(), s), open().Reveal(t.Context(), s.Plan, s.Manifest, "")); err != nil {
			t.Fatal(err)
		}
		again, err := publish.Parse(open().String())
		if err != nil {
			t.Fatal(err)
		}
		if !isShown(t, again, s, "") {
			t.Errorf("%s does not show it", again)
		}
	})
}

func TestAddressesOfStores(t *testing.T) {
	t.Parallel()
	v := release.MustVersion("2.4.7")
	for at, location := range map[string]string{
		"/srv/store":     "/srv/store/releases/lts-2.4/2.4.7",
		"s3://acme":      "s3://acme/releases/lts-2.4/2.4.7",
		"s3://acme/a/b/": "s3://acme/a/b/releases/lts-2.4/2.4.7",
		"s3://acme/a?endpoint=https://s3.example.com&region=eu": "s3://acme/a/releases/lts-2.4/2.4.7",
		"s3://acme?endpoint=http://127.0.0.1:9000":              "s3://acme/releases/lts-2.4/2.4.7",
		"oci://registry.example.com/acme/releases":              "oci://registry.example.com/acme/releases:lts-2.4_2.4.7",
		"oci://localhost:5000/releases":                         "oci://localhost:5000/releases:lts-2.4_2.4.7",
	} {
		s, err := publish.Parse(at)
		if err != nil {
			t.Errorf("%s: %v", at, err)
		} else if got := s.Location("lts-2.4", v); got != location || s.String() != at {
			t.Errorf("%s shows it as %s in %s", at, got, s)
		}
	}
	for at, why := range map[string]string{
		"": "empty", "https://example.com/store": "scheme", "s3://": "bucket", "s3://A": "bucket", "s3://acme/../x": "plain", "s3://acme//x/..": "plain",
		"s3://key:secret@acme": "credentials", "s3://acme?endpoint=http://s3.example.com": "TLS", "s3://acme?endpoint=ftp://s3.example.com": "endpoint",
		"s3://acme?endpoint=https://u:secret@s3.example.com": "endpoint", "s3://acme?acl=public": "parameter", "s3://acme?region=a&region=b": "once",
		"oci://registry.example.com": "repository", "oci://registry.example.com/acme:1": "repository", "oci://registry.example.com/Acme": "repository",
		"oci://u:secret@registry.example.com/acme": "credentials", "oci://registry.example.com/acme/": "repository",
	} {
		_, err := publish.Parse(at)
		var bad *publish.AddressError
		if !errors.As(err, &bad) || !strings.Contains(bad.Why, why) || bad.Hint() == "" {
			t.Errorf("%q: %v, want one about %q", at, err, why)
		}
		if err != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("the error tells the password: %v", err)
		}
	}
}
