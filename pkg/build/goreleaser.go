package build

import (
	"context"
	"debug/buildinfo"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/relctl/relctl/pkg/release"
)

// Goreleaser builds with goreleaser: binaries, archives and Linux packages. What reaches the outside (publishing,
// announcing, signing) is left to relctl, and what needs a server of its own (images) is skipped.
type Goreleaser struct {
	// Program is the path of goreleaser, "" looks on the PATH.
	Program string
	// Config is its configuration in the commit.
	Config string
}

func (g Goreleaser) program() (string, error) {
	if g.Program != "" {
		return filepath.Abs(g.Program)
	}
	path, err := exec.LookPath("goreleaser")
	if err != nil {
		return "", &ToolError{Name: "goreleaser", Err: err}
	}
	return path, nil
}

// Pins returns the versions of goreleaser, read from the program without running it where it carries one, and of Go.
func (g Goreleaser) Pins(ctx context.Context) ([]release.Pin, error) {
	path, err := g.program()
	if err != nil {
		return nil, err
	}
	version, err := goreleaserVersion(ctx, path)
	if err != nil {
		return nil, err
	}
	gopin, err := goPin(ctx)
	pins := append([]release.Pin{{Name: "goreleaser", Value: version}}, gopin...)
	slices.SortFunc(pins, func(a, b release.Pin) int { return strings.Compare(a.Name, b.Name) })
	return pins, err
}

const goreleaserModule = "github.com/goreleaser/goreleaser/v2"

func goreleaserVersion(ctx context.Context, path string) (string, error) {
	if info, err := buildinfo.ReadFile(path); err == nil {
		if info.Main.Path == goreleaserModule && strings.HasPrefix(info.Main.Version, "v") {
			return info.Main.Version, nil
		}
		for _, dep := range info.Deps {
			if dep.Path == goreleaserModule {
				return dep.Version, nil
			}
		}
	}
	out, err := exec.CommandContext(ctx, path, "--version").Output()
	if err != nil {
		return "", fmt.Errorf("%s --version: %w", path, err)
	}
	for line := range strings.Lines(string(out)) {
		if v, ok := strings.CutPrefix(line, "GitVersion:"); ok {
			return "v" + strings.TrimPrefix(strings.TrimSpace(v), "v"), nil
		}
	}
	return "", fmt.Errorf("%s --version does not say which version it is", path)
}

// Describe says in words what would be built.
func (g Goreleaser) Describe(ctx context.Context, tree fs.FS) []string {
	name := "goreleaser"
	if path, err := g.program(); err == nil {
		if v, err := goreleaserVersion(ctx, path); err == nil {
			name += " " + v
		}
	}
	lines := []string{name + " with " + g.Config}
	config, err := fs.ReadFile(tree, g.Config)
	if err != nil {
		return append(lines, g.Config+" does not exist at this commit")
	}
	for _, p := range Lint(config) {
		lines = append(lines, "not reproducible: "+p)
	}
	return lines
}

// Build runs goreleaser in a scratch clone with a lightweight tag of its own, so that it sees one tag at the commit,
// whatever others stand there, and a clean tree.
func (g Goreleaser) Build(ctx context.Context, req Request) ([]Artifact, error) {
	program, err := g.program()
	if err != nil {
		return nil, err
	}
	src, err := checkout(ctx, req)
	if err != nil {
		return nil, err
	}
	tag := req.Tag
	if tag == "" {
		tag = "v" + req.Version.String()
	}
	if err := localTag(ctx, src, tag); err != nil {
		return nil, err
	}
	env := environment(req, "GORELEASER_CURRENT_TAG="+tag)
	if req.PreviousTag != "" {
		env = append(env, "GORELEASER_PREVIOUS_TAG="+req.PreviousTag)
	}
	dist := filepath.Join(src, "dist")
	err = run(ctx, req, src, env, program, "release", "--clean", "--config", g.Config, "--skip=publish,announce,sign,sbom,docker,ko,before-publish")
	if err != nil {
		return nil, err
	}
	return collect(src, dist, req.Out)
}

// localTag tags the scratch clone's HEAD.
func localTag(ctx context.Context, src, tag string) error {
	cmd := exec.CommandContext(ctx, "git", "-C", src, "tag", "--no-sign", "--force", tag)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("tag the scratch clone: %w: %s", err, strings.TrimSpace(string(out)))
	}
	return nil
}

// made is an entry of goreleaser's artifacts.json, keyed on type: its internal_type changes between versions.
type made struct {
	Name   string `json:"name"`
	Path   string `json:"path"`
	Goos   string `json:"goos"`
	Goarch string `json:"goarch"`
	Type   string `json:"type"`
	Extra  struct {
		ID       string   `json:"ID"`
		Binary   string   `json:"Binary"`
		Binaries []string `json:"Binaries"`
	} `json:"extra"`
}

const maxArtifactsJSON = 64 << 20

// collect reads artifacts.json and takes the files that it names.
func collect(src, dist, out string) ([]Artifact, error) {
	path := filepath.Join(dist, "artifacts.json")
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("goreleaser left no list of its artifacts: %w", err)
	}
	if info.Size() > maxArtifactsJSON {
		return nil, fmt.Errorf("%s is %d bytes long", path, info.Size())
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var entries []made
	if err := json.Unmarshal(data, &entries); err != nil {
		return nil, fmt.Errorf("artifacts.json: %w", err)
	}
	var list []Artifact
	for _, e := range entries {
		a, ok, err := takeMade(e, src, out)
		if err != nil {
			return nil, fmt.Errorf("artifact %s: %w", e.Name, err)
		}
		if ok {
			list = append(list, a)
		}
	}
	if len(list) == 0 {
		return nil, errors.New("goreleaser made no artifact that can be released")
	}
	contain(list, entries)
	sortArtifacts(list)
	return list, nil
}

func takeMade(e made, src, out string) (Artifact, bool, error) {
	a := Artifact{Shipped: true}
	name := e.Name
	switch e.Type {
	case "Binary", "Universal Binary":
		// It ships inside archives and packages; beside them it is only described.
		a.Kind, a.Shipped, a.Binary = KindBinary, false, strings.TrimSuffix(e.Name, ".exe")
		name = a.Binary + "_" + e.Goos + "_" + e.Goarch + filepath.Ext(e.Path)
	case "File":
		a.Kind, a.Binary = KindBinary, e.Extra.Binary
	case "Archive":
		a.Kind = KindArchive
		if e.Extra.Binary != "" && kindOf(e.Name) != KindArchive { // archives of format binary are the program itself
			a.Kind, a.Binary = KindBinary, e.Extra.Binary
		}
	case "Linux Package":
		a.Kind = KindPackage
	default: // metadata, checksums, signatures, SBOMs, images: relctl makes its own
		return Artifact{}, false, nil
	}
	path := filepath.FromSlash(e.Path)
	if !filepath.IsAbs(path) {
		path = filepath.Join(src, path)
	}
	var err error
	if a.File, a.Local, err = take(path, out, name); err != nil {
		return Artifact{}, false, err
	}
	if e.Goos != "" && e.Goos != "all" {
		a.Platform = e.Goos + "/" + e.Goarch
	}
	if a.Kind == KindBinary {
		a.Mode = "0755"
	}
	return a, true, nil
}

// contain finds out which archives and packages carry which binaries: those of their platform that they name, or all of
// their platform if they name none.
func contain(list []Artifact, entries []made) {
	names := map[string][]string{}
	for _, e := range entries {
		names[e.Name] = e.Extra.Binaries
	}
	for i := range list {
		if list[i].Kind != KindArchive && list[i].Kind != KindPackage {
			continue
		}
		wanted := names[strings.TrimPrefix(list[i].Path, "artifacts/")]
		for _, b := range list {
			if b.Kind == KindBinary && b.Platform == list[i].Platform && (len(wanted) == 0 || slices.ContainsFunc(wanted, func(w string) bool { return strings.TrimSuffix(w, ".exe") == b.Binary })) {
				list[i].Contains = append(list[i].Contains, b.Path)
			}
		}
		slices.Sort(list[i].Contains)
	}
}
