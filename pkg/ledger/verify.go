package ledger

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/relctl/relctl/pkg/git"
	"github.com/relctl/relctl/pkg/release"
)

// Severity of a finding.
type Severity string

// The severities: an error means that the ledger, or what it vouches for, is not what it was.
const (
	SeverityError Severity = "error"
	SeverityNote  Severity = "note"
)

// The codes of findings.
const (
	CodeMerge         = "merge"           // a ledger commit has several parents
	CodeShape         = "shape"           // a ledger commit does more or less than add one event
	CodeEvent         = "event"           // an event cannot be read
	CodePrecondition  = "precondition"    // an event cannot follow the ones before it
	CodeTagMissing    = "tag-missing"     // a recorded tag is gone
	CodeTagMoved      = "tag-moved"       // a recorded tag is another object now
	CodeTagMessage    = "tag-message"     // a tag's message names another release than the ledger
	CodeUnsignedRole  = "unsigned"        // an event of a role carries no signature
	CodeUntrustedRole = "untrusted"       // an event of a role is signed by none of its keys
	CodeEndorsed      = "endorsed"        // an event of a role carries no signature, and one with it vouches for it
	CodeFastLane      = "fast-lane"       // the fast lane was taken on approvals that do not count
	CodeRewritten     = "cache-rewritten" // the ledger does not contain what this clone saw before
)

// Finding is one thing that is not as it should be.
type Finding struct {
	Severity Severity `json:"severity"`
	Code     string   `json:"code"`
	// Event is the number of the event it is about, 0 for the ledger as a whole.
	Event uint64 `json:"event"`
	Text  string `json:"text"`
}

// ReportSchema names the format of [Report].
const ReportSchema = "https://relctl.dev/schema/ledger-report/v1"

// Report is the result of [Ledger.Verify].
type Report struct {
	Schema   string    `json:"schema"`
	Head     string    `json:"head"`
	Events   int       `json:"events"`
	Findings []Finding `json:"findings"`
}

// VerifyOptions say whose signatures count.
type VerifyOptions struct {
	// Roles are the keys by role.
	Roles map[string]git.Keyring
}

// Verify reads the whole ledger, without any cache, and holds it against its rules, the tags and the roles.
func (l *Ledger) Verify(ctx context.Context, opts VerifyOptions) (*Report, error) {
	rep := &Report{Schema: ReportSchema, Findings: []Finding{}}
	add := func(sev Severity, code string, event uint64, format string, args ...any) {
		rep.Findings = append(rep.Findings, Finding{sev, code, event, fmt.Sprintf(format, args...)})
	}
	head, err := l.head(ctx)
	if err != nil || head == "" {
		return rep, err
	}
	rep.Head = head
	if seen := l.cached(ctx, head); seen.Head == "" && l.seenElsewhere(head) {
		add(SeverityNote, CodeRewritten, 0, "the ledger does not contain the head that this clone saw last; it was rewritten, or this is another ledger")
	}
	changes, err := l.repo.LinearChanges(ctx, head)
	if err != nil {
		return nil, err
	}
	s, broken, commits := NewState(), false, map[uint64]string{}
	for _, c := range changes {
		if c.Parents > 1 {
			add(SeverityError, CodeMerge, s.Next, "ledger commit %s is a merge", release.Short(c.Commit))
		}
		if len(c.Changes) != 1 || !strings.HasPrefix(c.Changes[0], "A ") {
			add(SeverityError, CodeShape, s.Next, "ledger commit %s does more than add one event: %s", release.Short(c.Commit), strings.Join(c.Changes, ", "))
			broken = true
			continue
		}
		rec, err := decodeFile(git.AddedFile{Commit: c.Commit, Path: strings.TrimPrefix(c.Changes[0], "A "), Data: c.Data})
		if err != nil {
			add(SeverityError, CodeEvent, s.Next, "%v", err)
			broken = true
			continue
		}
		rep.Events++
		commits[rec.Number] = rec.Commit
		if broken {
			s.Next = rec.Number // what follows is judged for itself
		}
		if err := s.Apply(*rec); err != nil {
			add(SeverityError, CodePrecondition, rec.Number, "%v", err)
			s.Next = rec.Number + 1
		}
		if err := l.verifySigner(ctx, rec, opts, add); err != nil {
			return nil, err
		}
		if err := l.verifyFastLane(ctx, s, rec, opts, add); err != nil {
			return nil, err
		}
	}
	return rep, errors.Join(l.vouch(ctx, s, rep, commits, opts), l.verifyTags(ctx, s, add))
}

type adder func(sev Severity, code string, event uint64, format string, args ...any)

// verifySigner looks at the events that need a role.
func (l *Ledger) verifySigner(ctx context.Context, rec *Recorded, opts VerifyOptions, add adder) error {
	sig, err := l.Signature(ctx, *rec, opts.Roles)
	switch sig.Status {
	case Unsigned:
		add(SeverityNote, CodeUnsignedRole, rec.Number, "%s is not signed, and does not count for role %s", rec.Type, sig.Role)
	case Untrusted:
		add(SeverityNote, CodeUntrustedRole, rec.Number, "%s is not signed by a key of role %s, and does not count", rec.Type, sig.Role)
	}
	return err
}

// verifyFastLane looks at who approved a promotion on the fast lane, if the role is there.
func (l *Ledger) verifyFastLane(ctx context.Context, s *State, rec *Recorded, opts VerifyOptions, add adder) error {
	if _, ok := opts.Roles[RoleEmergency]; !ok || rec.Promote == nil || !rec.Promote.FastLane {
		return nil
	}
	people := map[string]bool{}
	for _, a := range s.Approvals {
		if !slices.Contains(rec.Promote.Approvals, a.Number) {
			continue
		}
		sig, err := l.Signature(ctx, a, opts.Roles)
		if err != nil {
			return err
		}
		if sig.Status == Signed {
			people[sig.Name] = true
		}
	}
	if len(people) < FastLaneApprovals {
		add(SeverityNote, CodeFastLane, rec.Number, "the fast lane needs %d approvals by role %s, %d of those that it names count", FastLaneApprovals, RoleEmergency, len(people))
	}
	return nil
}

// verifyTags holds every recorded tag against the repository.
func (l *Ledger) verifyTags(ctx context.Context, s *State, add adder) error {
	names := make([]string, 0, len(s.Channels))
	for name := range s.Channels {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		for _, r := range s.Channels[name].Releases {
			if r.Tag == "" {
				continue
			}
			tag, err := l.repo.Tag(ctx, r.Tag)
			if errors.Is(err, git.ErrNotFound) {
				add(SeverityError, CodeTagMissing, r.Event, "tag %s is missing, which was recorded at %s", r.Tag, release.Short(r.Commit))
				continue
			}
			if err != nil {
				return err
			}
			if tag.Object != r.TagObject || tag.Commit != r.Commit {
				add(SeverityError, CodeTagMoved, r.Event, "tag %s is %s at %s now, recorded was %s at %s", r.Tag,
					release.Short(tag.Object), release.Short(tag.Commit), release.Short(r.TagObject), release.Short(r.Commit))
				continue
			}
			if r.Adopted {
				continue
			}
			m, err := ParseTagMessage(tag.Message)
			if err != nil || m.Reserve != r.Reserve || m.Release != r.Release {
				add(SeverityError, CodeTagMessage, r.Event, "the message of tag %s names another release than the ledger", r.Tag)
			}
		}
	}
	return nil
}

// seenElsewhere reports whether this clone has a cache of another ledger head.
func (l *Ledger) seenElsewhere(head string) bool {
	data, err := readCache(l.cachePath())
	return err == nil && data.State != nil && data.State.Head != "" && data.State.Head != head
}
