package release_test

import (
	"testing"

	"github.com/relctl/relctl/pkg/release"
)

func TestCountsAgreeWithTheirNoun(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		n          int
		noun, want string
	}{{0, "change", "0 changes"}, {1, "change", "1 change"}, {2, "image", "2 images"}, {1, "fix", "1 fix"}, {3, "fix", "3 fixes"}} {
		if got := release.Count(c.n, c.noun); got != c.want {
			t.Errorf("%d of %s is %q", c.n, c.noun, got)
		}
	}
}
