package cut

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/relctl/relctl/internal/durable"
	"github.com/relctl/relctl/pkg/channel"
	"github.com/relctl/relctl/pkg/handbook"
	"github.com/relctl/relctl/pkg/plan"
	"github.com/relctl/relctl/pkg/project"
	"github.com/relctl/relctl/pkg/release"
)

// RebuildSchema names the format of [Rebuilt].
const RebuildSchema = "https://relctl.dev/schema/rebuild/v1"

// RebuildOptions say how a release is built again.
type RebuildOptions struct {
	// Goreleaser is the path of the program, "" looks on the PATH.
	Goreleaser string
	// Stores are asked for the release; empty takes the policy's.
	Stores []project.Store
	// Progress is told of every stage; may be nil.
	Progress func(project.Progress)
}

// Rebuilt is what came of building a release again.
type Rebuilt struct {
	Schema  string          `json:"schema"`
	Channel string          `json:"channel"`
	Version release.Version `json:"version"`
	Plan    string          `json:"plan"`
	// Waiting says that the release is not out yet: it is signed, or waits for signatures.
	Waiting bool `json:"waiting,omitempty"`
	// Release is the digest of the release.json that is to be confirmed, Rebuilt that of the one that was made.
	Release string `json:"release"`
	Rebuilt string `json:"rebuilt"`
	// Same says that they are equal, and with them all files.
	Same bool `json:"same"`
	// Files are all files of both, sorted by path.
	Files []RebuiltFile `json:"files"`
	// Pins tells where the builder is another than that of the release.
	Pins []string `json:"pins,omitempty"`
	// Dir is the folder of what was made: files/ and release.json.
	Dir string `json:"dir"`
}

// FileMatch says how a file compares.
type FileMatch string

// How a file of the release compares with that of the rebuild.
const (
	FileSame    FileMatch = "same"
	FileDiffers FileMatch = "differs"
	FileMissing FileMatch = "missing" // the rebuild did not make it
	FileExtra   FileMatch = "extra"   // the release does not have it
)

// RebuiltFile is one file.
type RebuiltFile struct {
	Path  string    `json:"path"`
	Match FileMatch `json:"match"`
	// Release and Rebuilt are the hex sha256 digests, "" where there is no such file.
	Release string `json:"release,omitempty"`
	Rebuilt string `json:"rebuilt,omitempty"`
}

// DifferentError is a release that another build of its plan does not confirm.
type DifferentError struct{ Rebuilt *Rebuilt }

func (e *DifferentError) Error() string {
	var names []string
	for _, f := range e.Rebuilt.Files {
		if f.Match != FileSame {
			names = append(names, f.Path)
		}
	}
	text := fmt.Sprintf("%s %s is not what its plan builds here", e.Rebuilt.Channel, e.Rebuilt.Version)
	if len(names) > 0 {
		text += ": " + strings.Join(names[:min(len(names), 5)], ", ")
		if n := len(names) - 5; n > 0 {
			text += fmt.Sprintf(" and %d more", n)
		}
	}
	return text
}

// Hint says what to do about it.
func (e *DifferentError) Hint() string {
	text := "do not sign it; compare with " + e.Rebuilt.Dir
	if len(e.Rebuilt.Pins) > 0 {
		text += "\nthe builder is another one here: " + strings.Join(e.Rebuilt.Pins, ", ")
	}
	return text
}

// original is a release as it was planned, and what was published or staged of it.
type original struct {
	channel  string
	reserved *reserved
	waiting  bool
	// raw is its release.json, nil if no store shows it; digest is what the ledger recorded, or that of raw.
	raw    []byte
	digest string
}

// Rebuild builds the plan of a version once more, in a folder of its own, by the policy of that time, and compares what
// it makes with the release, or with what is staged of one that still waits for signatures. name chooses the channel
// where several released the version, "" for any. The error is a [*DifferentError] where the two are not equal.
func Rebuild(ctx context.Context, p *project.Project, v release.Version, name string, opts RebuildOptions) (*Rebuilt, error) {
	if len(opts.Stores) == 0 {
		opts.Stores = p.Stores()
	}
	o, err := findOriginal(ctx, p, v, name, opts.Stores)
	if err != nil {
		return nil, err
	}
	dir := filepath.Join(p.Dist(), "rebuild")
	j, unlock, err := openJournal(dir, o.reserved.Plan.Digest, opts.Progress)
	if err != nil {
		return nil, err
	}
	defer unlock()
	if err := j.clear("journal", "policy", filesDir, buildDir, scratchDir, imagesDir, release.ManifestName); err != nil {
		return nil, err
	}
	c, err := rebuilder(ctx, p, o, j, opts)
	if err != nil {
		return nil, err
	}
	m, err := c.make(ctx, o.reserved)
	if err != nil {
		return nil, err
	}
	out := &Rebuilt{
		Schema: RebuildSchema, Channel: o.channel, Version: v, Plan: o.reserved.Plan.Digest, Waiting: o.waiting,
		Release: o.digest, Rebuilt: release.Digest(m.Raw), Files: []RebuiltFile{}, Dir: j.dir,
	}
	out.Same = out.Release == out.Rebuilt
	if out.Pins, err = c.otherPins(ctx, o.reserved.Plan.Inputs.Pins); err != nil {
		return nil, err
	}
	if err := out.compare(o.raw, m); err != nil {
		return nil, err
	}
	if !out.Same {
		return out, &DifferentError{out}
	}
	return out, nil
}

// make runs the stages that make files.
func (c *cutter) make(ctx context.Context, r *reserved) (*made, error) {
	artifacts, err := c.build(ctx, r)
	if err != nil {
		return nil, err
	}
	images, err := c.images(ctx, r, artifacts)
	if err != nil {
		return nil, err
	}
	attested, err := c.attest(ctx, r, images.Artifacts)
	if err != nil {
		return nil, err
	}
	documents, err := c.document(ctx, r, images)
	if err != nil {
		return nil, err
	}
	return c.manifest(ctx, r, images, attested, documents)
}

// original finds a released version, or one that is reserved and staged.
func findOriginal(ctx context.Context, p *project.Project, v release.Version, name string, stores []project.Store) (*original, error) {
	for _, n := range slices.Sorted(maps.Keys(p.State.Channels)) {
		open := p.State.Channels[n].Open
		if open == nil || name != "" && n != name || open.Plan.Inputs.Version.Compare(v) != 0 {
			continue
		}
		o := &original{channel: n, waiting: true, reserved: &reserved{Plan: open.Plan, Sequence: open.Sequence, Commit: open.Commit}}
		for _, s := range stores {
			staged, err := s.Staged(ctx, open.Plan.Digest)
			if err != nil {
				return nil, err
			}
			if staged != nil {
				o.raw, o.digest = staged.Raw, release.Digest(staged.Raw)
				return o, nil
			}
		}
		return nil, &project.StatementError{
			Text:   fmt.Sprintf("%s %s is reserved, and no store holds anything of it yet", n, v),
			Remedy: fmt.Sprintf("relctl cut %s goes on with it; give the store of the others with --store", n),
		}
	}
	n, rel, err := p.Find(v, name)
	if err != nil {
		return nil, err
	}
	if rel.Adopted {
		return nil, &project.StatementError{Text: fmt.Sprintf("%s %s is from before the ledger, which has no plan of it", n, v), Remedy: "only what relctl cut can be built again"}
	}
	o := &original{channel: n, digest: rel.Release}
	for rec, err := range p.Ledger.Log(ctx) {
		if err != nil {
			return nil, err
		}
		if rec.Commit == rel.Reserve && rec.Reserve != nil {
			o.reserved = &reserved{Plan: rec.Reserve.Plan, Sequence: rec.Reserve.Sequence, Commit: rec.Commit}
			break
		}
	}
	if o.reserved == nil {
		return nil, fmt.Errorf("the ledger has no reservation %s of %s %s", release.Short(rel.Reserve), n, v)
	}
	for _, s := range stores {
		raw, err := s.Released(ctx, n, v)
		if err != nil {
			return nil, err
		}
		if raw != nil && release.Digest(raw) == rel.Release {
			o.raw = raw
			break
		}
	}
	return o, nil
}

// rebuilder is the pipeline with the policy that the plan pinned.
func rebuilder(ctx context.Context, p *project.Project, o *original, j *journal, opts RebuildOptions) (*cutter, error) {
	const limit = 4 << 20
	root := j.path("policy")
	for _, b := range o.reserved.Plan.Inputs.Policy {
		if !filepath.IsLocal(filepath.FromSlash(b.Path)) {
			return nil, fmt.Errorf("policy of the plan: %q is no path in a repository", b.Path)
		}
		data, err := p.Repo.Blob(ctx, b.ID, limit)
		if err != nil {
			return nil, fmt.Errorf("policy of the plan: %s: %w", b.Path, err)
		}
		if err := durable.Write(filepath.Join(root, filepath.FromSlash(b.Path)), data, 0o644); err != nil {
			return nil, err
		}
	}
	files := os.DirFS(root)
	set, err := channel.Load(files)
	if err != nil {
		return nil, fmt.Errorf("policy of the plan: %w", err)
	}
	ch, err := set.Channel(o.channel)
	if err != nil {
		return nil, fmt.Errorf("policy of the plan: %w", err)
	}
	then := p.WithPolicy(&plan.Policy{Set: set, FS: files, Branch: p.Policy.Branch, Blobs: o.reserved.Plan.Inputs.Policy})
	c := &cutter{Handbook: handbook.New(then), ch: ch, journal: j, unlock: func() {}, scripts: then.Scripts()}
	c.opts.Progress = j.progress
	c.builder = then.Builder(opts.Goreleaser)
	return c, nil
}

// otherPins says where the builder is not the one that a plan names.
func (c *cutter) otherPins(ctx context.Context, then []release.Pin) ([]string, error) {
	now, err := c.builder.Pins(ctx)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, pin := range now {
		for _, t := range then {
			if t.Name == pin.Name && t != pin {
				out = append(out, fmt.Sprintf("%s %s here, %s then", pin.Name, pin.Value, t.Value))
			}
		}
	}
	return out, nil
}

// compare holds the files of the rebuild against those of the release.
func (r *Rebuilt) compare(raw []byte, m *made) error {
	if raw == nil {
		if r.Same { // then all files are as well
			for _, f := range m.Manifest.Files {
				r.Files = append(r.Files, RebuiltFile{f.Path, FileSame, f.SHA256, f.SHA256})
			}
			return nil
		}
		return &project.StatementError{
			Text:   fmt.Sprintf("%s %s is not what its plan builds here, and no store shows its release.json to say where", r.Channel, r.Version),
			Remedy: "name a store with --store; the rebuild is in " + r.Dir,
		}
	}
	was, err := release.DecodeManifest(raw)
	if err != nil {
		return errors.Join(fmt.Errorf("release.json of %s %s", r.Channel, r.Version), err)
	}
	files := map[string]*RebuiltFile{}
	at := func(path string) *RebuiltFile {
		if files[path] == nil {
			files[path] = &RebuiltFile{Path: path}
		}
		return files[path]
	}
	for _, f := range was.Files {
		at(f.Path).Release = f.SHA256
	}
	for _, f := range m.Manifest.Files {
		at(f.Path).Rebuilt = f.SHA256
	}
	manifest := at(release.ManifestName)
	manifest.Release, manifest.Rebuilt = strings.TrimPrefix(r.Release, "sha256:"), strings.TrimPrefix(r.Rebuilt, "sha256:")
	for _, path := range slices.Sorted(maps.Keys(files)) {
		f := files[path]
		switch {
		case f.Rebuilt == "":
			f.Match = FileMissing
		case f.Release == "":
			f.Match = FileExtra
		case f.Release != f.Rebuilt:
			f.Match = FileDiffers
		default:
			f.Match = FileSame
		}
		r.Files = append(r.Files, *f)
	}
	return nil
}
