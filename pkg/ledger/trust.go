package ledger

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"github.com/relctl/relctl/pkg/release"
)

// TrustSet is new trust metadata, or with type trust-request metadata that waits for signatures of people whose machines
// have no network. The ledger holds the bytes, so that what stores publish can be made again from it alone; what they
// mean and who signed them is pkg/trust's to say.
type TrustSet struct {
	// Request is the number of the event that opened the ceremony which ends here, 0 if there was none.
	Request   uint64          `json:"request,omitempty"`
	Files     []TrustFile     `json:"files"`
	Standings []TrustStanding `json:"standings,omitempty"`
}

// TrustFile is the metadata of one role.
type TrustFile struct {
	Role string `json:"role"`
	// Version counts 1, 2, 3 for the root; for all others it is the number of the event that brought or requested it.
	Version uint64 `json:"version"`
	// SHA256 in lower-case hex and Size in bytes are those of Metadata.
	SHA256   string `json:"sha256"`
	Size     int64  `json:"size"`
	Metadata string `json:"metadata"`
}

// TrustStanding is a channel's standing.
type TrustStanding struct {
	Channel  string `json:"channel"`
	SHA256   string `json:"sha256"`
	Size     int64  `json:"size"`
	Standing string `json:"standing"`
}

// NewTrustFile returns a file with its digest and size.
func NewTrustFile(role string, version uint64, data []byte) TrustFile {
	return TrustFile{Role: role, Version: version, SHA256: hexDigest(data), Size: int64(len(data)), Metadata: string(data)}
}

// NewTrustStanding returns a standing with its digest and size.
func NewTrustStanding(channel string, data []byte) TrustStanding {
	return TrustStanding{Channel: channel, SHA256: hexDigest(data), Size: int64(len(data)), Standing: string(data)}
}

func hexDigest(data []byte) string { return strings.TrimPrefix(release.Digest(data), "sha256:") }

// maxTrustFiles bounds the roles of one event: two for each of very many channels.
const maxTrustFiles = 512

func (t *TrustSet) check(e *Event) error {
	if len(t.Files) == 0 || len(t.Files) > maxTrustFiles || len(t.Standings) > len(t.Files) {
		return fmt.Errorf("%d files and %d standings of trust", len(t.Files), len(t.Standings))
	}
	if e.Type == TypeTrustRequest && t.Request != 0 {
		return fmt.Errorf("a request ends no request")
	}
	roles := map[string]bool{}
	for _, f := range t.Files {
		switch {
		case release.CheckName(f.Role) != nil:
			return fmt.Errorf("%.80q is no role of trust", f.Role)
		case roles[f.Role]:
			return fmt.Errorf("role %s stands there twice", f.Role)
		case f.Version == 0:
			return fmt.Errorf("role %s has no version", f.Role)
		case f.Size > release.MaxMetadataBytes:
			return fmt.Errorf("role %s has %d bytes, at most %d are allowed", f.Role, f.Size, release.MaxMetadataBytes)
		case f.Size != int64(len(f.Metadata)) || f.SHA256 != hexDigest([]byte(f.Metadata)):
			return fmt.Errorf("the metadata of role %s is not what its digest says", f.Role)
		}
		roles[f.Role] = true
	}
	for i, s := range t.Standings {
		switch {
		case !roles[release.StatusRole(s.Channel)]:
			return fmt.Errorf("the standing of %.80q comes without its role", s.Channel)
		case slices.ContainsFunc(t.Standings[:i], func(o TrustStanding) bool { return o.Channel == s.Channel }):
			return fmt.Errorf("the standing of %s stands there twice", s.Channel)
		case s.Size != int64(len(s.Standing)) || s.SHA256 != hexDigest([]byte(s.Standing)):
			return fmt.Errorf("the standing of %s is not what its digest says", s.Channel)
		}
	}
	return nil
}

func (t *TrustSet) summary() string {
	var parts []string
	for _, f := range t.Files {
		parts = append(parts, fmt.Sprintf("%s %d", f.Role, f.Version))
	}
	text := strings.Join(parts, ", ")
	if t.Request != 0 {
		text += fmt.Sprintf(" (request %d)", t.Request)
	}
	return text
}

// Trusted is the trust metadata that the events brought.
type Trusted struct {
	// Files are all roots, and the newest metadata of every other role.
	Files []TrustedFile `json:"files"`
	// Requests wait for signatures.
	Requests []TrustRequest `json:"requests,omitempty"`
}

// TrustedFile says where the metadata of a role stands.
type TrustedFile struct {
	Role    string `json:"role"`
	Version uint64 `json:"version"`
	SHA256  string `json:"sha256"`
	// Event is the number of the event that holds it.
	Event uint64 `json:"event"`
}

// TrustRequest is a request that was neither collected nor overtaken by other metadata of its roles.
type TrustRequest struct {
	Event  uint64    `json:"event"`
	Time   time.Time `json:"time"`
	Actor  string    `json:"actor"`
	Reason string    `json:"reason"`
	Roles  []string  `json:"roles"`
}

func (t *Trusted) newest(role string) uint64 {
	var v uint64
	for _, f := range t.Files {
		if f.Role == role {
			v = max(v, f.Version)
		}
	}
	return v
}

// trusted returns the state's trust, made on first use.
func (s *State) trusted() *Trusted {
	if s.Trust == nil {
		return &Trusted{}
	}
	return s.Trust
}

// follow says why the versions of a set cannot follow what is there, or "".
func (t *Trusted) follow(set *TrustSet, number uint64) string {
	for _, f := range set.Files {
		now := t.newest(f.Role)
		switch {
		case f.Role == release.RoleRoot && f.Version != now+1:
			return fmt.Sprintf("root %d does not follow root %d", f.Version, now)
		case f.Role == release.RoleRoot:
		case f.Version <= now:
			return fmt.Sprintf("%s %d does not follow %s %d", f.Role, f.Version, f.Role, now)
		case f.Version != number && f.Version != set.Request:
			return fmt.Sprintf("%s %d is the number neither of this event nor of its request", f.Role, f.Version)
		}
	}
	return ""
}

// requestTrust opens a ceremony.
func (s *State) requestTrust(r Recorded) string {
	t := s.trusted()
	if text := t.follow(r.Trust, r.Number); text != "" {
		return text
	}
	req := TrustRequest{Event: r.Number, Time: r.Time, Actor: r.Actor, Reason: r.Reason}
	for _, f := range r.Trust.Files {
		req.Roles = append(req.Roles, f.Role)
	}
	s.Trust = &Trusted{Files: t.Files, Requests: append(slices.Clip(t.Requests), req)}
	return ""
}

// trust takes new metadata in. Requests about a role of it that was not meant by them are void: what they build on is
// gone.
func (s *State) trust(r Recorded) string {
	t, set := s.trusted(), r.Trust
	if text := t.follow(set, r.Number); text != "" {
		return text
	}
	if set.Request != 0 && !slices.ContainsFunc(t.Requests, func(q TrustRequest) bool { return q.Event == set.Request }) {
		return fmt.Sprintf("no request %d waits for signatures", set.Request)
	}
	next := &Trusted{}
	for _, f := range t.Files {
		if f.Role == release.RoleRoot || !slices.ContainsFunc(set.Files, func(n TrustFile) bool { return n.Role == f.Role }) {
			next.Files = append(next.Files, f)
		}
	}
	for _, f := range set.Files {
		next.Files = append(next.Files, TrustedFile{Role: f.Role, Version: f.Version, SHA256: f.SHA256, Event: r.Number})
	}
	for _, q := range t.Requests {
		overtaken := slices.ContainsFunc(set.Files, func(f TrustFile) bool { return slices.Contains(q.Roles, f.Role) })
		if q.Event != set.Request && !overtaken {
			next.Requests = append(next.Requests, q)
		}
	}
	s.Trust = next
	return ""
}

// TrustFiles returns the trust metadata that a state names, and the standings of its status roles, from the ledger as
// fetched.
func (l *Ledger) TrustFiles(ctx context.Context, s *State) ([]TrustFile, []TrustStanding, error) {
	var files []TrustFile
	var standings []TrustStanding
	sets := map[uint64]*TrustSet{}
	for _, want := range s.trusted().Files {
		set := sets[want.Event]
		if set == nil {
			rec, err := l.trustEvent(ctx, s, want.Event, TypeTrust)
			if err != nil {
				return nil, nil, err
			}
			set = rec.Trust
			sets[want.Event] = set
		}
		i := slices.IndexFunc(set.Files, func(f TrustFile) bool { return f.Role == want.Role && f.SHA256 == want.SHA256 })
		if i < 0 {
			return nil, nil, fmt.Errorf("ledger event %d has no %s %d", want.Event, want.Role, want.Version)
		}
		files = append(files, set.Files[i])
		for _, st := range set.Standings {
			if release.StatusRole(st.Channel) == want.Role {
				standings = append(standings, st)
			}
		}
	}
	return files, standings, nil
}

// TrustRequested returns what a request asks to be signed.
func (l *Ledger) TrustRequested(ctx context.Context, s *State, number uint64) (*Recorded, error) {
	return l.trustEvent(ctx, s, number, TypeTrustRequest)
}

// trustEvent reads one event by its number.
func (l *Ledger) trustEvent(ctx context.Context, s *State, number uint64, t Type) (*Recorded, error) {
	e := Event{Number: number, Type: t}
	tree, err := l.repo.FS(ctx, s.Head)
	if err != nil {
		return nil, err
	}
	data, err := fs.ReadFile(tree, e.Path())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("ledger event %d is no %s", number, t)
	}
	if err != nil {
		return nil, fmt.Errorf("ledger event %d: %w", number, err)
	}
	got, err := DecodeEvent(data)
	if err != nil {
		return nil, fmt.Errorf("ledger event %d: %w", number, err)
	}
	return &Recorded{Event: *got}, nil
}
