package cut

import (
	"strings"
	"testing"
	"time"

	"github.com/relctl/relctl/pkg/build"
	"github.com/relctl/relctl/pkg/release"
)

// What a machine signed must be of the very plan that is cut, made with its tools, for the platforms that the commit
// gives the shard, and its provenance must say so.
func TestAShardIsHeldAgainstThePlanAndTheCommit(t *testing.T) {
	t.Parallel()
	in := release.Inputs{
		Product: "acme", Channel: "lts-2.4", Kind: release.LTS, Branch: "refs/heads/release/2.4", Commit: strings.Repeat("a", 40),
		SourceDate: time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC), Version: release.MustVersion("2.4.3"),
		Pins: []release.Pin{{Name: "go", Value: "go1.26.8"}, {Name: "goreleaser", Value: "v2.16.0"}},
	}
	p := release.Plan{Schema: release.PlanSchema, Digest: in.Digest(), Inputs: in}
	shard := build.Shard{Index: 2, Of: 2}
	split := &build.Split{Platforms: [][]string{{"linux/amd64"}, {"linux/arm64", "windows/amd64"}}}
	good := func() *ShardDocument {
		d := &ShardDocument{
			Schema: ShardSchema, Plan: p.Digest, Product: "acme", Channel: "lts-2.4", Version: in.Version, Commit: in.Commit, Shard: shard,
			Platforms: []string{"linux/arm64", "windows/amd64"}, Pins: in.Pins,
			Artifacts: []build.Artifact{{
				File: release.File{Path: "artifacts/acme.deb", Mode: "0644", Size: 3, SHA256: strings.Repeat("b", 64)}, Kind: build.KindPackage, Shipped: true,
			}},
		}
		statement, err := d.provenance(in)
		if err != nil {
			t.Fatal(err)
		}
		d.Provenance = release.Digest(statement)
		return d
	}
	for name, c := range map[string]struct {
		change func(d *ShardDocument)
		want   string
	}{
		"as it should be":  {func(*ShardDocument) {}, ""},
		"another format":   {func(d *ShardDocument) { d.Schema = release.ManifestSchema }, "its schema is"},
		"another plan":     {func(d *ShardDocument) { d.Plan = "sha256:" + strings.Repeat("0", 64) }, "it was built of another plan"},
		"another channel":  {func(d *ShardDocument) { d.Channel = "lts-2.2" }, "it is of acme lts-2.2 2.4.3"},
		"another commit":   {func(d *ShardDocument) { d.Commit = strings.Repeat("b", 40) }, "it is of acme lts-2.4"},
		"another part":     {func(d *ShardDocument) { d.Shard.Index = 1 }, "it is shard 1/2"},
		"another division": {func(d *ShardDocument) { d.Shard = build.Shard{Index: 2, Of: 3} }, "it is shard 2/3"},
		"another compiler": {func(d *ShardDocument) {
			d.Pins = []release.Pin{{Name: "go", Value: "go1.25.1"}, {Name: "goreleaser", Value: "v2.16.0"}}
		}, "it was built with other tools than the plan: go is go1.25.1 there, and go1.26.8 in the plan"},
		"a tool that nobody names": {func(d *ShardDocument) { d.Pins = d.Pins[:1] }, "goreleaser is none there, and v2.16.0 in the plan"},
		"a platform less":          {func(d *ShardDocument) { d.Platforms = d.Platforms[:1] }, "it was built for linux/arm64; of this commit it would be linux/arm64, windows/amd64"},
		"a platform of another":    {func(d *ShardDocument) { d.Platforms = append(d.Platforms, "linux/amd64") }, "of this commit it would be"},
		"not divided":              {func(d *ShardDocument) { d.Whole = "it is built by rust" }, "it was built for"},
		"a path that leads out":    {func(d *ShardDocument) { d.Artifacts[0].Path = "artifacts/../../etc/passwd" }, "is not a plain relative path"},
		"a file that no provenance covers": {func(d *ShardDocument) {
			more := d.Artifacts[0]
			more.Path = "artifacts/more.deb"
			d.Artifacts = append(d.Artifacts, more)
		}, "its provenance is not a statement about its files"},
		"two of one name": {func(d *ShardDocument) { d.Artifacts = append(d.Artifacts, d.Artifacts[0]) }, "is named twice"},
	} {
		d := good()
		c.change(d)
		if why := d.check(p, shard, split); why != c.want && (c.want == "" || !strings.Contains(why, c.want)) {
			t.Errorf("%s: %q, want %q", name, why, c.want)
		}
	}
}

// Every shard of every plan and division has a name of its own in a store.
func TestAShardsNameSaysOfWhatItIs(t *testing.T) {
	t.Parallel()
	seen := map[string]string{}
	for _, plan := range []string{"sha256:a", "sha256:b"} {
		for _, s := range []build.Shard{{Index: 1, Of: 2}, {Index: 2, Of: 2}, {Index: 1, Of: 3}, {Index: 1, Of: 12}, {Index: 11, Of: 2}} {
			id := ShardID(plan, s)
			if err := release.CheckDigest(id); err != nil || seen[id] != "" || id == plan {
				t.Errorf("%s of %s is %s (%v), as %s", s, plan, id, err, seen[id])
			}
			seen[id] = s.String()
		}
	}
}

func FuzzShardDocument(f *testing.F) {
	f.Add([]byte(`{"schema": "` + ShardSchema + `", "shard": {"index": 1, "of": 2}, "artifacts": [{"path": "artifacts/a", "kind": "file"}]}`))
	split := &build.Split{Platforms: [][]string{{}, {}}}
	f.Fuzz(func(t *testing.T, data []byte) {
		var d ShardDocument
		if release.Decode(data, &d) != nil {
			return
		}
		p := release.Plan{Digest: d.Plan, Inputs: release.Inputs{Product: d.Product, Channel: d.Channel, Version: d.Version, Commit: d.Commit, Pins: d.Pins}}
		if d.check(p, build.Shard{Index: 1, Of: 2}, split) == "" && build.CheckArtifacts(d.Artifacts) != nil {
			t.Error("files were taken that must not be written")
		}
	})
}
