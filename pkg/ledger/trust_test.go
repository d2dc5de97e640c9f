package ledger

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

func trustFile(role string, version uint64) TrustFile {
	return NewTrustFile(role, version, fmt.Appendf(nil, "%s %d", role, version))
}

func trustSet(request uint64, files ...TrustFile) Event {
	return Event{Type: TypeTrust, Trust: &TrustSet{Request: request, Files: files}}
}

func trustRequest(files ...TrustFile) Event {
	return Event{Type: TypeTrustRequest, Trust: &TrustSet{Files: files}}
}

func applyTrust(s *State, events ...Event) error {
	for _, e := range events {
		e.Schema, e.Number, e.Time = EventSchema, s.Next, time.Date(2026, 11, 2, 8, 0, 0, 0, time.UTC)
		if err := s.Apply(Recorded{Event: e, Commit: fmt.Sprintf("%040x", e.Number)}); err != nil {
			return err
		}
	}
	return nil
}

func TestTrustEventsFoldIntoTheNewestMetadata(t *testing.T) {
	t.Parallel()
	s := NewState()
	err := applyTrust(s, Event{Type: TypeGenesis, Genesis: &Genesis{DefaultBranch: "main"}},
		trustSet(0, trustFile("root", 1), trustFile("targets", 2), trustFile("snapshot", 2)),
		trustRequest(trustFile("root", 2), trustFile("lts-2.4", 3)), // 3, collected by 6
		trustRequest(trustFile("root", 2)),                          // 4, overtaken by 6
		trustRequest(trustFile("targets", 5)),                       // 5, stays
		trustSet(3, trustFile("root", 2), trustFile("lts-2.4", 3), trustFile("snapshot", 6)),
	)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range s.Trust.Files {
		got = append(got, fmt.Sprintf("%s %d @%d", f.Role, f.Version, f.Event))
	}
	if want := "root 1 @2, targets 2 @2, root 2 @6, lts-2.4 3 @6, snapshot 6 @6"; strings.Join(got, ", ") != want {
		t.Errorf("got %s, want %s", strings.Join(got, ", "), want)
	}
	if len(s.Trust.Requests) != 1 || s.Trust.Requests[0].Event != 5 {
		t.Errorf("requests %+v, want only 5", s.Trust.Requests)
	}
}

func TestTrustEventThatCannotStand(t *testing.T) {
	t.Parallel()
	forged := trustFile("targets", 3)
	forged.Metadata += "!"
	for name, c := range map[string]struct {
		event Event
		want  string
	}{
		"a root left out":               {trustSet(0, trustFile("root", 3)), "root 3 does not follow root 1"},
		"the same root again":           {trustSet(0, trustFile("root", 1)), "root 1 does not follow root 1"},
		"a version that falls":          {trustSet(0, trustFile("targets", 2)), "targets 2 does not follow"},
		"a version of no event":         {trustSet(0, trustFile("targets", 99)), "the number neither of this event"},
		"a request of the future":       {trustRequest(trustFile("targets", 99)), "the number neither of this event"},
		"a request that is not open":    {trustSet(2, trustFile("root", 2)), "no request 2"},
		"a role twice":                  {trustSet(0, trustFile("targets", 3), trustFile("targets", 3)), "twice"},
		"nothing":                       {trustSet(0), "0 files"},
		"a role with a slash":           {trustSet(0, trustFile("../root", 3)), "no role"},
		"bytes that are not the digest": {trustSet(0, forged), "not what its digest says"},
		"a request that ends one":       {Event{Type: TypeTrustRequest, Trust: &TrustSet{Request: 2, Files: []TrustFile{trustFile("targets", 3)}}}, "ends no request"},
		"a channel":                     {Event{Type: TypeTrust, Channel: "lts-2.4", Trust: &TrustSet{Files: []TrustFile{trustFile("targets", 3)}}}, "not about channel"},
		"a standing without its role": {Event{Type: TypeTrust, Trust: &TrustSet{Files: []TrustFile{trustFile("targets", 3)},
			Standings: []TrustStanding{NewTrustStanding("lts-2.4", []byte("{}"))}}}, "without its role"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := NewState()
			err := applyTrust(s, Event{Type: TypeGenesis, Genesis: &Genesis{DefaultBranch: "main"}}, trustSet(0, trustFile("root", 1), trustFile("targets", 2)))
			if err != nil {
				t.Fatal(err)
			}
			if err := applyTrust(s, c.event); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
			if s.Next != 3 {
				t.Errorf("the state moved on to %d", s.Next)
			}
		})
	}
}
