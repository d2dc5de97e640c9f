package build

import (
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/relctl/relctl/pkg/release"
)

func TestAShardIsReadAsPeopleWriteIt(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]Shard{
		"1/1": {1, 1}, "2/6": {2, 6}, "64/64": {64, 64},
		"": {}, "2": {}, "2/": {}, "/6": {}, "x/y": {}, "0/6": {}, "7/6": {}, "-1/6": {}, "02/6": {}, "2/6/1": {}, "2 /6": {}, "1/65": {}, "1/0": {},
	} {
		got, err := ParseShard(text)
		if (err == nil) != (want != Shard{}) || err == nil && got != want {
			t.Errorf("%q is %v (%v), want %v", text, got, err, want)
		}
	}
}

// Configurations in the shapes that products have. Each is split as the comment above it says.
var shapes = map[string]struct {
	yaml string
	of   int
	want string // platforms of each shard, or why there is one
}{
	"platforms of one program are spread evenly": {
		`builds: [{goos: [linux, darwin, windows], goarch: [amd64, arm64]}]`, 3,
		"darwin/amd64 linux/arm64 | darwin/arm64 windows/amd64 | linux/amd64 windows/arm64",
	},
	"nothing said is what goreleaser builds then": {
		`version: 2`, 2,
		"darwin/amd64 linux/386 linux/arm64 windows/amd64 | darwin/arm64 linux/amd64 windows/386 windows/arm64",
	},
	"programs of one platform stay together, by their number": {
		`builds: [{id: a, binary: a, goos: [linux], goarch: [amd64, arm64]}, {id: b, binary: b, goos: [linux], goarch: [amd64, arm64]}, {id: c, binary: c, goos: [windows], goarch: [amd64]}]
archives: [{ids: [a, b]}, {id: w, ids: [c]}]`, 2,
		"linux/amd64 windows/amd64 | linux/arm64",
	},
	"variants of an architecture stay together": {
		`builds: [{goos: [linux], goarch: [arm, amd64], goarm: ["6", 7], goamd64: [v1, v2, v3]}]`, 2,
		"linux/amd64 | linux/arm",
	},
	"universal binaries hold macOS together": {
		`builds: [{goos: [linux, darwin], goarch: [amd64, arm64]}]
universal_binaries: [{replace: true}]`, 3,
		"darwin/amd64 darwin/arm64 | linux/amd64 | linux/arm64",
	},
	"targets by name": {
		`builds: [{targets: [linux_amd64, linux_arm_7, linux_arm_6, darwin_arm64_v8.0]}]`, 2,
		"linux/arm | darwin/arm64 linux/amd64",
	},
	"what is ignored is no work, a variant that is leaves the platform": {
		`builds: [{goos: [linux, windows], goarch: [amd64, arm], ignore: [{goos: windows, goarch: arm}, {goos: linux, goarch: arm, goarm: 5}]}]`, 3,
		"linux/amd64 | linux/arm | windows/amd64",
	},
	"more shards than platforms leave some with nothing": {
		`builds: [{goos: [linux], goarch: [amd64]}]`, 3,
		"linux/amd64 |  | ",
	},
	"a build that is left out counts nothing": {
		`builds: [{id: a, goos: [linux], goarch: [amd64]}, {id: b, skip: true, goos: [windows], goarch: [amd64]}]`, 2,
		"linux/amd64 | ",
	},
	"an anchor that builds share": {
		`x: &base {goos: [linux], goarch: [amd64, arm64]}
builds: [{<<: *base, id: a, binary: a}, {<<: *base, id: b, binary: b, goarch: [arm64]}]
archives: [{allow_different_binary_count: true}]`, 2,
		"linux/arm64 | linux/amd64",
	},
	"another language": {
		`builds: [{id: a, builder: rust, targets: [x86_64-unknown-linux-gnu]}]`, 2,
		"builds a: it is built by rust, and relctl divides only what Go builds",
	},
	"a template decides": {
		`builds: [{id: a, skip: "{{ .Env.SKIP }}"}]`, 2,
		"builds a: only goreleaser knows whether skip holds",
	},
	"a group of targets": {
		`builds: [{id: a, targets: [go_first_class]}]`, 2,
		"builds a: only goreleaser knows what the target go_first_class is",
	},
	"an archive that goreleaser would refuse is left to it": {
		`builds: [{id: a, goos: [linux], goarch: [amd64, arm64]}, {id: b, goos: [linux], goarch: [amd64]}]`, 2,
		"archives: it has other programs on some platforms, and does not allow_different_binary_count",
	},
	"builds for one system each may share an archive": {
		`builds: [{id: a, goos: [linux], goarch: [amd64]}, {id: b, goos: [windows], goarch: [amd64]}]
archives: [{formats: [tar.gz]}]`, 2,
		"linux/amd64 | windows/amd64",
	},
}

func TestAConfigurationIsDividedByPlatform(t *testing.T) {
	t.Parallel()
	for name, s := range shapes {
		c, err := parseConfig([]byte(s.yaml))
		if err != nil {
			t.Fatal(err)
		}
		split := c.split(s.of)
		got := split.Whole
		if got == "" {
			var parts []string
			for _, p := range split.Platforms {
				parts = append(parts, strings.Join(p, " "))
			}
			got = strings.Join(parts, " | ")
		}
		if got != s.want {
			t.Errorf("%s:\ngot  %s\nwant %s", name, got, s.want)
		}
		if again := c.split(s.of); !reflect.DeepEqual(again, split) {
			t.Errorf("%s: another split the second time", name)
		}
	}
}

// What the configurations of all shards build together is what the whole one builds, each platform once.
func TestTheConfigurationsOfShardsAddUpToTheWhole(t *testing.T) {
	t.Parallel()
	for name, s := range shapes {
		whole, err := parseConfig([]byte(s.yaml))
		if err != nil {
			t.Fatal(err)
		}
		if whole.split(s.of).Whole != "" {
			continue
		}
		want, got := programsOf(whole), []string{}
		for i := range s.of {
			data, err := whole.narrow(Shard{i + 1, s.of})
			if err != nil {
				t.Fatal(err)
			}
			c, err := parseConfig(data)
			if err != nil {
				t.Fatalf("%s: %v\n%s", name, err, data)
			}
			got = append(got, programsOf(c)...)
		}
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("%s: shards build %q, the whole %q", name, got, want)
		}
	}
}

// programsOf are the programs of a configuration with their platforms.
func programsOf(c *config) []string {
	var out []string
	for _, b := range c.builds() {
		for p, n := range b.share() {
			out = append(out, fmt.Sprint(b.ID, " ", p, " ", n))
		}
	}
	slices.Sort(out)
	return out
}

// The order of programs in an archive is that in which their builds end.
func TestProgramsOfOneArchiveAreBuiltOneAfterAnother(t *testing.T) {
	t.Parallel()
	const two = "builds: [{id: a, binary: a, goos: [linux]}, {id: b, binary: b, goos: [linux]}]\n"
	for name, c := range map[string]struct {
		yaml string
		want int
	}{
		"one program":                {"builds: [{goos: [linux, windows]}]", 0},
		"two in one archive":         {two, 1},
		"an archive each":            {two + "archives: [{id: a, ids: [a]}, {id: b, ids: [b]}]", 0},
		"two systems":                {"builds: [{id: a, goos: [linux]}, {id: b, goos: [windows]}]", 0},
		"two of another language":    {"builds: [{id: a, builder: rust, targets: [aarch64-apple-darwin]}, {id: b, builder: rust, targets: [aarch64-apple-darwin]}]", 1},
		"two in a self-extracting":   {two + "archives: [{id: a, ids: [a]}, {id: b, ids: [b]}]\nmakeselfs: [{script: x}]", 1},
		"one of them is not built":   {"builds: [{id: a, goos: [linux]}, {id: b, goos: [linux], skip: true}]", 0},
		"files without any programs": {two + "archives: [{meta: true, files: [x]}]", 0},
	} {
		conf, err := parseConfig([]byte(c.yaml))
		if err != nil {
			t.Fatal(err)
		}
		if got := conf.parallelism(0); got != c.want {
			t.Errorf("%s: %d tasks at once, want %d", name, got, c.want)
		}
	}
}

const everything = `version: 2
# A comment, and every list that depends on platforms.
builds:
  - id: server
    goos: [linux, windows]
    goarch: [amd64]
    ignore: [{goos: windows, goarch: "386"}]
    ldflags: ["-X main.version={{ .Version }}"]
    hooks:
      post: |-
        echo done
archives:
  - id: docs
    meta: true
    files: [README.md]
  - {id: server, ids: [server]}
nfpms:
  - {id: packages, formats: [deb], ids: [server], epoch: 1.20}
  - {id: docs, meta: true, formats: [deb]}
makeselfs: [{script: install.sh, goos: [linux]}]
universal_binaries: [{id: server}]
source: {enabled: true}
srpm: {enabled: true}
checksum: {extra_files: [{glob: install.sh}]}
release: {disable: yes}
`

func TestWhatHasNoPlatformIsMadeByTheFirstShard(t *testing.T) {
	t.Parallel()
	c, err := parseConfig([]byte(everything))
	if err != nil {
		t.Fatal(err)
	}
	if w := c.split(3).Whole; w != "" {
		t.Fatal(w)
	}
	for i, want := range []string{
		`{"version": 2, "builds": [{"id": server, "goos": [linux, windows], "goarch": [amd64], "ignore": [{"goos": windows, "goarch": "386"}, {"goos": "windows", "goarch": "amd64"}], "ldflags": ["-X main.version={{ .Version }}"], "hooks": {"post": "echo done"}}], ` +
			`"archives": [{"id": docs, "meta": true, "files": [README.md]}, {"id": server, "ids": [server]}], ` +
			`"nfpms": [{"id": packages, "formats": [deb], "ids": [server], "epoch": 1.20}, {"id": docs, "meta": true, "formats": [deb]}], "makeselfs": [{"script": install.sh, "goos": [linux]}], ` +
			`"source": {"enabled": true}, "srpm": {"enabled": true}, "checksum": {"disable": true}, "release": {"disable": yes}}`,
		`{"version": 2, "builds": [{"id": server, "goos": [linux, windows], "goarch": [amd64], "ignore": [{"goos": windows, "goarch": "386"}, {"goos": "linux", "goarch": "amd64"}], "ldflags": ["-X main.version={{ .Version }}"], "hooks": {"post": "echo done"}}], ` +
			`"archives": [{"id": server, "ids": [server]}], "nfpms": [], "makeselfs": [], "checksum": {"disable": true}, "release": {"disable": yes}}`,
	} {
		got, err := c.narrow(Shard{i + 1, 3})
		if err != nil || string(got) != want+"\n" {
			t.Errorf("shard %d (%v):\ngot  %s\nwant %s", i+1, err, got, want)
		}
	}
	if len(c.split(3).Platforms[2]) > 0 {
		t.Error("the third shard has something to do")
	}
}

// An empty list would mean the usual ones to goreleaser.
func TestAShardNamesNoEmptyListThatMeansTheUsual(t *testing.T) {
	t.Parallel()
	c, err := parseConfig([]byte(`builds: [{id: a, targets: [linux_amd64]}, {id: b, targets: [windows_amd64]}]
archives: [{meta: true, files: [README.md]}]`))
	if err != nil {
		t.Fatal(err)
	}
	got, err := c.narrow(Shard{2, 2})
	want := `{"builds": [{"id": a, "targets": [linux_amd64], "skip": true}, {"id": b, "targets": [windows_amd64]}], "archives": [{"formats": ["none"], "allow_different_binary_count": true}], "checksum": {"disable": true}}`
	if err != nil || string(got) != want+"\n" {
		t.Errorf("(%v)\ngot  %s\nwant %s", err, got, want)
	}
}

func TestYAMLThatCannotBeWrittenAgainIsNotDivided(t *testing.T) {
	t.Parallel()
	for name, yaml := range map[string]string{
		"two documents": "version: 2\n---\nversion: 2\n", "a tag": "env: [!!binary aGk=]\n", "a repeated key": "env: [a]\nenv: [b]\n", "a list": "- a\n",
		"a build that is no mapping": "builds: [~]\n",
	} {
		if c, err := parseConfig([]byte(yaml)); err == nil && c.split(2).Whole == "" {
			t.Errorf("%s was divided", name)
		}
	}
	var b strings.Builder
	b.WriteString("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n")
	for i := range 9 {
		fmt.Fprintf(&b, "a%d: &a%d [%s*a%d]\n", i+1, i+1, strings.Repeat(fmt.Sprintf("*a%d, ", i), 9), i)
	}
	if _, err := parseTree([]byte(b.String())); err == nil || !strings.Contains(err.Error(), "too large") {
		t.Errorf("aliases of aliases: %v", err)
	}
}

func FuzzParseTree(f *testing.F) {
	f.Add(everything)
	for _, s := range shapes {
		f.Add(s.yaml)
	}
	f.Fuzz(func(t *testing.T, text string) {
		root, err := parseTree([]byte(text))
		if err != nil {
			return
		}
		again, err := parseTree([]byte(root.String()))
		if err != nil || again.String() != root.String() {
			t.Errorf("written again it is %v (%v), it was %v", again, err, root)
		}
	})
}

func partOf(i int, files ...Artifact) Part {
	return Part{Shard: Shard{i, 2}, Artifacts: files, Open: func(a Artifact) (io.ReadCloser, error) {
		return io.NopCloser(strings.NewReader("bytes of " + a.Path)), nil
	}}
}

func file(path string, kind Kind) Artifact {
	data := "bytes of " + path
	return Artifact{
		File: release.File{Path: path, Mode: "0644", MediaType: mediaType(path, kind), Size: int64(len(data)), SHA256: strings.TrimPrefix(release.Digest([]byte(data)), "sha256:")},
		Kind: kind, Shipped: strings.HasPrefix(path, "artifacts/"),
	}
}

func TestPartsAreJoinedOnlyIfTheyFit(t *testing.T) {
	t.Parallel()
	program := file("binaries/a/acmed", KindBinary)
	program.Binary, program.Platform = "acmed", "linux/amd64"
	other := file("binaries/b/acmed", KindBinary)
	other.Binary, other.Platform = "acmed", "linux/amd64"
	changed := file("artifacts/b.deb", KindPackage)
	changed.SHA256 = strings.Repeat("0", 64)
	for name, c := range map[string]struct {
		parts []Part
		want  string
	}{
		"two parts":               {[]Part{partOf(1, file("artifacts/b.deb", KindPackage)), partOf(2, file("artifacts/a.deb", KindPackage), program)}, ""},
		"one has nothing":         {[]Part{partOf(1, file("artifacts/b.deb", KindPackage)), partOf(2)}, ""},
		"none has":                {[]Part{partOf(1), partOf(2)}, "made no file that could be released"},
		"one file twice":          {[]Part{partOf(1, file("artifacts/b.deb", KindPackage)), partOf(2, file("artifacts/B.deb", KindPackage))}, "shards 1/2 and 2/2 both made artifacts/B.deb"},
		"one program twice":       {[]Part{partOf(1, program), partOf(2, other)}, "both made the program acmed for linux/amd64"},
		"a file that was changed": {[]Part{partOf(1, changed)}, "shard 1/2: artifacts/b.deb has the sha256 "},
	} {
		out := t.TempDir()
		list, err := Join(out, c.parts)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
		if !slices.IsSortedFunc(list, func(a, b Artifact) int { return strings.Compare(a.Path, b.Path) }) {
			t.Errorf("%s: not sorted", name)
		}
	}
}

func TestAShardsListIsCheckedBeforeAFileIsWritten(t *testing.T) {
	t.Parallel()
	good := file("artifacts/a.deb", KindPackage)
	for name, change := range map[string]func(a *Artifact){
		"outside":           func(a *Artifact) { a.Path = "artifacts/../../x" },
		"absolute":          func(a *Artifact) { a.Path = "/etc/passwd" },
		"in no folder":      func(a *Artifact) { a.Path = "release.json" },
		"not where it lies": func(a *Artifact) { a.Shipped = false },
		"an image":          func(a *Artifact) { a.Kind = KindImage },
		"any mode":          func(a *Artifact) { a.Mode = "4755" },
		"no digest":         func(a *Artifact) { a.SHA256 = "x" },
		"a negative size":   func(a *Artifact) { a.Size = -1 },
	} {
		a := good
		change(&a)
		if CheckArtifacts([]Artifact{a}) == nil {
			t.Errorf("%s was taken", name)
		}
	}
	if err := CheckArtifacts([]Artifact{good, file("binaries/x/acmed", KindBinary)}); err != nil {
		t.Error(err)
	}
}

func TestASplitReadsTheCommitsConfiguration(t *testing.T) {
	t.Parallel()
	g := Goreleaser{Config: "hack/release.yaml"}
	tree := fstest.MapFS{"hack/release.yaml": {Data: []byte("builds: [{goos: [linux], goarch: [amd64]}]")}}
	if s, err := g.Split(t.Context(), tree, 2); err != nil || len(s.Platforms) != 2 || !slices.Equal(s.Platforms[0], []string{"linux/amd64"}) {
		t.Errorf("got %v (%v)", s, err)
	}
	if _, err := g.Split(t.Context(), fstest.MapFS{}, 2); err == nil {
		t.Error("a commit without a configuration was divided")
	}
}
