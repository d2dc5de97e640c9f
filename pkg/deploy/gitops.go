package deploy

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/relctl/relctl/pkg/release"
)

// GitOps is all that the engine's own objects are made of.
type GitOps struct {
	Product, Channel string
	Engine           Engine
	// Rings are all of the channel's, in order.
	Rings []Ring
	// Repository is the URL under which the engine finds the deploy branch: https://, ssh://, or git@host:path. For
	// Flux it may be oci://, a repository of a registry with the [Artifact] of each ring under the ring's name as tag.
	Repository string
	// Branch is its short name, such as relctl/deploy.
	Branch string
	// Secret is the name of the Kubernetes Secret with which Flux reads the repository, "" for a public one.
	Secret string
	// Keys is the name of the Secret with the public keys that must have signed an oci:// artifact, "" for none.
	Keys    string
	Freezes []Freeze
	// At is the moment for which freezes are shown. Those that are over, or that lie most of a year ahead, are left out.
	At time.Time
	// Deployed tells of the cells that run something; a cell without it gets its objects when it does. Those that are
	// rendered for the same commit count, see [Set].Cells.
	Deployed []Deployed
}

// ApplicationName is the name of a cell's Argo CD Application, and of its Flux Kustomization.
func ApplicationName(product, channel, cell string) string { return objectName(product, channel, cell) }

// KeysName is the name of the Secret with the public keys by which Flux verifies a product's artifacts.
func KeysName(product string) string { return objectName(product, "deploy-keys") }

// Render returns the files in gitops/<engine>/<channel>, none for [Kustomize].
func (g GitOps) Render() (*Set, error) {
	if err := g.validate(); err != nil {
		return nil, fmt.Errorf("deploy: %w", err)
	}
	set := &Set{Files: map[string][]byte{}}
	for _, e := range []Engine{ArgoCD, Flux} { // an engine that is given up leaves nothing behind
		set.Owned = append(set.Owned, gitopsDir(e, g.Channel))
	}
	files := map[string][]any{}
	switch g.Engine {
	case ArgoCD:
		files = g.argocd()
	case Flux:
		files = g.flux()
	}
	for _, name := range sortedKeys(files) {
		var buf bytes.Buffer
		buf.WriteString("# Written by relctl; what is changed here gets lost.\n")
		for i, o := range files[name] {
			if i > 0 {
				buf.WriteString("---\n")
			}
			data, err := encodeYAML(o)
			if err != nil {
				return nil, fmt.Errorf("deploy: %w", err)
			}
			buf.Write(data)
		}
		set.Files[path.Join(gitopsDir(g.Engine, g.Channel), name)] = buf.Bytes()
	}
	return set, nil
}

func gitopsDir(e Engine, channel string) string { return path.Join("gitops", string(e), channel) }

var (
	scpForm    = regexp.MustCompile(`^([A-Za-z0-9._-]+@[A-Za-z0-9.-]+):([^/:][^:]*)$`)
	urlForm    = regexp.MustCompile(`^(https?|ssh|oci)://[^\s@:/]*(@[^\s@:/]+)?[^\s@]*$`)
	branchForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._/-]*$`)
)

func (g *GitOps) validate() error {
	if err := errors.Join(release.CheckName(g.Product), release.CheckName(g.Channel), g.Engine.validate(), checkRings(g.Rings)); err != nil {
		return err
	}
	for i := range g.Freezes {
		if err := g.Freezes[i].validate(); err != nil {
			return err
		}
	}
	if g.Engine == Kustomize {
		return nil
	}
	scheme, _, _ := strings.Cut(g.Repository, "://")
	switch {
	case !scpForm.MatchString(g.Repository) && !urlForm.MatchString(g.Repository):
		return fmt.Errorf("repository %q is no address that %s can read in a cluster: https://…, ssh://… or git@host:path, without a password; set deploy.repository in channels/product.yaml", redact(g.Repository), g.Engine)
	case scheme == "oci" && g.Engine != Flux:
		return fmt.Errorf("repository %s: an oci:// artifact is for the engine flux", g.Repository)
	case g.Keys != "" && scheme != "oci":
		return errors.New("keys are for oci:// artifacts")
	case !branchForm.MatchString(g.Branch):
		return fmt.Errorf("branch %q is no name of a branch", g.Branch)
	}
	return g.validateNames()
}

// redact leaves out what may be a password.
func redact(url string) string {
	if i := strings.LastIndex(url, "@"); i >= 0 {
		if scheme, _, ok := strings.Cut(url[:i], "://"); ok {
			return scheme + "://…" + url[i:]
		}
	}
	return url
}

// validateNames refuses names that are equal, or too long, once they are names of Kubernetes objects.
func (g *GitOps) validateNames() error {
	seen := map[string]string{}
	for _, cell := range g.cells() {
		name := ApplicationName(g.Product, g.Channel, cell.name)
		if len(name) > 63 {
			return fmt.Errorf("cell %s: %s has %d characters, and Kubernetes labels hold 63; shorten the name of the cell, the channel or the product", cell.name, name, len(name))
		}
		if other, ok := seen[name]; ok {
			return fmt.Errorf("cells %s and %s both become %s in Kubernetes", other, cell.name, name)
		}
		seen[name] = cell.name
	}
	return nil
}

// cell is a deployment and its place.
type cell struct{ ring, name string }

// cells are those of all rings, in the order of the rings.
func (g *GitOps) cells() []cell {
	var out []cell
	for _, r := range g.Rings {
		for _, c := range r.sorted() {
			out = append(out, cell{r.Name, c})
		}
	}
	return out
}

// running are the cells that have manifests.
func (g *GitOps) running() []cell {
	return slices.DeleteFunc(g.cells(), func(c cell) bool {
		return !slices.ContainsFunc(g.Deployed, func(d Deployed) bool { return d.Ring == c.ring && d.Cell == c.name })
	})
}

// Running returns what the cells of rings run as the deploy branch has it, and as sets are about to change it.
func Running(files fs.FS, rings []Ring, sets ...*Set) ([]Deployed, error) {
	var out []Deployed
	for _, r := range rings {
		for _, c := range r.sorted() {
			d, err := ReadDeployed(files, r.Name, c)
			if err != nil {
				return nil, err
			}
			for _, s := range sets {
				for i := range s.Cells {
					if s.Cells[i].Ring == r.Name && s.Cells[i].Cell == c {
						d = &s.Cells[i]
					}
				}
			}
			if d != nil {
				out = append(out, *d)
			}
		}
	}
	return out, nil
}

// meta is the metadata of an object.
type meta struct {
	Name      string            `yaml:"name"`
	Namespace string            `yaml:"namespace,omitempty"`
	Labels    map[string]string `yaml:"labels,omitempty"`
}

// typed heads an object.
type typed struct {
	APIVersion string `yaml:"apiVersion"`
	Kind       string `yaml:"kind"`
	Metadata   meta   `yaml:"metadata"`
}
