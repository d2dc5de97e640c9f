package trust

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/relctl/relctl/pkg/release"
)

// RequestSchema names the format of [Request].
const RequestSchema = "https://relctl.dev/schema/trust-request/v1"

// MaxRequestBytes bounds the request files that are read.
const MaxRequestBytes = 8 << 20

// Request carries a proposal to machines without network and back: the whole new metadata with the signatures so far,
// and what it replaces. What it means is said by [Proposal.Words], never by the file.
type Request struct {
	Schema  string `json:"schema"`
	Product string `json:"product"`
	// Event is the number of the ledger event that opened it.
	Event   uint64    `json:"event"`
	Created time.Time `json:"created"`
	// Base is the signed metadata that the proposal builds on: the newest root and targets, and all that is replaced.
	Base []RequestFile `json:"base,omitempty"`
	// Proposed is the new metadata.
	Proposed []RequestFile `json:"proposed"`
	// Replaced and Standings are the standings before and after.
	Replaced  []RequestStanding `json:"replaced_standings,omitempty"`
	Standings []RequestStanding `json:"proposed_standings,omitempty"`
}

// RequestFile is a role's metadata.
type RequestFile struct {
	Role     string          `json:"role"`
	Metadata json.RawMessage `json:"metadata"`
}

// RequestStanding is a channel's standing.
type RequestStanding struct {
	Channel  string            `json:"channel"`
	Standing *release.Standing `json:"standing"`
}

// Request returns the proposal as a file's content. Product, event and time are the caller's to fill in.
func (p *Proposal) Request() (*Request, error) {
	out := &Request{Schema: RequestSchema}
	for _, role := range p.base.Roles() {
		if role == release.RoleRoot || role == release.RoleTargets || p.docs[role] != nil {
			out.Base = append(out.Base, RequestFile{role, p.base.files[role].Data})
		}
	}
	for _, role := range p.Roles() {
		f, err := encode(role, p.docs[role])
		if err != nil {
			return nil, err
		}
		out.Proposed = append(out.Proposed, RequestFile{role, f.Data})
		channel, status := ChannelOf(role)
		if !status {
			continue
		}
		if out.Standings, err = appendStanding(out.Standings, channel, p.standings[channel]); err != nil {
			return nil, err
		}
		if out.Replaced, err = appendStanding(out.Replaced, channel, p.base.standings[channel]); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func appendStanding(list []RequestStanding, channel string, data []byte) ([]RequestStanding, error) {
	if data == nil {
		return list, nil
	}
	s, err := release.DecodeStanding(data)
	return append(list, RequestStanding{channel, s}), err
}

// DecodeRequest reads a request strictly and returns the proposal in it. That what it builds on is genuine is proven by
// signatures up to its newest root; whose root that is, only a person or the ledger can tell.
func DecodeRequest(data []byte) (*Request, *Proposal, error) {
	if len(data) > MaxRequestBytes {
		return nil, nil, fmt.Errorf("%d bytes, at most %d are allowed", len(data), MaxRequestBytes)
	}
	var req Request
	if err := release.Decode(data, &req); err != nil {
		return nil, nil, err
	}
	if req.Schema != RequestSchema {
		return nil, nil, fmt.Errorf("schema is %q, this relctl reads %q", req.Schema, RequestSchema)
	}
	if err := release.CheckName(req.Product); err != nil {
		return nil, nil, fmt.Errorf("product: %w", err)
	}
	base, err := req.base()
	if err != nil {
		return nil, nil, fmt.Errorf("what it builds on: %w", err)
	}
	p := &Proposal{base: base, docs: map[string]document{}, standings: map[string][]byte{}}
	for _, f := range req.Proposed {
		if p.docs[f.Role] != nil {
			return nil, nil, fmt.Errorf("%s is proposed twice", f.Role)
		}
		if p.docs[f.Role], err = decode(f.Role, f.Metadata); err != nil {
			return nil, nil, err
		}
	}
	if p.standings, err = encodeStandings(req.Standings); err != nil {
		return nil, nil, err
	}
	if len(p.docs) == 0 {
		return nil, nil, errors.New("it proposes nothing")
	}
	return &req, p, p.check()
}

// base reads what a request builds on, all of it signed.
func (req *Request) base() (*Repository, error) {
	var files []File
	for _, f := range req.Base {
		doc, err := decode(f.Role, f.Metadata)
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(files, func(o File) bool { return o.Role == f.Role }) {
			return nil, fmt.Errorf("%s is there twice", f.Role)
		}
		file, err := encode(f.Role, doc)
		if err != nil {
			return nil, err
		}
		files = append(files, file)
	}
	standings, err := encodeStandings(req.Replaced)
	if err != nil {
		return nil, err
	}
	r, err := New(files, standings)
	if err != nil {
		return nil, err
	}
	for role, doc := range r.docs {
		if err := verify(r.root(), r.targets(), role, doc); err != nil {
			return nil, err
		}
		channel, status := ChannelOf(role)
		if t, ok := doc.(*targetsMeta); ok && status {
			if entry := t.Signed.Targets[release.StandingTarget(channel)]; entry == nil || entry.VerifyLengthHashes(standings[channel]) != nil {
				return nil, fmt.Errorf("the standing of %s is not the one that was signed", channel)
			}
		}
	}
	return r, nil
}

func encodeStandings(list []RequestStanding) (map[string][]byte, error) {
	out := map[string][]byte{}
	for _, s := range list {
		if s.Standing == nil || out[s.Channel] != nil {
			return nil, fmt.Errorf("the standing of %q is missing or there twice", s.Channel)
		}
		data, err := release.Encode(s.Standing)
		if err != nil {
			return nil, err
		}
		out[s.Channel] = data
	}
	return out, nil
}

// Reopen makes the proposal again that a request was opened with, on what the repository holds now: to hold copies that
// come back from machines without network against it.
func (r *Repository) Reopen(files []File, standings map[string][]byte) (*Proposal, error) {
	p := &Proposal{base: r, docs: map[string]document{}, standings: maps.Clone(standings)}
	var err error
	for _, f := range files {
		if p.docs[f.Role], err = decode(f.Role, f.Data); err != nil {
			return nil, err
		}
	}
	return p, p.check()
}
