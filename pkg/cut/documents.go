package cut

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/relctl/relctl/internal/durable"
	"github.com/relctl/relctl/pkg/attest"
	"github.com/relctl/relctl/pkg/build"
	"github.com/relctl/relctl/pkg/changelog"
	"github.com/relctl/relctl/pkg/guide"
	"github.com/relctl/relctl/pkg/plan"
	"github.com/relctl/relctl/pkg/release"
)

// attest writes an SBOM and a provenance statement for each binary, whether it ships bare or inside a package.
func (c *cutter) attest(ctx context.Context, r *reserved, artifacts []build.Artifact) ([]release.File, error) {
	type input struct {
		Plan      string           `json:"plan"`
		Artifacts []build.Artifact `json:"artifacts"`
	}
	return do(c.journal, "attest", input{r.Plan.Digest, artifacts}, func() (step[[]release.File], error) {
		var files []release.File
		if err := c.journal.clear(filesDir+"/sbom", filesDir+"/provenance"); err != nil {
			return step[[]release.File]{}, err
		}
		for _, a := range artifacts {
			if a.Kind != build.KindBinary {
				continue
			}
			if err := ctx.Err(); err != nil {
				return step[[]release.File]{}, err
			}
			sbom, err := attest.SBOM(a.Local, attest.Subject{Name: a.Binary, Version: r.Plan.Inputs.Version.String(), Platform: a.Platform, SHA256: a.SHA256}, r.Plan.Inputs.SourceDate)
			if err != nil {
				return step[[]release.File]{}, fmt.Errorf("SBOM of %s: %w", a.Binary, err)
			}
			statement, err := attest.Provenance(r.Plan.Inputs, subjects(a, artifacts), attest.ProvenanceOptions{})
			if err != nil {
				return step[[]release.File]{}, fmt.Errorf("provenance of %s: %w", a.Binary, err)
			}
			stem := attestationName(a)
			for _, doc := range []struct {
				path, media string
				data        []byte
			}{
				{sbomPath(a), release.MediaTypeCycloneDX, sbom},
				{"provenance/" + stem + ".intoto.json", release.MediaTypeProvenance, statement},
			} {
				f, err := c.put(doc.path, doc.media, doc.data)
				if err != nil {
					return step[[]release.File]{}, err
				}
				f.Platform = a.Platform
				files = append(files, f)
			}
		}
		text := "SBOM and provenance for " + release.Count(len(files)/2, "program")
		if rest := uncovered(artifacts); len(rest) > 0 {
			statement, err := attest.Provenance(r.Plan.Inputs, rest, attest.ProvenanceOptions{})
			if err != nil {
				return step[[]release.File]{}, fmt.Errorf("provenance: %w", err)
			}
			f, err := c.put("provenance/files.intoto.json", release.MediaTypeProvenance, statement)
			if err != nil {
				return step[[]release.File]{}, err
			}
			files = append(files, f)
			text += ", provenance for " + release.Count(len(rest), "other file")
		}
		doc, err := c.vex(ctx, r, artifacts)
		if err != nil {
			return step[[]release.File]{}, err
		}
		if doc != nil {
			files = append(files, *doc)
			text += ", and what is known of weaknesses"
		}
		return step[[]release.File]{Out: files, Left: []string{filesDir + "/sbom", filesDir + "/provenance"}, Text: text}, nil
	})
}

// sbomPath is where a release holds the SBOM of a program.
func sbomPath(a build.Artifact) string { return "sbom/" + attestationName(a) + ".cdx.json" }

// attestationName is unique per binary and platform: "acmed_linux_amd64".
func attestationName(a build.Artifact) string {
	if a.Platform == "" {
		return a.Binary
	}
	return a.Binary + "_" + strings.ReplaceAll(a.Platform, "/", "_")
}

// subjects are a binary and the packages that carry it.
func subjects(a build.Artifact, all []build.Artifact) []attest.Subject {
	out := []attest.Subject{{Name: path.Base(a.Path), SHA256: a.SHA256}}
	for _, other := range all {
		if other.Shipped && other.Path != a.Path && slices.Contains(other.Contains, a.Path) {
			out = append(out, attest.Subject{Name: path.Base(other.Path), SHA256: other.SHA256})
		}
	}
	return out
}

// uncovered are the shipped files that carry no program, and so stand in no statement of one.
func uncovered(all []build.Artifact) []attest.Subject {
	var out []attest.Subject
	for _, a := range all {
		if a.Shipped && a.Kind != build.KindBinary && len(a.Contains) == 0 {
			out = append(out, attest.Subject{Name: path.Base(a.Path), SHA256: a.SHA256})
		}
	}
	return out
}

// put writes one file of the release.
func (c *cutter) put(name, media string, data []byte) (release.File, error) {
	sum := sha256.Sum256(data)
	f := release.File{Path: name, MediaType: media, Mode: "0644", Size: int64(len(data)), SHA256: hex.EncodeToString(sum[:])}
	return f, durable.Write(c.journal.path(filesDir, name), data, 0o644)
}

// document writes the changelog for people and machines, and takes the operator docs and the facts from the commit.
func (c *cutter) document(ctx context.Context, r *reserved, images *imaged) ([]release.File, error) {
	type input struct {
		Plan  release.Plan `json:"plan"`
		Files []guide.File `json:"files"`
	}
	return do(c.journal, "documents", input{r.Plan, guideFiles(images)}, func() (step[[]release.File], error) {
		if err := c.journal.clear(filesDir+"/changelog", filesDir+"/docs"); err != nil {
			return step[[]release.File]{}, err
		}
		rel, people, err := c.changes(ctx, r.Plan)
		if err != nil {
			return step[[]release.File]{}, err
		}
		machine, err := changelog.JSON(rel)
		if err != nil {
			return step[[]release.File]{}, err
		}
		var files []release.File
		for _, doc := range []struct {
			path, media string
			data        []byte
		}{
			{"changelog/CHANGELOG.md", release.MediaTypeMarkdown, people},
			{"changelog/changes.json", release.MediaTypeJSON, machine},
		} {
			f, err := c.put(doc.path, doc.media, doc.data)
			if err != nil {
				return step[[]release.File]{}, err
			}
			files = append(files, f)
		}
		docs, err := c.operatorDocs(ctx, r, images, people)
		if err != nil {
			return step[[]release.File]{}, fmt.Errorf("operator docs: %w", err)
		}
		facts, err := c.factFiles(ctx, r.Plan.Inputs)
		if err != nil {
			return step[[]release.File]{}, err
		}
		return step[[]release.File]{
			Out: slices.Concat(files, docs, facts), Left: []string{filesDir + "/changelog", filesDir + "/docs"},
			Text: "changelog, and " + release.Count(len(docs), "file") + " of operator documentation",
		}, nil
	})
}

// changes returns the changelog of a plan, and as it is told to operators.
func (c *cutter) changes(ctx context.Context, p release.Plan) (changelog.Release, []byte, error) {
	in := p.Inputs
	rel := changelog.Release{
		Product: in.Product, Channel: in.Channel, Version: in.Version, Commit: in.Commit, Date: in.SourceDate, Changes: p.Changes,
		Evidence: plan.Lasting(p.Evidence),
	}
	if in.Previous != nil {
		rel.Previous = in.Previous.Version
	}
	overrides, template, err := c.changelogFiles(ctx, in.Policy)
	if err != nil {
		return rel, nil, err
	}
	changelog.Apply(overrides, &rel)
	var people bytes.Buffer
	err = template.Execute(&people, rel.Log())
	return rel, people.Bytes(), err
}

// changelogFiles reads what the changelog is written with, as the plan pinned it.
func (c *cutter) changelogFiles(ctx context.Context, policy []release.Blob) ([]*changelog.Override, *changelog.Template, error) {
	const limit = 1 << 20
	template, err := changelog.Builtin(changelog.Operator)
	if err != nil {
		return nil, nil, err
	}
	var overrides []*changelog.Override
	for _, b := range policy {
		if path.Dir(b.Path) != plan.OverridesDir && b.Path != plan.OperatorTemplate {
			continue
		}
		data, err := c.Repo.Blob(ctx, b.ID, limit)
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w", b.Path, err)
		}
		if b.Path == plan.OperatorTemplate {
			if template, err = changelog.ParseTemplate(b.Path, string(data)); err != nil {
				return nil, nil, err
			}
			continue
		}
		o, err := changelog.ParseOverride(b.Path, data)
		if err != nil {
			return nil, nil, err
		}
		overrides = append(overrides, o)
	}
	return overrides, template, nil
}

func mediaType(name string) string {
	switch strings.ToLower(path.Ext(name)) {
	case ".md":
		return release.MediaTypeMarkdown
	case ".json":
		return release.MediaTypeJSON
	case ".html":
		return "text/html"
	case ".css":
		return "text/css"
	case ".js":
		return "text/javascript"
	case ".7":
		return "text/troff"
	case ".svg":
		return "image/svg+xml"
	case ".png":
		return "image/png"
	case ".jpg", ".jpeg":
		return "image/jpeg"
	case ".gif":
		return "image/gif"
	case ".webp":
		return "image/webp"
	case ".yaml", ".yml":
		return "application/yaml"
	case ".txt", ".sql", ".sh", "":
		return release.MediaTypeText
	}
	return release.MediaTypeBinary
}

// vex writes what is known of weaknesses into the release: what its changes mend, and what the advisories that the plan
// pinned say. It returns nil if there is nothing to say.
func (c *cutter) vex(ctx context.Context, r *reserved, artifacts []build.Artifact) (*release.File, error) {
	in := r.Plan.Inputs
	var advisories []*attest.Advisory
	for _, b := range in.Policy {
		if path.Dir(b.Path) != plan.SecurityDir || !attest.IsAdvisory(b.Path) {
			continue
		}
		data, err := c.Repo.Blob(ctx, b.ID, 1<<20)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", b.Path, err)
		}
		a, err := attest.ParseAdvisory(b.Path, data)
		if err != nil {
			return nil, err
		}
		advisories = append(advisories, a)
	}
	about := attest.VEXRelease{Version: in.Version}
	for _, a := range artifacts {
		if a.Shipped {
			about.Files = append(about.Files, attest.Subject{Name: path.Base(a.Path), SHA256: a.SHA256})
		}
	}
	for _, change := range r.Plan.Changes {
		if change.Type != "revert" && len(change.Reverts) == 0 {
			about.Fixed = append(about.Fixed, change.CVEs...)
		}
	}
	data, err := attest.VEX([]attest.VEXRelease{about}, advisories, attest.VEXOptions{Product: in.Product, Time: in.SourceDate})
	if data == nil || err != nil {
		return nil, err
	}
	f, err := c.put("sbom/"+in.Product+".openvex.json", release.MediaTypeJSON, data)
	return &f, err
}
