package build

import (
	"context"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"
)

// MaxShards is into how many parts a build may be divided.
const MaxShards = 64

// Shard is one of several parts of a build, each made on a machine of its own. The zero value is the whole.
type Shard struct {
	// Index counts from 1.
	Index int `json:"index"`
	// Of is how many there are.
	Of int `json:"of"`
}

// ParseShard reads a shard as people write it, "2/6".
func ParseShard(text string) (Shard, error) {
	index, of, ok := strings.Cut(text, "/")
	s := Shard{}
	var errs [2]error
	s.Index, errs[0] = strconv.Atoi(index)
	s.Of, errs[1] = strconv.Atoi(of)
	if !ok || errs[0] != nil || errs[1] != nil || s.String() != text {
		return Shard{}, fmt.Errorf("%.20q is no shard", text)
	}
	return s, s.Check()
}

// Check reports whether there can be such a shard.
func (s Shard) Check() error {
	switch {
	case s.Of < 1 || s.Of > MaxShards:
		return fmt.Errorf("there can be 1 to %d shards, not %d", MaxShards, s.Of)
	case s.Index < 1 || s.Index > s.Of:
		return fmt.Errorf("there is no shard %d of %d", s.Index, s.Of)
	}
	return nil
}

// String writes it as people do, "2/6".
func (s Shard) String() string { return fmt.Sprintf("%d/%d", s.Index, s.Of) }

// whole reports whether there is but one shard.
func (s Shard) whole() bool { return s.Of <= 1 }

// Split says what each shard of a build makes. It depends on the commit and the number of shards alone, so that every
// machine divides the work in the same way.
type Split struct {
	// Platforms are those of each shard, "os/arch", sorted; what belongs to no platform is made by the first shard. For a
	// [Command], which divides its work itself, they are empty.
	Platforms [][]string
	// Whole says why the first shard makes everything and the others nothing; "" if the work is divided.
	Whole string
}

// Split leaves it to the command what each shard makes: it is told RELCTL_SHARD and RELCTL_SHARDS.
func (c Command) Split(_ context.Context, _ fs.FS, of int) (*Split, error) {
	return &Split{Platforms: make([][]string, of)}, nil
}

// Split divides the platforms of goreleaser's configuration among the shards, as evenly as the number of programs for
// each goes. What is built for one platform stays together, with the variants of an architecture, so that archives and
// packages hold what they would hold otherwise; so does all of macOS where programs for several architectures are made.
func (g Goreleaser) Split(_ context.Context, tree fs.FS, of int) (*Split, error) {
	conf, err := readConfig(tree, g.config())
	if err != nil {
		return nil, err
	}
	return conf.split(of), nil
}

// unit is what must be built in one shard.
type unit struct {
	platforms []string
	programs  int
}

func (c *config) split(of int) *Split {
	s := &Split{Platforms: make([][]string, of), Whole: c.undivided()}
	if s.Whole != "" {
		return s
	}
	load := make([]int, of)
	for _, u := range c.units() {
		least := 0
		for i := range load {
			if load[i] < load[least] {
				least = i
			}
		}
		load[least] += u.programs
		s.Platforms[least] = append(s.Platforms[least], u.platforms...)
	}
	for _, p := range s.Platforms {
		slices.Sort(p)
	}
	return s
}

// units are what the configuration builds, the largest first.
func (c *config) units() []unit {
	programs := map[string]int{}
	for _, b := range c.builds() {
		for p, n := range b.share() {
			programs[p] += n
		}
	}
	of := map[string]*unit{}
	for p, n := range programs {
		name := p
		if len(c.Universal) > 0 && strings.HasPrefix(p, "darwin/") {
			name = "darwin/"
		}
		if of[name] == nil {
			of[name] = &unit{}
		}
		of[name].platforms = append(of[name].platforms, p)
		of[name].programs += n
	}
	var out []unit
	for _, u := range of {
		slices.Sort(u.platforms)
		out = append(out, *u)
	}
	slices.SortFunc(out, func(a, b unit) int {
		if a.programs != b.programs {
			return b.programs - a.programs
		}
		return strings.Compare(a.platforms[0], b.platforms[0])
	})
	return out
}

// undivided says why a configuration cannot be divided, "" if it can.
func (c *config) undivided() string {
	for _, b := range c.builds() {
		at := where("builds", b.ID, b.Binary)
		if reason := b.undivided(); reason != "" {
			return at + ": " + reason
		}
	}
	for _, a := range c.archives() {
		if c.unequal(a) {
			return where("archives", a.ID) + ": it has other programs on some platforms, and does not allow_different_binary_count"
		}
	}
	root, err := parseTree(c.data)
	if err != nil {
		return err.Error()
	}
	for _, key := range []string{"builds", "archives", "nfpms", "makeselfs"} {
		if n := root.get(key); n != nil && slices.ContainsFunc(n.items, func(i *node) bool { return i.kind != mapNode }) {
			return key + ": something in the list is no mapping"
		}
	}
	return ""
}

func (b buildConfig) undivided() string {
	switch skip := b.skipped(); {
	case b.Builder != "" && b.Builder != "go":
		return "it is built by " + b.Builder + ", and relctl divides only what Go builds"
	case skip != "" && skip != "true" && skip != "false":
		return "only goreleaser knows whether skip holds"
	}
	for _, t := range b.Targets {
		goos, rest, _ := strings.Cut(t, "_")
		goarch, _, _ := strings.Cut(rest, "_")
		if !slices.Contains(ports[goos], goarch) {
			return "only goreleaser knows what the target " + t + " is"
		}
	}
	return ""
}

// skipped is what a build says of being left out, "" for nothing.
func (b buildConfig) skipped() string {
	if b.Skip == nil {
		return ""
	}
	return fmt.Sprint(b.Skip)
}

// builds are those of the configuration, or the one that goreleaser takes where there is none.
func (c *config) builds() []buildConfig {
	if len(c.Builds) == 0 {
		return []buildConfig{{}}
	}
	return c.Builds
}

// archives are those of the configuration, or the one that goreleaser makes where there is none.
func (c *config) archives() []archive {
	if len(c.Archives) == 0 {
		return []archive{{}}
	}
	return c.Archives
}

// share counts the programs that a build makes for each platform. A platform that Go has no port to counts nothing, and
// is left to the first shard.
func (b buildConfig) share() map[string]int {
	out := map[string]int{}
	if b.skipped() == "true" {
		return out
	}
	if len(b.Targets) > 0 {
		for _, t := range b.Targets {
			out[onPlatform(t)]++
		}
		return out
	}
	for _, p := range b.matrix() {
		goos, goarch, _ := strings.Cut(p, "/")
		if slices.Contains(ports[goos], goarch) {
			out[p] = max(1, len(map[string]words{"amd64": b.Goamd64, "arm": b.Goarm}[goarch]))
		}
	}
	return out
}

// onPlatform is "os/arch" of a target of Go; what another language calls a target is a name like any other.
func onPlatform(target string) string {
	words := strings.SplitN(target, "_", 3)
	if len(words) == 1 {
		return target
	}
	return words[0] + "/" + words[1]
}

// takes reports whether something that names ids of builds, or none for all, takes a build. A build without an id has
// the project's name, which is the one that no other build has.
func (c *config) takes(ids words, b buildConfig) bool {
	if len(ids) == 0 {
		return true
	}
	if b.ID != "" {
		return slices.Contains(ids, b.ID)
	}
	return slices.ContainsFunc(ids, func(id string) bool {
		return !slices.ContainsFunc(c.Builds, func(o buildConfig) bool { return o.ID == id })
	})
}

// unequal reports whether an archive would hold more programs on one platform than on another, which goreleaser refuses
// when it sees both.
func (c *config) unequal(a archive) bool {
	if a.Meta || a.Different || slices.Contains(a.formats(), "binary") {
		return false
	}
	first := 0
	for _, n := range c.held(append(slices.Clone(a.IDs), a.Builds...)) {
		if first == 0 {
			first = n
		}
		if n != first {
			return true
		}
	}
	return false
}

// held counts the builds that an archive with ids takes for each platform.
func (c *config) held(ids words) map[string]int {
	count := map[string]int{}
	for _, b := range c.builds() {
		if !c.takes(ids, b) {
			continue
		}
		for p := range b.share() {
			count[p]++
		}
	}
	return count
}

// parallelism is how many tasks of goreleaser may run at once, 0 for as many as it likes.
func (c *config) parallelism(wish int) int {
	several := func(ids words) bool {
		for _, n := range c.held(ids) {
			if n > 1 {
				return true
			}
		}
		return false
	}
	for _, a := range c.archives() {
		if !a.Meta && several(append(slices.Clone(a.IDs), a.Builds...)) {
			return 1
		}
	}
	for _, m := range c.Makeselfs {
		if several(m.IDs) {
			return 1
		}
	}
	return wish
}

// ports are the architectures that Go builds for, by system, https://go.dev/doc/install/source#environment.
var ports = map[string][]string{
	"aix":       {"ppc64"},
	"android":   {"386", "amd64", "arm", "arm64"},
	"darwin":    {"amd64", "arm64"},
	"dragonfly": {"amd64"},
	"freebsd":   {"386", "amd64", "arm", "arm64"},
	"illumos":   {"amd64"},
	"ios":       {"arm64"},
	"js":        {"wasm"},
	"linux": {
		"386", "amd64", "arm", "arm64", "loong64", "mips", "mips64", "mips64le", "mipsle", "ppc64", "ppc64le", "riscv64", "s390x",
	},
	"netbsd":  {"386", "amd64", "arm", "arm64"},
	"openbsd": {"386", "amd64", "arm", "arm64", "riscv64"},
	"plan9":   {"386", "amd64", "arm"},
	"solaris": {"amd64"},
	"wasip1":  {"wasm"},
	"windows": {"386", "amd64", "arm64"},
}
