package cut_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/relctl/relctl/pkg/cut"
	"github.com/relctl/relctl/pkg/internal/cuttest"
	"github.com/relctl/relctl/pkg/project"
	"github.com/relctl/relctl/pkg/release"
	"github.com/relctl/relctl/pkg/sign"
)

// twoSigners is a product whose releases two keys must sign.
func twoSigners(t *testing.T) *world {
	t.Helper()
	return begin(t,
		cuttest.ProductFile, cuttest.Product+"signing: {keys: [channels/keys/first.pub, channels/keys/second.pub], threshold: 2}\n",
		"channels/keys/second.pub", string(cuttest.Key(t, cuttest.SecondKey).PublicPEM()))
}

func TestAReleaseWaitsForAllItsSigners(t *testing.T) {
	t.Parallel()
	w := twoSigners(t)
	const first, second = "channels/keys/first.pub", "channels/keys/second.pub"
	wait := func(what string, missing string, tweak func(*cut.Options)) {
		t.Helper()
		_, err := w.Cut(tweak)
		waiting := cuttest.As[*cut.WaitingError](t, err)
		if got := strings.Join(waiting.Missing, " "); got != missing || len(waiting.Have)+len(waiting.Missing) != 2 || waiting.Required != 2 {
			t.Errorf("%s: waits for %q, has %v of %d", what, got, waiting.Have, waiting.Required)
		}
		if !strings.Contains(waiting.Hint(), "relctl cut lts-2.4 --key") {
			t.Error(waiting.Hint())
		}
		w.Invisible()
	}
	wait("without a key", first+" "+second, cuttest.With())
	wait("one key", second, cuttest.With(cuttest.Key(t, cuttest.FirstKey)))
	wait("the same key again", second, cuttest.With(cuttest.Key(t, cuttest.FirstKey)))
	wait("one key twice", second, cuttest.With(cuttest.Key(t, cuttest.FirstKey), cuttest.Key(t, cuttest.FirstKey)))

	// A signature under the second key's name that is not the second key's counts for nothing.
	open := w.Project().State.Channels["lts-2.4"].Open
	envelope := filepath.Join(w.Store, ".staging", strings.TrimPrefix(open.Plan.Digest, "sha256:"), sign.EnvelopeName(cuttest.Key(t, cuttest.SecondKey).ID()))
	forged, err := cuttest.Key(t, cuttest.FirstKey).Sign(t.Context(), []byte("another payload"))
	w.Do(err)
	w.Do(os.WriteFile(envelope, forged, 0o600))
	wait("a forged second", second, cuttest.With(cuttest.Key(t, cuttest.FirstKey)))
	w.Do(os.Remove(envelope))

	// Anybody with the other key completes it, from the bytes that a build of his own gives again.
	done := w.elsewhere().MustCut(cuttest.With(cuttest.Key(t, cuttest.SecondKey)))
	if !done.Resumed || done.Plan.Digest != open.Plan.Digest {
		t.Errorf("%+v", done.Result)
	}
	raw, err := os.ReadFile(filepath.Join(w.Released("2.4.0"), release.ManifestName))
	w.Do(err)
	for _, k := range []*sign.Key{cuttest.Key(t, cuttest.FirstKey), cuttest.Key(t, cuttest.SecondKey)} {
		data, err := os.ReadFile(filepath.Join(w.Released("2.4.0"), sign.EnvelopeName(k.ID())))
		w.Do(err)
		w.Do(sign.Verify(k.Public(), raw, data))
	}
}

func TestWhatCannotEndWellIsRefusedBeforeAnythingHappens(t *testing.T) {
	t.Parallel()
	w := begin(t)
	w.Checkout("main")
	firstPub := string(cuttest.Key(t, cuttest.FirstKey).PublicPEM())
	signing := func(key string) string { return cuttest.Product + "signing: {keys: [" + key + "], threshold: 1}\n" }
	const known = "channels/keys/first.pub"
	for _, c := range []struct {
		product, pub string
		keys         []*sign.Key
		says, hint   string
	}{
		{cuttest.Product, firstPub, nil, "names no key that signs releases", "relctl key generate"},
		{signing("channels/keys/none.pub"), firstPub, nil, "channels/keys/none.pub, which is not on the default branch", "commit and push"},
		{signing(known), firstPub, []*sign.Key{cuttest.Key(t, cuttest.SecondKey)}, cuttest.Key(t, cuttest.SecondKey).ID()[:12] + "… is not among the signing keys", known},
		{signing(known), firstPub, []*sign.Key{cuttest.Key(t, cuttest.FirstKey), cuttest.Key(t, cuttest.SecondKey)}, "is not among the signing keys", known},
		{signing(known), "this is no key\n", nil, known + ": ", ""},
		{strings.Replace(signing(known), "stores: ", "#", 1), firstPub, nil, "no store", "--store"},
		{signing(known) + "singing: {}\n", firstPub, nil, "singing", ""},
	} {
		w.Commit("chore: change the policy", cuttest.ProductFile, c.product, known, c.pub)
		w.Push()
		err := w.tryCut(c.keys...)
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("got %v, want …%s…", err, c.says)
		}
		var way interface{ Hint() string }
		if c.hint != "" && (!errors.As(err, &way) || !strings.Contains(way.Hint(), c.hint)) {
			t.Errorf("no hint at %q for: %v", c.hint, err)
		}
		w.Invisible()
		if events := w.Events(); events != "" || w.Builds() != 0 {
			t.Errorf("%d builds, ledger: %s, for: %v", w.Builds(), events, err)
		}
	}
}

// tryCut is a cut of a project that may not even open.
func (w *world) tryCut(keys ...*sign.Key) error {
	p, err := project.Open(w.T.Context(), w.Dir, project.OpenOptions{Act: true})
	if err == nil {
		_ = p.Repo.Close()
		_, err = w.Cut(cuttest.With(keys...))
	}
	return err
}
