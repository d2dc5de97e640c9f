// Package trusttest makes TUF repositories, bundles and trust updates of an imaginary vendor, for tests: good ones, and
// by way of [Vendor.Hook] every kind of bad one. It shares no code with what it tests beyond the formats. Keys and
// signatures are the same in every run, but those of RSA.
package trusttest

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/secure-systems-lab/go-securesystemslib/cjson"
	"github.com/theupdateframework/go-tuf/v2/metadata"

	"github.com/relctl/relctl/pkg/bundle"
	"github.com/relctl/relctl/pkg/release"
)

// Start is the time at which a new vendor lives.
var Start = time.Date(2026, 5, 3, 12, 0, 0, 0, time.UTC)

// Key is a signing key.
type Key struct {
	signer crypto.Signer
	public *metadata.Key
	// ID is TUF's.
	ID string
}

// NewKey makes the ECDSA key of a name, always the same.
func NewKey(name string) *Key {
	seed := sha256.Sum256([]byte("a key for tests: " + name))
	private, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), seed[:])
	check(err)
	return KeyOf(private)
}

// KeyOf wraps a private key.
func KeyOf(signer crypto.Signer) *Key {
	public, err := metadata.KeyFromPublicKey(signer.Public())
	check(err)
	return (&Key{signer: signer, public: public}).named()
}

func (k *Key) named() *Key {
	id, err := k.public.ID()
	check(err)
	k.ID = id
	return k
}

// As is the same key under another key type, and so under another id.
func (k *Key) As(keytype string) *Key {
	return (&Key{signer: k.signer, public: &metadata.Key{Type: keytype, Scheme: k.public.Scheme, Value: k.public.Value}}).named()
}

// Role is who may sign.
type Role struct {
	Keys      []*Key
	Threshold int
}

func (r Role) ids() []string {
	ids := make([]string, len(r.Keys))
	for i, k := range r.Keys {
		ids[i] = k.ID
	}
	return ids
}

// Release is one release.
type Release struct {
	Manifest *release.Manifest
	// Raw is release.json.
	Raw   []byte
	Files map[string][]byte
	// Event is the ledger's.
	Event int64
}

// Channel is one channel.
type Channel struct {
	Name     string
	Standing *release.Standing
	Releases []*Release
	// list, status and standing as they were published last.
	list, status, standing []byte
	listVersion            int64
	statusVersion          int64
}

// Vendor is a vendor.
type Vendor struct {
	Product string
	// Now is the vendor's clock; Publish does not move it.
	Now time.Time
	// Life is how long metadata is good.
	Life     time.Duration
	Roles    map[string]*Role
	Channels []*Channel
	// Roots are all, the first first.
	Roots [][]byte
	// Hook may change what a role is about to sign, and with which keys.
	Hook func(role string, signed map[string]any, keys []*Key) []*Key

	event                        int64
	targets, snapshot, timestamp []byte
	targetsVersion               int64
	snapshotVersion              int64
}

// New makes a vendor with a first root, one key a role, and no channel.
func New(product string) *Vendor { return newVendor(product, 400*24*time.Hour) }

func newVendor(product string, life time.Duration) *Vendor {
	v := &Vendor{Product: product, Now: Start, Life: life, Roles: map[string]*Role{}, event: 1}
	for _, role := range metadata.TOP_LEVEL_ROLE_NAMES {
		v.Roles[role] = &Role{Keys: []*Key{NewKey(product + " " + role)}, Threshold: 1}
	}
	v.Root()
	return v
}

// Clone returns a vendor that goes its own way from here.
func (v *Vendor) Clone() *Vendor {
	c := *v
	c.Roles = map[string]*Role{}
	for name, r := range v.Roles {
		c.Roles[name] = &Role{slices.Clone(r.Keys), r.Threshold}
	}
	c.Roots = slices.Clone(v.Roots)
	c.Channels = nil
	for _, ch := range v.Channels {
		d := *ch
		d.Releases = slices.Clone(ch.Releases)
		st := *ch.Standing
		st.Withdrawn = slices.Clone(st.Withdrawn)
		d.Standing = &st
		c.Channels = append(c.Channels, &d)
	}
	return &c
}

// Root signs the next root, by the keys that the root before names and by its own..
func (v *Vendor) Root() { v.rootSignedBy(v.Roles["root"].Keys) }

// Rotate gives a role other keys. For a role of the root a new root is signed; for a channel's role Publish signs new
// targets.
func (v *Vendor) Rotate(role string, keys ...*Key) {
	old := v.Roles["root"].Keys
	v.Roles[role] = &Role{Keys: keys, Threshold: v.Roles[role].Threshold}
	if slices.Contains(metadata.TOP_LEVEL_ROLE_NAMES[:], role) {
		signers := slices.Clone(old)
		for _, k := range v.Roles["root"].Keys {
			if !slices.Contains(signers, k) {
				signers = append(signers, k)
			}
		}
		v.rootSignedBy(signers)
	}
	v.targets = nil
}

func (v *Vendor) rootSignedBy(signers []*Key) {
	root := metadata.Root(v.Now.Add(2 * v.Life))
	root.Signed.Version = int64(len(v.Roots) + 1)
	root.Signed.ConsistentSnapshot = true
	root.Signed.Keys = map[string]*metadata.Key{}
	for _, name := range metadata.TOP_LEVEL_ROLE_NAMES {
		r := v.Roles[name]
		root.Signed.Roles[name] = &metadata.Role{KeyIDs: r.ids(), Threshold: r.Threshold}
		for _, k := range r.Keys {
			root.Signed.Keys[k.ID] = k.public
		}
	}
	v.Roots = append(v.Roots, v.seal("root", root.Signed, signers))
}

// AddChannel opens an LTS channel such as lts-2.4 of line 2.4, with a key for its releases and one for its standing.
func (v *Vendor) AddChannel(name, line string) *Channel {
	l, err := release.ParseLine(line)
	check(err)
	for _, role := range []string{release.ReleaseRole(name), release.StatusRole(name)} {
		v.Roles[role] = &Role{Keys: []*Key{NewKey(v.Product + " " + role)}, Threshold: 1}
	}
	c := &Channel{Name: name, Standing: &release.Standing{
		Schema: release.StandingSchema, Product: v.Product, Channel: name, Line: l,
		Support: release.SupportWindow{Maintenance: "2027-03-01", EOL: "2028-03-01"},
	}}
	v.Channels = append(v.Channels, c)
	v.targets = nil
	return c
}

// Channel returns one by its name.
func (v *Vendor) Channel(name string) *Channel {
	i := slices.IndexFunc(v.Channels, func(c *Channel) bool { return c.Name == name })
	return v.Channels[i]
}

// Release makes a release of a channel and publishes it.
func (v *Vendor) Release(channel, version string) *Release {
	c := v.Channel(channel)
	r := v.Make(c, version)
	c.Releases = append(c.Releases, r)
	c.list = nil
	c.Standing.Newest = &release.Head{Version: r.Manifest.Version, Sequence: r.Manifest.Sequence, Release: release.Digest(r.Raw)}
	c.standing = nil
	v.Publish()
	return r
}

// Make makes a release that is in no list.
func (v *Vendor) Make(c *Channel, version string) *Release {
	v.event++
	files := map[string][]byte{"VERIFY.md": []byte("# by hand\n"), "artifacts/acme": []byte("program " + version), "docs/install.md": []byte("# install\n")}
	m := &release.Manifest{
		Schema: release.ManifestSchema, Product: v.Product, Channel: c.Name, Kind: release.LTS, Line: c.Standing.Line,
		Version: release.MustVersion(version), Sequence: uint64(len(c.Releases) + 1), Commit: strings.Repeat("a", 40), Tag: "v" + version,
		SourceDate: Start, Plan: "sha256:" + strings.Repeat("b", 64), Pins: []release.Pin{},
	}
	if n := len(c.Releases); n > 0 {
		last := c.Releases[n-1]
		m.Previous = &release.Predecessor{Version: last.Manifest.Version, Commit: last.Manifest.Commit, Release: release.Digest(last.Raw)}
	}
	r := &Release{Manifest: m, Files: files, Event: v.event}
	r.Seal()
	return r
}

// Seal writes SHA256SUMS and release.json for the files that the release has.
func (r *Release) Seal() {
	delete(r.Files, release.SumsName)
	r.Manifest.Files = nil
	var sums strings.Builder
	for _, path := range slices.Sorted(maps.Keys(r.Files)) {
		fmt.Fprintf(&sums, "%x  %s\n", sha256.Sum256(r.Files[path]), path)
	}
	r.Files[release.SumsName] = []byte(sums.String())
	for _, path := range slices.Sorted(maps.Keys(r.Files)) {
		data := r.Files[path]
		r.Manifest.Files = append(r.Manifest.Files, release.File{Path: path, MediaType: release.MediaTypeText, Mode: "0644", Size: int64(len(data)), SHA256: fmt.Sprintf("%x", sha256.Sum256(data))})
	}
	raw, err := release.Encode(r.Manifest)
	check(err)
	r.Raw = raw
}

// Touch makes Publish sign a channel's list and standing anew.
func (c *Channel) Touch() { c.list, c.standing = nil, nil }

// Publish signs what has changed: lists, standings, targets, and then snapshot and timestamp.
func (v *Vendor) Publish() {
	v.event++
	for _, c := range v.Channels {
		if c.list == nil {
			c.listVersion, c.list = v.event, v.list(c)
		}
		if c.standing == nil {
			c.Standing.Issued = v.Now
			raw, err := release.Encode(c.Standing)
			check(err)
			c.standing = raw
			t := v.targetsOf(release.StatusRole(c.Name), map[string]*metadata.TargetFiles{release.StandingTarget(c.Name): target(raw)})
			c.statusVersion, c.status = v.event, t
		}
	}
	if v.targets == nil {
		v.targetsVersion, v.targets = v.event, v.delegate()
	}
	v.Head()
}

// Head signs a snapshot and a timestamp of what was published, under the version of the last event.
func (v *Vendor) Head() {
	sn := metadata.Snapshot(v.Now.Add(v.Life))
	sn.Signed.Version = v.event
	sn.Signed.Meta = map[string]*metadata.MetaFiles{"targets.json": entry(v.targets, v.targetsVersion)}
	for _, c := range v.Channels {
		sn.Signed.Meta[release.ReleaseRole(c.Name)+".json"] = entry(c.list, c.listVersion)
		sn.Signed.Meta[release.StatusRole(c.Name)+".json"] = entry(c.status, c.statusVersion)
	}
	v.snapshotVersion, v.snapshot = v.event, v.seal("snapshot", sn.Signed, v.Roles["snapshot"].Keys)
	v.Vouch()
}

// Vouch signs a timestamp over the last snapshot.
func (v *Vendor) Vouch() {
	ts := metadata.Timestamp(v.Now.Add(v.Life))
	ts.Signed.Version = v.event
	ts.Signed.Meta = map[string]*metadata.MetaFiles{"snapshot.json": entry(v.snapshot, v.snapshotVersion)}
	ts.Signed.UnrecognizedFields = map[string]any{"issued": v.Now.Format(time.RFC3339)}
	v.timestamp = v.seal("timestamp", ts.Signed, v.Roles["timestamp"].Keys)
}

// Skip leaves event numbers out.
func (v *Vendor) Skip(n int64) { v.event += n }

// Refresh signs a new timestamp, as the reconciler does when nothing happens.
func (v *Vendor) Refresh() {
	v.event++
	v.Vouch()
}

func (v *Vendor) list(c *Channel) []byte {
	targets := map[string]*metadata.TargetFiles{}
	for _, r := range c.Releases {
		t := target(r.Raw)
		custom, err := json.Marshal(map[string]any{"version": r.Manifest.Version, "sequence": r.Manifest.Sequence, "event": r.Event, "ledger": fmt.Sprintf("%040x", r.Event)})
		check(err)
		t.Custom = (*json.RawMessage)(&custom)
		targets[release.ReleaseTarget(c.Name, r.Manifest.Version)] = t
	}
	return v.targetsOf(release.ReleaseRole(c.Name), targets)
}

func (v *Vendor) targetsOf(role string, targets map[string]*metadata.TargetFiles) []byte {
	m := metadata.Targets(v.Now.Add(v.Life))
	m.Signed.Version, m.Signed.Targets = v.event, targets
	return v.seal(role, m.Signed, v.Roles[role].Keys)
}

func (v *Vendor) delegate() []byte {
	m := metadata.Targets(v.Now.Add(v.Life))
	m.Signed.Version = v.event
	d := &metadata.Delegations{Keys: map[string]*metadata.Key{}}
	for _, c := range v.Channels {
		for role, path := range map[string]string{release.ReleaseRole(c.Name): "releases/" + c.Name + "/*/release.json", release.StatusRole(c.Name): release.StandingTarget(c.Name)} {
			r := v.Roles[role]
			d.Roles = append(d.Roles, metadata.DelegatedRole{Name: role, KeyIDs: r.ids(), Threshold: r.Threshold, Terminating: true, Paths: []string{path}})
			for _, k := range r.Keys {
				d.Keys[k.ID] = k.public
			}
		}
	}
	slices.SortFunc(d.Roles, func(a, b metadata.DelegatedRole) int { return strings.Compare(a.Name, b.Name) })
	m.Signed.Delegations = d
	return v.seal("targets", m.Signed, v.Roles["targets"].Keys)
}

func target(data []byte) *metadata.TargetFiles {
	sum := sha256.Sum256(data)
	return &metadata.TargetFiles{Length: int64(len(data)), Hashes: metadata.Hashes{"sha256": sum[:]}}
}

func entry(data []byte, version int64) *metadata.MetaFiles {
	sum := sha256.Sum256(data)
	return &metadata.MetaFiles{Length: int64(len(data)), Hashes: metadata.Hashes{"sha256": sum[:]}, Version: version}
}

// seal signs what a role says.
func (v *Vendor) seal(role string, signed any, keys []*Key) []byte {
	raw, err := json.Marshal(signed)
	check(err)
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	var doc map[string]any
	check(dec.Decode(&doc))
	if v.Hook != nil {
		keys = v.Hook(role, doc, keys)
	}
	return Seal(doc, keys)
}

// Seal signs a document with keys, one signature a key id.
func Seal(signed map[string]any, keys []*Key) []byte {
	payload, err := cjson.EncodeCanonical(signed)
	check(err)
	type signature struct {
		KeyID string `json:"keyid"`
		Sig   string `json:"sig"`
	}
	signatures := []signature{}
	for _, k := range keys {
		signatures = append(signatures, signature{k.ID, hex.EncodeToString(k.sign(payload))})
	}
	out, err := json.Marshal(map[string]any{"signatures": signatures, "signed": signed})
	check(err)
	return out
}

// sign signs as TUF asks for of each type of key.
func (k *Key) sign(payload []byte) []byte {
	sum := sha256.Sum256(payload)
	digest, opts := sum[:], crypto.SignerOpts(crypto.SHA256)
	switch k.signer.Public().(type) {
	case ed25519.PublicKey:
		digest, opts = payload, crypto.Hash(0)
	case *rsa.PublicKey:
		opts = &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: crypto.SHA256}
	}
	var random io.Reader // ECDSA without one is deterministic
	if _, ok := opts.(*rsa.PSSOptions); ok {
		random = rand.Reader
	}
	sig, err := k.signer.Sign(random, digest, opts)
	check(err)
	return sig
}

// Files returns what a bundle of the channels carries below trust/: all roots, the newest metadata, the channels' lists,
// statuses and standings.
func (v *Vendor) Files(channels ...string) map[string][]byte {
	files := v.News(channels...)
	for _, name := range channels {
		c := v.Channel(name)
		files[fmt.Sprintf("%d.%s.json", c.listVersion, release.ReleaseRole(name))] = c.list
	}
	return files
}

// News returns what a trust update carries: Files without the lists of releases.
func (v *Vendor) News(channels ...string) map[string][]byte {
	files := map[string][]byte{
		"timestamp.json": v.timestamp,
		fmt.Sprintf("%d.snapshot.json", v.snapshotVersion): v.snapshot,
		fmt.Sprintf("%d.targets.json", v.targetsVersion):   v.targets,
	}
	for i, root := range v.Roots {
		files[fmt.Sprintf("%d.root.json", i+1)] = root
	}
	for _, name := range channels {
		c := v.Channel(name)
		files[fmt.Sprintf("%d.%s.json", c.statusVersion, release.StatusRole(name))] = c.status
		files[release.StandingTarget(name)] = c.standing
	}
	return files
}

// Bundle writes a bundle of a release with trust files.
func Bundle(r *Release, trust map[string][]byte) []byte { return Signed(r, trust, nil) }

// Signed is Bundle with stock signatures by their names.
func Signed(r *Release, trust, signatures map[string][]byte) []byte {
	sources := []bundle.Source{source(release.ManifestName, r.Raw)}
	for _, files := range []map[string][]byte{r.Files, signatures} {
		for path, data := range files {
			sources = append(sources, source(path, data))
		}
	}
	var out bytes.Buffer
	check(bundle.Write(&out, r.Manifest.SourceDate, append(sources, trustSources(trust)...)))
	return out.Bytes()
}

// Bundle writes the bundle of a release of a channel with today's trust.
func (v *Vendor) Bundle(channel, version string) []byte {
	for _, r := range v.Channel(channel).Releases {
		if r.Manifest.Version.String() == version {
			return Bundle(r, v.Files(channel))
		}
	}
	panic("no release " + version)
}

// Update writes a trust update.
func (v *Vendor) Update(channels ...string) []byte { return Update(v.News(channels...)) }

// Update writes a trust update of files.
func Update(trust map[string][]byte) []byte {
	var out bytes.Buffer
	check(bundle.WriteTrust(&out, Start, trustSources(trust)))
	return out.Bytes()
}

func trustSources(trust map[string][]byte) []bundle.Source {
	var sources []bundle.Source
	for name, data := range trust {
		sources = append(sources, source(release.TrustDir+name, data))
	}
	return sources
}

func source(name string, data []byte) bundle.Source {
	return bundle.Source{Name: name, Mode: "0644", Size: int64(len(data)), Open: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil }}
}

// check stops a generator that cannot go on; the tests hold what it made, not how it fails.
func check(err error) {
	if err != nil {
		panic(err)
	}
}
