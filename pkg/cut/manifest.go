package cut

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/relctl/relctl/internal/disk"
	"github.com/relctl/relctl/internal/durable"
	"github.com/relctl/relctl/pkg/build"
	"github.com/relctl/relctl/pkg/bundle"
	"github.com/relctl/relctl/pkg/plan"
	"github.com/relctl/relctl/pkg/release"
)

// made is a release with its manifest, not signed yet.
type made struct {
	Manifest *release.Manifest
	Raw      []byte
}

// manifest gathers all files under one roof and states them in release.json.
func (c *cutter) manifest(_ context.Context, r *reserved, images *imaged, groups ...[]release.File) (*made, error) {
	type input struct {
		Reserved  *reserved        `json:"reserved"`
		Artifacts []build.Artifact `json:"artifacts"`
		Images    []release.Image  `json:"images,omitempty"`
		Files     []release.File   `json:"files"`
	}
	files := slices.Concat(groups...)
	manifest, err := do(c.journal, "manifest", input{&reserved{Plan: r.Plan, Sequence: r.Sequence}, images.Artifacts, images.Images, files}, func() (step[*release.Manifest], error) {
		if err := c.journal.clear(filesDir+"/artifacts", filesDir+"/images", filesDir+"/"+release.SumsName, filesDir+"/"+release.VerifyName, release.ManifestName); err != nil {
			return step[*release.Manifest]{}, err
		}
		for _, a := range images.Artifacts {
			if !a.Shipped {
				continue
			}
			if err := link(a.Local, c.journal.path(filesDir, filepath.FromSlash(a.Path)), a.File); err != nil {
				return step[*release.Manifest]{}, err
			}
			files = append(files, a.File)
		}
		m, err := c.state(r, images.Images, files)
		if err != nil {
			return step[*release.Manifest]{}, err
		}
		raw, err := release.Encode(m)
		if err != nil {
			return step[*release.Manifest]{}, err
		}
		if err := durable.Write(c.journal.path(release.ManifestName), raw, 0o644); err != nil {
			return step[*release.Manifest]{}, err
		}
		return step[*release.Manifest]{
			Out: m, Left: []string{filesDir + "/artifacts", filesDir + "/images", filesDir + "/" + release.SumsName, filesDir + "/" + release.VerifyName, release.ManifestName},
			Text: fmt.Sprintf("release.json lists %s, %s", release.Count(len(m.Files), "file"), release.Digest(raw)),
		}, nil
	})
	if err != nil {
		return nil, err
	}
	raw, err := os.ReadFile(c.journal.path(release.ManifestName))
	return &made{Manifest: manifest, Raw: raw}, err
}

// state writes SHA256SUMS and VERIFY.md and returns the whole manifest.
func (c *cutter) state(r *reserved, images []release.Image, files []release.File) (*release.Manifest, error) {
	in := r.Plan.Inputs
	m := &release.Manifest{
		Schema:  release.ManifestSchema,
		Product: in.Product, Channel: in.Channel, Kind: in.Kind, Line: in.Line,
		Version: in.Version, Sequence: r.Sequence, Commit: in.Commit, Tag: in.Tag,
		SourceDate: in.SourceDate, Previous: in.Previous, Plan: r.Plan.Digest, Pins: in.Pins,
		Verdicts: release.WithoutRecords(r.Plan.Verdicts), Evidence: plan.Lasting(r.Plan.Evidence), Images: images,
	}
	recipe, err := c.put(release.VerifyName, release.MediaTypeMarkdown, bundle.VerifyRecipe(m))
	if err != nil {
		return nil, err
	}
	files = append(slices.Clone(files), recipe)
	sortFiles(files)
	var sums strings.Builder
	for _, f := range files {
		fmt.Fprintf(&sums, "%s  %s\n", f.SHA256, f.Path)
	}
	list, err := c.put(release.SumsName, release.MediaTypeText, []byte(sums.String()))
	if err != nil {
		return nil, err
	}
	m.Files = slices.Concat(files, []release.File{list})
	sortFiles(m.Files)
	if err := m.Validate(); err != nil {
		return nil, fmt.Errorf("the release cannot be stated: %w", err)
	}
	return m, nil
}

func sortFiles(files []release.File) {
	slices.SortFunc(files, func(a, b release.File) int { return strings.Compare(a.Path, b.Path) })
}

// link puts an artifact in its place in the release: by a hard link where the file system can, else by a copy.
func link(from, to string, f release.File) error {
	if err := disk.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	mode := os.FileMode(0o644)
	if f.Mode == "0755" {
		mode = 0o755
	}
	if disk.Link(from, to) == nil {
		return disk.Chmod(to, mode)
	}
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }()
	out, err := disk.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, mode)
	if err != nil {
		return err
	}
	if _, err := io.Copy(out, in); err != nil {
		_ = out.Close()
		return err
	}
	if err := out.Chmod(mode); err != nil {
		_ = out.Close()
		return err
	}
	return out.Close()
}
