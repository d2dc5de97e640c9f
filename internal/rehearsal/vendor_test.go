// Package rehearsal walks through years of one product: pkg/trust is the vendor, pkg/verify are the sites, and nothing is
// made for the test but keys in memory and a clock that is set.
package rehearsal_test

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/relctl/relctl/internal/keytest"
	"github.com/relctl/relctl/internal/trusttest"
	"github.com/relctl/relctl/pkg/bundle"
	"github.com/relctl/relctl/pkg/release"
	"github.com/relctl/relctl/pkg/trust"
)

// line is a channel with all that was released there.
type line struct {
	standing release.Standing
	releases []*trusttest.Release
	listed   []trust.Listed
}

// vendor is a product with its keys. It signs with the keys that it has, and with no other.
type vendor struct {
	t     testing.TB
	now   time.Time
	event uint64
	repo  *trust.Repository
	keys  map[string][]keytest.Key
	lines map[string]*line
}

// newVendor has two of three keys for the root.
func newVendor(t testing.TB, now time.Time) *vendor {
	v := &vendor{t: t, now: now, event: 1, repo: &trust.Repository{}, keys: map[string][]keytest.Key{}, lines: map[string]*line{}}
	v.change(func(e *trust.Edit) error {
		for _, role := range []string{"root", "root", "root", "targets", "snapshot", "timestamp"} {
			if err := v.give(e, role, keytest.New(t)); err != nil {
				return err
			}
		}
		return e.SetThreshold("root", 2)
	})
	return v
}

// clone is somebody who has what v has, and goes another way from here.
func (v *vendor) clone() *vendor {
	c := *v
	c.keys, c.lines = maps.Clone(v.keys), map[string]*line{}
	for name, l := range v.lines {
		d := *l
		d.releases, d.listed = slices.Clone(l.releases), slices.Clone(l.listed)
		d.standing.Withdrawn = slices.Clone(l.standing.Withdrawn)
		c.lines[name] = &d
	}
	return &c
}

func (v *vendor) check(err error) {
	v.t.Helper()
	if err != nil {
		v.t.Fatal(err)
	}
}

// give lets a key sign for a role.
func (v *vendor) give(e *trust.Edit, role string, k keytest.Key) error {
	v.keys[role] = append(v.keys[role], k)
	return e.AddKey(role, k.Public())
}

// take takes the oldest key of a role away, which then signs only what replaces it.
func (v *vendor) take(e *trust.Edit, role string) error {
	_, err := e.Revoke(v.keys[role][0].Public().ID())
	return err
}

// Releases and Standing make a vendor a [trust.Source].
func (v *vendor) Releases(channel string) ([]trust.Listed, error) {
	return v.lines[channel].listed, nil
}

func (v *vendor) Standing(channel string) (*release.Standing, error) {
	s := v.lines[channel].standing
	s.Issued = v.now
	if r := v.lines[channel].listed; len(r) > 0 {
		last := r[len(r)-1]
		s.Newest = &release.Head{Version: last.Version, Sequence: last.Sequence, Release: last.Release}
	}
	return &s, nil
}

func (v *vendor) options() trust.Options {
	v.event++
	return trust.Options{Version: v.event, Source: v, Expires: func(role string) time.Time {
		if role == release.RoleRoot {
			return v.now.AddDate(0, 0, 730)
		}
		return v.now.AddDate(0, 0, 400)
	}}
}

func (v *vendor) all() []trust.Signer {
	var out []trust.Signer
	for _, keys := range v.keys {
		for _, k := range keys {
			out = append(out, k)
		}
	}
	return out
}

// change makes an edit, signs it with every key at hand, and vouches for it.
func (v *vendor) change(edit func(e *trust.Edit) error) {
	v.t.Helper()
	e, err := v.repo.Edit(v.options())
	v.check(err)
	v.check(edit(e))
	p, err := e.Proposal()
	v.check(err)
	for _, k := range v.all() {
		_, err := p.Sign(v.t.Context(), k)
		v.check(err)
	}
	files, standings, err := p.Files()
	v.check(err)
	v.repo, err = v.repo.With(files, standings)
	v.check(err)
	v.vouch()
}

// vouch signs snapshot and timestamp.
func (v *vendor) vouch() {
	v.t.Helper()
	files, wants, err := v.repo.Refresh(v.t.Context(), v.options(), v.now, v.all())
	v.check(err)
	if wants != nil {
		v.t.Fatal(wants)
	}
	v.repo, err = v.repo.With(files, nil)
	v.check(err)
}

// renew signs roles anew.
func (v *vendor) renew(roles ...string) {
	v.t.Helper()
	v.change(func(e *trust.Edit) error {
		for _, role := range roles {
			e.Renew(role)
		}
		return nil
	})
}

// replace gives a role a new key for its oldest one.
func (v *vendor) replace(role string, fresh keytest.Key) {
	v.t.Helper()
	v.change(func(e *trust.Edit) error {
		if err := v.give(e, role, fresh); err != nil {
			return err
		}
		return v.take(e, role)
	})
	v.keys[role] = v.keys[role][1:]
}

// open begins a line such as 2.0 on a channel such as lts-2.
func (v *vendor) open(channel, of string, upgrade release.Upgrades) {
	v.t.Helper()
	l, err := release.ParseLine(of)
	v.check(err)
	v.lines[channel] = &line{standing: release.Standing{Schema: release.StandingSchema, Product: "acme", Channel: channel, Line: l, Upgrade: upgrade}}
	v.change(func(e *trust.Edit) error {
		if err := v.give(e, release.ReleaseRole(channel), keytest.New(v.t)); err != nil {
			return err
		}
		return v.give(e, release.StatusRole(channel), keytest.New(v.t))
	})
}

// cut releases a version and lists it.
func (v *vendor) cut(channel, version string) {
	v.t.Helper()
	v.release(channel, version, "program "+version)
	v.renew(release.ReleaseRole(channel))
}

// release makes a release that is not listed yet.
func (v *vendor) release(channel, version, program string) {
	v.t.Helper()
	l := v.lines[channel]
	n := uint64(len(l.releases) + 1)
	m := &release.Manifest{
		Schema: release.ManifestSchema, Product: "acme", Channel: channel, Kind: release.LTS, Line: l.standing.Line,
		Version: release.MustVersion(version), Sequence: n, Commit: strings.Repeat("a", 40), Tag: "v" + version,
		SourceDate: v.now, Plan: "sha256:" + strings.Repeat("b", 64), Pins: []release.Pin{},
	}
	if n > 1 {
		last := l.releases[n-2]
		m.Previous = &release.Predecessor{Version: last.Manifest.Version, Commit: last.Manifest.Commit, Release: release.Digest(last.Raw)}
	}
	r := &trusttest.Release{Manifest: m, Files: map[string][]byte{"VERIFY.md": []byte("# by hand\n"), "artifacts/acme": []byte(program)}}
	r.Seal()
	l.releases = append(l.releases, r)
	l.listed = append(l.listed, trust.Listed{
		Version: m.Version, Sequence: n, Event: v.event, Ledger: fmt.Sprintf("%040x", v.event), Size: int64(len(r.Raw)), Release: release.Digest(r.Raw),
	})
}

// say signs the standing of a channel after a change of it.
func (v *vendor) say(channel string, change func(s *release.Standing)) {
	v.t.Helper()
	change(&v.lines[channel].standing)
	v.renew(release.StatusRole(channel))
}

// files are those under trust/ of a bundle of a channel, or of a trust update if it is "".
func (v *vendor) files(releases string) map[string][]byte {
	v.t.Helper()
	named, err := v.repo.Files(trust.Carry{Standings: slices.Sorted(maps.Keys(v.lines)), Releases: releases})
	v.check(err)
	out := map[string][]byte{}
	for _, f := range named {
		out[strings.TrimPrefix(f.Name, release.TrustDir)] = f.Data
	}
	return out
}

// bundle is that of a version, or of the newest for "", with today's trust.
func (v *vendor) bundle(channel, version string) []byte {
	v.t.Helper()
	releases := v.lines[channel].releases
	for _, r := range slices.Backward(releases) {
		if version == "" || r.Manifest.Version.String() == version {
			return trusttest.Bundle(r, v.files(channel))
		}
	}
	v.t.Fatalf("no release %s", version)
	return nil
}

// update is a trust update for all channels, as relctl trust export writes it.
func (v *vendor) update() []byte {
	v.t.Helper()
	named, err := v.repo.Files(trust.Carry{Standings: slices.Sorted(maps.Keys(v.lines))})
	v.check(err)
	var sources []bundle.Source
	for _, f := range named {
		sources = append(sources, bundle.Source{Name: f.Name, Mode: "0644", Size: int64(len(f.Data)), Open: func() (io.ReadCloser, error) {
			return io.NopCloser(bytes.NewReader(f.Data)), nil
		}})
	}
	var out bytes.Buffer
	v.check(bundle.WriteTrust(&out, v.repo.Issued(), sources))
	return out.Bytes()
}
