package cut

import (
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/relctl/relctl/internal/durable"
	"github.com/relctl/relctl/pkg/build"
	"github.com/relctl/relctl/pkg/channel"
	"github.com/relctl/relctl/pkg/plan"
	"github.com/relctl/relctl/pkg/project"
	"github.com/relctl/relctl/pkg/publish"
	"github.com/relctl/relctl/pkg/release"
)

// BuildSchema names the format of [Built].
const BuildSchema = "https://relctl.dev/schema/build/v1"

// BuildOptions say how a shard is built.
type BuildOptions struct {
	// Shard is the part to build; the zero value is the whole, 1/1.
	Shard build.Shard
	// Goreleaser is the path of the program, "" looks on the PATH.
	Goreleaser string
	// Stores get the shard; empty takes the policy's.
	Stores []project.Store
	// Signers are the keys at hand, of shards.keys.
	Signers []project.Signer
	// DryRun says what would be built, and builds nothing.
	DryRun bool
	// Progress is told of every stage; may be nil.
	Progress func(project.Progress)
}

// Built is what came of building a shard.
type Built struct {
	Schema  string          `json:"schema"`
	Channel string          `json:"channel"`
	Version release.Version `json:"version"`
	// Plan is the plan's digest.
	Plan  string      `json:"plan"`
	Shard build.Shard `json:"shard"`
	// Platforms that the shard is made for. Whole says why the first shard makes everything, "" if the work is divided.
	Platforms []string `json:"platforms"`
	Whole     string   `json:"whole,omitempty"`
	// Files are those that ship.
	Files []release.File `json:"files"`
	// Staged is the name under which stores hold it, and Stores are those that do.
	Staged string   `json:"staged,omitempty"`
	Stores []string `json:"stores"`
	// Signed are the files of the keys that signed it.
	Signed []string `json:"signed"`
	// Dir is the folder of what was made.
	Dir    string `json:"dir,omitempty"`
	DryRun bool   `json:"dry_run,omitempty"`
}

// StalePlanError is a plan that does not hold any more, or not on this machine.
type StalePlanError struct{ Text, Remedy string }

func (e *StalePlanError) Error() string { return e.Text }

// Hint says what to do instead.
func (e *StalePlanError) Hint() string { return e.Remedy }

// BuildShard builds a part of a plan, and stages it in stores, where a cut of that plan finds it. It writes nothing to
// the ledger, and needs of the repository only the plan's commit.
func BuildShard(ctx context.Context, p *project.Project, pl *release.Plan, opts BuildOptions) (*Built, error) {
	if opts.Progress == nil {
		opts.Progress = func(project.Progress) {}
	}
	if opts.Shard == (build.Shard{}) {
		opts.Shard = build.Shard{Index: 1, Of: 1}
	}
	if err := opts.Shard.Check(); err != nil {
		return nil, err
	}
	if len(opts.Stores) == 0 {
		opts.Stores = p.Stores()
	}
	b := &shardBuild{Project: p, plan: pl, opts: opts, builder: p.Builder(opts.Goreleaser)}
	if err := b.prepare(ctx); err != nil {
		return nil, err
	}
	out := &Built{
		Schema: BuildSchema, Channel: pl.Inputs.Channel, Version: pl.Inputs.Version, Plan: pl.Digest, Shard: opts.Shard,
		Platforms: b.doc.Platforms, Whole: b.doc.Whole, Files: []release.File{}, Stores: []string{}, Signed: []string{}, DryRun: opts.DryRun,
	}
	if opts.DryRun {
		return out, nil
	}
	return out, b.run(ctx, out)
}

// shardBuild is one run of a build of a shard.
type shardBuild struct {
	*project.Project
	plan    *release.Plan
	opts    BuildOptions
	ch      *channel.Channel
	builder project.Builder
	keys    *project.Signers
	journal *journal
	doc     *ShardDocument
}

// prepare makes sure that the plan holds here, and says what the shard will be.
func (b *shardBuild) prepare(ctx context.Context) error {
	in := b.plan.Inputs
	if in.Product != b.Policy.Product.Name {
		return &StalePlanError{
			Text:   fmt.Sprintf("the plan is of the product %s, and this is %s", in.Product, b.Policy.Product.Name),
			Remedy: "run it in a clone of that product",
		}
	}
	var err error
	if b.ch, err = b.Policy.Channel(in.Channel); err != nil {
		return err
	}
	if err := b.holds(ctx); err != nil {
		return err
	}
	if len(b.opts.Signers) > 0 {
		if b.keys, err = shardSigners(b.Project, b.opts.Signers); err != nil {
			return err
		}
	}
	tree, err := b.Repo.FS(ctx, in.Commit)
	if err != nil {
		return err
	}
	split, err := b.builder.Split(ctx, tree, b.opts.Shard.Of)
	if err != nil {
		return err
	}
	b.doc = &ShardDocument{
		Schema: ShardSchema, Plan: b.plan.Digest, Product: in.Product, Channel: in.Channel, Version: in.Version, Commit: in.Commit,
		Shard: b.opts.Shard, Platforms: split.Platforms[b.opts.Shard.Index-1], Whole: split.Whole, Pins: in.Pins, Artifacts: []build.Artifact{},
	}
	if b.doc.Platforms == nil {
		b.doc.Platforms = []string{}
	}
	return nil
}

// holds refuses a plan that is not of this policy and branch, was released, or is built with other tools than there
// are here.
func (b *shardBuild) holds(ctx context.Context) error {
	in := b.plan.Inputs
	stale := func(text, remedy string) error { return &StalePlanError{Text: text, Remedy: remedy} }
	anew := "make it again: relctl plan " + in.Channel + " --fetch --json > plan.json"
	now := in
	now.Policy = b.Policy.Blobs
	if moved := plan.Diff(in, now); len(moved) > 0 {
		return stale("the plan was made by other channel files than are here: "+strings.Join(moved, "; "), anew)
	}
	if _, err := b.Repo.Commit(ctx, in.Commit); err != nil {
		return &project.StatementError{Text: fmt.Sprintf("this clone does not have the commit %s of the plan", release.Short(in.Commit)), Remedy: "git fetch, or --fetch; in a job, check out the whole history"}
	}
	if ch := b.State.Channels[in.Channel]; ch != nil {
		for _, r := range ch.Releases {
			if r.Plan == b.plan.Digest || r.Version.Compare(in.Version) == 0 {
				return stale(fmt.Sprintf("%s %s is released already", in.Channel, in.Version), anew)
			}
		}
	}
	pins, err := b.builder.Pins(ctx)
	if err != nil {
		return err
	}
	if other := otherPins(in.Pins, pins); len(other) > 0 {
		return stale("the tools here are not those of the plan: "+strings.ReplaceAll(strings.Join(other, ", "), " there,", " here,"), "install the same, on every machine that builds; or plan where they are as here")
	}
	return b.onBranch(ctx)
}

// onBranch refuses a commit that is not on the channel's branch, as far as this clone knows that, so that nobody's other
// commit is built beside the key. It warns if the branch has moved on: a cut would not take this plan, unless it is
// reserved.
func (b *shardBuild) onBranch(ctx context.Context) error {
	in := b.plan.Inputs
	head, err := b.Repo.Resolve(ctx, plan.RemoteRef(b.Remote, b.ch.Branch))
	if err != nil || head == in.Commit {
		return nil //nolint:nilerr // a clone may have the commit alone
	}
	on, err := b.Repo.IsAncestor(ctx, in.Commit, head)
	if err != nil {
		return err
	}
	if !on {
		return &StalePlanError{
			Text:   fmt.Sprintf("the plan is of %s, which is not on %s, the branch of %s", release.Short(in.Commit), b.ch.Branch, in.Channel),
			Remedy: "look what relctl plan " + in.Channel + " says now, and where the plan came from",
		}
	}
	b.opts.Progress(project.Progress{Stage: "plan", State: "warning", Text: fmt.Sprintf(
		"%s is at %s, and the plan is of %s: a cut takes it only if that is still what it would plan", b.ch.Branch, release.Short(head), release.Short(in.Commit))})
	return nil
}

// run builds, states and stages.
func (b *shardBuild) run(ctx context.Context, out *Built) error {
	for _, s := range b.opts.Stores {
		raw, err := s.Released(ctx, out.Channel, out.Version)
		if err != nil {
			return err
		}
		if raw != nil {
			return &StalePlanError{Text: fmt.Sprintf("%s %s is visible in %s already", out.Channel, out.Version, s), Remedy: "there is nothing left to build of it"}
		}
	}
	name := fmt.Sprintf("%s-%d-of-%d", shortPlan(b.plan.Digest), out.Shard.Index, out.Shard.Of)
	j, unlock, err := openJournal(filepath.Join(b.Dist(), "shards"), name, b.opts.Progress)
	if err != nil {
		return err
	}
	defer unlock()
	b.journal = j
	if err := b.make(ctx); err != nil {
		return err
	}
	set, err := b.state(ctx)
	if err != nil {
		return err
	}
	out.Dir = j.dir
	for _, a := range b.doc.Artifacts {
		if a.Shipped {
			out.Files = append(out.Files, a.File)
		}
	}
	if b.keys != nil {
		out.Signed = signedNames(b.keys)
	}
	out.Staged = set.Plan
	for _, s := range b.opts.Stores {
		if err := stageShard(ctx, s, b.doc, *set); err != nil {
			return err
		}
		out.Stores = append(out.Stores, s.String())
	}
	return nil
}

// make runs the builder.
func (b *shardBuild) make(ctx context.Context) error {
	b.opts.Progress(project.Progress{Stage: "build", State: "start"})
	if err := b.journal.clear(buildDir, scratchDir, filesDir); err != nil {
		return err
	}
	req := buildRequest(b.Project, b.ch, b.plan.Inputs, b.journal)
	req.Shard = b.opts.Shard
	artifacts, err := b.builder.Build(ctx, req)
	if err != nil {
		return &StageError{Stage: "build", Err: err}
	}
	for _, a := range artifacts {
		if err := link(a.Local, b.journal.path(filesDir, filepath.FromSlash(stagedPath(a))), a.File); err != nil {
			return err
		}
		a.Local = ""
		b.doc.Artifacts = append(b.doc.Artifacts, a)
	}
	of := ""
	if len(b.doc.Platforms) > 0 {
		of = " for " + named(b.doc.Platforms)
	}
	b.opts.Progress(project.Progress{Stage: "build", State: "done", Text: fmt.Sprintf("shard %s: %s%s, from %s", b.doc.Shard, release.Count(shipped(artifacts), "file"), of, release.Short(b.plan.Inputs.Commit))})
	return b.journal.clear(scratchDir)
}

// state writes what is said of the shard, and signs it.
func (b *shardBuild) state(ctx context.Context) (*publish.Set, error) {
	in := b.plan.Inputs
	m := &release.Manifest{
		Schema: release.ManifestSchema, Product: in.Product, Channel: in.Channel, Kind: in.Kind, Line: in.Line, Version: in.Version,
		Sequence: 1, Commit: in.Commit, Tag: in.Tag, SourceDate: in.SourceDate, Plan: b.plan.Digest, Pins: in.Pins,
	}
	for _, a := range b.doc.Artifacts {
		f := a.File
		f.Path = stagedPath(a)
		m.Files = append(m.Files, f)
	}
	statement, err := b.doc.provenance(in)
	if err != nil {
		return nil, err
	}
	b.doc.Provenance = digestOf(statement)
	raw, err := release.Encode(b.doc)
	if err != nil {
		return nil, err
	}
	files := map[string][]byte{shardDocument: raw}
	if statement != nil {
		files[shardProvenance] = statement
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if err := durable.Write(b.journal.path(filesDir, filepath.FromSlash(name)), files[name], 0o644); err != nil {
			return nil, err
		}
		m.Files = append(m.Files, release.File{
			Path: name, MediaType: release.MediaTypeJSON, Mode: "0644", Size: int64(len(files[name])), SHA256: strings.TrimPrefix(release.Digest(files[name]), "sha256:"),
		})
	}
	sortFiles(m.Files)
	if err := m.Validate(); err != nil {
		return nil, fmt.Errorf("the shard cannot be staged: %w", err)
	}
	set := &publish.Set{Plan: ShardID(b.plan.Digest, b.doc.Shard), Manifest: m, Dir: b.journal.path(filesDir)}
	if set.Raw, err = release.Encode(m); err != nil {
		return nil, err
	}
	if b.keys != nil {
		set.Signatures, err = signShard(ctx, b.keys, raw)
	}
	return set, err
}

// signedNames are the files of the keys that signed.
func signedNames(keys *project.Signers) []string {
	out := []string{}
	for _, k := range keys.AtHand {
		out = append(out, keys.Names[k.ID()])
	}
	slices.Sort(out)
	return slices.Compact(out)
}
