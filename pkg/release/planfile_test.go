package release_test

import (
	"strings"
	"testing"
	"time"

	"github.com/relctl/relctl/pkg/release"
)

func planFile(t testing.TB) []byte {
	t.Helper()
	in := release.Inputs{
		Product: "acme", Channel: "lts-2.4", Kind: release.LTS, Branch: "refs/heads/release/2.4", Commit: strings.Repeat("a", 40),
		SourceDate: time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC), Version: release.MustVersion("2.4.3"),
		Policy: []release.Blob{{Path: "channels/product.yaml", ID: "1"}}, Pins: []release.Pin{{Name: "go", Value: "go1.26.8"}},
	}
	data, err := release.Encode(release.Plan{Schema: release.PlanSchema, Digest: in.Digest(), Inputs: in})
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestAPlanFileIsTakenOnlyWhole(t *testing.T) {
	t.Parallel()
	data := string(planFile(t))
	if p, err := release.DecodePlan([]byte(data)); err != nil || p.Inputs.Version.String() != "2.4.3" {
		t.Fatalf("got %v (%v)", p, err)
	}
	for name, c := range map[string]struct{ old, with, want string }{
		"another version": {`"2.4.3"`, `"2.4.4"`, "its digest is sha256:"},
		"another tool":    {"go1.26.8", "go1.26.7", "its digest is sha256:"},
		"another commit":  {strings.Repeat("a", 40), "--upload-pack=x", "its digest is sha256:"},
		"another format":  {"plan/v1", "plan/v2", "schema is"},
		"a repeated key":  {`"channel":`, `"product": "x", "channel":`, "repeats the key"},
		"cut off":         {data[len(data)-3:], "", "JSON"},
		"too large":       {"{", strings.Repeat(" ", release.MaxPlanBytes) + "{", "larger than"},
	} {
		if _, err := release.DecodePlan([]byte(strings.Replace(data, c.old, c.with, 1))); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

func FuzzDecodePlan(f *testing.F) {
	f.Add(planFile(f))
	f.Fuzz(func(t *testing.T, data []byte) {
		if p, err := release.DecodePlan(data); err == nil && p.Inputs.Digest() != p.Digest {
			t.Error("a plan was taken under another digest")
		}
	})
}
