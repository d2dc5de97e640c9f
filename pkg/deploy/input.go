package deploy

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/relctl/relctl/pkg/release"
)

// Image is a container image of a release.
type Image struct {
	// Name is what the product's manifests call it, such as acme: the image without tag and digest.
	Name string `json:"name"`
	// Repository is where it lies, such as registry.example/acme/acmed.
	Repository string `json:"repository"`
	// Digest of the image or of the index of its platforms, "sha256:…".
	Digest string `json:"digest"`
}

// Release is what is to run.
type Release struct {
	Product, Channel string
	Version          release.Version
	// Commit is the full id of the commit that was released.
	Commit string
	// Digest of release.json, "sha256:…".
	Digest string
	Images []Image
}

// Ring is a stage of the rollout with its deployments.
type Ring struct {
	Name  string
	Cells []string
}

// Engine is the program that applies what is rendered.
type Engine string

// The engines. With Kustomize people or their scripts apply manifests.yaml, and there are no files in gitops.
const (
	ArgoCD    Engine = "argocd"
	Flux      Engine = "flux"
	Kustomize Engine = "kustomize"
)

func (e Engine) validate() error {
	if e != ArgoCD && e != Flux && e != Kustomize {
		return fmt.Errorf("engine %q is not one of argocd, flux, kustomize", string(e))
	}
	return nil
}

// Input is all that a ring's manifests are made of: equal inputs give equal bytes.
type Input struct {
	Release Release
	// Engine that applies them. Default is [Kustomize].
	Engine Engine
	// Source holds the files of the release's commit, Base is the folder of the product's kustomization in it, such as
	// deploy/base. Nothing outside of that folder counts.
	Source fs.FS
	Base   string
	// Branch holds the files of the deploy branch as it is, nil for none yet: people's rings and cells, and what ran
	// before, by which changes are found that a cluster would refuse.
	Branch fs.FS
	// Ring to render; others stay as they are.
	Ring Ring
}

var (
	repository = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]*(:[0-9]{1,5})?(/[a-z0-9]+([._-]+[a-z0-9]+)*)*$`)
	imageName  = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._/-]*(:[0-9]{1,5}/[A-Za-z0-9._/-]+)?$`)
	commitID   = regexp.MustCompile(`^([0-9a-f]{40}|[0-9a-f]{64})$`)
)

// validate refuses inputs that would make other manifests than the caller means.
func (in *Input) validate() error {
	if in.Engine == "" {
		in.Engine = Kustomize
	}
	if in.Source == nil {
		return errors.New("no source files")
	}
	if !fs.ValidPath(in.Base) {
		return fmt.Errorf("base %q is not a folder of the repository", in.Base)
	}
	return errors.Join(in.Engine.validate(), in.Release.validate(), checkRings([]Ring{in.Ring}))
}

func (r *Release) validate() error {
	for _, n := range []struct{ what, name string }{{"product", r.Product}, {"channel", r.Channel}} {
		if err := release.CheckName(n.name); err != nil {
			return fmt.Errorf("%s: %w", n.what, err)
		}
	}
	if r.Version.IsZero() {
		return errors.New("release without a version")
	}
	if why := labelValue(r.Version.String()); why != "" {
		return fmt.Errorf("version %s cannot be a label: %s", r.Version, why)
	}
	if !commitID.MatchString(r.Commit) {
		return fmt.Errorf("commit %q is not a full commit id", r.Commit)
	}
	if err := release.CheckDigest(r.Digest); err != nil {
		return fmt.Errorf("release: %w", err)
	}
	seen := map[string]bool{}
	for _, i := range r.Images {
		if err := i.validate(); err != nil {
			return err
		}
		if seen[i.Name] {
			return fmt.Errorf("image %s stands twice in the release", i.Name)
		}
		seen[i.Name] = true
	}
	return nil
}

func (i Image) validate() error {
	if !imageName.MatchString(i.Name) {
		return fmt.Errorf("image %q is not a name of an image without tag and digest", i.Name)
	}
	if !repository.MatchString(i.Repository) {
		return fmt.Errorf("image %s: %q is not a repository of a registry", i.Name, i.Repository)
	}
	if err := release.CheckDigest(i.Digest); err != nil {
		return fmt.Errorf("image %s: %w", i.Name, err)
	}
	return nil
}

// checkRings holds names against the form that paths, labels and Kubernetes objects share. A cell stands in one ring.
func checkRings(rings []Ring) error {
	home := map[string]string{}
	seen := map[string]bool{}
	for _, r := range rings {
		if err := release.CheckName(r.Name); err != nil {
			return fmt.Errorf("ring: %w", err)
		}
		if seen[r.Name] {
			return fmt.Errorf("ring %s is given twice", r.Name)
		}
		seen[r.Name] = true
		for _, c := range r.Cells {
			if err := release.CheckName(c); err != nil {
				return fmt.Errorf("ring %s: cell: %w", r.Name, err)
			}
			if other, ok := home[c]; ok {
				return fmt.Errorf("cell %s stands in %s and in %s", c, other, r.Name)
			}
			home[c] = r.Name
		}
	}
	return nil
}

// sorted returns the ring's cells by name, so that the order in which they are given does not matter.
func (r Ring) sorted() []string { return slices.Sorted(slices.Values(r.Cells)) }

// The places on the deploy branch.
func ringDir(ring string) string           { return path.Join("rings", ring) }
func releaseDir(ring string) string        { return path.Join("rings", ring, "release") }
func overlayDir(cell string) string        { return path.Join("cells", cell) }
func renderedRing(ring string) string      { return path.Join("rendered", ring) }
func renderedDir(ring, cell string) string { return path.Join("rendered", ring, cell) }

const (
	kustomizationName = "kustomization.yaml"
	manifestsName     = "manifests.yaml"
	stateName         = "relctl.json"
)

// slug is the version as part of a Kubernetes name: without dots, since names of Jobs become names of hosts.
func (r *Release) slug() string {
	return strings.ToLower(strings.ReplaceAll(r.Version.String(), ".", "-"))
}
