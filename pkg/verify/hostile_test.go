package verify_test

import (
	"crypto/ed25519"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/relctl/relctl/internal/trusttest"
	"github.com/relctl/relctl/pkg/release"
	"github.com/relctl/relctl/pkg/verify"
)

// within returns an object inside an object.
func within(m map[string]any, names ...string) map[string]any {
	for _, name := range names {
		m = m[name].(map[string]any)
	}
	return m
}

// manyKeys are signers whom nobody knows.
func manyKeys(n int) []*trusttest.Key {
	keys := make([]*trusttest.Key, n)
	for i := range keys {
		keys[i] = trusttest.NewKey(fmt.Sprint("crowd ", i))
	}
	return keys
}

// Metadata that its rightful keys have signed is refused all the same if it asks for too much work, leaves out what keeps
// others from being swapped, or contradicts itself: a stolen key must not do more than its role allows.
func TestMetadataSignedByTheRightKeysIsStillJudged(t *testing.T) {
	t.Parallel()
	const list, path = "lts-2.4", "releases/lts-2.4/2.4.7/release.json"
	for _, c := range []struct {
		name, code, text, role string
		change                 func(m map[string]any)
		// keys sign in the role's place, nil for its own; vendor changes more.
		keys   []*trusttest.Key
		vendor func(v *trusttest.Vendor)
	}{
		{name: "a root of another kind of repository", code: verify.CodeTrustForm, text: "consistent snapshots", role: "root", change: func(m map[string]any) { m["consistent_snapshot"] = false }},
		{name: "a root without a role", code: verify.CodeTrustForm, text: "no role snapshot", role: "root", change: func(m map[string]any) { delete(within(m, "roles"), "snapshot") }},
		{name: "a root with a key that is none", code: verify.CodeTrustForm, text: "key ", role: "root", change: func(m map[string]any) {
			for _, k := range within(m, "keys") {
				within(k.(map[string]any), "keyval")["public"] = "none"
			}
		}},
		{name: "a root with a crowd of keys", code: verify.CodeTrustForm, text: "keys, at most 64", role: "root", change: crowd(65)},
		{name: "a root signed by a crowd", code: verify.CodeTrustForm, text: "66 signatures, at most 64", role: "root", keys: manyKeys(65)},
		{name: "a root of version zero", code: verify.CodeTrustForm, text: "version 0", role: "root", change: func(m map[string]any) { m["version"] = 0 }},
		{name: "a root in which a number is a text", code: verify.CodeTrustForm, text: "root 2", role: "root", change: func(m map[string]any) { m["version"] = "2" }},
		{name: "a timestamp of version zero", code: verify.CodeTrustForm, text: "version 0", role: "timestamp", change: func(m map[string]any) { m["version"] = 0 }},
		{name: "a snapshot without targets", code: verify.CodeTrustMissing, text: "does not name targets.json", role: "snapshot", change: func(m map[string]any) { delete(within(m, "meta"), "targets.json") }},
		{name: "a snapshot without the standing", code: verify.CodeTrustMissing, text: "how channel lts-2.4 stands", role: "snapshot", change: func(m map[string]any) { delete(within(m, "meta"), "lts-2.4-status.json") }},
		{name: "a snapshot without the list", code: verify.CodeDelegation, text: "no releases of channel lts-2.4", role: "snapshot", change: func(m map[string]any) { delete(within(m, "meta"), "lts-2.4.json") }},
		{name: "a snapshot with an entry of version zero", code: verify.CodeTrustForm, text: "lts-2.4.json", role: "snapshot", change: func(m map[string]any) { within(m, "meta", "lts-2.4.json")["version"] = 0 }},
		{name: "a snapshot in which an entry is a text", code: verify.CodeTrustForm, text: "snapshot.json", role: "snapshot", change: func(m map[string]any) { within(m, "meta")["lts-2.4.json"] = "7" }},
		{name: "targets with hash bins", code: verify.CodeTrustForm, text: "targets.json", role: "targets", change: func(m map[string]any) {
			d := within(m, "delegations")
			delete(d, "roles")
			d["succinct_roles"] = map[string]any{"keyids": []string{}, "threshold": 1, "bit_length": 8, "name_prefix": "bin"}
		}},
		{name: "targets with a crowd of keys", code: verify.CodeTrustForm, text: "keys, at most 4096", role: "targets", change: func(m map[string]any) { crowd(4097)(within(m, "delegations")) }},
		{name: "targets that delegate to a text", code: verify.CodeTrustForm, text: "targets.json", role: "targets", change: func(m map[string]any) { m["delegations"] = "lts-2.4" }},
		{name: "a list whose entry has no sha256", code: verify.CodeTrustForm, text: "has no sha256", role: list, change: func(m map[string]any) {
			within(m, "targets", path)["hashes"] = map[string]any{"sha512": strings.Repeat("00", 64)}
		}},
		{name: "a list in which an entry is a text", code: verify.CodeTrustForm, text: "lts-2.4.json", role: list, change: func(m map[string]any) { within(m, "targets")[path] = "7" }},
		{name: "a list of another version than the snapshot names", code: verify.CodeTrustRollback, text: "lts-2.4.json", role: list, change: func(m map[string]any) { m["version"] = 1 }},
		{name: "a list whose entry says garbage", code: verify.CodeTrustForm, text: path, role: list, change: func(m map[string]any) { within(m, "targets", path)["custom"] = "7" }},
		{name: "a status without the standing", code: verify.CodeTrustMissing, text: "does not name channels/lts-2.4.json", role: "lts-2.4-status", change: func(m map[string]any) { m["targets"] = map[string]any{} }},
		{name: "a standing of another channel", code: verify.CodeStanding, text: "is about channel lts-2.6", vendor: func(v *trusttest.Vendor) { v.Channel(list).Standing.Channel = "lts-2.6" }},
		{name: "a release of another product", code: verify.CodeProduct, text: "of product other, this site is about acme", vendor: func(v *trusttest.Vendor) {
			r := v.Channel(list).Releases[2]
			r.Manifest.Product = "other"
			r.Seal()
			v.Channel(list).Standing.Newest = nil
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			v := trusttest.Acme()
			s := siteOf(t, trusttest.Case{Root: v.Roots[0], Installed: "2.4.6", Now: trusttest.Start})
			before := s.State.Channels
			v.Hook = func(role string, signed map[string]any, keys []*trusttest.Key) []*trusttest.Key {
				if role != c.role {
					return keys
				}
				if c.change != nil {
					c.change(signed)
				}
				return append(keys, c.keys...)
			}
			if c.vendor != nil {
				c.vendor(v)
			}
			if c.role == "root" {
				v.Root()
			}
			v.Rotate(list, v.Roles[list].Keys...) // has targets signed anew
			say(v, func(*release.Standing) {})
			_, err := offer(t, s, v.Bundle(list, "2.4.7"))
			var no *verify.Refusal
			if !errors.As(err, &no) || no.Code != c.code || !strings.Contains(no.Text, c.text) || no.Hint() == "" {
				t.Fatalf("%v, want a refusal by %s about %q", err, c.code, c.text)
			}
			if c.code == verify.CodeTrustForm && c.role != list && len(s.State.Channels) != len(before) {
				t.Errorf("it has learned something: %+v", s.State.Channels)
			}
		})
	}
}

// crowd adds so many keys.
func crowd(n int) func(m map[string]any) {
	return func(m map[string]any) {
		keys := within(m, "keys")
		var one any
		for _, k := range keys {
			one = k
		}
		for i := range n {
			keys[fmt.Sprintf("%064x", i)] = one
		}
	}
}

// An older bundle's list is used if today's keys made it. One that was put together from pieces is not.
func TestAnOlderChainOfPiecesIsNotUsed(t *testing.T) {
	t.Parallel()
	v := trusttest.Acme()
	old := v.Clone()
	v.Now = v.Now.Add(day)
	v.Release("lts-2.4", "2.4.8")
	world := trusttest.Case{Root: v.Roots[0], Installed: "2.4.6", Now: trusttest.Start.Add(day), Before: [][]byte{v.Update("lts-2.4")}}
	bundleOf := func(change func(files map[string][]byte)) []byte {
		files := old.Files("lts-2.4")
		change(files)
		return trusttest.Bundle(old.Channel("lts-2.4").Releases[2], files)
	}
	rename := func(suffix string, data []byte) func(map[string][]byte) {
		return func(files map[string][]byte) {
			for name := range maps.Clone(files) {
				if strings.HasSuffix(name, suffix) {
					files[name] = data
				}
			}
		}
	}
	accept(t, siteOf(t, world), bundleOf(func(map[string][]byte) {}))
	refused(t, siteOf(t, world), bundleOf(rename(".snapshot.json", []byte("{}"))), verify.CodeKeyRotated)
	refused(t, siteOf(t, world), bundleOf(rename(".lts-2.4.json", []byte("{}"))), verify.CodeKeyRotated)
	// The key for lists was replaced since: what it made before counts no more.
	v.Rotate("lts-2.4", trusttest.NewKey("second"))
	say(v, func(*release.Standing) {})
	world.Before = [][]byte{v.Update("lts-2.4")}
	refused(t, siteOf(t, world), bundleOf(func(map[string][]byte) {}), verify.CodeKeyRotated)
}

// state.json comes back from a disk that may be damaged, or from an export that somebody has edited. What is read can be
// used without a further look.
func TestAHostileStateIsRefused(t *testing.T) {
	t.Parallel()
	v := trusttest.Acme()
	v.AddChannel("lts-2.6", "2.6")
	v.Release("lts-2.6", "2.6.0")
	say(v, func(st *release.Standing) { withdraw("2.4.5")(st); withdraw("2.4.6")(st) })
	s := siteOf(t, trusttest.Case{Root: v.Roots[0], Installed: "2.4.7", Now: trusttest.Start})
	accept(t, s, v.Bundle("lts-2.4", "2.4.7"))
	accept(t, s, v.Update("lts-2.4", "lts-2.6"))
	if _, err := offer(t, s, v.Bundle("lts-2.4", "2.4.6")); err == nil {
		t.Fatal("a withdrawn release was accepted")
	}
	good, err := release.Encode(s.State)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := verify.DecodeState(good); err != nil {
		t.Fatal(err)
	}
	channel := func(m map[string]any, i int) map[string]any { return m["channels"].([]any)[i].(map[string]any) }
	swap := func(all any) { l := all.([]any); l[0], l[1] = l[1], l[0] }
	for name, c := range map[string]struct {
		text   string
		change func(m map[string]any)
	}{
		"no schema":                    {"schema", func(m map[string]any) { delete(m, "schema") }},
		"no root":                      {"root", func(m map[string]any) { delete(m, "root") }},
		"null for a root":              {"root", func(m map[string]any) { m["root"] = "null" }},
		"no roots":                     {"roots that were passed", func(m map[string]any) { m["roots"] = []any{} }},
		"roots with a gap":             {"gaps", func(m map[string]any) { m["roots"] = []any{map[string]any{"version": 1}, map[string]any{"version": 3}} }},
		"roots without end":            {"roots that were passed", func(m map[string]any) { m["roots"] = make([]map[string]any, release.MaxRoots+1) }},
		"a timestamp that is none":     {"timestamp", func(m map[string]any) { m["timestamp"] = "{}" }},
		"a snapshot that is none":      {"snapshot", func(m map[string]any) { m["snapshot"] = "[]" }},
		"targets that are none":        {"targets", func(m map[string]any) { m["targets"] = "{\"signed\":" }},
		"channels in another order":    {"out of order", func(m map[string]any) { swap(m["channels"]) }},
		"a channel twice":              {"out of order", func(m map[string]any) { m["channels"] = []any{channel(m, 0), channel(m, 0)} }},
		"a channel that is a way":      {"..", func(m map[string]any) { channel(m, 0)["channel"] = "../x" }},
		"a channel without a standing": {"standing", func(m map[string]any) { delete(channel(m, 0), "standing") }},
		"the standing of another":      {"that of lts-2.6", func(m map[string]any) { channel(m, 0)["standing"] = channel(m, 1)["standing"] }},
		"a status that is none":        {"status", func(m map[string]any) { channel(m, 0)["status"] = "null" }},
		"withdrawals in another order": {"withdrawals", func(m map[string]any) { swap(channel(m, 0)["withdrawn"]) }},
		"a withdrawal of nothing":      {"withdrawals", func(m map[string]any) { delete(channel(m, 0)["withdrawn"].([]any)[0].(map[string]any), "version") }},
		"releases in another order":    {"releases", func(m map[string]any) { swap(channel(m, 0)["releases"]) }},
		"a release of nothing":         {"releases", func(m map[string]any) { delete(channel(m, 0)["releases"].([]any)[0].(map[string]any), "version") }},
	} {
		var m map[string]any
		if err := json.Unmarshal(good, &m); err != nil {
			t.Fatal(err)
		}
		c.change(m)
		data, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := verify.DecodeState(data); err == nil || !strings.Contains(err.Error(), c.text) {
			t.Errorf("%s: %v, want an error about %q", name, err, c.text)
		}
	}
}

// Keys of kinds that releases are not signed with are refused when they are given, not when nothing verifies by them.
func TestAKeyOfAnotherKindIsNoKey(t *testing.T) {
	t.Parallel()
	der, err := x509.MarshalPKIXPublicKey(ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize)).Public())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := verify.ParseKey(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})); err == nil || !strings.Contains(err.Error(), "ed25519.PublicKey") {
		t.Errorf("%v", err)
	}
}
