package cut_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/relctl/relctl/pkg/cut"
	"github.com/relctl/relctl/pkg/release"
	"github.com/relctl/relctl/pkg/sign"
)

// twoSigners is a product whose releases two keys must sign.
func twoSigners(t *testing.T) *world {
	t.Helper()
	return begin(t,
		productFile, product+"signing: {keys: [channels/keys/first.pub, channels/keys/second.pub], threshold: 2}\n",
		"channels/keys/second.pub", string(key(t, secondKey).PublicPEM()))
}

func TestAReleaseWaitsForAllItsSigners(t *testing.T) {
	t.Parallel()
	w := twoSigners(t)
	const first, second = "channels/keys/first.pub", "channels/keys/second.pub"
	wait := func(what string, missing string, tweak func(*cut.Options)) {
		t.Helper()
		_, err := w.cut(tweak)
		waiting := as[*cut.WaitingError](t, err)
		if got := strings.Join(waiting.Missing, " "); got != missing || len(waiting.Have)+len(waiting.Missing) != 2 || waiting.Required != 2 {
			t.Errorf("%s: waits for %q, has %v of %d", what, got, waiting.Have, waiting.Required)
		}
		if !strings.Contains(waiting.Hint(), "relctl cut lts-2.4 --key") {
			t.Error(waiting.Hint())
		}
		w.invisible()
	}
	wait("without a key", first+" "+second, with())
	wait("one key", second, with(key(t, firstKey)))
	wait("the same key again", second, with(key(t, firstKey)))
	wait("one key twice", second, with(key(t, firstKey), key(t, firstKey)))

	// A signature under the second key's name that is not the second key's counts for nothing.
	open := w.project().State.Channels["lts-2.4"].Open
	envelope := filepath.Join(w.store, ".staging", strings.TrimPrefix(open.Plan.Digest, "sha256:"), sign.EnvelopeName(key(t, secondKey).ID()))
	forged, err := key(t, firstKey).Sign(t.Context(), []byte("another payload"))
	w.do(err)
	w.do(os.WriteFile(envelope, forged, 0o600))
	wait("a forged second", second, with(key(t, firstKey)))
	w.do(os.Remove(envelope))

	// Anybody with the other key completes it, from the bytes that a build of his own gives again.
	done := w.elsewhere().mustCut(with(key(t, secondKey)))
	if !done.Resumed || done.Plan.Digest != open.Plan.Digest {
		t.Errorf("%+v", done.Result)
	}
	raw, err := os.ReadFile(filepath.Join(w.released("2.4.0"), release.ManifestName))
	w.do(err)
	for _, k := range []*sign.Key{key(t, firstKey), key(t, secondKey)} {
		data, err := os.ReadFile(filepath.Join(w.released("2.4.0"), sign.EnvelopeName(k.ID())))
		w.do(err)
		w.do(sign.Verify(k.Public(), raw, data))
	}
}

func TestWhatCannotEndWellIsRefusedBeforeAnythingHappens(t *testing.T) {
	t.Parallel()
	w := begin(t)
	w.Checkout("main")
	firstPub := string(key(t, firstKey).PublicPEM())
	signing := func(key string) string { return product + "signing: {keys: [" + key + "], threshold: 1}\n" }
	const known = "channels/keys/first.pub"
	for _, c := range []struct {
		product, pub string
		keys         []*sign.Key
		says, hint   string
	}{
		{product, firstPub, nil, "names no key that signs releases", "relctl key generate"},
		{signing("channels/keys/none.pub"), firstPub, nil, "channels/keys/none.pub, which is not on the default branch", "commit and push"},
		{signing(known), firstPub, []*sign.Key{key(t, secondKey)}, key(t, secondKey).ID()[:12] + "… is not among the signing keys", known},
		{signing(known), firstPub, []*sign.Key{key(t, firstKey), key(t, secondKey)}, "is not among the signing keys", known},
		{signing(known), "this is no key\n", nil, known + ": ", ""},
		{strings.Replace(signing(known), "stores: ", "#", 1), firstPub, nil, "no store", "--store"},
		{signing(known) + "singing: {}\n", firstPub, nil, "singing", ""},
	} {
		w.Commit("chore: change the policy", productFile, c.product, known, c.pub)
		w.Push()
		err := w.tryCut(c.keys...)
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("got %v, want …%s…", err, c.says)
		}
		var way interface{ Hint() string }
		if c.hint != "" && (!errors.As(err, &way) || !strings.Contains(way.Hint(), c.hint)) {
			t.Errorf("no hint at %q for: %v", c.hint, err)
		}
		w.invisible()
		if events := w.events(); events != "" || w.builds() != 0 {
			t.Errorf("%d builds, ledger: %s, for: %v", w.builds(), events, err)
		}
	}
}

// tryCut is a cut of a project that may not even open.
func (w *world) tryCut(keys ...*sign.Key) error {
	p, err := cut.Open(w.t.Context(), w.Dir, cut.OpenOptions{Act: true})
	if err == nil {
		_ = p.Repo.Close()
		_, err = w.cut(with(keys...))
	}
	return err
}
