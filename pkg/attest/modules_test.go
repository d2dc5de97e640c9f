package attest

import (
	"runtime/debug"
	"strings"
	"testing"
	"time"

	cdx "github.com/CycloneDX/cyclonedx-go"
)

const buildText = `go	go1.26.8
path	acme.example/app/cmd/acme
mod	acme.example/app	(devel)	
dep	acme.example/app/api	v0.0.0
=>	./api	(devel)	
dep	acme.example/old	v1.0.0	
=>	acme.example/fork	v1.0.1	h1:fork=
dep	acme.example/secret	v0.1.0
=>	/home/someone/secret	(devel)	
dep	github.com/BurntSushi/toml	v1.2.3+incompatible	h1:toml=
build	CGO_ENABLED=1
build	-ldflags="-X main.dir=/home/someone"
build	vcs.revision=0123
build	GOOS=linux
`

func parsed(t *testing.T, text string) *cdx.BOM {
	t.Helper()
	info, err := debug.ParseBuildInfo(text)
	if err != nil {
		t.Fatal(err)
	}
	for _, dep := range info.Deps { // what the linker writes for a folder is an empty version
		if dep.Replace != nil && dep.Replace.Version == "(devel)" {
			dep.Replace.Version = ""
		}
	}
	bom := newBOM(Subject{Name: "acme", Version: "2.4.7"}, time.Unix(0, 0))
	addGo(bom, info)
	return bom
}

func TestReplacedModuleIsListedAsWhatWasLinked(t *testing.T) {
	bom := parsed(t, buildText)
	byRef := map[string]cdx.Component{}
	for _, c := range *bom.Components {
		byRef[c.BOMRef] = c
	}
	for ref, want := range map[string][3]string{ // name, purl, first property
		"acme.example/old@v1.0.0":                        {"acme.example/fork", "pkg:golang/acme.example/fork@v1.0.1", "relctl:go:replaces=acme.example/old@v1.0.0"},
		"acme.example/app/api@v0.0.0":                    {"acme.example/app/api", "", "relctl:go:replaced-by=./api"},
		"acme.example/secret@v0.1.0":                     {"acme.example/secret", "", "relctl:go:replaced-by=a folder outside the repository"},
		"github.com/BurntSushi/toml@v1.2.3+incompatible": {"github.com/BurntSushi/toml", "pkg:golang/github.com/BurntSushi/toml@v1.2.3%2Bincompatible", "relctl:go:sum=h1:toml="},
	} {
		c := byRef[ref]
		first := ""
		if c.Properties != nil {
			first = (*c.Properties)[0].Name + "=" + (*c.Properties)[0].Value
		}
		if got := [3]string{c.Name, c.PackageURL, first}; got != want {
			t.Errorf("%s: got %q, want %q", ref, got, want)
		}
	}
}

func TestPathsOfTheBuildingMachineStayOut(t *testing.T) {
	data, err := encode(parsed(t, buildText))
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{"/home/someone", "ldflags", "vcs.revision"} {
		if strings.Contains(string(data), secret) {
			t.Errorf("%q is in the SBOM:\n%s", secret, data)
		}
	}
}

func TestModuleListWithCgoIsNotCalledComplete(t *testing.T) {
	for text, want := range map[string]cdx.CompositionAggregate{
		buildText: cdx.CompositionAggregateIncomplete,
		strings.Replace(buildText, "CGO_ENABLED=1", "CGO_ENABLED=0", 1): cdx.CompositionAggregateComplete,
		strings.Replace(buildText, "build\tCGO_ENABLED=1\n", "", 1):     cdx.CompositionAggregateUnknown,
	} {
		if got := (*parsed(t, text).Compositions)[0].Aggregate; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestStandardLibraryIsNamedAsDatabasesNameIt(t *testing.T) {
	for version, want := range map[string][2]string{ // version, purl
		"go1.26.8":                    {"1.26.8", "pkg:golang/stdlib@1.26.8"},
		"go1.26":                      {"1.26", "pkg:golang/stdlib@1.26"},
		"go1.27rc1":                   {"1.27rc1", "pkg:golang/stdlib@1.27rc1"},
		"go1.26.8 X:nodwarf5":         {"1.26.8", "pkg:golang/stdlib@1.26.8"},
		"go1.26.8-vendor":             {"go1.26.8-vendor", ""},
		"devel go1.27-abc Mon Jan  1": {"devel go1.27-abc Mon Jan  1", ""},
	} {
		c := standardLibrary(version)
		if got := [2]string{c.Version, c.PackageURL}; got != want || (c.CPE != "") != (want[1] != "") {
			t.Errorf("%s: got %q %q", version, got, c.CPE)
		}
	}
}

func TestProgramBuiltOutsideAModuleHasNoPackageURL(t *testing.T) {
	bom := parsed(t, "go\tgo1.26.8\npath\tcommand-line-arguments\n")
	if got := bom.Metadata.Component.PackageURL; got != "" {
		t.Errorf("got %s", got)
	}
	if n := len(*bom.Components); n != 1 {
		t.Errorf("%d components, want the standard library alone", n)
	}
}

func TestPackageURLOfTheModuleItselfHasNoSubpath(t *testing.T) {
	bom := parsed(t, "go\tgo1.26.8\npath\tacme.example/app\nmod\tacme.example/app\t(devel)\t\n")
	if got := bom.Metadata.Component.PackageURL; got != "pkg:golang/acme.example/app@v2.4.7" {
		t.Errorf("got %s", got)
	}
}
