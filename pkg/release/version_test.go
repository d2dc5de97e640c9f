package release_test

import (
	"strings"
	"testing"

	"github.com/relctl/relctl/pkg/release"
)

func TestVersionIsStrict(t *testing.T) {
	for _, s := range []string{"0.0.0", "2.4.7", "2.10.0", "2.4.7-rc.1", "2.4.7-rc.10", "2026.103.1", "1.0.0-alpha", "1.0.0-7", "1.0.0-x-y.2"} {
		v, err := release.ParseVersion(s)
		if err != nil || v.String() != s {
			t.Errorf("ParseVersion(%q) = %v, %v", s, v, err)
		}
	}
	for s, says := range map[string]string{
		"":                       "semantic version",
		"v2.4.7":                 "semantic version",
		"2.4":                    "semantic version",
		"2026.01.0":              "semantic version",
		"2026.0103.1":            "semantic version",
		"2.4.7+build.5":          "build metadata",
		"2.4.7-rc2":              `write "rc.2"`,
		"2.4.7-rc10":             `write "rc.10"`,
		"2.4.7\n":                "semantic version",
		"\t2.4.7":                "semantic version",
		strings.Repeat("1", 200): "at most 128",
	} {
		if _, err := release.ParseVersion(s); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("ParseVersion(%q) error = %v, want one that says %q", s, err, says)
		}
	}
}

func TestVersionsSortByPrecedence(t *testing.T) {
	ordered := []string{"", "2.3.9", "2.4.0-rc.2", "2.4.0-rc.10", "2.4.0", "2.4.9", "2.4.10", "2.10.0", "10.0.0"}
	for i, a := range ordered {
		for j, b := range ordered {
			var va, vb release.Version
			if err := va.UnmarshalText([]byte(a)); err != nil {
				t.Fatal(err)
			}
			if err := vb.UnmarshalText([]byte(b)); err != nil {
				t.Fatal(err)
			}
			want := 0
			if i < j {
				want = -1
			} else if i > j {
				want = 1
			}
			if got := va.Compare(vb); got != want {
				t.Errorf("%q.Compare(%q) = %d, want %d", a, b, got, want)
			}
		}
	}
}

func TestLineOwnsItsVersionsAndNoOthers(t *testing.T) {
	cases := []struct {
		line, version string
		in            bool
	}{
		{"2.4", "2.4.0", true}, {"2.4", "2.4.0-rc.1", true}, {"2.4", "2.40.0", false}, {"2.4", "2.5.0", false},
		{"2", "2.99.1", true}, {"2", "3.0.0", false}, {"2.10", "2.10.3", true}, {"2.10", "2.1.0", false},
	}
	for _, c := range cases {
		l, err := release.ParseLine(c.line)
		if err != nil {
			t.Fatal(err)
		}
		if got := l.Contains(release.MustVersion(c.version)); got != c.in {
			t.Errorf("line %s contains %s = %v", c.line, c.version, got)
		}
		if !l.Contains(l.First()) {
			t.Errorf("line %s does not contain its own first version %s", c.line, l.First())
		}
	}
	if (release.Line{}).Contains(release.MustVersion("0.0.0")) {
		t.Error("the zero line owns a version")
	}
	for _, bad := range []string{"", "2.", ".4", "2.04", "2.4.1", "v2", "-1", "2.4 "} {
		if _, err := release.ParseLine(bad); err == nil {
			t.Errorf("ParseLine(%q) accepts it", bad)
		}
	}
}

func FuzzParseVersion(f *testing.F) {
	for _, s := range []string{"2.4.7", "2.4.7-rc.1", "1.0.0--", "2.4.7-rc2", "01.2.3", "1.2.3+x", "0.0.0-A.0A.a", "0.0.0-0000000000000000A", "0.0.0-00", "..+0\xb0", "18446744073709551616.0.0"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		v, err := release.ParseVersion(s)
		if err != nil {
			return
		}
		again, err := release.ParseVersion(v.String())
		if err != nil || again.Compare(v) != 0 || v.String() != s {
			t.Errorf("%q parses to %q, which parses to %q (%v)", s, v, again, err)
		}
	})
}
