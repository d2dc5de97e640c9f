package trust

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/theupdateframework/go-tuf/v2/metadata"

	"github.com/relctl/relctl/pkg/release"
	"github.com/relctl/relctl/pkg/sign"
)

// Source is what metadata is made from, whenever a role's metadata is made anew.
type Source interface {
	// Releases are all releases of a channel that customers may install, withdrawn ones too.
	Releases(channel string) ([]Listed, error)
	// Standing is what is to be said about a channel now.
	Standing(channel string) (*release.Standing, error)
}

// Options of an [Edit].
type Options struct {
	// Version of all new metadata but the root: the number of the ledger event that brings it.
	Version uint64
	// Expires says when a role's new metadata ends.
	Expires func(role string) time.Time
	// Source tells what channels released and how they stand.
	Source Source
	// Taken are keys with another purpose, which may have no role, by the id that [sign.Public.ID] gives, and what they do.
	Taken map[string]string
}

// Edit gathers changes of a repository. Its methods may be called in any order; [Edit.Proposal] holds the result
// against the rules.
type Edit struct {
	base    *Repository
	opts    Options
	root    *rootMeta
	targets *targetsMeta
	// changed are the roles whose metadata is made anew.
	changed map[string]bool
}

// Edit begins to change the repository, which stays as it is. The zero repository gets its first root.
func (r *Repository) Edit(opts Options) (*Edit, error) {
	e := &Edit{base: r, opts: opts, changed: map[string]bool{}}
	if r.IsZero() {
		e.root, e.targets = metadata.Root(), metadata.Targets()
		e.changed[release.RoleRoot], e.changed[release.RoleTargets] = true, true
		return e, nil
	}
	root, err := decode(release.RoleRoot, r.files[release.RoleRoot].Data)
	if err != nil {
		return nil, err
	}
	e.root, _ = root.(*rootMeta)
	e.targets = metadata.Targets()
	if f, ok := r.files[release.RoleTargets]; ok {
		targets, err := decode(release.RoleTargets, f.Data)
		if err != nil {
			return nil, err
		}
		e.targets, _ = targets.(*targetsMeta)
	}
	return e, nil
}

// Renew makes a role's metadata anew, if only to last longer. Snapshot and timestamp are [Repository.Refresh]'s.
func (e *Edit) Renew(role string) { e.changed[role] = true }

// holder returns the role that a key has already and that keeps it from another one, "" for none.
func (e *Edit) holder(id, another string) string {
	for _, role := range append(slices.Clone(topRoles), delegatedBy(e.targets)...) {
		if keys, _ := keysOf(e.root, e.targets, role); keys.keys[id] != nil && !mayShare(role, another) {
			return role
		}
	}
	return ""
}

// mayShare reports whether one key may have both roles: those who say how one channel stands may say it of others too.
func mayShare(a, b string) bool {
	_, statusA := ChannelOf(a)
	_, statusB := ChannelOf(b)
	return a != b && statusA && statusB
}

// AddKey lets a key sign for a role. A role of a channel that is new begins with it. One key has one role, but that one
// may have the status roles of several channels.
func (e *Edit) AddKey(role string, public *sign.Public) error {
	key, id, err := tufKey(public)
	if err != nil {
		return err
	}
	if use := e.opts.Taken[public.ID()]; use != "" {
		return &KeyError{Text: fmt.Sprintf("key %s %s; it may have no role of trust", short(public.ID()), use),
			Remedy: "make one for this alone: relctl key generate --name " + role}
	}
	if has := e.holder(id, role); has != "" {
		return &KeyError{Text: fmt.Sprintf("key %s has the role %s already", short(public.ID()), has),
			Remedy: "one key has one role, so that who takes it gets nothing else: relctl key generate --name " + role}
	}
	if slices.Contains(topRoles, role) {
		e.changed[release.RoleRoot] = true
		return e.root.Signed.AddKey(key, role)
	}
	if err := checkRole(role); err != nil {
		return err
	}
	e.changed[release.RoleTargets] = true
	d := e.targets.Signed.Delegations
	if d == nil {
		d = &metadata.Delegations{Keys: map[string]*metadata.Key{}}
		e.targets.Signed.Delegations = d
	}
	if delegation(e.targets, role) == nil {
		d.Roles = append(d.Roles, metadata.DelegatedRole{Name: role, KeyIDs: []string{}, Threshold: 1, Terminating: true, Paths: pathsOf(role)})
		slices.SortFunc(d.Roles, func(a, b metadata.DelegatedRole) int { return compareRoles(a.Name, b.Name) })
		e.changed[role] = true
	}
	return e.targets.Signed.AddKey(key, role)
}

// checkRole wants the role of a channel.
func checkRole(role string) error {
	channel, _ := ChannelOf(role)
	if err := release.CheckName(channel); err != nil {
		return fmt.Errorf("role %q: %w", role, err)
	}
	return release.CheckTrusted(channel)
}

// RemoveKey takes a role from a key, which is named by its id or the beginning of it.
func (e *Edit) RemoveKey(role, name string) error {
	keys, ok := keysOf(e.root, e.targets, role)
	if !ok {
		return &KeyError{Text: fmt.Sprintf("there is no role %q", role), Remedy: "relctl trust show lists them"}
	}
	id, err := keys.find(name)
	if err != nil {
		return fmt.Errorf("role %s: %w", role, err)
	}
	if slices.Contains(topRoles, role) {
		e.changed[release.RoleRoot] = true
		return e.root.Signed.RevokeKey(id, role)
	}
	e.changed[release.RoleTargets] = true
	return e.targets.Signed.RevokeKey(id, role)
}

// find returns the id in TUF of the one key that name stands for.
func (k Keys) find(name string) (string, error) {
	var found []string
	for id, long := range k.Names {
		if len(name) >= 8 && (long == name || len(name) < len(long) && long[:len(name)] == name || id == name) {
			found = append(found, id)
		}
	}
	if len(found) != 1 {
		return "", &KeyError{Text: fmt.Sprintf("%d of its keys have the id %q", len(found), name), Remedy: "relctl trust show lists the keys of every role; 8 digits are the least"}
	}
	return found[0], nil
}

// Revoke takes every role from a key and returns those that it had.
func (e *Edit) Revoke(name string) ([]string, error) {
	var roles []string
	for _, role := range append(slices.Clone(topRoles), delegatedBy(e.targets)...) {
		keys, _ := keysOf(e.root, e.targets, role)
		if _, err := keys.find(name); err != nil {
			continue
		}
		if err := e.RemoveKey(role, name); err != nil {
			return nil, err
		}
		roles = append(roles, role)
		if !slices.Contains(topRoles, role) {
			e.changed[role] = true // nothing that it alone may have said stands
		}
	}
	if len(roles) == 0 {
		return nil, &KeyError{Text: fmt.Sprintf("no role has a key %q", name), Remedy: "relctl trust show lists the keys of every role; 8 digits are the least"}
	}
	return roles, nil
}

// SetThreshold says how many keys must sign for a role.
func (e *Edit) SetThreshold(role string, n int) error {
	if slices.Contains(topRoles, role) {
		e.changed[release.RoleRoot] = true
		e.root.Signed.Roles[role].Threshold = n
		return nil
	}
	d := delegation(e.targets, role)
	if d == nil {
		return &KeyError{Text: fmt.Sprintf("there is no role %q to give a threshold", role), Remedy: "give it a key first: relctl trust add-key " + role + " <public key>"}
	}
	e.changed[release.RoleTargets] = true
	d.Threshold = n
	return nil
}

// Proposal returns the new metadata, unsigned: what was changed, and what would not be signed any more by the keys that
// count then.
func (e *Edit) Proposal() (*Proposal, error) {
	if err := e.check(); err != nil {
		return nil, err
	}
	p := &Proposal{base: e.base, docs: map[string]document{}, standings: map[string][]byte{}}
	if e.changed[release.RoleRoot] {
		e.root.Signed.Version = int64(e.base.newest(release.RoleRoot)) + 1 //nolint:gosec // a count
		e.root.Signed.Expires = e.opts.Expires(release.RoleRoot)
		e.root.ClearSignatures()
		p.docs[release.RoleRoot] = e.root
	}
	if e.changed[release.RoleTargets] || e.stale(release.RoleTargets) {
		e.stamp(e.targets, release.RoleTargets)
		p.docs[release.RoleTargets] = e.targets
	}
	for _, role := range delegatedBy(e.targets) {
		if !e.changed[role] && !e.stale(role) {
			continue
		}
		doc, err := e.issue(role, p)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", role, err)
		}
		p.docs[role] = doc
	}
	if len(p.docs) == 0 {
		return nil, errors.New("nothing would change")
	}
	return p, p.check()
}

// check wants enough keys for every role.
func (e *Edit) check() error {
	for _, role := range append(slices.Clone(topRoles), delegatedBy(e.targets)...) {
		keys, _ := keysOf(e.root, e.targets, role)
		if n := len(keys.keys); keys.Threshold < 1 || keys.Threshold > n {
			return &KeyError{Text: fmt.Sprintf("role %s has %d keys, and %d of them must sign", role, n, keys.Threshold),
				Remedy: "give it more keys, or another threshold"}
		}
	}
	for role := range e.changed {
		if _, ok := keysOf(e.root, e.targets, role); !ok {
			return &KeyError{Text: fmt.Sprintf("there is no role %q", role), Remedy: "give it a key: relctl trust add-key " + role + " <public key>"}
		}
	}
	return nil
}

// stale reports whether a role's newest metadata is missing or not signed by the keys that count after the edit.
func (e *Edit) stale(role string) bool {
	doc := e.base.docs[role]
	return doc == nil || verify(e.root, e.targets, role, doc) != nil
}

// stamp gives a document of targets its version and expiry.
func (e *Edit) stamp(doc *targetsMeta, role string) {
	doc.Signed.Version = int64(e.opts.Version) //nolint:gosec // the number of an event
	doc.Signed.Expires = e.opts.Expires(role)
	doc.ClearSignatures()
}

// issue makes the metadata of a channel's role.
func (e *Edit) issue(role string, p *Proposal) (*targetsMeta, error) {
	doc := metadata.Targets()
	e.stamp(doc, role)
	channel, status := ChannelOf(role)
	if status {
		standing, err := e.opts.Source.Standing(channel)
		if err != nil {
			return nil, err
		}
		data, err := release.Encode(standing)
		if err != nil {
			return nil, err
		}
		if _, err := release.DecodeStanding(data); err != nil {
			return nil, err
		}
		p.standings[channel] = data
		doc.Signed.Targets[release.StandingTarget(channel)] = target(int64(len(data)), digest(data), nil)
		return doc, nil
	}
	releases, err := e.opts.Source.Releases(channel)
	if err != nil {
		return nil, err
	}
	for _, l := range releases {
		sum, err := sumOf(l.Release)
		if err != nil {
			return nil, err
		}
		custom, err := json.Marshal(l)
		if err != nil {
			return nil, err
		}
		doc.Signed.Targets[release.ReleaseTarget(channel, l.Version)] = target(l.Size, sum, (*json.RawMessage)(&custom))
	}
	return doc, nil
}

func target(size int64, sum []byte, custom *json.RawMessage) *metadata.TargetFiles {
	return &metadata.TargetFiles{Length: size, Hashes: metadata.Hashes{"sha256": sum}, Custom: custom}
}

func digest(data []byte) []byte {
	sum := sha256.Sum256(data)
	return sum[:]
}

// sumOf returns the bytes of a digest "sha256:…".
func sumOf(text string) ([]byte, error) {
	if err := release.CheckDigest(text); err != nil {
		return nil, err
	}
	var sum []byte
	_, err := fmt.Sscanf(text, "sha256:%x", &sum)
	return sum, err
}
