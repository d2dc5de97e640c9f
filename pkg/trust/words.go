package trust

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/relctl/relctl/pkg/release"
)

// Words says what the proposal changes, a line each, those below a role indented. They are made from the metadata that
// would be signed and from what it replaces, and leave nothing out that a client would act on.
func (p *Proposal) Words() ([]string, error) {
	if err := p.check(); err != nil {
		return nil, err
	}
	var out []string
	for _, role := range p.Roles() {
		_, expires, _ := header(p.docs[role])
		out = append(out, fmt.Sprintf("%s, expires %s", p.step(role), expires.UTC().Format(time.DateOnly)))
		var lines []string
		var err error
		switch channel, status := ChannelOf(role); {
		case role == release.RoleRoot:
			lines = p.keyWords(topRoles)
		case role == release.RoleTargets:
			_, targets := p.newest()
			lines = p.keyWords(delegatedBy(targets))
		case status:
			lines, err = standingWords(p.base.Standing(channel), p.standings[channel])
		default:
			lines, err = p.listWords(role)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", role, err)
		}
		if len(lines) == 0 {
			lines = []string{"the same as before"}
		}
		for _, l := range lines {
			out = append(out, "  "+l)
		}
	}
	return out, nil
}

// step is "root 3 → 4" or "root 1, the first".
func (p *Proposal) step(role string) string {
	if was := p.base.newest(role); was > 0 {
		return fmt.Sprintf("%s %d → %d", role, was, p.Version(role))
	}
	return fmt.Sprintf("%s %d, the first", role, p.Version(role))
}

// keyWords says for each role which keys come and go, and how many of them must sign.
func (p *Proposal) keyWords(roles []string) []string {
	root, targets := p.newest()
	var out []string
	for _, role := range roles {
		now, _ := keysOf(root, targets, role)
		was, known := keysOf(p.base.root(), p.base.targets(), role)
		var parts []string
		for _, name := range slices.Sorted(maps.Values(was.Names)) {
			if !slices.Contains(slices.Collect(maps.Values(now.Names)), name) {
				parts = append(parts, fmt.Sprintf("key %s removed", short(name)))
			}
		}
		for _, name := range slices.Sorted(maps.Values(now.Names)) {
			if !slices.Contains(slices.Collect(maps.Values(was.Names)), name) {
				parts = append(parts, fmt.Sprintf("key %s added", short(name)))
			}
		}
		if len(parts) == 0 && known && was.Threshold == now.Threshold {
			continue
		}
		must := fmt.Sprintf("%d of %d must sign", now.Threshold, len(now.Names))
		if known && was.Threshold != now.Threshold {
			must += fmt.Sprintf(" (was %d of %d)", was.Threshold, len(was.Names))
		}
		text := role + ": " + strings.Join(append(parts, must), ", ")
		if d := delegation(targets, role); d != nil && !known {
			text += ", for " + strings.Join(d.Paths, " and ")
		}
		out = append(out, text)
	}
	return out
}

// listWords says which releases come and go.
func (p *Proposal) listWords(role string) ([]string, error) {
	doc, _ := p.docs[role].(*targetsMeta)
	before, _ := p.base.docs[role].(*targetsMeta)
	now, err := listedIn(doc)
	if err != nil {
		return nil, err
	}
	was, err := listedIn(before)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, l := range was {
		if !slices.Contains(now, l) {
			out = append(out, "no longer lists "+listing(l))
		}
	}
	for _, l := range now {
		if !slices.Contains(was, l) {
			out = append(out, "lists "+listing(l))
		}
	}
	return append(out, release.Count(len(now), "release")+" in all"), nil
}

func listing(l Listed) string {
	return fmt.Sprintf("%s, sequence %d, %s, ledger event %d %s", l.Version, l.Sequence, l.Release, l.Event, release.Short(l.Ledger))
}

// standingWords says what a standing says anew.
func standingWords(before, after []byte) ([]string, error) {
	now, err := release.DecodeStanding(after)
	if err != nil {
		return nil, err
	}
	was := &release.Standing{}
	if before != nil {
		if was, err = release.DecodeStanding(before); err != nil {
			return nil, err
		}
	}
	had := map[string]bool{}
	for _, s := range statements(was) {
		had[s] = true
	}
	out := []string{fmt.Sprintf("issued %s for %s %s", now.Issued.Format(time.RFC3339), now.Product, now.Channel)}
	has := map[string]bool{}
	for _, s := range statements(now) {
		has[s] = true
		if !had[s] {
			out = append(out, s)
		}
	}
	for _, s := range statements(was) {
		if !has[s] {
			out = append(out, "no longer: "+s)
		}
	}
	return out, nil
}

// statements are the single things that a standing says, without the time at which it does.
func statements(s *release.Standing) []string {
	var out []string
	say := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	if !s.Line.IsZero() {
		say("line %s", s.Line)
	}
	if len(s.Critical) > 0 {
		say("a reader must understand %s", strings.Join(s.Critical, ", "))
	}
	if s.Support.Maintenance != "" {
		say("maintenance only from %s", s.Support.Maintenance)
	}
	if s.Support.EOL != "" {
		say("end of life on %s", s.Support.EOL)
	}
	if e := s.Ended; e != nil {
		say("life ended on %s: %s%s", e.Time.Format(time.DateOnly), e.Reason, prefixed("; go on with ", e.Successor))
	}
	if h := s.Newest; h != nil {
		say("newest release %s, sequence %d, %s", h.Version, h.Sequence, h.Release)
	}
	if f := s.Floor; f != nil {
		say("nothing below %s may be installed: %s%s", f.Version, f.Reason, prefixed(", ", f.Advisory))
	}
	for _, w := range s.Withdrawn {
		what := "withdrawn"
		if w.Abandoned {
			what = "never released"
		}
		say("%s is %s since %s: %s%s", w.Version, what, w.Time.Format(time.DateOnly), w.Reason, prefixed(", ", w.Advisory))
	}
	if s.Upgrade.From != "" {
		say("upgrade from %s", s.Upgrade.From)
	}
	for _, x := range s.Upgrade.Stops {
		say("stop at %s on the way from %s: %s", x.Version, all(x.For), x.Reason)
	}
	for _, x := range s.Upgrade.Blocked {
		say("no upgrade from %s to %s: %s", all(x.From), all(x.To), x.Reason)
	}
	for _, x := range s.Upgrade.Conditions {
		say("upgrade from %s to %s: %s", all(x.From), all(x.To), x.Text)
	}
	return out
}

func prefixed(prefix, text string) string {
	if text == "" {
		return ""
	}
	return prefix + text
}

func all(r string) string {
	if r == "" {
		return "any version"
	}
	return r
}

// Says reports whether two standings say the same, the time of saying and the newest release aside: whether a new one
// must be signed.
func Says(a, b *release.Standing) bool {
	strip := func(s *release.Standing) []string {
		c := *s
		c.Newest = nil
		return statements(&c)
	}
	return slices.Equal(strip(a), strip(b))
}
