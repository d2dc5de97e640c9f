package cli

import (
	"cmp"

	"github.com/relctl/relctl/pkg/release"
)

// minor is the line of a version, such as 2.4.
type minor struct{ major, minor uint64 }

func minorOf(v release.Version) minor { return minor{v.Major(), v.Minor()} }

func (m minor) compare(o minor) int {
	return cmp.Or(cmp.Compare(m.major, o.major), cmp.Compare(m.minor, o.minor))
}

// numberings finds lines that only number the commits of a later one otherwise, as v0.305.0 beside v3.5.0 does for a Go
// module: their first releases, or the candidates for these, are tags of the same commits. It returns the later lines.
func numberings(tags []told) map[minor]minor {
	first := func(t told) bool { return t.version.Patch() == 0 }
	highest := map[string]minor{} // by commit
	for _, t := range tags {
		if m := minorOf(t.version); first(t) && m.compare(highest[t.commit]) > 0 {
			highest[t.commit] = m
		}
	}
	later := map[minor]minor{}
	for _, t := range tags {
		m, to := minorOf(t.version), highest[t.commit]
		if first(t) && to.compare(m) > 0 && to.compare(later[m]) > 0 {
			later[m] = to
		}
	}
	return later
}
