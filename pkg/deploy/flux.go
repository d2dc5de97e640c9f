package deploy

import "strings"

// fluxSource is a GitRepository or an OCIRepository.
type fluxSource struct {
	typed `yaml:",inline"`
	Spec  fluxSourceSpec `yaml:"spec"`
}

type fluxSourceSpec struct {
	Interval string            `yaml:"interval"`
	URL      string            `yaml:"url"`
	Ref      map[string]string `yaml:"ref"`
	// Ignore leaves out all but this cell's manifests, so that other cells' releases cause no work.
	Ignore    string      `yaml:"ignore"`
	SecretRef *secretRef  `yaml:"secretRef,omitempty"`
	Verify    *fluxVerify `yaml:"verify,omitempty"`
}

type secretRef struct {
	Name string `yaml:"name"`
}

type fluxVerify struct {
	Provider  string    `yaml:"provider"`
	SecretRef secretRef `yaml:"secretRef"`
}

// fluxKustomization is what applies a cell's manifests.
type fluxKustomization struct {
	typed `yaml:",inline"`
	Spec  fluxKustomizationSpec `yaml:"spec"`
}

type fluxKustomizationSpec struct {
	Interval      string            `yaml:"interval"`
	RetryInterval string            `yaml:"retryInterval"`
	Timeout       string            `yaml:"timeout"`
	Path          string            `yaml:"path"`
	Prune         bool              `yaml:"prune"`
	Wait          bool              `yaml:"wait"`
	SourceRef     map[string]string `yaml:"sourceRef"`
}

// flux returns a file for each cell, which somebody applies once in the cell's cluster: the source, and what applies it.
func (g *GitOps) flux() map[string][]any {
	files := map[string][]any{}
	for _, c := range g.running() {
		name := ApplicationName(g.Product, g.Channel, c.name)
		labels := map[string]string{LabelChannel: g.Channel, LabelRing: c.ring}
		head := func(api, kind string) typed {
			return typed{api, kind, meta{Name: name, Namespace: "flux-system", Labels: labels}}
		}
		dir := renderedDir(c.ring, c.name)
		source := fluxSource{Spec: g.fluxSource(c.ring, dir)}
		source.typed = head("source.toolkit.fluxcd.io/v1", g.fluxKind())
		apply := fluxKustomization{typed: head("kustomize.toolkit.fluxcd.io/v1", "Kustomization"), Spec: fluxKustomizationSpec{
			Interval: "10m", RetryInterval: "1m", Timeout: "5m",
			Path: "./" + dir, Prune: true, Wait: true,
			SourceRef: map[string]string{"kind": g.fluxKind(), "name": name},
		}}
		files[c.name+".yaml"] = []any{source, apply}
	}
	return files
}

// ignoreAllBut keeps one folder, level by level: what is left out as a whole cannot be taken in again below.
func ignoreAllBut(dir string) string {
	var b strings.Builder
	at := ""
	for part := range strings.SplitSeq(dir, "/") {
		b.WriteString(at + "/*\n!" + at + "/" + part + "\n")
		at += "/" + part
	}
	return b.String()
}

func (g *GitOps) fluxKind() string {
	if strings.HasPrefix(g.Repository, "oci://") {
		return "OCIRepository"
	}
	return "GitRepository"
}

func (g *GitOps) fluxSource(ring, dir string) fluxSourceSpec {
	s := fluxSourceSpec{Interval: "1m", URL: g.Repository, Ignore: ignoreAllBut(dir)}
	if g.Secret != "" {
		s.SecretRef = &secretRef{g.Secret}
	}
	if g.fluxKind() == "OCIRepository" {
		s.Ref = map[string]string{"tag": ring}
		if g.Keys != "" {
			s.Verify = &fluxVerify{"cosign", secretRef{g.Keys}}
		}
		return s
	}
	if m := scpForm.FindStringSubmatch(g.Repository); m != nil {
		s.URL = "ssh://" + m[1] + "/" + m[2]
	}
	s.Ref = map[string]string{"branch": g.Branch}
	return s
}
