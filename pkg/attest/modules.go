package attest

import (
	"net/url"
	"regexp"
	"runtime/debug"
	"slices"
	"strings"

	cdx "github.com/CycloneDX/cyclonedx-go"
)

// addGo fills in what a Go program knows about itself.
func addGo(bom *cdx.BOM, info *debug.BuildInfo) {
	main := bom.Metadata.Component
	main.Type = cdx.ComponentTypeApplication
	addMain(main, info)

	refs := []string{}
	components := []cdx.Component{}
	for _, dep := range info.Deps {
		components = append(components, component(dep))
	}
	components = append(components, standardLibrary(info.GoVersion))
	slices.SortFunc(components, func(a, b cdx.Component) int { return strings.Compare(a.BOMRef, b.BOMRef) })
	for _, c := range components {
		refs = append(refs, c.BOMRef)
	}
	bom.Components = &components
	bom.Dependencies = &[]cdx.Dependency{{Ref: main.BOMRef, Dependencies: &refs}}
	bom.Compositions = &[]cdx.Composition{{
		Aggregate:    completeness(info),
		Dependencies: &[]cdx.BOMReference{cdx.BOMReference(main.BOMRef)},
	}}
}

// addMain names the module and package that the program was built from, and the settings that shaped it.
func addMain(main *cdx.Component, info *debug.BuildInfo) {
	if info.Main.Path != "" {
		version := main.Version
		if version != "" && !strings.HasPrefix(version, "v") {
			version = "v" + version
		}
		main.PackageURL = purl(info.Main.Path, version)
		if sub, ok := strings.CutPrefix(info.Path, info.Main.Path+"/"); ok {
			main.PackageURL += "#" + escapePath(sub)
		}
	}
	addProperty(main, "relctl:go:toolchain", info.GoVersion)
	if info.Path != "" {
		addProperty(main, "relctl:go:package", info.Path)
	}
	for _, s := range info.Settings {
		if shapesProgram(s.Key) {
			addProperty(main, "relctl:go:build:"+s.Key, s.Value)
		}
	}
}

// shapesProgram admits the build settings that say what was built. Flags of compilers and linkers may hold paths of the
// machine that built, and the version control state is the provenance's to tell.
func shapesProgram(key string) bool {
	switch key {
	case "-tags", "-trimpath", "-race", "-buildmode", "-compiler", "CGO_ENABLED", "DefaultGODEBUG":
		return true
	}
	return strings.HasPrefix(key, "GO")
}

// component describes one module; where it was replaced, what was really linked.
func component(dep *debug.Module) cdx.Component {
	used := dep
	if dep.Replace != nil {
		used = dep.Replace
	}
	c := cdx.Component{
		BOMRef:  dep.Path + "@" + dep.Version, // unique in a build list, which replacements need not be
		Type:    cdx.ComponentTypeLibrary,
		Name:    used.Path,
		Version: used.Version,
	}
	switch {
	case dep.Replace == nil:
		c.PackageURL = purl(used.Path, used.Version)
	case used.Version != "":
		c.PackageURL = purl(used.Path, used.Version)
		addProperty(&c, "relctl:go:replaces", dep.Path+"@"+dep.Version)
	default: // a folder, whose path may be one of the building machine
		c.Name = dep.Path
		addProperty(&c, "relctl:go:replaced-by", localFolder(used.Path))
	}
	if used.Sum != "" {
		addProperty(&c, "relctl:go:sum", used.Sum)
	}
	return c
}

func localFolder(p string) string {
	if strings.HasPrefix(p, "./") || strings.HasPrefix(p, "../") {
		return p
	}
	return "a folder outside the repository"
}

var goRelease = regexp.MustCompile(`^go(\d+\.\d+(?:\.\d+)?(?:(?:rc|beta)\d+)?)(?: |$)`)

// standardLibrary describes what the toolchain brought along, under the name by which vulnerability databases know it.
func standardLibrary(goVersion string) cdx.Component {
	c := cdx.Component{BOMRef: "stdlib", Type: cdx.ComponentTypeLibrary, Name: "stdlib", Version: goVersion}
	if m := goRelease.FindStringSubmatch(goVersion); m != nil {
		c.Version = m[1]
		c.PackageURL = purl("stdlib", m[1])
		c.CPE = "cpe:2.3:a:golang:go:" + m[1] + ":-:*:*:*:*:*:*"
	}
	return c
}

// completeness says whether the modules are all that was linked.
func completeness(info *debug.BuildInfo) cdx.CompositionAggregate {
	for _, s := range info.Settings {
		if s.Key != "CGO_ENABLED" {
			continue
		}
		if s.Value == "0" {
			return cdx.CompositionAggregateComplete
		}
		return cdx.CompositionAggregateIncomplete
	}
	return cdx.CompositionAggregateUnknown
}

// purl returns the package URL of a module. The path keeps its case: the type's definition asks for lower case and calls
// the name case-sensitive at once (package-url/purl-spec#308), and to Go two cases are two modules.
func purl(module, version string) string {
	s := "pkg:golang/" + escapePath(module)
	if version != "" {
		s += "@" + url.QueryEscape(version)
	}
	return s
}

func escapePath(p string) string {
	parts := strings.Split(p, "/")
	for i, part := range parts {
		parts[i] = url.QueryEscape(part)
	}
	return strings.Join(parts, "/")
}
