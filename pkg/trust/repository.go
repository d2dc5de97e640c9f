package trust

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/theupdateframework/go-tuf/v2/metadata"

	"github.com/relctl/relctl/pkg/release"
)

// Repository is all trust that a product has published: every root, the newest metadata of every other role, and the
// standings. The zero Repository is one before its first root.
type Repository struct {
	roots []File
	files map[string]File
	docs  map[string]document
	// standings are the bytes of channels/<channel>.json.
	standings map[string][]byte
}

// New reads a repository. Roots must be consecutive, from any number on, and each must be signed by the one before it
// and by itself. That the other metadata is signed is [Repository.Problems]' question: after a key was revoked it may
// not be.
func New(files []File, standings map[string][]byte) (*Repository, error) {
	return (*Repository)(nil).With(files, standings)
}

// take adds one file.
func (r *Repository) take(f File) error {
	doc, err := decode(f.Role, f.Data)
	if err != nil {
		return err
	}
	if version, _, _ := header(doc); version != f.Version {
		return fmt.Errorf("%s: it says that it is version %d, not %d", f.Role, version, f.Version)
	}
	if root, ok := doc.(*rootMeta); ok {
		if before := r.root(); before != nil {
			if f.Version != r.newest(f.Role)+1 {
				return fmt.Errorf("root %d does not follow root %d", f.Version, r.newest(f.Role))
			}
			if err := before.VerifyDelegate(f.Role, root); err != nil {
				return fmt.Errorf("root %d is not signed by the keys of root %d: %w", f.Version, r.newest(f.Role), err)
			}
		}
		if err := root.VerifyDelegate(f.Role, root); err != nil {
			return fmt.Errorf("root %d is not signed by its own keys: %w", f.Version, err)
		}
		r.roots = append(r.roots, f)
	}
	r.files[f.Role], r.docs[f.Role] = f, doc
	return nil
}

// With returns the repository with newer files and standings, under the same rules as [New].
func (r *Repository) With(files []File, standings map[string][]byte) (*Repository, error) {
	out := &Repository{files: map[string]File{}, docs: map[string]document{}, standings: map[string][]byte{}}
	if r != nil { // what was read is never changed, so that both may hold it
		out.roots = slices.Clone(r.roots)
		maps.Copy(out.files, r.files)
		maps.Copy(out.docs, r.docs)
		maps.Copy(out.standings, r.standings)
	}
	files = slices.SortedFunc(slices.Values(files), func(a, b File) int {
		return cmp.Or(compareRoles(a.Role, b.Role), cmp.Compare(a.Version, b.Version))
	})
	for _, f := range files {
		if err := out.take(f); err != nil {
			return nil, err
		}
	}
	for channel, data := range standings {
		s, err := release.DecodeStanding(data)
		if err != nil {
			return nil, fmt.Errorf("standing of %s: %w", channel, err)
		}
		if s.Channel != channel {
			return nil, fmt.Errorf("standing of %s: it is about %s", channel, s.Channel)
		}
		out.standings[channel] = data
	}
	return out, nil
}

// IsZero reports whether there is no root yet.
func (r *Repository) IsZero() bool { return r == nil || len(r.roots) == 0 }

// Roots returns all roots, the oldest first.
func (r *Repository) Roots() []File { return slices.Clone(r.roots) }

// Roles returns the roles that have metadata, root first.
func (r *Repository) Roles() []string {
	return slices.SortedFunc(maps.Keys(r.files), compareRoles)
}

// File returns the newest metadata of a role.
func (r *Repository) File(role string) (File, bool) {
	f, ok := r.files[role]
	return f, ok
}

// Standing returns the bytes of a channel's standing, nil if it has none.
func (r *Repository) Standing(channel string) []byte { return r.standings[channel] }

// Expires returns when the newest metadata of a role ends.
func (r *Repository) Expires(role string) time.Time {
	if doc := r.docs[role]; doc != nil {
		_, expires, _ := header(doc)
		return expires
	}
	return time.Time{}
}

// newest is the version of a role's newest metadata, 0 for none.
func (r *Repository) newest(role string) uint64 { return r.files[role].Version }

func (r *Repository) root() *rootMeta {
	root, _ := r.docs[release.RoleRoot].(*rootMeta)
	return root
}

func (r *Repository) targets() *targetsMeta {
	targets, _ := r.docs[release.RoleTargets].(*targetsMeta)
	return targets
}

// Keys are who may sign for a role.
type Keys struct {
	// Threshold is how many of them must.
	Threshold int `json:"threshold"`
	// Names are the keys' ids as relctl key generate prints them, by their ids in TUF.
	Names map[string]string `json:"keys"`

	keys map[string]*metadata.Key
}

// Keys returns who may sign for a role by the newest root and targets, ok false if the role is unknown.
func (r *Repository) Keys(role string) (Keys, bool) { return keysOf(r.root(), r.targets(), role) }

// keysOf looks a role's keys up in who delegates to it.
func keysOf(root *rootMeta, targets *targetsMeta, role string) (Keys, bool) {
	out := Keys{Names: map[string]string{}, keys: map[string]*metadata.Key{}}
	var ids []string
	var all map[string]*metadata.Key
	switch {
	case slices.Contains(topRoles, role):
		if root == nil || root.Signed.Roles[role] == nil {
			return out, false
		}
		ids, all, out.Threshold = root.Signed.Roles[role].KeyIDs, root.Signed.Keys, root.Signed.Roles[role].Threshold
	default:
		d := delegation(targets, role)
		if d == nil {
			return out, false
		}
		ids, all, out.Threshold = d.KeyIDs, targets.Signed.Delegations.Keys, d.Threshold
	}
	for _, id := range ids {
		key := all[id]
		if key == nil {
			continue
		}
		if name, err := keyName(key); err == nil {
			out.Names[id], out.keys[id] = name, key
		}
	}
	return out, true
}

// delegation returns a channel's role as targets delegates it, or nil.
func delegation(targets *targetsMeta, role string) *metadata.DelegatedRole {
	if targets == nil || targets.Signed.Delegations == nil {
		return nil
	}
	for i := range targets.Signed.Delegations.Roles {
		if d := &targets.Signed.Delegations.Roles[i]; d.Name == role {
			return d
		}
	}
	return nil
}

// Delegated returns the roles of channels, sorted.
func (r *Repository) Delegated() []string { return delegatedBy(r.targets()) }

// KnownRoles returns the four roles and those of channels, whether they have metadata yet or not.
func (r *Repository) KnownRoles() []string { return append(slices.Clone(topRoles), r.Delegated()...) }

func delegatedBy(targets *targetsMeta) []string {
	if targets == nil || targets.Signed.Delegations == nil {
		return nil
	}
	var out []string
	for _, d := range targets.Signed.Delegations.Roles {
		out = append(out, d.Name)
	}
	slices.Sort(out)
	return out
}

// delegator returns who vouches for a role's keys.
func delegator(root *rootMeta, targets *targetsMeta, role string) document {
	if slices.Contains(topRoles, role) {
		if root != nil {
			return root
		}
	} else if targets != nil {
		return targets
	}
	return nil
}

// verify reports whether the keys that count for a role signed a document of it.
func verify(root *rootMeta, targets *targetsMeta, role string, doc document) error {
	by := delegator(root, targets, role)
	if by == nil {
		return fmt.Errorf("%s: nobody says who may sign for it", role)
	}
	return by.VerifyDelegate(role, doc)
}

// Problems says what keeps a client from accepting the newest metadata, nil if nothing does. Expiry is no part of it.
func (r *Repository) Problems() []error {
	if r.IsZero() {
		return []error{errors.New("there is no root yet")}
	}
	var out []error
	for _, role := range append(slices.Clone(topRoles[1:]), r.Delegated()...) {
		doc := r.docs[role]
		if doc == nil {
			out = append(out, fmt.Errorf("%s has no metadata yet", role))
		} else if err := verify(r.root(), r.targets(), role, doc); err != nil {
			out = append(out, fmt.Errorf("%s %d is not signed by the keys that count now", role, r.newest(role)))
		}
	}
	if len(out) > 0 {
		return out
	}
	return r.behind()
}

// behind says which metadata the timestamp's snapshot does not list as it is.
func (r *Repository) behind() []error {
	var out []error
	ts, _ := r.docs[release.RoleTimestamp].(*timestampMeta)
	snap, _ := r.docs[release.RoleSnapshot].(*snapshotMeta)
	if ts == nil || snap == nil {
		return []error{errors.New("timestamp and snapshot are not signed yet")}
	}
	if !lists(ts.Signed.Meta, r.files[release.RoleSnapshot]) {
		out = append(out, fmt.Errorf("timestamp %d does not list snapshot %d", r.newest(release.RoleTimestamp), r.newest(release.RoleSnapshot)))
	}
	for _, role := range r.signedRoles() {
		if !lists(snap.Signed.Meta, r.files[role]) {
			out = append(out, fmt.Errorf("snapshot %d does not list %s %d", r.newest(release.RoleSnapshot), role, r.newest(role)))
		}
	}
	return out
}

// signedRoles are the roles that the snapshot lists.
func (r *Repository) signedRoles() []string {
	return slices.DeleteFunc(r.Roles(), func(role string) bool {
		return role == release.RoleRoot || role == release.RoleSnapshot || role == release.RoleTimestamp
	})
}

// lists reports whether an entry is about exactly these bytes.
func lists(meta map[string]*metadata.MetaFiles, f File) bool {
	m := meta[f.Role+".json"]
	return m != nil && uint64(max(m.Version, 0)) == f.Version && m.Length == int64(len(f.Data)) &&
		bytes.Equal(m.Hashes["sha256"], digest(f.Data))
}

// Listed is what a channel's role says of one release.
type Listed struct {
	Version  release.Version `json:"version"`
	Sequence uint64          `json:"sequence"`
	// Event is the number of the ledger event that cut it, Ledger that event's commit.
	Event  uint64 `json:"event"`
	Ledger string `json:"ledger"`
	// Size in bytes and digest ("sha256:…") of release.json.
	Size    int64  `json:"-"`
	Release string `json:"-"`
}

// Releases returns what a channel's role lists, by the sequence.
func (r *Repository) Releases(channel string) ([]Listed, error) {
	doc, _ := r.docs[release.ReleaseRole(channel)].(*targetsMeta)
	return listedIn(doc)
}

func listedIn(doc *targetsMeta) ([]Listed, error) {
	var out []Listed
	if doc == nil {
		return nil, nil
	}
	for path, t := range doc.Signed.Targets {
		var l Listed
		if t.Custom == nil {
			return nil, fmt.Errorf("%s says nothing of its release", path)
		}
		if err := release.Decode(*t.Custom, &l); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		l.Size, l.Release = t.Length, fmt.Sprintf("sha256:%x", []byte(t.Hashes["sha256"]))
		out = append(out, l)
	}
	slices.SortFunc(out, func(a, b Listed) int { return cmp.Compare(a.Sequence, b.Sequence) })
	return out, nil
}

// Issued is when the newest timestamp was made, zero before the first.
func (r *Repository) Issued() time.Time {
	ts, _ := r.docs[release.RoleTimestamp].(*timestampMeta)
	if ts == nil {
		return time.Time{}
	}
	return issuedOf(ts)
}

func issuedOf(ts *timestampMeta) time.Time {
	text, _ := ts.Signed.UnrecognizedFields[issuedField].(string)
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}
	}
	return t.UTC()
}
