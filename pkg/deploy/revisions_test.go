package deploy_test

import (
	"slices"
	"testing"

	"github.com/relctl/relctl/pkg/deploy"
)

func TestRevisionsAreTheCommitsInWhichARingHoldsWhatItHoldsNow(t *testing.T) {
	t.Parallel()
	_, b := opened(t)
	revisions := func(ring, release string, cells ...string) []string {
		t.Helper()
		out, err := b.Revisions(t.Context(), ring, cells, release)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	if got := revisions("canary", digest('a'), "eu-1"); got != nil {
		t.Errorf("without a branch there are %v", got)
	}
	first := canary(t)
	later := first
	later.Release = version("2026.104.1", '2')
	later.Release.Digest = digest('d')
	wide := first
	wide.Ring = deploy.Ring{Name: "multi-tenant", Cells: []string{"eu-2", "us-1"}}

	one, _ := commit(t, b, first)
	two, _ := commit(t, b, wide) // another ring moves the branch on
	if got := revisions("canary", digest('a'), "eu-1"); !slices.Equal(got, []string{two, one}) {
		t.Errorf("canary is in %v, want %s and %s", got, two, one)
	}
	if got := revisions("multi-tenant", digest('a'), "eu-2", "us-1"); !slices.Equal(got, []string{two}) {
		t.Errorf("multi-tenant is in %v, want %s", got, two)
	}
	three, _ := commit(t, b, later)
	if got := revisions("canary", digest('d'), "eu-1"); !slices.Equal(got, []string{three}) {
		t.Errorf("the later release is in %v, want %s", got, three)
	}
	for what, got := range map[string][]string{
		"the earlier release":   revisions("canary", digest('a'), "eu-1"),
		"a cell without it":     revisions("canary", digest('d'), "eu-1", "eu-9"),
		"a ring that is not":    revisions("dogfood", digest('d'), "eu-1"),
		"a release that is not": revisions("multi-tenant", digest('d'), "eu-2", "us-1"),
	} {
		if got != nil {
			t.Errorf("%s is in %v", what, got)
		}
	}
	four, _ := commit(t, b, first) // back to the first: what it was in before it was replaced does not count again
	if got := revisions("canary", digest('a'), "eu-1"); !slices.Equal(got, []string{four}) {
		t.Errorf("after a rollback it is in %v, want %s", got, four)
	}
}
