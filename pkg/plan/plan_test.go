package plan_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/relctl/relctl/pkg/plan"
	"github.com/relctl/relctl/pkg/release"
)

func inputs() release.Inputs {
	return release.Inputs{
		Branch: "refs/heads/release/2.4", Commit: strings.Repeat("a", 40), Version: release.MustVersion("2.4.7"),
		Previous: &release.Predecessor{Version: release.MustVersion("2.4.6")},
		Policy:   []release.Blob{{Path: "channels/lts-2.4.yaml", ID: "1"}, {Path: "channels/product.yaml", ID: "2"}},
		Pins:     []release.Pin{{Name: "go", Value: "go1.26.8"}},
	}
}

func TestDiffNamesEverythingThatMoved(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*release.Inputs)
		says   string
	}{
		"nothing":         {func(*release.Inputs) {}, ""},
		"branch":          {func(in *release.Inputs) { in.Commit = strings.Repeat("b", 40) }, "refs/heads/release/2.4 moved from aaaaaaaaaa to bbbbbbbbbb"},
		"version":         {func(in *release.Inputs) { in.Version = release.MustVersion("2.4.8") }, "the version moved from 2.4.7 to 2.4.8"},
		"previous":        {func(in *release.Inputs) { in.Previous = nil }, "the previous release moved from 2.4.6 to none"},
		"policy":          {func(in *release.Inputs) { in.Policy[0].ID = "9" }, "channels/lts-2.4.yaml changed"},
		"policy file new": {func(in *release.Inputs) { in.Policy = append(in.Policy, release.Blob{Path: "channels/x.yaml"}) }, "channels/x.yaml changed"},
		"policy file off": {func(in *release.Inputs) { in.Policy = in.Policy[:1] }, "channels/product.yaml is gone"},
		"builder":         {func(in *release.Inputs) { in.Pins[0].Value = "go1.27" }, "go moved from go1.26.8 to go1.27"},
		"builder new":     {func(in *release.Inputs) { in.Pins = append(in.Pins, release.Pin{Name: "make", Value: "4"}) }, "make 4 is new"},
	} {
		b := inputs()
		c.change(&b)
		if got := strings.Join(plan.Diff(inputs(), b), "; "); got != c.says {
			t.Errorf("%s: %q, want %q", name, got, c.says)
		}
		if same := inputs().Digest() == b.Digest(); same != (c.says == "") {
			t.Errorf("%s: equal digests %v", name, same)
		}
	}
}

func ExampleDiff() {
	before, after := inputs(), inputs()
	after.Commit = strings.Repeat("b", 40)
	fmt.Println(plan.Diff(before, after))
	// Output: [refs/heads/release/2.4 moved from aaaaaaaaaa to bbbbbbbbbb]
}
