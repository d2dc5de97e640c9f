package version_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/relctl/relctl/pkg/release"
	"github.com/relctl/relctl/pkg/version"
)

var types = []string{"fix", "feat", "docs", "revert", ""}

// step makes options for one more release of a channel.
func step(r *rand.Rand, opts version.Options) version.Options {
	opts.Changes = nil
	for range r.IntN(4) {
		opts.Changes = append(opts.Changes, release.Change{Type: types[r.IntN(len(types))], Breaking: r.IntN(6) == 0})
	}
	opts.Pre = []string{"", "", "rc", "rc", "beta"}[r.IntN(5)]
	opts.Now = opts.Now.Add(time.Duration(r.IntN(60)-10) * time.Hour) // clocks also go backwards
	return opts
}

func TestVersionsNeverFallOverLongHistories(t *testing.T) {
	start := time.Date(2026, 12, 20, 0, 0, 0, 0, time.UTC)
	for name, first := range map[string]version.Options{
		"line 2.4": {Kind: release.LTS, Line: line(t, "2.4")},
		"line 2":   {Kind: release.LTS, Line: line(t, "2")},
		"line 0":   {Kind: release.LTS, Line: line(t, "0")},
		"semver":   {Kind: release.Rolling, Scheme: version.SemVer},
		"calver":   {Kind: release.Rolling, Scheme: version.CalVer},
	} {
		t.Run(name, func(t *testing.T) {
			for seed := range uint64(40) {
				r := rand.New(rand.NewPCG(seed, 7))
				opts := first
				opts.Now = start
				// Versions of elsewhere must play no part.
				foreign := versions("3.9.9 1.0.0-rc.1")
				if opts.Kind == release.Rolling {
					foreign = versions("2100.101.1")
					if opts.Scheme == version.CalVer {
						foreign = versions("9.9.9")
					}
				}
				var top release.Version
				for range 60 {
					opts = step(r, opts)
					given := opts
					given.Released = append(append([]release.Version{}, opts.Released...), foreign...)
					r.Shuffle(len(given.Released), func(i, j int) {
						given.Released[i], given.Released[j] = given.Released[j], given.Released[i]
					})
					v, why, err := version.Next(given)
					if err != nil && given.Pre == "beta" {
						continue // there is a candidate already
					}
					if err != nil {
						t.Fatalf("seed %d after %s: %v", seed, top, err)
					}
					check(t, given, v, why, top)
					again, _, _ := version.Next(given)
					if again != v {
						t.Fatalf("the same question gave %s and %s", v, again)
					}
					top = v
					opts.Released = append(opts.Released, v)
				}
			}
		})
	}
}

func check(t *testing.T, opts version.Options, v release.Version, why string, top release.Version) {
	t.Helper()
	switch {
	case v.Compare(top) <= 0:
		t.Fatalf("%s came after %s", v, top)
	case opts.Kind == release.LTS && !opts.Line.Contains(v):
		t.Fatalf("%s is outside line %s", v, opts.Line)
	case (opts.Pre == "") != (v.Prerelease() == ""):
		t.Fatalf("--pre %q gave %s", opts.Pre, v)
	case opts.Pre == "" && top.Prerelease() != "" && opts.Scheme != version.CalVer && len(opts.Changes) == 0 &&
		v.String() != fmt.Sprintf("%d.%d.%d", top.Major(), top.Minor(), top.Patch()):
		t.Fatalf("the final after %s is %s", top, v)
	case why == "":
		t.Fatalf("%s came without a reason", v)
	}
	if _, err := release.ParseVersion(v.String()); err != nil {
		t.Fatal(err)
	}
}

// FuzzNext holds whatever versions a repository may have against the one promise: what comes next is greater.
func FuzzNext(f *testing.F) {
	f.Add("2.4.6", "2.4.7-rc.1", "2.4", "rc", false, int64(1767400000))
	f.Add("2.18446744073709551615.0", "2.0.0-rc.18446744073709551615", "2", "", true, int64(0))
	f.Add("2026.103.1", "2026.103.2-rc.x", "", "rc", true, int64(1767400000))
	f.Add("1.0.0-rc", "1.0.0-rc.1.1", "", "", false, int64(-1))
	f.Fuzz(func(t *testing.T, a, b, lineText, pre string, breaking bool, unix int64) {
		var released []release.Version
		for _, s := range []string{a, b} {
			if v, err := release.ParseVersion(s); err == nil {
				released = append(released, v)
			}
		}
		opts := version.Options{
			Kind: release.Rolling, Released: released, Pre: pre, Now: time.Unix(unix, 0),
			Changes: []release.Change{{Type: "feat", Breaking: breaking}},
		}
		if l, err := release.ParseLine(lineText); err == nil {
			opts.Kind, opts.Line = release.LTS, l
		} else if breaking {
			opts.Scheme = version.CalVer
		}
		v, why, err := version.Next(opts)
		if err != nil {
			if !v.IsZero() {
				t.Fatalf("an error came with version %s", v)
			}
			return
		}
		if why == "" || opts.Kind == release.LTS && !opts.Line.Contains(v) {
			t.Fatalf("Next = %s, %q for line %s", v, why, opts.Line)
		}
		for _, r := range released {
			if opts.Kind == release.LTS && opts.Line.Contains(r) && v.Compare(r) <= 0 {
				t.Fatalf("%s came after %s", v, r)
			}
			if v == r {
				t.Fatalf("%s was given twice", v)
			}
		}
	})
}
