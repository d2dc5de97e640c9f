package trust

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/theupdateframework/go-tuf/v2/metadata"

	"github.com/relctl/relctl/pkg/release"
)

// Proposal is new metadata on its way to be signed.
type Proposal struct {
	base      *Repository
	docs      map[string]document
	standings map[string][]byte
}

// Roles returns the roles that get new metadata, root first.
func (p *Proposal) Roles() []string { return slices.SortedFunc(maps.Keys(p.docs), compareRoles) }

// Version returns the version of a role's new metadata.
func (p *Proposal) Version(role string) uint64 {
	v, _, _ := header(p.docs[role])
	return v
}

// Standings returns the new standings by channel.
func (p *Proposal) Standings() map[string][]byte { return maps.Clone(p.standings) }

// Unsigned returns the new metadata as it stands, without its signatures, root first.
func (p *Proposal) Unsigned() ([]File, error) {
	var out []File
	for _, role := range p.Roles() {
		data, err := p.docs[role].ToBytes(false)
		if err != nil {
			return nil, err
		}
		bare, err := decode(role, data)
		if err != nil {
			return nil, err
		}
		bare.ClearSignatures()
		f, err := encode(role, bare)
		if err != nil {
			return nil, err
		}
		out = append(out, f)
	}
	return out, nil
}

// newest returns root and targets as they are once the proposal is taken in.
func (p *Proposal) newest() (*rootMeta, *targetsMeta) {
	root, targets := p.base.root(), p.base.targets()
	if d, ok := p.docs[release.RoleRoot].(*rootMeta); ok {
		root = d
	}
	if d, ok := p.docs[release.RoleTargets].(*targetsMeta); ok {
		targets = d
	}
	return root, targets
}

// panel is a set of keys that must sign a role's document. The root has two: its own, and those of the root before.
type panel struct {
	role, what string
	keys       Keys
}

func (p *Proposal) panels(role string) []panel {
	root, targets := p.newest()
	var out []panel
	if role == release.RoleRoot {
		if before := p.base.root(); before != nil {
			keys, _ := keysOf(before, nil, role)
			out = append(out, panel{role, fmt.Sprintf("root %d, by the keys of root %d", p.Version(role), p.base.newest(role)), keys})
		}
	}
	keys, _ := keysOf(root, targets, role)
	return append(out, panel{role, fmt.Sprintf("%s %d", role, p.Version(role)), keys})
}

// Want is what a role's new metadata lacks.
type Want struct {
	Role string `json:"role"`
	// What says which metadata it is, and by whose keys: "root 4, by the keys of root 3".
	What string `json:"what"`
	// Have of Need signatures are there.
	Have int `json:"have"`
	Need int `json:"need"`
	// Keys could still sign, by the ids that relctl key generate prints, sorted.
	Keys []string `json:"keys"`
}

func (w Want) String() string {
	var keys []string
	for _, k := range w.Keys {
		keys = append(keys, short(k))
	}
	return fmt.Sprintf("%s: %d of %d signatures; %s can sign", w.What, w.Have, w.Need, strings.Join(keys, ", "))
}

// Wants returns what is still to be signed, nil if nothing is.
func (p *Proposal) Wants() []Want {
	var out []Want
	for _, role := range p.Roles() {
		for _, panel := range p.panels(role) {
			w := Want{Role: role, What: panel.what, Need: panel.keys.Threshold, Keys: []string{}}
			for id, key := range panel.keys.keys {
				if signedBy(p.docs[role], role, id, key) {
					w.Have++
				} else {
					w.Keys = append(w.Keys, panel.keys.Names[id])
				}
			}
			if w.Have < max(w.Need, 1) {
				slices.Sort(w.Keys)
				out = append(out, w)
			}
		}
	}
	return out
}

// Signable returns the roles whose new metadata a key may sign and has not signed.
func (p *Proposal) Signable(s Signer) ([]string, error) {
	key, id, err := tufKey(s.Public())
	if err != nil {
		return nil, err
	}
	var out []string
	for _, role := range p.Roles() {
		mine := slices.ContainsFunc(p.panels(role), func(x panel) bool { return x.keys.keys[id] != nil })
		if mine && !signedBy(p.docs[role], role, id, key) {
			out = append(out, role)
		}
	}
	return out, nil
}

// Sign signs all that a key may sign and returns those roles. Every signature is checked before it is kept.
func (p *Proposal) Sign(ctx context.Context, s Signer) ([]string, error) {
	roles, err := p.Signable(s)
	if err != nil {
		return nil, err
	}
	key, id, err := tufKey(s.Public())
	if err != nil {
		return nil, err
	}
	for _, role := range roles {
		doc := p.docs[role]
		drop(doc, id)
		if _, err := doc.Sign(adapter{ctx, s}); err != nil {
			return nil, fmt.Errorf("sign %s with key %s: %w", role, short(s.Public().ID()), err)
		}
		if !signedBy(doc, role, id, key) {
			return nil, fmt.Errorf("sign %s: key %s made a signature that does not hold", role, short(s.Public().ID()))
		}
	}
	return roles, nil
}

// drop takes the signature of a key out of a document.
func drop(doc document, id string) {
	_, _, signatures := header(doc)
	*signatures = slices.DeleteFunc(*signatures, func(s metadata.Signature) bool { return s.KeyID == id })
}

// Merge takes over the good signatures of another copy of the proposal.
func (p *Proposal) Merge(other *Proposal) error {
	mine, err := p.Unsigned()
	if err != nil {
		return err
	}
	theirs, err := other.Unsigned()
	if err != nil {
		return err
	}
	if !slices.EqualFunc(mine, theirs, func(a, b File) bool { return a.Role == b.Role && bytes.Equal(a.Data, b.Data) }) ||
		!maps.EqualFunc(p.standings, other.standings, bytes.Equal) {
		return errors.New("it proposes something else")
	}
	for role, doc := range p.docs {
		_, _, to := header(doc)
		_, _, from := header(other.docs[role])
		for _, panel := range p.panels(role) {
			for id, key := range panel.keys.keys {
				if signedBy(doc, role, id, key) || !signedBy(other.docs[role], role, id, key) {
					continue
				}
				drop(doc, id)
				i := slices.IndexFunc(*from, func(s metadata.Signature) bool { return s.KeyID == id })
				*to = append(*to, (*from)[i])
			}
		}
	}
	return nil
}

// Files returns the signed metadata, root first, and the standings. It wants every role to have its signatures.
func (p *Proposal) Files() ([]File, map[string][]byte, error) {
	if wants := p.Wants(); wants != nil {
		return nil, nil, &WantError{Wants: wants}
	}
	var out []File
	for _, role := range p.Roles() {
		p.prune(role)
		f, err := encode(role, p.docs[role])
		if err != nil {
			return nil, nil, err
		}
		out = append(out, f)
	}
	return out, p.Standings(), nil
}

// prune drops signatures that count for nothing and sorts the rest, so that the bytes do not depend on who signed first.
func (p *Proposal) prune(role string) {
	_, _, signatures := header(p.docs[role])
	good := map[string]bool{}
	for _, panel := range p.panels(role) {
		for id, key := range panel.keys.keys {
			good[id] = good[id] || signedBy(p.docs[role], role, id, key)
		}
	}
	*signatures = slices.DeleteFunc(*signatures, func(s metadata.Signature) bool { return !good[s.KeyID] })
	slices.SortFunc(*signatures, func(a, b metadata.Signature) int { return strings.Compare(a.KeyID, b.KeyID) })
}

// WantError is a proposal that lacks signatures.
type WantError struct{ Wants []Want }

func (e *WantError) Error() string {
	var lines []string
	for _, w := range e.Wants {
		lines = append(lines, "  "+w.String())
	}
	return "signatures are missing:\n" + strings.Join(lines, "\n")
}

// check refuses metadata of another shape than an [Edit] makes, so that words about it leave nothing out.
func (p *Proposal) check() error {
	for _, role := range p.Roles() {
		if err := p.checkDoc(role); err != nil {
			return fmt.Errorf("%s: %w", role, err)
		}
		version := p.Version(role)
		switch now := p.base.newest(role); {
		case role == release.RoleRoot && version != now+1:
			return fmt.Errorf("root %d cannot follow root %d", version, now)
		case version <= now:
			return fmt.Errorf("%s %d cannot follow %s %d", role, version, role, now)
		}
	}
	for channel := range p.standings {
		if p.docs[release.StatusRole(channel)] == nil {
			return fmt.Errorf("the standing of %s comes without %s", channel, release.StatusRole(channel))
		}
	}
	return p.checkDistinct()
}

func (p *Proposal) checkDoc(role string) error {
	switch d := p.docs[role].(type) {
	case *rootMeta:
		if !d.Signed.ConsistentSnapshot || len(d.Signed.UnrecognizedFields)+len(d.UnrecognizedFields) > 0 || len(d.Signed.Roles) != len(topRoles) {
			return errShape
		}
	case *targetsMeta:
		if len(d.Signed.UnrecognizedFields)+len(d.UnrecognizedFields) > 0 {
			return errShape
		}
		if role == release.RoleTargets {
			return checkDelegations(d)
		}
		return p.checkTargets(role, d)
	default:
		return errShape // snapshot and timestamp are made where their keys are
	}
	return nil
}

var errShape = errors.New("it holds what relctl never writes; do not sign it")

func checkDelegations(d *targetsMeta) error {
	del := d.Signed.Delegations
	if len(d.Signed.Targets) > 0 || del != nil && (del.SuccinctRoles != nil || len(del.UnrecognizedFields) > 0) {
		return errShape
	}
	if del == nil {
		return nil
	}
	for i, r := range del.Roles {
		if checkRole(r.Name) != nil || !r.Terminating || len(r.PathHashPrefixes)+len(r.UnrecognizedFields) > 0 ||
			!slices.Equal(r.Paths, pathsOf(r.Name)) || i > 0 && del.Roles[i-1].Name >= r.Name {
			return errShape
		}
	}
	return nil
}

// checkTargets wants a channel's role to speak of the channel alone, and its standing to be the one that comes along.
func (p *Proposal) checkTargets(role string, d *targetsMeta) error {
	if d.Signed.Delegations != nil {
		return errShape
	}
	channel, status := ChannelOf(role)
	if !status {
		list, err := listedIn(d)
		if err != nil {
			return err
		}
		for _, l := range list {
			if d.Signed.Targets[release.ReleaseTarget(channel, l.Version)] == nil {
				return errShape
			}
		}
		return nil
	}
	t := d.Signed.Targets[release.StandingTarget(channel)]
	if t == nil || len(d.Signed.Targets) != 1 {
		return errShape
	}
	if err := t.VerifyLengthHashes(p.standings[channel]); err != nil {
		return fmt.Errorf("the standing that comes along is not the one that it names: %w", err)
	}
	s, err := release.DecodeStanding(p.standings[channel])
	if err != nil {
		return err
	}
	if s.Channel != channel {
		return fmt.Errorf("the standing is that of %s", s.Channel)
	}
	return nil
}

// checkDistinct wants every key to have one role, or the status roles of several channels.
func (p *Proposal) checkDistinct() error {
	root, targets := p.newest()
	seen := map[string]string{}
	for _, role := range append(slices.Clone(topRoles), delegatedBy(targets)...) {
		keys, _ := keysOf(root, targets, role)
		for id, name := range keys.Names {
			if own, err := keys.keys[id].ID(); err != nil || own != id || len(keys.keys[id].UnrecognizedFields) > 0 {
				return errShape
			}
			if other := seen[name]; other != "" && !mayShare(other, role) {
				return &KeyError{Text: fmt.Sprintf("key %s has the roles %s and %s", short(name), other, role),
					Remedy: "one key has one role, so that who takes it gets nothing else"}
			}
			seen[name] = role
		}
	}
	return nil
}

// Base is the repository that the proposal builds on.
func (p *Proposal) Base() *Repository { return p.base }
