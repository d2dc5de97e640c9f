package attest

import (
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/relctl/relctl/pkg/release"
)

// Identifiers in the statements of [Provenance].
const (
	StatementType = "https://in-toto.io/Statement/v1"
	PredicateType = "https://slsa.dev/provenance/v1"
	// BuildType names the meaning of the parameters: those of package release's Inputs.
	BuildType = "https://relctl.dev/build/v1"
	// DefaultBuilder is relctl run by whoever the ledger names.
	DefaultBuilder = "https://relctl.dev/builder/v1"
)

// ProvenanceOptions refine [Provenance].
type ProvenanceOptions struct {
	// Repository is the public URL of the source, "https://git.acme.example/acme.git", or empty. It must come from the
	// product's own words: the address of a remote differs between the machines that build one plan.
	Repository string
	// Builder is the URI of the build platform; [DefaultBuilder] if empty.
	Builder string
}

// Provenance returns an in-toto Statement about the subjects, sorted by name: that the plan with inputs in made them.
func Provenance(in release.Inputs, subjects []Subject, o ProvenanceOptions) ([]byte, error) {
	named, err := subjectDescriptors(subjects)
	if err != nil {
		return nil, fmt.Errorf("provenance: %w", err)
	}
	source, err := sourceDescriptor(in, o.Repository)
	if err != nil {
		return nil, fmt.Errorf("provenance: %w", err)
	}
	digest := in.Digest()
	return release.Encode(statement{
		Type:          StatementType,
		Subject:       named,
		PredicateType: PredicateType,
		Predicate: predicate{
			BuildDefinition: buildDefinition{
				BuildType:            BuildType,
				ExternalParameters:   parameters(in, digest),
				ResolvedDependencies: append([]descriptor{source}, inputDescriptors(in)...),
			},
			RunDetails: runDetails{
				Builder:  builder{ID: cmp.Or(o.Builder, DefaultBuilder)},
				Metadata: metadata{InvocationID: digest},
			},
		},
	})
}

// statement and what it holds follow https://github.com/in-toto/attestation/tree/main/spec/v1 and
// https://slsa.dev/spec/v1.0/provenance. The spec's Go types need protojson, whose output is random on purpose.
type statement struct {
	Type          string       `json:"_type"`
	Subject       []descriptor `json:"subject"`
	PredicateType string       `json:"predicateType"`
	Predicate     predicate    `json:"predicate"`
}

type descriptor struct {
	Name        string            `json:"name,omitempty"`
	URI         string            `json:"uri,omitempty"`
	Digest      map[string]string `json:"digest,omitempty"`
	Annotations map[string]string `json:"annotations,omitempty"`
}

type predicate struct {
	BuildDefinition buildDefinition `json:"buildDefinition"`
	RunDetails      runDetails      `json:"runDetails"`
}

type buildDefinition struct {
	BuildType            string             `json:"buildType"`
	ExternalParameters   externalParameters `json:"externalParameters"`
	ResolvedDependencies []descriptor       `json:"resolvedDependencies"`
}

type externalParameters struct {
	Product    string `json:"product"`
	Channel    string `json:"channel"`
	Kind       string `json:"kind"`
	Line       string `json:"line,omitempty"`
	Version    string `json:"version"`
	Tag        string `json:"tag,omitempty"`
	Branch     string `json:"branch"`
	Commit     string `json:"commit"`
	SourceDate string `json:"source_date"`
	Plan       string `json:"plan"`
}

type runDetails struct {
	Builder  builder  `json:"builder"`
	Metadata metadata `json:"metadata"`
}

type builder struct {
	ID string `json:"id"`
}

type metadata struct {
	InvocationID string `json:"invocationId"`
}

func parameters(in release.Inputs, digest string) externalParameters {
	return externalParameters{
		Product:    in.Product,
		Channel:    in.Channel,
		Kind:       string(in.Kind),
		Line:       in.Line.String(),
		Version:    in.Version.String(),
		Tag:        in.Tag,
		Branch:     in.Branch,
		Commit:     in.Commit,
		SourceDate: in.SourceDate.UTC().Format("2006-01-02T15:04:05Z"),
		Plan:       digest,
	}
}

func subjectDescriptors(subjects []Subject) ([]descriptor, error) {
	if len(subjects) == 0 {
		return nil, errors.New("there is no subject")
	}
	out := make([]descriptor, 0, len(subjects))
	for _, s := range subjects {
		if err := s.check(); err != nil {
			return nil, err
		}
		out = append(out, descriptor{Name: s.Name, Digest: map[string]string{"sha256": s.SHA256}})
	}
	slices.SortFunc(out, func(a, b descriptor) int { return strings.Compare(a.Name, b.Name) })
	for i := 1; i < len(out); i++ {
		if out[i].Name == out[i-1].Name {
			return nil, fmt.Errorf("subject %q is named twice", out[i].Name)
		}
	}
	return out, nil
}

// sourceDescriptor is the commit, with its public address where one is known.
func sourceDescriptor(in release.Inputs, repository string) (descriptor, error) {
	if in.Commit == "" {
		return descriptor{}, errors.New("the commit is missing")
	}
	d := descriptor{Name: "source", Digest: map[string]string{"gitCommit": in.Commit}}
	if repository == "" {
		return d, nil
	}
	u, err := url.Parse(repository)
	if err != nil || u.Host == "" || u.Scheme == "" {
		return descriptor{}, errors.New("the repository is not a URL such as https://git.acme.example/acme.git")
	}
	if u.User != nil || u.RawQuery != "" || u.Fragment != "" { // where tokens hide; a release is public
		return descriptor{}, fmt.Errorf("the repository URL on %s carries a user, query or fragment, which must not be published", u.Host)
	}
	d.URI = "git+" + repository + "@" + in.Branch
	return d, nil
}

// inputDescriptors are the policy and the tools that the plan pins.
func inputDescriptors(in release.Inputs) []descriptor {
	var out []descriptor
	for _, b := range in.Policy {
		out = append(out, descriptor{Name: b.Path, Digest: map[string]string{"gitBlob": b.ID}})
	}
	for _, p := range in.Pins {
		d := descriptor{Name: p.Name}
		if hexa, ok := strings.CutPrefix(p.Value, "sha256:"); ok && sha256Hex.MatchString(hexa) {
			d.Digest = map[string]string{"sha256": hexa}
		} else {
			d.Annotations = map[string]string{"version": p.Value}
		}
		out = append(out, d)
	}
	return out
}
