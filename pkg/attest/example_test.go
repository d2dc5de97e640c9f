package attest_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"strings"
	"time"

	cdx "github.com/CycloneDX/cyclonedx-go"

	"github.com/relctl/relctl/pkg/attest"
	"github.com/relctl/relctl/pkg/release"
)

// The program that is looked into is this example itself.
func ExampleSBOM() {
	path, err := os.Executable()
	if err != nil {
		log.Fatal(err)
	}
	program, err := os.ReadFile(path)
	if err != nil {
		log.Fatal(err)
	}
	sum := sha256.Sum256(program)
	data, err := attest.SBOM(path, attest.Subject{
		Name:    "attest",
		Version: "2.4.7",
		SHA256:  hex.EncodeToString(sum[:]),
	}, time.Date(2026, 3, 1, 12, 30, 0, 0, time.UTC))
	if err != nil {
		log.Fatal(err)
	}

	var bom cdx.BOM
	if err := cdx.NewBOMDecoder(bytes.NewReader(data), cdx.BOMFileFormatJSON).Decode(&bom); err != nil {
		log.Fatal(err)
	}
	fmt.Println("CycloneDX", bom.SpecVersion, "of", bom.Metadata.Timestamp)
	fmt.Println(bom.Metadata.Component.PackageURL)
	for _, c := range *bom.Components {
		fmt.Println("contains", c.Name)
	}
	// Output:
	// CycloneDX 1.6 of 2026-03-01T12:30:00Z
	// pkg:golang/github.com/relctl/relctl@v2.4.7#pkg/attest.test
	// contains stdlib
}

func ExampleProvenance() {
	plan := release.Inputs{
		Product:    "acme",
		Channel:    "rolling",
		Kind:       release.Rolling,
		Branch:     "refs/heads/main",
		Commit:     "0123456789abcdef0123456789abcdef01234567",
		SourceDate: time.Date(2026, 3, 1, 12, 30, 0, 0, time.UTC),
		Version:    release.MustVersion("2026.301.1"),
		Pins:       []release.Pin{{Name: "goreleaser", Value: "v2.16.0"}},
	}
	data, err := attest.Provenance(plan, []attest.Subject{
		{Name: "artifacts/acme_linux_amd64", SHA256: strings.Repeat("ab", 32)},
	}, attest.ProvenanceOptions{Repository: "https://git.acme.example/acme.git"})
	if err != nil {
		log.Fatal(err)
	}

	var statement struct {
		PredicateType string
		Predicate     struct {
			BuildDefinition struct {
				ResolvedDependencies []struct{ Name string }
			}
			RunDetails struct{ Metadata struct{ InvocationID string } }
		}
	}
	if err := json.Unmarshal(data, &statement); err != nil {
		log.Fatal(err)
	}
	fmt.Println(statement.PredicateType)
	for _, d := range statement.Predicate.BuildDefinition.ResolvedDependencies {
		fmt.Println("from", d.Name)
	}
	fmt.Println("made by this plan:", statement.Predicate.RunDetails.Metadata.InvocationID == plan.Digest())
	// Output:
	// https://slsa.dev/provenance/v1
	// from source
	// from goreleaser
	// made by this plan: true
}
