package version_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/relctl/relctl/pkg/release"
	"github.com/relctl/relctl/pkg/version"
)

func line(t testing.TB, s string) release.Line {
	t.Helper()
	l, err := release.ParseLine(s)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func versions(list string) []release.Version {
	var out []release.Version
	for s := range strings.FieldsSeq(list) {
		out = append(out, release.MustVersion(s))
	}
	return out
}

// changes reads "fix feat! docs".
func changes(list string) []release.Change {
	var out []release.Change
	for s := range strings.FieldsSeq(list) {
		typ, breaking := strings.CutSuffix(s, "!")
		out = append(out, release.Change{Type: typ, Breaking: breaking})
	}
	return out
}

func TestNextOnALine(t *testing.T) {
	for name, c := range map[string]struct{ line, released, changes, pre, want, why string }{
		"first release":                     {"2.4", "", "feat", "", "2.4.0", "first release of line 2.4"},
		"first of a line of one number":     {"3", "", "", "", "3.0.0", "first release of line 3"},
		"patch":                             {"2.4", "2.4.0 2.4.6 2.4.5", "fix", "", "2.4.7", "next patch after 2.4.6"},
		"patches sort by number":            {"2.4", "2.4.9 2.4.10", "fix", "", "2.4.11", "after 2.4.10"},
		"a feature is a patch in 2.4":       {"2.4", "2.4.6", "feat", "", "2.4.7", "only the patch number moves"},
		"a feature is a minor in 2":         {"2", "2.4.6", "feat fix feat", "", "2.5.0", "because of 2 features"},
		"fixes are a patch in 2":            {"2", "2.4.6", "fix", "", "2.4.7", "no change is a feature"},
		"breaking stays inside 2":           {"2", "2.4.6", "fix!", "", "2.5.0", "line 2 has no version that could announce 1 breaking change"},
		"breaking stays inside 2.4":         {"2.4", "2.4.6", "feat!", "", "2.4.7", "could announce 1 breaking change"},
		"other lines do not count":          {"2.4", "2.4.6 2.5.3 1.9.9 2.40.0", "fix", "", "2.4.7", ""},
		"no changes":                        {"2.4", "2.4.6", "", "", "2.4.7", ""},
		"first candidate":                   {"2.4", "2.4.6", "fix", "rc", "2.4.7-rc.1", "rc 1 of 2.4.7"},
		"candidates count by number":        {"2.4", "2.4.6 2.4.7-rc.9 2.4.7-rc.10", "fix", "rc", "2.4.7-rc.11", "rc 11"},
		"the final follows its candidates":  {"2.4", "2.4.6 2.4.7-rc.1 2.4.7-rc.2", "fix", "", "2.4.7", ""},
		"candidates of another base":        {"2.4", "2.4.6 2.4.6-rc.4", "fix", "rc", "2.4.7-rc.1", ""},
		"candidate of the first release":    {"2.4", "2.4.0-rc.1", "", "rc", "2.4.0-rc.2", "first release"},
		"a later stage":                     {"2.4", "2.4.6 2.4.7-beta.3", "fix", "rc", "2.4.7-rc.1", ""},
		"candidate above what came of it":   {"2", "2.4.0 2.5.0-rc.1", "fix", "", "2.5.0", "2.5.0-rc.1 is out already"},
		"candidate below what came of it":   {"2", "2.4.0 2.4.1-rc.1", "feat", "", "2.5.0", ""},
		"odd candidates of other tools":     {"2.4", "2.4.6 2.4.7-rc 2.4.7-rc.2.1", "fix", "rc", "2.4.7-rc.3", ""},
		"gaps are not filled":               {"2.4", "2.4.1 2.4.8", "fix", "", "2.4.9", ""},
		"zero versions are no versions":     {"0.1", "", "fix", "", "0.1.0", ""},
		"a line of zero":                    {"0", "0.0.0", "feat", "", "0.1.0", ""},
		"the largest patch of other lines":  {"2.4", "2.4.1 2.3.18446744073709551615", "fix", "", "2.4.2", ""},
		"candidate after a final and a pre": {"2.4", "2.4.6 2.4.7 2.4.7-rc.1", "fix", "rc", "2.4.8-rc.1", ""},
	} {
		t.Run(name, func(t *testing.T) {
			got, why, err := version.Next(version.Options{
				Kind: release.LTS, Line: line(t, c.line), Released: versions(c.released), Changes: changes(c.changes), Pre: c.pre,
			})
			if err != nil || got.String() != c.want || !strings.Contains(why, c.why) {
				t.Errorf("Next = %s, %q, %v; want %s because %q", got, why, err, c.want, c.why)
			}
			if why == "" || strings.Contains(why, "\n") || strings.HasSuffix(why, ".") {
				t.Errorf("why %q is not one sentence without full stop", why)
			}
		})
	}
}

func TestNextSemantic(t *testing.T) {
	for name, c := range map[string]struct{ released, changes, pre, want, why string }{
		"first":                              {"", "feat!", "", "0.1.0", "first release"},
		"fix":                                {"1.2.3", "fix docs", "", "1.2.4", "next patch"},
		"feature":                            {"1.2.3", "fix feat", "", "1.3.0", "1 feature"},
		"breaking":                           {"1.2.3", "feat fix!", "", "2.0.0", "1 breaking change"},
		"breaking before 1.0":                {"0.4.1", "fix!", "", "0.5.0", "1 breaking change"},
		"both before 1.0":                    {"0.4.1", "fix! feat", "", "0.5.0", "1 feature and 1 breaking change"},
		"candidates of a minor":              {"1.2.3 1.3.0-rc.1", "feat", "rc", "1.3.0-rc.2", "rc 2 of 1.3.0"},
		"the candidate's feature went away":  {"1.2.3 1.3.0-rc.1", "fix", "", "1.3.0", "is out already"},
		"calendar versions do not count":     {"1.2.3 2026.103.1", "fix", "", "1.2.4", ""},
		"from the calendar to counting":      {"2026.103.1 2026.104.2", "fix", "", "0.1.0", "first release"},
		"2000.0.0 is no day of the calendar": {"2000.0.0", "fix", "", "2000.0.1", ""},
	} {
		t.Run(name, func(t *testing.T) {
			got, why, err := version.Next(version.Options{
				Kind: release.Rolling, Released: versions(c.released), Changes: changes(c.changes), Pre: c.pre,
			})
			if err != nil || got.String() != c.want || !strings.Contains(why, c.why) {
				t.Errorf("Next = %s, %q, %v; want %s because %q", got, why, err, c.want, c.why)
			}
		})
	}
}

func TestNextByTheCalendar(t *testing.T) {
	for name, c := range map[string]struct{ now, released, pre, want, why string }{
		"first":                         {"2026-01-03T10:00:00Z", "", "", "2026.103.1", "first release of 2026-01-03"},
		"second of the day":             {"2026-01-03T10:00:00Z", "2026.103.1", "", "2026.103.2", "2026.103.1"},
		"tenth of the day":              {"2026-01-03T10:00:00Z", "2026.103.9 2026.103.2", "", "2026.103.10", ""},
		"next day":                      {"2026-01-04T00:00:00Z", "2026.103.9", "", "2026.104.1", ""},
		"october sorts after september": {"2026-10-01T00:00:00Z", "2026.930.1", "", "2026.1001.1", ""},
		"next year":                     {"2027-01-01T00:00:00Z", "2026.1231.3", "", "2027.101.1", ""},
		"leap day":                      {"2028-02-29T00:00:00Z", "", "", "2028.229.1", ""},
		"the day is that of UTC":        {"2026-01-03T23:30:00-05:00", "", "", "2026.104.1", "2026-01-04"},
		"a clock that went back":        {"2026-01-02T00:00:00Z", "2026.103.4", "", "2026.103.5", "the clock says 2026-01-02"},
		"a clock of last year":          {"2025-12-31T00:00:00Z", "2026.103.4", "", "2026.103.5", "before it"},
		"semantic versions do not count": {"2026-01-03T00:00:00Z", "1.2.3 2999.0.0 2999.1232.1 2999.230.1", "",
			"2026.103.1", ""},
		"candidate":                      {"2026-01-03T00:00:00Z", "2026.102.1", "rc", "2026.103.1-rc.1", "rc 1 of 2026.103.1"},
		"next candidate":                 {"2026-01-03T00:00:00Z", "2026.103.1-rc.1", "rc", "2026.103.1-rc.2", ""},
		"final of the day's candidate":   {"2026-01-03T00:00:00Z", "2026.103.2-rc.1 2026.103.1", "", "2026.103.2", "follows"},
		"final a day after":              {"2026-01-04T00:00:00Z", "2026.103.1-rc.1", "", "2026.104.1", ""},
		"candidate while clock is wrong": {"2026-01-01T00:00:00Z", "2026.103.1-rc.1", "rc", "2026.103.1-rc.2", "before it"},
	} {
		t.Run(name, func(t *testing.T) {
			now, err := time.Parse(time.RFC3339, c.now)
			if err != nil {
				t.Fatal(err)
			}
			got, why, err := version.Next(version.Options{
				Kind: release.Rolling, Scheme: version.CalVer, Released: versions(c.released), Changes: changes("feat!"), Pre: c.pre, Now: now,
			})
			if err != nil || got.String() != c.want || !strings.Contains(why, c.why) {
				t.Errorf("Next = %s, %q, %v; want %s because %q", got, why, err, c.want, c.why)
			}
		})
	}
}

func TestNextRefuses(t *testing.T) {
	lts := version.Options{Kind: release.LTS, Line: line(t, "2.4"), Released: versions("2.4.6 2.4.7-rc.1")}
	rolling := version.Options{Kind: release.Rolling}
	with := func(o version.Options, change func(*version.Options)) version.Options {
		change(&o)
		return o
	}
	pre := func(name string) version.Options {
		return with(lts, func(o *version.Options) { o.Pre = name })
	}
	for name, c := range map[string]struct {
		opts       version.Options
		says, hint string
	}{
		"a hotfix":             {pre("hotfix"), "sorts below", "next patch"},
		"a numbered hotfix":    {pre("hotfix.1"), "sorts below", "next patch"},
		"a hot-fix":            {pre("hot-fix"), "sorts below", "next patch"},
		"post":                 {pre("post"), "sorts below", "next patch"},
		"an own number":        {pre("rc2"), "counted by relctl", "--pre rc"},
		"an own dotted number": {pre("beta.2"), "counted by relctl", "--pre beta"},
		"a number alone":       {pre("2"), "counted by relctl", "--pre rc"},
		"capitals":             {pre("RC"), "lower-case", "--pre rc"},
		"a plus":               {pre("rc+x"), "lower-case", "--pre rc"},
		"a long name":          {pre(strings.Repeat("a", 21)), "at most 20", ""},
		"a stage backwards":    {pre("beta"), "2.4.7-beta.1 would sort below 2.4.7-rc.1", "go on"},
		"lts without line":     {with(lts, func(o *version.Options) { o.Line = release.Line{} }), "needs a line", ""},
		"no kind":              {version.Options{}, "neither lts nor rolling", ""},
		"another scheme":       {with(rolling, func(o *version.Options) { o.Scheme = "romver" }), "romver", ""},
		"another format":       {with(rolling, func(o *version.Options) { o.Scheme, o.Format = version.CalVer, "YY.MM" }), "there is only YYYY.MDD.N", ""},
		"a clock that never ran": {with(rolling, func(o *version.Options) { o.Scheme = version.CalVer }),
			"no calendar version", ""},
		"numbers at their end": {with(lts, func(o *version.Options) { o.Released = versions("2.4.18446744073709551615") }),
			"no version comes after", ""},
		"candidates at their end": {with(pre("rc"), func(o *version.Options) { o.Released = versions("2.4.0-rc.18446744073709551615") }),
			"would sort below", ""},
	} {
		t.Run(name, func(t *testing.T) {
			got, _, err := version.Next(c.opts)
			if err == nil || !strings.Contains(err.Error(), c.says) || !got.IsZero() {
				t.Fatalf("Next = %s, %v; want an error that says %q", got, err, c.says)
			}
			var hinted interface{ Hint() string }
			if c.hint != "" && (!errors.As(err, &hinted) || !strings.Contains(hinted.Hint(), c.hint)) {
				t.Errorf("error %v has no hint that says %q", err, c.hint)
			}
		})
	}
}
