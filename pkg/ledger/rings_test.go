package ledger

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/relctl/relctl/pkg/release"
)

var (
	ringNames = []string{"dogfood", "canary", "all"}
	commitB   = strings.Repeat("b", 40)
	begin     = time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)
)

func version(s string) release.Version {
	if s == "" {
		return release.Version{}
	}
	return release.MustVersion(s)
}

// service is a rolling channel whose events are told one a minute.
type service struct {
	t testing.TB
	*State
}

// newService has the given releases, cut in that order.
func newService(t testing.TB, releases ...string) *service {
	s := &service{t, NewState()}
	s.must(Event{Type: TypeGenesis, Genesis: &Genesis{DefaultBranch: "main"}})
	for _, v := range releases {
		s.cut(v)
	}
	return s
}

func (s *service) at() time.Time { return begin.Add(time.Duration(s.Next) * time.Minute) }

func (s *service) tell(e Event) error {
	e.Schema, e.Number, e.Time, e.Actor = EventSchema, s.Next, s.at(), fmt.Sprintf("Person %d <p@acme.example>", s.Next)
	if e.Channel == "" && e.Type != TypeGenesis {
		e.Channel = "rolling"
	}
	if e.Channel == "-" || e.Observe != nil && e.Observe.Kind == ObserveCheck {
		e.Channel = ""
	}
	// The way into the ledger's files and back is part of every event's life.
	data, err := release.Encode(e)
	if err != nil {
		s.t.Fatal(err)
	}
	if read, err := DecodeEvent(data); err == nil && !reflect.DeepEqual(*read, e) {
		s.t.Errorf("%+v became %+v", e, *read)
	}
	return s.Apply(Recorded{Event: e, Commit: fmt.Sprintf("%040x", s.Next)})
}

func (s *service) must(events ...Event) {
	s.t.Helper()
	for _, e := range events {
		if err := s.tell(e); err != nil {
			s.t.Fatal(err)
		}
	}
}

func (s *service) ch() *Channel { return s.Channels["rolling"] }

func (s *service) cut(v string) {
	s.t.Helper()
	in := release.Inputs{
		Product: "acme", Channel: "rolling", Kind: release.Rolling, Branch: "refs/heads/main", Commit: commitA,
		Version: version(v), Pins: []release.Pin{},
	}
	plan, seq := release.Plan{Schema: release.PlanSchema, Inputs: in, Digest: in.Digest()}, s.NextSequence("rolling")
	s.must(Event{Type: TypeReserve, Reserve: &Reserve{Plan: plan, Sequence: seq}})
	s.must(Event{Type: TypeCut, Cut: &Cut{Plan: plan.Digest, Version: in.Version, Sequence: seq, Commit: commitA, Reserve: s.ch().Open.Commit, Release: digestR}})
}

func promote(v, ring string) Event {
	return Event{Type: TypePromote, Promote: &Promote{Version: version(v), Ring: ring, Rings: ringNames}}
}

func fast(v, ring string, approvals ...uint64) Event {
	e := promote(v, ring)
	e.Reason, e.Promote.FastLane, e.Promote.Approvals = "CVE-2026-1", true, approvals
	return e
}

func rollback(ring, from, to string) Event {
	return Event{Type: TypeRollback, Reason: "orders fail", Rollback: &Rollback{Ring: ring, From: version(from), To: version(to)}}
}

func reject(v string) Event {
	return Event{Type: TypeReject, Reason: "orders fail", Reject: &Reject{Version: version(v)}}
}

func exonerate(v string, changes ...string) Event {
	return Event{Type: TypeExonerate, Reason: "it was the network", Exonerate: &Exonerate{Version: version(v), Changes: changes}}
}

func hold(ring string) Event {
	return Event{Type: TypeHold, Reason: "on-call is alone", Hold: &Hold{Ring: ring}}
}

func resume(ring string) Event { return Event{Type: TypeResume, Resume: &Resume{Ring: ring}} }

func freeze(channel, name string, rings ...string) Event {
	return Event{Type: TypeFreeze, Channel: channel, Reason: "fair", Freeze: &Freeze{Name: name, Rings: rings}}
}

func thaw(channel, name string) Event {
	return Event{Type: TypeThaw, Channel: channel, Thaw: &Thaw{Name: name}}
}

// approval is one of the fast lane for a release.
func (s *service) approval(v string) Event {
	rel := s.ch().Find(version(v))
	return Event{Type: TypeApprove, Approve: &Approve{Gate: GateFastLane, Role: RoleEmergency, Commit: rel.Commit, Build: rel.Build}}
}

// health is what eu-1 saw of a release in the last minute.
func (s *service) health(v string, status release.Status) Event {
	return Event{Type: TypeObserve, Observe: &Observe{
		Kind: ObserveHealth, Cell: "eu-1", Ring: "canary", Version: version(v), Status: status, From: s.at().Add(-time.Minute), To: s.at(),
	}}
}

func check(name string, status release.Status) Event {
	return Event{Type: TypeObserve, Observe: &Observe{Kind: ObserveCheck, Commit: commitA, Check: name, Status: status}}
}

func TestARingRunsWhatItWasPointedToLast(t *testing.T) {
	t.Parallel()
	s := newService(t, "1.0.0", "1.1.0")
	s.must(promote("1.0.0", "dogfood"), promote("1.0.0", "canary"), promote("1.1.0", "dogfood"), promote("1.0.0", "all"),
		promote("1.1.0", "canary"), rollback("canary", "1.1.0", "1.0.0"), resume("canary"), promote("1.1.0", "canary"), reject("1.1.0"))
	c := s.ch()
	for ring, want := range map[string]string{"dogfood": "1.1.0", "canary": "1.1.0", "all": "1.0.0", "other": ""} {
		if got := c.Runs(ring).String(); got != want {
			t.Errorf("%s runs %q, want %q", ring, got, want)
		}
	}
	if got := c.Previous("canary").String(); got != "1.0.0" {
		t.Errorf("a rollback of canary would go to %q", got)
	}
	if got := c.Previous("all"); !got.IsZero() {
		t.Errorf("a rollback of all would go to %q, which it never ran", got)
	}
	var got []string
	for _, e := range c.Episodes("canary") {
		got = append(got, fmt.Sprintf("%s %s %s", e.Version, e.By, e.Until.Sub(e.From)))
	}
	want := []string{"1.0.0 promote 3m0s", "1.1.0 rollback 1m0s", "1.0.0 promote 2m0s", "1.1.0 reject 1m0s"}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("episodes %q, want %q", got, want)
	}
	if e := c.Episodes("all"); len(e) != 1 || !e[0].Until.IsZero() || e[0].By != "" {
		t.Errorf("the episode that lasts is %+v", e)
	}
}

// story12 is two releases, of which 1.0.0 runs in dogfood and canary, and 1.1.0 not yet.
func story12(t testing.TB) *service {
	s := newService(t, "1.0.0", "1.1.0")
	s.must(promote("1.0.0", "dogfood"), promote("1.0.0", "canary"))
	return s
}

func TestEventsOfRingsThatCannotFollowAreRefusedAndChangeNothing(t *testing.T) {
	t.Parallel()
	until := freeze("", "past")
	until.Freeze.Until = begin
	for name, c := range map[string]struct {
		before []Event
		event  Event
		says   string
	}{
		"unknown release":               {nil, promote("9.0.0", "dogfood"), "not released"},
		"what runs already":             {nil, promote("1.0.0", "dogfood"), "already"},
		"an older release":              {[]Event{promote("1.1.0", "dogfood")}, promote("1.0.0", "dogfood"), "newer; going back is a rollback"},
		"a ring is left out":            {nil, promote("1.1.0", "canary"), "does not run in ring dogfood"},
		"what runs has not gone on":     {[]Event{promote("1.1.0", "dogfood")}, promote("1.1.0", "canary"), "1.0.0 has not gone on from ring canary to all"},
		"rejected":                      {[]Event{reject("1.1.0")}, promote("1.1.0", "dogfood"), "was rejected by event"},
		"withdrawn":                     {[]Event{{Type: TypeWithdraw, Reason: "CVE", Withdraw: &Withdraw{Version: version("1.1.0")}}}, promote("1.1.0", "dogfood"), "was withdrawn"},
		"held ring":                     {[]Event{hold("dogfood")}, promote("1.1.0", "dogfood"), "ring dogfood is held"},
		"held channel":                  {[]Event{hold("")}, promote("1.1.0", "dogfood"), "channel is held"},
		"rolled back, not resumed":      {[]Event{promote("1.1.0", "dogfood"), rollback("dogfood", "1.1.0", "1.0.0")}, promote("1.1.0", "dogfood"), "not resumed"},
		"frozen ring":                   {[]Event{freeze("", "fair", "dogfood")}, promote("1.1.0", "dogfood"), "frozen by fair"},
		"all channels frozen":           {[]Event{freeze("-", "fair")}, promote("1.1.0", "dogfood"), "frozen by fair"},
		"rollback in a freeze":          {[]Event{promote("1.1.0", "dogfood"), freeze("", "fair")}, rollback("dogfood", "1.1.0", "1.0.0"), "frozen by fair"},
		"rollback of an empty ring":     {nil, rollback("all", "1.0.0", "1.0.0"), "runs nothing"},
		"rollback of what runs not":     {nil, rollback("dogfood", "1.1.0", "1.0.0"), "runs 1.0.0, not 1.1.0"},
		"rollback to a newer release":   {nil, rollback("dogfood", "1.0.0", "1.1.0"), "not older"},
		"rollback to what never ran":    {[]Event{promote("1.0.0", "all"), promote("1.1.0", "dogfood"), promote("1.1.0", "canary"), reject("1.0.0")}, rollback("canary", "1.1.0", "1.0.0"), "was rejected"},
		"reject of the unknown":         {nil, reject("9.0.0"), "not released"},
		"reject twice":                  {[]Event{reject("1.1.0")}, reject("1.1.0"), "was rejected"},
		"exonerate the innocent":        {nil, exonerate("1.0.0"), "neither rolled back nor rejected"},
		"exonerate the unknown":         {nil, exonerate("9.0.0"), "not released"},
		"hold twice":                    {[]Event{hold("canary")}, hold("canary"), "already"},
		"resume nothing":                {nil, resume("canary"), "neither held nor rolled back"},
		"resume of all does no ring":    {[]Event{hold("canary")}, resume(""), "not held; name the ring"},
		"freeze twice":                  {[]Event{freeze("", "fair")}, freeze("", "fair"), "stands since event"},
		"freeze that is over":           {nil, until, "over before it is declared"},
		"thaw of another channel's":     {[]Event{freeze("", "fair")}, thaw("-", "fair"), "no freeze fair of all channels"},
		"thaw of none":                  {nil, thaw("", "fair"), "no freeze"},
		"fast lane without approvals":   {nil, fast("1.1.0", "dogfood"), "needs 2 approvals"},
		"fast lane by one approval":     {nil, fast("1.1.0", "dogfood", 7, 7), "needs 2 approvals"},
		"fast lane by other events":     {nil, fast("1.1.0", "dogfood", 2, 3), "does not approve 1.1.0"},
		"observation of the unknown":    {nil, Event{Type: TypeObserve, Observe: &Observe{Kind: ObserveHealth, Cell: "eu-1", Ring: "canary", Version: version("9.0.0"), Status: release.Pass, From: begin, To: begin.Add(time.Second)}}, "not released"},
		"reveal of another release":     {nil, Event{Type: TypeReveal, Reveal: &Reveal{Version: version("1.0.0"), Release: "sha256:" + strings.Repeat("f", 64), Store: "dist"}}, "another release.json"},
		"open from nowhere":             {nil, Event{Type: TypeOpen, Channel: "lts-1.0", Open: &Open{Source: "other", Version: version("1.0.0"), Commit: commitA, Branch: "refs/heads/release/1.0"}}, "no channel other"},
		"open at another commit":        {nil, Event{Type: TypeOpen, Channel: "lts-1.0", Open: &Open{Source: "rolling", Version: version("1.0.0"), Commit: commitB, Branch: "refs/heads/release/1.0"}}, "another commit"},
		"end after another release":     {nil, Event{Type: TypeEOL, Reason: "old", EOL: &EOL{Last: version("1.0.0")}}, "last release is \"1.1.0\""},
		"withdraw the unknown":          {nil, Event{Type: TypeWithdraw, Reason: "CVE", Withdraw: &Withdraw{Version: version("9.0.0")}}, "not released"},
		"reserve after the end of life": {[]Event{{Type: TypeEOL, Reason: "old", EOL: &EOL{Last: version("1.1.0")}}}, Event{Type: TypeReserve, Reserve: &Reserve{Plan: rollingPlan("1.2.0"), Sequence: 3}}, "ended"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := story12(t)
			s.must(c.before...)
			before, _ := json.Marshal(s.State)
			err := s.tell(c.event)
			var pre *PreconditionError
			if !errors.As(err, &pre) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("error %v, want one that says %q", err, c.says)
			}
			if after, _ := json.Marshal(s.State); string(after) != string(before) {
				t.Errorf("the state changed from\n%s\nto\n%s", before, after)
			}
		})
	}
}

func rollingPlan(v string) release.Plan {
	in := release.Inputs{Product: "acme", Channel: "rolling", Kind: release.Rolling, Commit: commitA, Version: version(v), Pins: []release.Pin{}}
	return release.Plan{Schema: release.PlanSchema, Inputs: in, Digest: in.Digest()}
}

func TestEventsOfRingsThatAreNotWholeAreRefused(t *testing.T) {
	t.Parallel()
	noReason := func(e Event) Event { e.Reason = " "; return e }
	health := func(change func(*Observe)) Event {
		o := Observe{Kind: ObserveHealth, Cell: "eu-1", Ring: "canary", Version: version("1.0.0"), Status: release.Pass, From: begin, To: begin.Add(time.Minute)}
		change(&o)
		return Event{Type: TypeObserve, Observe: &o}
	}
	twice := promote("1.1.0", "dogfood")
	twice.Promote.Rings = []string{"dogfood", "dogfood"}
	both := promote("1.1.0", "dogfood")
	both.Hold = &Hold{}
	backwards := freeze("", "fair")
	backwards.Freeze.From, backwards.Freeze.Until = begin.Add(72*time.Hour), begin.Add(48*time.Hour)
	lonely := promote("1.1.0", "dogfood")
	lonely.Promote.Approvals = []uint64{1}
	for name, c := range map[string]struct {
		event Event
		says  string
	}{
		"rollback without reason":     {noReason(rollback("dogfood", "1.1.0", "1.0.0")), "no reason"},
		"reject without reason":       {noReason(reject("1.1.0")), "no reason"},
		"hold without reason":         {noReason(hold("")), "no reason"},
		"freeze without reason":       {noReason(freeze("", "fair")), "no reason"},
		"fast lane without reason":    {noReason(fast("1.1.0", "dogfood", 1, 2)), "no reason"},
		"ring that is none":           {promote("1.1.0", "other"), "not one of"},
		"ring twice":                  {twice, "twice"},
		"promotion of nothing":        {promote("", "dogfood"), "no version"},
		"approvals off the fast lane": {lonely, "only the fast lane"},
		"data of two types":           {both, "carries the data"},
		"freeze that ends first":      {backwards, "ends before"},
		"short commit id of a change": {exonerate("1.0.0", "abc"), "full commit id"},
		"kind of observation":         {health(func(o *Observe) { o.Kind = "guess" }), "unknown to this relctl"},
		"health that was waived":      {health(func(o *Observe) { o.Status = release.Waived }), "pass, fail"},
		"window without length":       {health(func(o *Observe) { o.To = o.From }), "no length"},
		"window in the future":        {health(func(o *Observe) { o.To = begin.Add(1000 * time.Hour) }), "after the event's own time"},
		"health with a check's data":  {health(func(o *Observe) { o.Check = "ci" }), "another kind"},
		"health of no cell":           {health(func(o *Observe) { o.Cell = "" }), "cell"},
		"check with another status":   {check("ci", release.NoData), "passes or fails"},
		"check without a name":        {check("", release.Pass), "no name"},
		"deployed without its revision": {health(func(o *Observe) {
			*o = Observe{Kind: ObserveDeployed, Cell: "eu-1", Ring: "canary", Version: o.Version, From: begin}
		}), "not a revision"},
		"deployed in the future": {health(func(o *Observe) {
			*o = Observe{Kind: ObserveDeployed, Cell: "eu-1", Ring: "canary", Version: o.Version, From: begin.Add(1000 * time.Hour), Revision: "abc"}
		}), "after the event's own time"},
		"rollback of no ring":      {rollback("", "1.1.0", "1.0.0"), "no ring"},
		"reject of nothing":        {reject(""), "no version"},
		"thaw of nothing":          {thaw("", ""), "name"},
		"store without a name":     {Event{Type: TypeReveal, Reveal: &Reveal{Version: version("1.0.0"), Release: digestR}}, "no name"},
		"open from itself":         {Event{Type: TypeOpen, Open: &Open{Source: "rolling"}}, "from itself"},
		"branch by its short name": {Event{Type: TypeOpen, Open: &Open{Source: "other", Version: version("1.0.0"), Commit: commitA, Branch: "main"}}, "full ref name"},
		"hold of nobody's channel": {Event{Type: TypeHold, Channel: "-", Reason: "why", Hold: &Hold{}}, "channel"},
	} {
		s := story12(t)
		if err := s.tell(c.event); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: error %v, want one that says %q", name, err, c.says)
		}
	}
	s := story12(t)
	e := check("ci", release.Pass)
	e.Schema, e.Number, e.Channel = EventSchema, s.Next, "rolling"
	if err := s.Apply(Recorded{Event: e}); err == nil || !strings.Contains(err.Error(), "about a commit") {
		t.Errorf("a check of a channel: %v", err)
	}
}

func TestARollbackOrARejectionVoidsWhatCameWithTheReleaseUntilItIsExonerated(t *testing.T) {
	t.Parallel()
	s := newService(t, "1.0.0", "1.1.0", "1.2.0")
	s.must(promote("1.0.0", "dogfood"), promote("1.0.0", "canary"), promote("1.2.0", "dogfood"), rollback("dogfood", "1.2.0", "1.0.0"))
	c := s.ch()
	voided := func(v string) bool { return c.Voided(version(v)) != nil }
	if voided("1.0.0") || !voided("1.1.0") || !voided("1.2.0") {
		t.Errorf("1.0.0 %v, 1.1.0 %v, 1.2.0 %v", voided("1.0.0"), voided("1.1.0"), voided("1.2.0"))
	}
	s.must(exonerate("1.2.0", commitB))
	if changes, all := c.Cleared(&c.Voids[0], version("1.1.0")); all || len(changes) != 1 || changes[0] != commitB || !voided("1.2.0") {
		t.Errorf("cleared %v, %v", changes, all)
	}
	s.must(exonerate("1.1.0"))
	if voided("1.1.0") || !voided("1.2.0") {
		t.Error("1.1.0 was exonerated, and 1.2.0 was not")
	}
	s.must(reject("1.2.0"), exonerate("1.2.0"))
	if voided("1.2.0") || c.Find(version("1.2.0")).Rejected != 0 {
		t.Error("1.2.0 was exonerated from everything")
	}
	s.must(reject("1.2.0"))
	if !voided("1.2.0") {
		t.Error("an exoneration speaks for the past, not for a rejection after it")
	}
}

func TestAFastLaneNeedsTwoPeoplePassesAFreezeAndOvertakes(t *testing.T) {
	t.Parallel()
	s := story12(t)
	one := s.Next
	s.must(s.approval("1.1.0"), s.approval("1.1.0"), freeze("", "fair"), fast("1.1.0", "dogfood", one, one+1), fast("1.1.0", "canary", one, one+1))
	if got := s.ch().Runs("canary").String(); got != "1.1.0" {
		t.Errorf("canary runs %s", got)
	}
	if f := s.ch().Find(version("1.1.0")).FastLane; f == nil || f.Reason != "CVE-2026-1" || len(f.Approvals) != 2 {
		t.Errorf("recorded is %+v", f)
	}
	same := story12(t)
	one = same.Next
	same.must(same.approval("1.1.0"), same.approval("1.1.0"))
	same.Approvals[1].Actor = same.Approvals[0].Actor
	if err := same.tell(fast("1.1.0", "dogfood", one, one+1)); err == nil || !strings.Contains(err.Error(), "2 people") {
		t.Errorf("one person alone: %v", err)
	}
	wrong := story12(t)
	one = wrong.Next
	wrong.must(wrong.approval("1.1.0"), Event{Type: TypeApprove, Approve: &Approve{Gate: GateFastLane, Role: RoleEmergency, Commit: commitB, Build: digestR}})
	if err := wrong.tell(fast("1.1.0", "dogfood", one, one+1)); err == nil || !strings.Contains(err.Error(), "does not approve") {
		t.Errorf("an approval of another commit: %v", err)
	}
}

func TestAFreezeEndsByItselfOrIsThawed(t *testing.T) {
	t.Parallel()
	s := story12(t)
	f := freeze("", "fair")
	f.Freeze.Until = s.at().Add(90 * time.Second)
	s.must(f)
	if s.Frozen("rolling", "dogfood", s.at()) == nil || s.Frozen("other", "dogfood", s.at()) != nil || s.Frozen("rolling", "dogfood", f.Freeze.Until) != nil {
		t.Error("the freeze is of its channel, until its end")
	}
	s.must(hold("all"), freeze("", "fair"), thaw("", "fair"), freeze("-", "fair", "canary"), promote("1.1.0", "dogfood"), thaw("-", "fair"))
	if len(s.Freezes) != 0 {
		t.Errorf("%+v", s.Freezes)
	}
}

func TestALineIsOpenedRevealedAndEnded(t *testing.T) {
	t.Parallel()
	s := story12(t)
	s.must(Event{Type: TypeOpen, Channel: "lts-1.0", Open: &Open{Source: "rolling", Version: version("1.0.0"), Commit: commitA, Branch: "refs/heads/release/1.0"}},
		Event{Type: TypeReveal, Reveal: &Reveal{Version: version("1.0.0"), Release: digestR, Store: "dist"}},
		Event{Type: TypeEOL, Channel: "lts-1.0", Reason: "never used", EOL: &EOL{}})
	if l := s.Channels["lts-1.0"]; l.Opened == nil || l.Opened.Source != "rolling" || l.EOL == 0 {
		t.Errorf("%+v", l)
	}
	if got := s.ch().Find(version("1.0.0")).Revealed; len(got) != 1 || got[0] != "dist" {
		t.Errorf("revealed in %q", got)
	}
}

func TestACellSaysWhatItRuns(t *testing.T) {
	t.Parallel()
	s := story12(t)
	e := s.health("1.0.0", release.Pass)
	*e.Observe = Observe{Kind: ObserveDeployed, Cell: "eu-1", Ring: "canary", Version: version("1.0.0"), From: begin, Revision: "main@sha1:abc"}
	s.must(e)
	if o := s.ch().Observations; len(o) != 1 || o[0].Revision != "main@sha1:abc" || e.Summary() != "eu-1 in canary runs 1.0.0, revision main@sha1:abc" {
		t.Errorf("%+v, %q", o, e.Summary())
	}
}

func TestTryingAnEventLeavesNoTrace(t *testing.T) {
	t.Parallel()
	s := story12(t)
	s.must(freeze("-", "fair", "all"), hold("all"))
	before, _ := json.Marshal(s.State)
	for _, e := range []Event{promote("1.1.0", "dogfood"), rollback("dogfood", "1.0.0", "1.0.0"), reject("1.0.0"), resume("all"), hold("canary"), s.health("1.0.0", release.Pass)} {
		e.Channel = "rolling"
		err := s.Try(&e, s.at())
		if refused := e.Type == TypeRollback; (err != nil) != refused {
			t.Errorf("%s: %v", e.Type, err)
		}
	}
	free := thaw("", "fair")
	if err := s.Try(&free, s.at()); err != nil {
		t.Error(err)
	}
	if after, _ := json.Marshal(s.State); string(after) != string(before) {
		t.Errorf("the state changed from\n%s\nto\n%s", before, after)
	}
}

func TestEveryTypeOfEventSaysWhatItDid(t *testing.T) {
	t.Parallel()
	for want, e := range map[string]Event{
		"1.1.0 into canary":                            promote("1.1.0", "canary"),
		"1.1.0 into canary, fast lane: CVE-2026-1":     fast("1.1.0", "canary", 1, 2),
		"canary from 1.1.0 to 1.0.0: orders fail":      rollback("canary", "1.1.0", "1.0.0"),
		"1.1.0: orders fail":                           reject("1.1.0"),
		"1 change of 1.1.0: it was the network":        exonerate("1.1.0", commitA),
		"all rings: on-call is alone":                  hold(""),
		"ring canary":                                  resume("canary"),
		"fair of ring a, b: fair":                      freeze("", "fair", "a", "b"),
		"check ci of aaaaaaaaaa: fail":                 check("ci", release.Fail),
		"1.0.0 of eu-1 in canary: pass for 1m":         newService(t, "1.0.0").health("1.0.0", release.Pass),
		"from rolling 1.0.0 at aaaaaaaaaa, branch r/1": {Type: TypeOpen, Open: &Open{Source: "rolling", Version: version("1.0.0"), Commit: commitA, Branch: "refs/heads/r/1"}},
		"without a release: old":                       {Type: TypeEOL, Reason: "old", EOL: &EOL{}},
		"policy comes from branch main":                {Type: TypeGenesis, Genesis: &Genesis{DefaultBranch: "main"}},
		"1.0.0 (CVE-2026-1): leaks":                    {Type: TypeWithdraw, Reason: "leaks", Withdraw: &Withdraw{Version: version("1.0.0"), Advisory: "CVE-2026-1"}},
		"1.0.0 in dist/store":                          {Type: TypeReveal, Reveal: &Reveal{Version: version("1.0.0"), Store: "dist/store"}},
		"1.0.0, burned: no key":                        {Type: TypeAbandon, Reason: "no key", Abandon: &Abandon{Version: version("1.0.0"), Burned: true}},
		"1.0.1":                                        {Type: TypeAbandon, Abandon: &Abandon{Version: version("1.0.1")}},
		"gate qa for aaaaaaaaaa":                       {Type: TypeApprove, Approve: &Approve{Gate: "qa", Commit: commitA}},
		"gate qa until 2026-01-02":                     {Type: TypeWaive, Waive: &Waive{Gate: "qa", Expires: time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC)}},
		"change aaaaaaaaaa until 2026-01-02":           {Type: TypeWaive, Waive: &Waive{Change: commitA, Expires: time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC)}},
		"gate qa for 1.0.0 in ring canary until 2026-01-02": {Type: TypeWaive, Waive: &Waive{
			Gate: "qa", Ring: "canary", Release: version("1.0.0"), Expires: time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC),
		}},
		"": {Type: "other"},
	} {
		if got := e.Summary(); got != want {
			t.Errorf("%s: %q, want %q", e.Type, got, want)
		}
	}
}

func TestAnEventIsAboutAVersionAndARing(t *testing.T) {
	t.Parallel()
	for want, e := range map[string]Event{
		"1.1.0 canary": promote("1.1.0", "canary"), "1.2.0 all": rollback("all", "1.2.0", "1.1.0"), "1.3.0 ": reject("1.3.0"), "1.4.0 ": exonerate("1.4.0"),
		" canary": hold("canary"), " next": resume("next"), "2.0.0 ": reserve("2.0.0", 1), "2.1.0 ": cut("2.1.0", 1, 1), "2.2.0 ": abandon("2.2.0", 1, false),
		"2.3.0 ": withdraw("2.3.0", "leaks"), "2.4.0 ": floor("2.4.0"), "2.5.0 ": {Type: TypeEOL, EOL: &EOL{Last: version("2.5.0")}},
		"2.6.0 ": {Type: TypeReveal, Reveal: &Reveal{Version: version("2.6.0")}}, "2.7.0 ": {Type: TypeOpen, Open: &Open{Version: version("2.7.0")}},
		"2.8.0 b": {Type: TypeObserve, Observe: &Observe{Version: version("2.8.0"), Ring: "b"}}, " ": freeze("", "fair"),
	} {
		if got := e.Version().String() + " " + e.Ring(); got != want {
			t.Errorf("%s: %q, want %q", e.Type, got, want)
		}
	}
}
