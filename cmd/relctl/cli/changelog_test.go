package cli_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/relctl/relctl/cmd/relctl/cli"
	"github.com/relctl/relctl/pkg/changelog"
	"github.com/relctl/relctl/pkg/release"
)

func TestChangesJSONIsWhatItsSchemaSays(t *testing.T) {
	var schema, errs bytes.Buffer
	if code := cli.Run(t.Context(), []string{"schema", "changes"}, cli.IO{Out: &schema, Err: &errs}); code != 0 {
		t.Fatalf("relctl schema changes ends with %d: %s", code, errs.String())
	}
	doc, err := jsonschema.UnmarshalJSON(&schema)
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("changes.json", doc); err != nil {
		t.Fatal(err)
	}
	compiled, err := compiler.Compile("changes.json")
	if err != nil {
		t.Fatal(err)
	}
	commit := strings.Repeat("1", 40)
	full := changelog.Release{
		Product: "acme", Channel: "lts-2.4", Version: release.MustVersion("2.4.7"), Previous: release.MustVersion("2.4.6"), Commit: commit, Date: time.Unix(1767603600, 0),
		Changes:     []release.Change{{ID: commit, Commit: commit, Type: "fix", Scope: "api", Subject: "a fix", CVEs: []string{"CVE-2026-1234"}, PR: 7, Breaking: true, PickedFrom: []string{commit}, Author: "Dev"}},
		Corrections: map[string]changelog.Correction{commit: {File: "changelog/overrides/7.yaml", Reason: "it was wrong"}},
	}
	for what, l := range map[string]changelog.Log{
		"a release":               full.Log(),
		"what is not released":    {Product: "acme", Channel: "rolling", Releases: []changelog.Release{{}}},
		"no release and no range": {Product: "acme", Channel: "rolling"},
	} {
		data, err := l.JSON()
		if err != nil {
			t.Fatal(err)
		}
		value, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		if err := compiled.Validate(value); err != nil {
			t.Errorf("%s: %v\n%s", what, err, data)
		}
		for _, key := range []string{"product", "releases"} {
			broken := map[string]any{}
			if err := json.Unmarshal(data, &broken); err != nil {
				t.Fatal(err)
			}
			delete(broken, key)
			if compiled.Validate(any(broken)) == nil {
				t.Errorf("%s: the schema does not miss %q", what, key)
			}
		}
	}
}
