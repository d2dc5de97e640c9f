package deploy

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Labels and annotations of relctl.
const (
	LabelVersion = "app.kubernetes.io/version"
	LabelChannel = "relctl.dev/channel"
	LabelRing    = "relctl.dev/ring"
	// AnnotationName with the value [PerRelease] asks that the version be added to a Job's name, so that each release
	// runs it once.
	AnnotationName = "relctl.dev/name"
	PerRelease     = "per-release"
)

const notice = "# Written by relctl; what is changed here gets lost. Changes of the ring belong into ../kustomization.yaml.\n"

// component is the kustomization of a ring's release.
type component struct {
	APIVersion string           `yaml:"apiVersion"`
	Kind       string           `yaml:"kind"`
	Resources  []string         `yaml:"resources"`
	Images     []componentImage `yaml:"images,omitempty"`
	Labels     []componentLabel `yaml:"labels"`
	Patches    []componentPatch `yaml:"patches,omitempty"`
}

type componentImage struct {
	Name    string `yaml:"name"`
	NewName string `yaml:"newName,omitempty"`
	Digest  string `yaml:"digest"`
}

type componentLabel struct {
	Pairs map[string]string `yaml:"pairs"`
}

type componentPatch struct {
	Target  patchTarget     `yaml:"target"`
	Options map[string]bool `yaml:"options"`
	Patch   string          `yaml:"patch"`
}

type patchTarget struct {
	Group   string `yaml:"group"`
	Version string `yaml:"version"`
	Kind    string `yaml:"kind"`
	Name    string `yaml:"name"`
}

// releaseFiles are the files of rings/<ring>/release: the product's base as released, and a component on top of it.
func (in *Input) releaseFiles() (map[string][]byte, *workspace, error) {
	if info, err := fs.Stat(in.Source, in.Base); errors.Is(err, fs.ErrNotExist) || err == nil && !info.IsDir() {
		return nil, nil, Problems{{File: in.Base, Message: "is not a folder of the release's commit",
			Fix: "commit a kustomization there, or correct deploy.base in channels/product.yaml"}}
	}
	w, base := newWorkspace(), path.Join(releaseDir(in.Ring.Name), "base")
	if err := w.copyTree(in.Source, in.Base, base, func(string, fs.DirEntry) bool { return false }); err != nil {
		return nil, nil, err
	}
	if w.kustomizationOf(base) == "" {
		return nil, nil, Problems{{File: in.Base, Message: "has no kustomization.yaml", Fix: "add one that names the manifests as its resources"}}
	}
	if found := w.closed(base); len(found) > 0 {
		return nil, nil, found
	}
	jobs, err := w.perRelease(base)
	if err != nil {
		return nil, nil, err
	}
	data, err := in.component(jobs)
	if err != nil {
		return nil, nil, err
	}
	name := path.Join(releaseDir(in.Ring.Name), kustomizationName)
	if err := w.add(name, name, data); err != nil {
		return nil, nil, err
	}
	files := map[string][]byte{}
	for name, data := range w.files {
		files[name] = data
	}
	return files, w, nil
}

// perRelease returns the names of the base's Jobs that shall bear the version.
func (w *workspace) perRelease(base string) ([]string, error) {
	marked := false
	for _, data := range w.files {
		marked = marked || bytes.Contains(data, []byte(AnnotationName))
	}
	if !marked {
		return nil, nil
	}
	objects, err := w.build(base)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, o := range objects {
		if o.kind == "Job" && o.group == "batch" && o.annotations()[AnnotationName] == PerRelease {
			names = append(names, o.name)
		}
	}
	slices.Sort(names)
	return names, nil
}

func (in *Input) component(jobs []string) ([]byte, error) {
	r := &in.Release
	c := component{
		APIVersion: "kustomize.config.k8s.io/v1alpha1", Kind: "Component",
		Resources: []string{"base"},
		Labels:    []componentLabel{{Pairs: map[string]string{LabelVersion: r.Version.String(), LabelChannel: r.Channel, LabelRing: in.Ring.Name}}},
	}
	for _, i := range r.sortedImages() {
		image := componentImage{Name: i.Name, NewName: i.Repository, Digest: i.Digest}
		c.Images = append(c.Images, image)
	}
	for _, job := range jobs {
		c.Patches = append(c.Patches, componentPatch{
			Target:  patchTarget{Group: "batch", Version: "v1", Kind: "Job", Name: job},
			Options: map[string]bool{"allowNameChange": true},
			Patch:   fmt.Sprintf("- {op: replace, path: /metadata/name, value: %s-%s}\n", job, r.slug()),
		})
	}
	data, err := encodeYAML(c)
	return append([]byte(notice), data...), err
}

// sortedImages returns the images by name.
func (r *Release) sortedImages() []Image {
	return slices.SortedFunc(slices.Values(r.Images), func(a, b Image) int { return strings.Compare(a.Name, b.Name) })
}

// scaffold is the ring's kustomization until a person writes another one.
func (in *Input) scaffold() []byte {
	return fmt.Appendf(nil, `# The %s ring of %s. relctl wrote this once and never changes it: it is yours.
# Patches, namespaces, and the digests of images that are not the product's belong here. What differs from cell to cell
# belongs into cells/<cell>/kustomization.yaml, with "resources: [../../%s]".
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
namespace: %s
components:
  - release # the product at its release, images by digest
`, in.Ring.Name, in.Release.Product, ringDir(in.Ring.Name), objectName(in.Release.Product))
}

// objectName is a name as Kubernetes objects bear it.
func objectName(parts ...string) string {
	return strings.NewReplacer(".", "-", "_", "-").Replace(strings.Join(parts, "-"))
}

func encodeYAML(v any) ([]byte, error) {
	var buf bytes.Buffer
	enc := yaml.NewEncoder(&buf)
	enc.SetIndent(2)
	if err := errors.Join(enc.Encode(v), enc.Close()); err != nil {
		return nil, err
	}
	return buf.Bytes(), nil
}
