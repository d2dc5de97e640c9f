package verify

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/theupdateframework/go-tuf/v2/metadata"
	"github.com/theupdateframework/go-tuf/v2/metadata/trustedmetadata"

	"github.com/relctl/relctl/pkg/release"
)

// The reason codes about trust metadata.
const (
	CodeTrustMissing   = "trust-missing"   // no metadata at all, or a part that is needed is not there
	CodeTrustForm      = "trust-form"      // metadata that is not strict JSON, or lacks what it must have
	CodeRootOther      = "root-other"      // another root of a version that this site has passed
	CodeRootGap        = "root-gap"        // a root is missing on the way to a newer one
	CodeRootSignature  = "root-signature"  // a root that its predecessor, or itself, does not vouch for
	CodeTrustSignature = "trust-signature" // fewer keys than needed, of those that count today, have signed
	CodeTrustDigest    = "trust-digest"    // other bytes, or another version, than the metadata above names
	CodeTrustRollback  = "trust-rollback"  // a version lower than one that this site has seen
	CodeEquivocation   = "equivocation"    // two statements where there can be one
	CodeDelegation     = "delegation"      // a role that may not speak of this, or two that may
	CodeStanding       = "standing-form"   // the channel's standing is not one
	CodeUnlisted       = "release-unlisted"
	CodeKeyRotated     = "key-rotated" // by keys that counted once
	CodeTrust          = "trust-ok"
)

const (
	askTrust   = "ask your vendor for a trust update, or for the bundle written again with today's trust (relctl bundle write)"
	callVendor = "do not use it, and call your vendor: somebody may be trying to deceive you, or a key was stolen"
)

// distrust refuses metadata.
func distrust(code, remedy, format string, args ...any) *Refusal {
	return &Refusal{Code: code, Verdict: authenticity, Text: fmt.Sprintf(format, args...), Remedy: remedy}
}

// walker holds offered metadata against what a site knows. It follows TUF's client workflow (root, timestamp, snapshot,
// targets, delegated roles), with three differences: signatures and versions are judged at a fixed time, so that expiry
// can be judged apart; files come from a closed set; and the paths of roles are computed from channels.
type walker struct {
	product string
	files   Files
	state   *State
	tm      *trustedmetadata.TrustedMetadata
	// older is the offered snapshot if a newer one is known and the offered one holds by today's keys too.
	older *metadata.Metadata[metadata.SnapshotType]
	// current are the channels whose newest standing is at hand.
	current map[string]bool
}

// walk judges offered metadata. The state of the result has grown by what was learned: with an error too, if newer roots
// were reached before it, since a root vouches for itself.
func walk(product string, state *State, files Files) (*walker, error) {
	w := &walker{product: product, files: files, state: state.clone(), current: map[string]bool{}}
	if err := w.roots(); err != nil {
		return w, err
	}
	reached := w.state
	w.state = reached.clone()
	err := w.chain()
	if err != nil {
		w.state = reached
	}
	return w, err
}

// roots goes from the newest known root as far as the offered ones lead.
func (w *walker) roots() error {
	tm, err := trustedmetadata.New([]byte(w.state.Root))
	if err != nil {
		return fmt.Errorf("the root that this site keeps is damaged: %w", err)
	}
	// No metadata is expired at the zero time.
	tm.RefTime = time.Time{}
	w.tm = tm
	for _, seen := range w.state.Roots {
		if data, ok := w.files[versioned(seen.Version, release.RoleRoot)]; ok && statementDigest(data) != seen.Statement {
			return distrust(CodeRootOther, "it is of another vendor, or forged: "+callVendor, "root %d is another one than the one that this site trusts", seen.Version)
		}
	}
	version := tm.Root.Signed.Version
	for ; ; version++ {
		data, ok := w.files[versioned(version+1, release.RoleRoot)]
		if !ok {
			break
		}
		if len(w.state.Roots) >= release.MaxRoots {
			return distrust(CodeTrustForm, askAgain, "more than %d roots", release.MaxRoots)
		}
		if err := checkMetadata(release.RoleRoot, data); err != nil {
			return distrust(CodeTrustForm, askAgain, "root %d: %v", version+1, err)
		}
		if _, err := tm.UpdateRoot(data); err != nil {
			return distrust(CodeRootSignature, callVendor, "root %d is not vouched for by root %d and by itself: %v", version+1, version, err)
		}
		w.state.Root = string(data)
		w.state.Roots = append(w.state.Roots, RootSeen{version + 1, statementDigest(data)})
	}
	if found := w.files.versions(release.RoleRoot); len(found) > 0 && slices.Max(found) > version {
		return distrust(CodeRootGap, "ask your vendor for a trust update with all roots after "+fmt.Sprint(version), "root %d is missing on the way to root %d", version+1, slices.Max(found))
	}
	return nil
}

// chain goes from the timestamp to the standings.
func (w *walker) chain() error {
	fresh, err := w.timestamp()
	if err != nil {
		return err
	}
	if err := w.snapshot(); err != nil {
		return err
	}
	if !fresh {
		if err := w.old(); err != nil {
			return err
		}
	}
	if err := w.targets(); err != nil {
		return err
	}
	asOf, err := issued(w.tm.Timestamp)
	if err != nil {
		return distrust(CodeTrustForm, askAgain, "timestamp.json: %v", err)
	}
	for _, channel := range w.channels() {
		if err := w.standing(channel, asOf); err != nil {
			return err
		}
	}
	return nil
}

// timestamp chooses between the known and the offered one; fresh says that the offered one counts.
func (w *walker) timestamp() (fresh bool, err error) {
	known := []byte(w.state.Timestamp)
	if len(known) > 0 {
		if _, err := w.tm.UpdateTimestamp(known); err != nil {
			// The root has moved to other keys: what the old ones said counts no more, nor does how far they had counted.
			w.state.Timestamp, known = "", nil
		}
	}
	offered, ok := w.files["timestamp.json"]
	if !ok {
		if len(known) == 0 {
			return false, distrust(CodeTrustMissing, askTrust, "there is no timestamp.json, and this site knows none that counts")
		}
		return false, nil
	}
	if err := checkMetadata(release.RoleTimestamp, offered); err != nil {
		return false, distrust(CodeTrustForm, askAgain, "timestamp.json: %v", err)
	}
	before := w.tm.Timestamp
	now, err := w.tm.UpdateTimestamp(offered)
	if before == nil || err == nil {
		if err != nil {
			return false, distrust(CodeTrustSignature, askTrust, "timestamp.json is not signed by keys that root %d names: %v", w.tm.Root.Signed.Version, err)
		}
		w.state.Timestamp = string(offered)
		if before == nil {
			return true, nil
		}
		return true, sameVersionSameDigest(before.Signed.Meta, now.Signed.Meta)
	}
	other, _ := metadata.Timestamp().FromBytes(offered) // was read by checkMetadata
	switch version := before.Signed.Version; {
	case errors.Is(err, &metadata.ErrEqualVersionNumber{}):
		if !reflect.DeepEqual(other.Signed, before.Signed) {
			return false, distrust(CodeEquivocation, callVendor, "timestamp.json %d says something else than the one of that number that this site has seen", version)
		}
		return false, nil
	case other.Signed.Version < version:
		return false, nil // older news; the site's own count
	case errors.Is(err, &metadata.ErrBadVersionNumber{}):
		return false, distrust(CodeTrustRollback, callVendor, "timestamp.json %d names an older snapshot than timestamp.json %d did", other.Signed.Version, version)
	default:
		return false, distrust(CodeTrustSignature, callVendor, "timestamp.json %d claims to be no older than %d, which this site knows, and is not signed by keys that root %d names", other.Signed.Version, version, w.tm.Root.Signed.Version)
	}
}

// snapshot loads the one that the timestamp names.
func (w *walker) snapshot() error {
	meta := w.tm.Timestamp.Signed.Meta["snapshot.json"]
	known := []byte(w.state.Snapshot)
	var before *metadata.Metadata[metadata.SnapshotType]
	if len(known) > 0 {
		// One of another version is refused as final, and still kept to compare with.
		_, err := w.tm.UpdateSnapshot(known, true)
		if err == nil && meta.VerifyLengthHashes(known) == nil {
			return nil
		}
		before = w.tm.Snapshot
	}
	name := versioned(meta.Version, release.RoleSnapshot)
	offered, ok := w.files[name]
	if !ok {
		return distrust(CodeTrustMissing, askTrust, "there is no %s, which timestamp.json names", name)
	}
	if err := meta.VerifyLengthHashes(offered); err != nil {
		return distrust(CodeTrustDigest, callVendor, "%s is not what timestamp.json names: %v", name, err)
	}
	if err := checkMetadata(release.RoleSnapshot, offered); err != nil {
		return distrust(CodeTrustForm, askAgain, "%s: %v", name, err)
	}
	now, err := w.tm.UpdateSnapshot(offered, false)
	if err != nil {
		return w.misfit(name, err)
	}
	w.state.Snapshot = string(offered)
	if before == nil {
		return nil
	}
	return sameVersionSameDigest(before.Signed.Meta, now.Signed.Meta)
}

// misfit says why go-tuf did not take a file that the metadata above names.
func (w *walker) misfit(name string, err error) error {
	var missing *metadata.ErrRepository // the type itself: a snapshot that leaves out a role
	switch {
	case errors.Is(err, &metadata.ErrUnsignedMetadata{}):
		return distrust(CodeTrustSignature, askTrust, "%s is not signed by enough of the keys that count since root %d: %v", name, w.tm.Root.Signed.Version, err)
	case errors.Is(err, &metadata.ErrBadVersionNumber{}), errors.As(err, &missing):
		return distrust(CodeTrustRollback, callVendor, "%s takes back what this site has seen: %v", name, err)
	}
	return distrust(CodeDelegation, callVendor, "%s: %v", name, err)
}

// old verifies the offered chain if it is older than the known one: its lists may still be used, if today's keys made
// it. If they did not, it is passed over.
func (w *walker) old() error {
	offered, ok := w.files["timestamp.json"]
	if !ok || string(offered) == w.state.Timestamp {
		return nil
	}
	tm, err := trustedmetadata.New([]byte(w.state.Root))
	if err != nil {
		return err
	}
	tm.RefTime = time.Time{}
	ts, err := tm.UpdateTimestamp(offered)
	if err != nil || ts.Signed.Version >= w.tm.Timestamp.Signed.Version {
		return nil //nolint:nilerr // made by keys that count no more
	}
	meta := ts.Signed.Meta["snapshot.json"]
	data := w.files[versioned(meta.Version, release.RoleSnapshot)]
	if meta.VerifyLengthHashes(data) == nil && checkMetadata(release.RoleSnapshot, data) == nil {
		if sn, err := tm.UpdateSnapshot(data, false); err == nil {
			w.older = sn
			return sameVersionSameDigest(sn.Signed.Meta, w.tm.Snapshot.Signed.Meta)
		}
	}
	return nil
}

// sameVersionSameDigest refuses two files of one version.
func sameVersionSameDigest(a, b map[string]*metadata.MetaFiles) error {
	for _, name := range slices.Sorted(maps.Keys(a)) {
		if y := b[name]; y != nil && y.Version == a[name].Version && !y.Hashes.Equal(a[name].Hashes) {
			return distrust(CodeEquivocation, callVendor, "there are two files %s of version %d", name, y.Version)
		}
	}
	return nil
}

// pick returns the first of the candidates that is what the metadata above names.
func pick(meta *metadata.MetaFiles, candidates ...[]byte) []byte {
	for _, data := range candidates {
		if len(data) > 0 && meta.VerifyLengthHashes(data) == nil {
			return data
		}
	}
	return nil
}

// named is the snapshot's entry of a role, nil if there is none.
func named(s *metadata.Metadata[metadata.SnapshotType], role string) *metadata.MetaFiles {
	if s == nil {
		return nil
	}
	return s.Signed.Meta[role+".json"]
}

// targets loads the metadata that delegates to channels.
func (w *walker) targets() error {
	meta := named(w.tm.Snapshot, release.RoleTargets)
	if meta == nil {
		return distrust(CodeTrustMissing, askTrust, "snapshot.json does not name targets.json")
	}
	name := versioned(meta.Version, release.RoleTargets)
	data := pick(meta, w.files[name], []byte(w.state.Targets))
	if data == nil {
		return w.absent(name)
	}
	if err := checkMetadata(release.RoleTargets, data); err != nil {
		return distrust(CodeTrustForm, askAgain, "%s: %v", name, err)
	}
	if _, err := w.tm.UpdateTargets(data); err != nil {
		return w.misfit(name, err)
	}
	w.state.Targets = string(data)
	return nil
}

// absent refuses the lack of a file, or one that is there and another.
func (w *walker) absent(name string) error {
	if _, ok := w.files[name]; ok {
		return distrust(CodeTrustDigest, callVendor, "%s is not what snapshot.json names", name)
	}
	return distrust(CodeTrustMissing, askTrust, "there is no %s, which snapshot.json names", name)
}

// channels are those to which targets delegates a standing, sorted.
func (w *walker) channels() []string {
	var found []string
	if d := w.delegations(); d != nil {
		for _, r := range d.Roles {
			if channel, ok := strings.CutSuffix(r.Name, release.StatusRole("")); ok && release.CheckName(channel) == nil {
				found = append(found, channel)
			}
		}
	}
	slices.Sort(found)
	return slices.Compact(found)
}

func (w *walker) delegations() *metadata.Delegations {
	return w.tm.Targets[release.RoleTargets].Signed.Delegations
}

// speaks makes sure that role, and no other, may speak of a path.
func (w *walker) speaks(role, path string) error {
	if _, ok := w.tm.Targets[release.RoleTargets].Signed.Targets[path]; ok {
		return distrust(CodeDelegation, callVendor, "targets.json speaks of %s itself", path)
	}
	found := 0
	if d := w.delegations(); d != nil {
		for i := range d.Roles {
			ok, err := d.Roles[i].IsDelegatedPath(path)
			if err != nil || ok && d.Roles[i].Name != role {
				return distrust(CodeDelegation, callVendor, "role %.100q may speak of %s, beside %s", d.Roles[i].Name, path, role)
			}
			if ok {
				found++
			}
		}
	}
	if found != 1 {
		return distrust(CodeDelegation, callVendor, "role %s may not speak of %s", role, path)
	}
	return nil
}

// standing learns a channel's, if it is at hand.
func (w *walker) standing(channel string, asOf time.Time) error {
	role := release.StatusRole(channel)
	meta := named(w.tm.Snapshot, role)
	if meta == nil {
		return nil // announced, and without a statement yet
	}
	var known ChannelState
	if c := w.state.channel(channel); c != nil {
		known = *c
	}
	name := versioned(meta.Version, role)
	data := pick(meta, w.files[name], []byte(known.Status))
	switch {
	case data == nil && w.files[name] != nil:
		return w.absent(name)
	case data == nil:
		return w.olderStanding(channel, known)
	}
	if err := checkMetadata(role, data); err != nil {
		return distrust(CodeTrustForm, askAgain, "%s: %v", name, err)
	}
	m, err := w.tm.UpdateDelegatedTargets(data, role, release.RoleTargets)
	if err != nil {
		return w.misfit(name, err)
	}
	if err := w.accept(channel, m, data, []byte(known.Standing), asOf); err != nil {
		return err
	}
	w.current[channel] = true
	return nil
}

// olderStanding learns the one of the offered older chain if nothing at all is known of a channel.
func (w *walker) olderStanding(channel string, known ChannelState) error {
	role := release.StatusRole(channel)
	m, data, err := w.olderRole(role)
	if err != nil || m == nil || known.Channel != "" {
		return err
	}
	// How long nothing was newer is not known: the statement's own time counts, which accept takes.
	return w.accept(channel, m, data, nil, time.Time{})
}

// olderRole returns a role's metadata from the offered older chain, nil if there is none; by today's keys.
func (w *walker) olderRole(role string) (*metadata.Metadata[metadata.TargetsType], []byte, error) {
	meta, newest := named(w.older, role), named(w.tm.Snapshot, role)
	if meta == nil || newest == nil || meta.Version > newest.Version {
		return nil, nil, nil
	}
	name := versioned(meta.Version, role)
	data := pick(meta, w.files[name])
	if data == nil {
		return nil, nil, nil
	}
	if err := checkMetadata(role, data); err != nil {
		return nil, nil, distrust(CodeTrustForm, askAgain, "%s: %v", name, err)
	}
	m, err := metadata.Targets().FromBytes(data)
	if err != nil {
		return nil, nil, distrust(CodeTrustForm, askAgain, "%s: %v", name, err)
	}
	if err := w.tm.Targets[release.RoleTargets].VerifyDelegate(role, m); err != nil {
		return nil, nil, distrust(CodeKeyRotated, askTrust, "%s was signed by keys that do not count any more: %v", name, err)
	}
	if m.Signed.Version != meta.Version {
		return nil, nil, distrust(CodeTrustDigest, callVendor, "%s has version %d", name, m.Signed.Version)
	}
	return m, data, nil
}

// accept judges the standing that a status role vouches for, and learns it.
func (w *walker) accept(channel string, m *metadata.Metadata[metadata.TargetsType], status, known []byte, asOf time.Time) error {
	path := release.StandingTarget(channel)
	if err := w.speaks(release.StatusRole(channel), path); err != nil {
		return err
	}
	target := m.Signed.Targets[path]
	if target == nil {
		return distrust(CodeTrustMissing, askTrust, "the metadata of %s does not name %s", release.StatusRole(channel), path)
	}
	raw := w.files[path]
	if raw == nil || len(known) > 0 && target.VerifyLengthHashes(raw) != nil {
		raw = known
	}
	if len(raw) == 0 {
		return distrust(CodeTrustMissing, askTrust, "there is no %s, which its status role names", path)
	}
	if err := target.VerifyLengthHashes(raw); err != nil {
		return distrust(CodeTrustDigest, callVendor, "%s is not what its status role names: %v", path, err)
	}
	st, err := release.DecodeStanding(raw)
	var critical *release.CriticalError
	switch {
	case errors.As(err, &critical):
		return &Refusal{Code: CodeCritical, Verdict: policy, Text: path + ": " + err.Error(), Remedy: "get a newer relverify from your vendor"}
	case err != nil:
		return distrust(CodeStanding, callVendor, "%s: %v", path, err)
	case st.Product != w.product:
		return &Refusal{Code: CodeProduct, Verdict: policy, Text: fmt.Sprintf("%s is about product %s, this site is about %s", path, st.Product, w.product), Remedy: notForYou}
	case st.Channel != channel:
		return distrust(CodeStanding, callVendor, "%s is about channel %s", path, st.Channel)
	}
	if asOf.IsZero() {
		asOf = st.Issued
	}
	w.state.learn(channel, string(status), raw, st, asOf)
	if st.Newest != nil {
		return w.state.channel(channel).meet(ReleaseSeen{Version: st.Newest.Version, Sequence: st.Newest.Sequence, Release: st.Newest.Release})
	}
	return nil
}

// list returns the releases of a channel as today's keys vouch for them: the newest list, or the offered older one.
func (w *walker) list(channel string) (*metadata.Metadata[metadata.TargetsType], error) {
	role := release.ReleaseRole(channel)
	meta := named(w.tm.Snapshot, role)
	if meta == nil {
		return nil, distrust(CodeDelegation, askTrust, "the vendor's trust knows no releases of channel %s", channel)
	}
	name := versioned(meta.Version, role)
	data := w.files[name]
	if data == nil {
		m, _, err := w.olderRole(role)
		if err == nil && m == nil {
			err = distrust(CodeKeyRotated, askTrust, "the list of releases of %s that came along is older than this site's trust, and no key that counts today vouches for it", channel)
		}
		return m, err
	}
	if meta.VerifyLengthHashes(data) != nil {
		return nil, w.absent(name)
	}
	if err := checkMetadata(role, data); err != nil {
		return nil, distrust(CodeTrustForm, askAgain, "%s: %v", name, err)
	}
	m, err := w.tm.UpdateDelegatedTargets(data, role, release.RoleTargets)
	if err != nil {
		return nil, w.misfit(name, err)
	}
	return m, nil
}
