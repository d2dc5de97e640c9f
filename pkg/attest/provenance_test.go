package attest_test

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	slsa "github.com/in-toto/attestation/go/predicates/provenance/v1"
	intoto "github.com/in-toto/attestation/go/v1"
	"google.golang.org/protobuf/encoding/protojson"

	"github.com/relctl/relctl/pkg/attest"
	"github.com/relctl/relctl/pkg/release"
)

const commit = "0123456789abcdef0123456789abcdef01234567"

func inputs(t testing.TB) release.Inputs {
	t.Helper()
	line, err := release.ParseLine("2.4")
	if err != nil {
		t.Fatal(err)
	}
	return release.Inputs{
		Product:    "acme",
		Channel:    "lts-2.4",
		Kind:       release.LTS,
		Line:       line,
		Branch:     "refs/heads/release/2.4",
		Commit:     commit,
		SourceDate: time.Date(2026, 3, 1, 12, 30, 0, 0, time.UTC),
		Version:    release.MustVersion("2.4.7"),
		Tag:        "v2.4.7",
		Policy:     []release.Blob{{Path: "channels/lts-2.4.yaml", ID: "89abcdef0123456789abcdef0123456789abcdef"}},
		Pins: []release.Pin{
			{Name: "base-image", Value: "sha256:" + strings.Repeat("ab", 32)},
			{Name: "goreleaser", Value: "v2.16.0"},
		},
	}
}

func subjects() []attest.Subject {
	return []attest.Subject{
		{Name: "artifacts/b.deb", SHA256: strings.Repeat("22", 32)},
		{Name: "artifacts/a", SHA256: strings.Repeat("11", 32)},
	}
}

func provenance(t testing.TB, o attest.ProvenanceOptions) []byte {
	t.Helper()
	data, err := attest.Provenance(inputs(t), subjects(), o)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// parse reads data with the types of the two specifications, which refuse unknown fields, and validates it by them.
func parse(t testing.TB, data []byte) (*intoto.Statement, *slsa.Provenance) {
	t.Helper()
	var s intoto.Statement
	if err := protojson.Unmarshal(data, &s); err != nil {
		t.Fatal(err)
	}
	if err := s.Validate(); err != nil {
		t.Errorf("in-toto refuses the statement: %v", err)
	}
	inner, err := protojson.Marshal(s.GetPredicate())
	if err != nil {
		t.Fatal(err)
	}
	var p slsa.Provenance
	if err := protojson.Unmarshal(inner, &p); err != nil {
		t.Fatal(err)
	}
	if err := p.Validate(); err != nil {
		t.Errorf("SLSA refuses the predicate: %v", err)
	}
	return &s, &p
}

func TestProvenanceIsAValidStatementOfThePlan(t *testing.T) {
	in := inputs(t)
	s, p := parse(t, provenance(t, attest.ProvenanceOptions{}))
	if s.GetType() != "https://in-toto.io/Statement/v1" || s.GetPredicateType() != "https://slsa.dev/provenance/v1" {
		t.Errorf("types %s, %s", s.GetType(), s.GetPredicateType())
	}
	if n := len(s.GetSubject()); n != 2 || s.GetSubject()[0].GetName() != "artifacts/a" || s.GetSubject()[0].GetDigest()["sha256"] != strings.Repeat("11", 32) {
		t.Errorf("subjects %v", s.GetSubject())
	}
	for key, want := range map[string]string{
		"product": "acme", "channel": "lts-2.4", "kind": "lts", "line": "2.4", "version": "2.4.7", "tag": "v2.4.7",
		"branch": "refs/heads/release/2.4", "commit": commit, "source_date": "2026-03-01T12:30:00Z", "plan": in.Digest(),
	} {
		if got := p.GetBuildDefinition().GetExternalParameters().GetFields()[key].GetStringValue(); got != want {
			t.Errorf("parameter %s is %q, want %q", key, got, want)
		}
	}
	if got := p.GetRunDetails().GetMetadata().GetInvocationId(); got != in.Digest() {
		t.Errorf("invocation %q is not the plan %q", got, in.Digest())
	}
	if got := p.GetRunDetails().GetBuilder().GetId(); got != attest.DefaultBuilder {
		t.Errorf("builder %q", got)
	}
}

func TestProvenanceNamesSourcePolicyAndPins(t *testing.T) {
	_, p := parse(t, provenance(t, attest.ProvenanceOptions{Repository: "https://git.acme.example/acme.git"}))
	deps := p.GetBuildDefinition().GetResolvedDependencies()
	if len(deps) != 4 {
		t.Fatalf("%d dependencies, want source, policy and two pins", len(deps))
	}
	if d := deps[0]; d.GetUri() != "git+https://git.acme.example/acme.git@refs/heads/release/2.4" || d.GetDigest()["gitCommit"] != commit {
		t.Errorf("source %v", d)
	}
	if d := deps[1]; d.GetName() != "channels/lts-2.4.yaml" || d.GetDigest()["gitBlob"] != inputs(t).Policy[0].ID {
		t.Errorf("policy %v", d)
	}
	if d := deps[2]; d.GetName() != "base-image" || d.GetDigest()["sha256"] != strings.Repeat("ab", 32) {
		t.Errorf("pin by digest %v", d)
	}
	if d := deps[3]; d.GetName() != "goreleaser" || d.GetAnnotations().GetFields()["version"].GetStringValue() != "v2.16.0" {
		t.Errorf("pin by version %v", d)
	}
}

func TestProvenanceDependsOnThePlanAlone(t *testing.T) {
	first := provenance(t, attest.ProvenanceOptions{})
	in, files := inputs(t), subjects()
	in.SourceDate = in.SourceDate.UTC()
	slices.Reverse(files)
	again, err := attest.Provenance(in, files, attest.ProvenanceOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(first, again) {
		t.Errorf("the order of the subjects shows:\n%s\n%s", first, again)
	}
	for _, clock := range []string{"startedOn", "finishedOn"} {
		if bytes.Contains(first, []byte(clock)) {
			t.Errorf("%s is in it: a rerun would differ", clock)
		}
	}
	in.Commit = strings.Repeat("c", 40)
	other, err := attest.Provenance(in, files, attest.ProvenanceOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Equal(first, other) {
		t.Error("another commit gives the same statement")
	}
}

func TestSecretsInTheRepositoryURLAreNotPublished(t *testing.T) {
	for _, url := range []string{
		"https://bot:t0ken@git.acme.example/acme.git",
		"https://t0ken@git.acme.example/acme.git",
		"https://git.acme.example/acme.git?private_token=t0ken",
		"https://git.acme.example/acme.git#t0ken",
		"/srv/t0ken/acme.git",
		"git@git.acme.example:t0ken/acme.git",
		"https://git.acme.example:t0ken/",
	} {
		data, err := attest.Provenance(inputs(t), subjects(), attest.ProvenanceOptions{Repository: url})
		if err == nil || data != nil {
			t.Errorf("%s was accepted", url)
			continue
		}
		if strings.Contains(err.Error(), "t0ken") {
			t.Errorf("the error repeats the secret: %v", err)
		}
	}
}

func TestProvenanceRefusesWhatItCannotState(t *testing.T) {
	noCommit := inputs(t)
	noCommit.Commit = ""
	twice := append(subjects(), subjects()[0])
	for name, c := range map[string]struct {
		in       release.Inputs
		subjects []attest.Subject
	}{
		"no subject":          {inputs(t), nil},
		"no commit":           {noCommit, subjects()},
		"one name twice":      {inputs(t), twice},
		"subject without sum": {inputs(t), []attest.Subject{{Name: "a"}}},
	} {
		if data, err := attest.Provenance(c.in, c.subjects, attest.ProvenanceOptions{}); err == nil || data != nil {
			t.Errorf("%s: got %s", name, data)
		}
	}
}

func TestProvenanceOfARollingReleaseHasNoLineOrTag(t *testing.T) {
	in := inputs(t)
	in.Kind, in.Line, in.Tag, in.Pins, in.Policy = release.Rolling, release.Line{}, "", nil, nil
	data, err := attest.Provenance(in, subjects(), attest.ProvenanceOptions{Builder: "https://ci.acme.example/runner"})
	if err != nil {
		t.Fatal(err)
	}
	_, p := parse(t, data)
	fields := p.GetBuildDefinition().GetExternalParameters().GetFields()
	for _, absent := range []string{"line", "tag"} {
		if _, ok := fields[absent]; ok {
			t.Errorf("%s is present", absent)
		}
	}
	if p.GetRunDetails().GetBuilder().GetId() != "https://ci.acme.example/runner" {
		t.Errorf("builder %v", p.GetRunDetails().GetBuilder())
	}
	if !json.Valid(data) || !bytes.HasSuffix(data, []byte("}\n")) {
		t.Errorf("%s", data)
	}
}
