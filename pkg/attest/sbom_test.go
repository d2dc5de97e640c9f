package attest_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	cdx "github.com/CycloneDX/cyclonedx-go"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/relctl/relctl/pkg/attest"
)

var sourceDate = time.Date(2026, 3, 1, 13, 30, 0, 0, time.FixedZone("", 3600))

// subject names the file at path with its real hash.
func subject(t testing.TB, path string) attest.Subject {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(data)
	return attest.Subject{Name: "acme", Version: "2.4.7", Platform: "linux/amd64", SHA256: hex.EncodeToString(sum[:])}
}

func sbom(t testing.TB, path string) []byte {
	t.Helper()
	data, err := attest.SBOM(path, subject(t, path), sourceDate)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func decode(t testing.TB, data []byte) *cdx.BOM {
	t.Helper()
	var bom cdx.BOM
	if err := cdx.NewBOMDecoder(bytes.NewReader(data), cdx.BOMFileFormatJSON).Decode(&bom); err != nil {
		t.Fatal(err)
	}
	return &bom
}

// checkSchema holds data against the schemas that CycloneDX publishes, which lie beside the Go library.
func checkSchema(t testing.TB, data []byte) {
	t.Helper()
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/CycloneDX/cyclonedx-go").Output()
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(strings.TrimSpace(string(out)), "schema")
	c := jsonschema.NewCompiler()
	for file, name := range map[string]string{
		"bom-1.6.schema.json":   "bom-1.6.schema.json",
		"spdx.schema.json":      "spdx.schema.json",
		"jsf-0.82.schemax.json": "jsf-0.82.schema.json",
	} {
		text, err := os.ReadFile(filepath.Join(dir, file))
		if err != nil {
			t.Fatal(err)
		}
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		if err := c.AddResource("http://cyclonedx.org/schema/"+name, doc); err != nil {
			t.Fatal(err)
		}
	}
	schema, err := c.Compile("http://cyclonedx.org/schema/bom-1.6.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	if err := schema.Validate(doc); err != nil {
		t.Errorf("the schema refuses it: %v", err)
	}
}

func TestSBOMListsEveryModuleThatWasLinked(t *testing.T) {
	path := filepath.Join(t.TempDir(), "linked")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", path, "./testdata/linked").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	data := sbom(t, path)
	checkSchema(t, data)
	bom := decode(t, data)
	if bom.SpecVersion != cdx.SpecVersion1_6 || bom.Metadata.Timestamp != "2026-03-01T12:30:00Z" {
		t.Errorf("spec version %s, timestamp %s", bom.SpecVersion, bom.Metadata.Timestamp)
	}
	main := bom.Metadata.Component
	if main.Type != cdx.ComponentTypeApplication || (*main.Hashes)[0].Value != subject(t, path).SHA256 ||
		main.PackageURL != "pkg:golang/github.com/relctl/relctl@v2.4.7#pkg/attest/testdata/linked" {
		t.Errorf("main component %+v", main)
	}

	listed := map[string]cdx.Component{}
	for _, c := range *bom.Components {
		listed[c.Name] = c
	}
	for _, module := range []string{"github.com/CycloneDX/cyclonedx-go", "github.com/Masterminds/semver/v3"} {
		version, sum := required(t, module)
		c := listed[module]
		if c.Version != version || c.PackageURL != "pkg:golang/"+module+"@"+version {
			t.Errorf("%s %s is listed as %s %s", module, version, c.Version, c.PackageURL)
		}
		if c.Properties == nil || (*c.Properties)[0] != (cdx.Property{Name: "relctl:go:sum", Value: sum}) {
			t.Errorf("%s: the hash of go.sum is missing: %+v", module, c.Properties)
		}
	}
	if std := listed["stdlib"]; "go"+std.Version != strings.Fields(runtime.Version())[0] {
		t.Errorf("standard library %+v", std)
	}
	if len(listed) != 3 {
		t.Errorf("%d components, want two modules and the standard library", len(listed))
	}
	if deps := *bom.Dependencies; len(deps) != 1 || deps[0].Ref != main.BOMRef || len(*deps[0].Dependencies) != len(listed) {
		t.Errorf("the program does not depend on all components: %+v", deps)
	}
}

// required returns the version and hash of a module as this repository's go.mod and go.sum have them.
func required(t *testing.T, module string) (version, sum string) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Version}} {{.Sum}}", module).Output()
	if err != nil {
		t.Fatal(err)
	}
	version, sum, ok := strings.Cut(strings.TrimSpace(string(out)), " ")
	if !ok || sum == "" {
		t.Fatalf("go list says %q", out)
	}
	return version, sum
}

// buildHello compiles one program, with the settings for reproducible builds, in a folder of its own.
func buildHello(t *testing.T, env ...string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"go.mod":            "module acme.example/Hello\n\ngo 1.26\n",
		"cmd/hello/main.go": "package main\n\nfunc main() { println(\"hello\") }\n",
	} {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	out := filepath.Join(dir, "hello")
	cmd := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-buildvcs=false", "-o", out, "./cmd/hello")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOFLAGS=", "GOWORK=off", "GOOS=linux", "GOARCH=arm64", "CGO_ENABLED=0")
	cmd.Env = append(cmd.Env, env...)
	if text, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return out
}

func TestSBOMIsTheSameWhereverAndWheneverItIsMade(t *testing.T) {
	first := sbom(t, buildHello(t))
	second := buildHello(t)
	if err := os.Chtimes(second, time.Unix(0, 0), time.Unix(0, 0)); err != nil {
		t.Fatal(err)
	}
	again, err := attest.SBOM(second, subject(t, second), sourceDate.In(time.FixedZone("", -7*3600)))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(first, again) {
		t.Errorf("two SBOMs of one program differ:\n%s\n%s", first, again)
	}
	if bytes.Contains(first, []byte(os.TempDir())) {
		t.Error("a path of this machine is in the SBOM")
	}
}

func TestSerialNumberNamesTheContent(t *testing.T) {
	path := buildHello(t)
	bom := decode(t, sbom(t, path))
	if !strings.HasPrefix(bom.SerialNumber, "urn:uuid:") || bom.SerialNumber[23] != '8' {
		t.Errorf("serial number %q is no UUID of version 8", bom.SerialNumber)
	}
	later, err := attest.SBOM(path, subject(t, path), sourceDate.Add(time.Second))
	if err != nil {
		t.Fatal(err)
	}
	if other := decode(t, later); other.SerialNumber == bom.SerialNumber {
		t.Error("two documents have one serial number")
	}
}

func TestMainComponentSaysHowTheProgramWasBuilt(t *testing.T) {
	data := sbom(t, buildHello(t))
	checkSchema(t, data)
	bom := decode(t, data)
	main := bom.Metadata.Component
	if main.PackageURL != "pkg:golang/acme.example/Hello@v2.4.7#cmd/hello" {
		t.Errorf("purl %s", main.PackageURL)
	}
	got := map[string]string{}
	for _, p := range *main.Properties {
		got[p.Name] = p.Value
	}
	for name, want := range map[string]string{
		"relctl:platform":             "linux/amd64",
		"relctl:go:package":           "acme.example/Hello/cmd/hello",
		"relctl:go:toolchain":         runtime.Version(),
		"relctl:go:build:CGO_ENABLED": "0",
		"relctl:go:build:GOARCH":      "arm64",
		"relctl:go:build:-trimpath":   "true",
	} {
		if got[name] != want {
			t.Errorf("%s is %q, want %q", name, got[name], want)
		}
	}
	if (*bom.Compositions)[0].Aggregate != cdx.CompositionAggregateComplete {
		t.Errorf("composition %+v", *bom.Compositions)
	}
}

func TestSBOMOfWhatIsNoGoProgramSaysSo(t *testing.T) {
	for name, content := range map[string][]byte{
		"script":          []byte("#!/bin/sh\necho hello\n"),
		"empty":           {},
		"ELF header only": []byte("\x7fELF\x02\x01\x01"),
		"truncated":       truncated(t),
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "file")
			if err := os.WriteFile(path, content, 0o755); err != nil {
				t.Fatal(err)
			}
			data := sbom(t, path)
			checkSchema(t, data)
			bom := decode(t, data)
			if bom.Metadata.Component.Type != cdx.ComponentTypeFile || bom.Components != nil || bom.Dependencies != nil {
				t.Errorf("it claims to know what is inside:\n%s", data)
			}
			if (*bom.Compositions)[0].Aggregate != cdx.CompositionAggregateUnknown || !bytes.Contains(data, []byte("unknown: not a Go program")) {
				t.Errorf("it does not say that the contents are unknown:\n%s", data)
			}
		})
	}
}

func truncated(t *testing.T) []byte {
	t.Helper()
	data, err := os.ReadFile(buildHello(t))
	if err != nil {
		t.Fatal(err)
	}
	return data[:2000]
}

func TestSBOMOfAnotherFileThanNamedIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, []byte("one"), 0o644); err != nil {
		t.Fatal(err)
	}
	good := subject(t, path)
	if err := os.WriteFile(path, []byte("two"), 0o644); err != nil {
		t.Fatal(err)
	}
	if data, err := attest.SBOM(path, good, sourceDate); err == nil || data != nil || !strings.Contains(err.Error(), good.SHA256) {
		t.Errorf("got %v", err)
	}
}

func TestSBOMRefusesWhatItCannotState(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, []byte("one"), 0o644); err != nil {
		t.Fatal(err)
	}
	good := subject(t, path)
	nameless, hashless, upper := good, good, good
	nameless.Name, hashless.SHA256, upper.SHA256 = "", "", strings.ToUpper(good.SHA256)
	for name, c := range map[string]struct {
		path string
		s    attest.Subject
		date time.Time
	}{
		"no file":    {path + "x", good, sourceDate},
		"folder":     {filepath.Dir(path), good, sourceDate},
		"no name":    {path, nameless, sourceDate},
		"no hash":    {path, hashless, sourceDate},
		"upper case": {path, upper, sourceDate},
		"no date":    {path, good, time.Time{}},
	} {
		if data, err := attest.SBOM(c.path, c.s, c.date); err == nil || data != nil {
			t.Errorf("%s: got %s", name, data)
		}
	}
}

func TestSBOMIsIndentedJSONWithoutEscapes(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	s := subject(t, path)
	s.Name = "a & b"
	data, err := attest.SBOM(path, s, sourceDate)
	if err != nil {
		t.Fatal(err)
	}
	if !json.Valid(data) || !bytes.HasPrefix(data, []byte("{\n  \"")) || !bytes.HasSuffix(data, []byte("}\n")) || !bytes.Contains(data, []byte("a & b")) {
		t.Errorf("%s", data)
	}
}
