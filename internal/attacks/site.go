package attacks

import (
	"time"

	"github.com/relctl/relctl/internal/trusttest"
	"github.com/relctl/relctl/pkg/release"
	"github.com/relctl/relctl/pkg/verify"
)

// rowOfCode is the row of most deceits of trusttest, by their reason.
var rowOfCode = map[string]string{
	"trust-signature": RowSigner, "root-signature": RowSigner, "root-other": RowInside, "root-gap": RowRotated, "trust-form": RowStripped,
	"trust-rollback": RowLower, "trust-missing": RowStripped, "trust-digest": RowAltered, "delegation": RowSigner,
	"release-unlisted": RowSigner, "equivocation": RowEquivocates, "key-rotated": RowRotated, "product-other": RowOther,
	"channel-other": RowOther, "standing-form": RowJSON, "manifest-critical": RowStripped, "version-below-installed": RowLower,
	"version-below-floor": RowLower, "upgrade-stop": RowStop, "upgrade-blocked": RowStop, "upgrade-range": RowStop,
	"release-withdrawn": RowStale, "stale": RowStale, "metadata-expired": RowStale, "standing-outdated": RowStale, "line-ended": RowStale,
	"trust-gzip": RowAltered, "bundle-trailing": RowArchive,
}

// rowOfName is the row of the others.
var rowOfName = map[string]string{
	"timestamp without a signature":                 RowStripped,
	"root that was withheld, with a revoked key":    RowRotated,
	"root signed by the new keys alone":             RowRotated,
	"timestamp with a key twice":                    RowJSON,
	"bytes after the timestamp":                     RowJSON,
	"bytes of no text in the timestamp":             RowJSON,
	"a number beyond all readers":                   RowJSON,
	"null where go-tuf would stumble":               RowJSON,
	"timestamp beyond all measure":                  RowOversized,
	"root beyond all measure":                       RowOversized,
	"release listed as another one":                 RowMixed,
	"list that names another sequence":              RowEquivocates,
	"two roles that may speak of the releases":      RowSigner,
	"targets that speak of the standing themselves": RowSigner,
	"standing with a field that must be understood": RowStripped,
	"a role that may not speak of the standing":     RowSigner,
	"clock set back over the greatest age":          RowClock,
	"no trust at all":                               RowStripped,
	"a channel with no way from here":               RowOther,
	"snapshot that leaves a channel out":            RowStripped,
	"a curve that nothing is signed with":           RowStripped,
	"an ed25519 key of the wrong length":            RowStripped,
}

// sites are the deceits about trust metadata, judged by a site.
func sites() []Attack {
	var all []Attack
	add := func(row string, c trusttest.Case) {
		all = append(all, Attack{Row: row, Name: c.Name, Code: c.Code, Exit: exit(c.Code), Bad: c.Bad, Good: c.Good, Site: &c})
	}
	for _, c := range trusttest.Cases() {
		row, ok := rowOfName[c.Name]
		if !ok {
			row = rowOfCode[c.Code]
		}
		add(row, c)
	}
	add(RowInside, ownPolicy())
	for _, c := range clocks() {
		add(RowClock, c)
	}
	return all
}

// site is one that has 2.4.6 of a vendor.
func site(v *trusttest.Vendor) *trusttest.Case {
	return &trusttest.Case{Root: v.Roots[0], Installed: "2.4.6"}
}

// ownPolicy is a bundle that brings what a site keeps, and says there that less is installed.
func ownPolicy() trusttest.Case {
	v := trusttest.Lasting()
	files := v.Files(channel)
	files["site.json"] = []byte(`{"product":"acme","channel":"lts-2.4","installed":"none"}`)
	files["state.json"] = []byte(`{"installed":{"version":"2.4.4"}}`)
	c := site(v)
	c.Name, c.Code = "a site's policy in the bundle", verify.CodeBelowInstalled
	c.Bad, c.Good = trusttest.Bundle(v.Channel(channel).Releases[0], files), v.Bundle(channel, "2.4.7")
	return *c
}

// clocks are bundles that show that the machine's clock is off. They are accepted, with a warning.
func clocks() []trusttest.Case {
	const year = 365 * 24 * time.Hour
	warns := func(name, code string, after time.Duration) trusttest.Case {
		v := trusttest.Lasting()
		c := site(v)
		c.Name, c.Code, c.Good = name, code, v.Bundle(channel, "2.4.7")
		v.Now, v.Life = v.Now.Add(after), 200*year
		v.Channel(channel).Touch()
		v.Publish()
		c.Bad = v.Bundle(channel, "2.4.7")
		return *c
	}
	return []trusttest.Case{
		warns("news signed half a century from now", verify.CodeClockBehind, 50*year),
		warns("news signed thirty years ago", verify.CodeClockAhead, -30*year),
	}
}

const channel = "lts-2.4"

// sample is a good release whose bundle has trust metadata and a stock signature, so that a site and a key accept it.
type sample struct {
	vendor     *trusttest.Vendor
	release    *trusttest.Release
	key        *trusttest.Key
	signatures map[string][]byte
}

func newSample() *sample {
	v := trusttest.Lasting()
	s := &sample{vendor: v, release: v.Channel(channel).Releases[2], key: trusttest.NewKey("acme stock")}
	s.sign()
	return s
}

// sign vouches for release.json as it stands, by every key that it takes.
func (s *sample) sign() {
	s.signatures = map[string][]byte{s.key.StockName(): s.key.Stock(s.release.Raw)}
	c := s.vendor.Channel(channel)
	c.Standing.Newest.Release = release.Digest(s.release.Raw)
	c.Touch()
	s.vendor.Publish()
}

func (s *sample) bundle() []byte {
	return trusttest.Signed(s.release, s.vendor.Files(channel), s.signatures)
}

// attack is judged by the key alone.
func (s *sample) attack(row, name, code string, bad []byte) Attack {
	return Attack{Row: row, Name: name, Code: code, Exit: exit(code), Bad: bad, Good: newSample().bundle(), Keys: [][]byte{s.key.PEM()}}
}

// both is judged by the key and by a site.
func (s *sample) both(row, name, code string, bad []byte) Attack {
	a := s.attack(row, name, code, bad)
	a.Site = site(s.vendor)
	return a
}
