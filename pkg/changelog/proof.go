package changelog

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/relctl/relctl/pkg/release"
)

// evidence returns how far the change that a commit brings is proven, nil where nobody asked.
func (r Release) evidence(commit string) *release.Evidence {
	i := slices.IndexFunc(r.Evidence, func(e release.Evidence) bool { return e.Commit == commit })
	if i < 0 || r.Evidence[i].Grade == release.GradeNotEvaluated {
		return nil
	}
	return &r.Evidence[i]
}

// Proof says in plain words, as lines of Markdown, how each change was proven before it was released. There is none
// where nobody asked. Changes that are left out of the changelog are left out here too.
func (r Release) Proof() []string {
	var out []string
	for _, e := range r.Entries() {
		if found := r.evidence(e.Commit); found != nil {
			out = append(out, fmt.Sprintf("%s (`%s`): %s", Escape(e.Subject), release.Short(e.Commit), proof(*found)))
		}
	}
	return out
}

func proof(e release.Evidence) string {
	switch e.Grade {
	case release.GradeSamePatchSoaked:
		return "the same patch " + ran(e.Soak)
	case release.GradeAdaptedApproved:
		return "adapted for this line, and approved as it is here (" + events(e.Approvals) + "); the original " + ran(e.Soak)
	case release.GradeLineApproved:
		return "made for this line only, and approved (" + events(e.Approvals) + "); it did not run in the service"
	case release.GradeWaived:
		return "let through without proof (" + events([]uint64{e.Waiver}) + "): " + Escape(e.Reason)
	case release.GradeAdapted:
		return "adapted for this line, and **not approved**"
	case release.GradeLineOnly:
		return "made for this line only, and **not approved**"
	}
	return "**not proven** in the service"
}

func ran(s *release.Soak) string {
	if s == nil || s.Length == 0 {
		return "did not run in the service"
	}
	text := fmt.Sprintf("ran healthy in the service (%s, ring %s, from release %s on) for %s, from %s to %s", Escape(s.Channel), Escape(s.Ring),
		s.Release, hours(s.Length), moment(s.From), moment(s.To))
	if s.Length < s.Need {
		text += ", of " + hours(s.Need) + " asked for"
	}
	return text
}

func events(numbers []uint64) string {
	if len(numbers) == 1 {
		return fmt.Sprintf("ledger event %d", numbers[0])
	}
	return "ledger events " + strings.Trim(fmt.Sprint(numbers), "[]")
}

func moment(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 MST") }

// hours writes a number of seconds for people: 3 days 1 hour, 5 hours, 20 minutes.
func hours(seconds int64) string {
	var parts []string
	for _, unit := range []struct {
		name string
		size int64
	}{{"day", 24 * 3600}, {"hour", 3600}, {"minute", 60}} {
		n := seconds / unit.size
		seconds %= unit.size
		switch {
		case n == 1:
			parts = append(parts, "1 "+unit.name)
		case n > 1:
			parts = append(parts, fmt.Sprintf("%d %ss", n, unit.name))
		}
	}
	if len(parts) == 0 {
		return "less than a minute"
	}
	return strings.Join(parts, " ")
}
