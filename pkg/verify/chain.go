package verify

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
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
