package build

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Problem is a setting of goreleaser's configuration that makes two builds of one commit differ.
type Problem struct {
	// Where it stands: "builds acmed", "nfpms".
	Where string `json:"where"`
	// What is wrong: "-trimpath is missing, so the binary holds the path of the checkout".
	What string `json:"what"`
	// Fix is what to write.
	Fix string `json:"fix"`
}

// String returns the problem and its fix as one line.
func (p Problem) String() string { return fmt.Sprintf("%s: %s; write %s", p.Where, p.What, p.Fix) }

// Lint looks through goreleaser's configuration for what keeps its artifacts from being reproducible, in the order of
// the configuration. None found does not prove it: hooks and custom builders may do anything. A configuration that
// cannot be read has no problems here; goreleaser check says what is wrong with it.
func Lint(data []byte) []Problem {
	c, err := parseConfig(data)
	if err != nil {
		return nil
	}
	l := &linter{}
	l.builds(c)
	l.archives(c)
	l.packages(c)
	l.templates(c)
	if fmt.Sprint(c.GoMod.Proxy) == "true" {
		l.add("gomod", "proxy builds what the module proxy has under the version, not the commit", "proxy: false")
	}
	return l.found
}

type linter struct{ found []Problem }

func (l *linter) add(where, what, fix string) {
	l.found = append(l.found, Problem{Where: where, What: what, Fix: fix})
}

const (
	stamp   = `mod_timestamp: "{{ .CommitTimestamp }}"`
	mtime   = `mtime: "{{ .CommitDate }}"`
	ldflags = `ldflags: ["-s -w -X main.version={{ .Version }}"]`
)

// where names one of several entries by its id.
func where(section string, names ...string) string {
	return strings.TrimSpace(section + " " + cmp.Or(names...))
}

func (l *linter) builds(c *config) {
	builds := c.Builds
	if len(builds) == 0 {
		builds = []buildConfig{{}}
	}
	for _, b := range builds {
		at := where("builds", b.ID, b.Binary)
		if fmt.Sprint(b.Skip) == "true" || b.Builder == "prebuilt" {
			continue
		}
		if !fromCommit(b.ModTimestamp) {
			l.add(at, "the binary's time is that of the build", stamp)
		}
		if b.Builder == "" || b.Builder == "go" {
			l.goBuild(at, b, slices.Concat(c.Env, b.Env))
		}
	}
	for _, u := range c.Universal {
		if !fromCommit(u.ModTimestamp) {
			l.add(where("universal_binaries", u.ID), "the binary's time is that of the build", stamp)
		}
	}
}

func (l *linter) goBuild(at string, b buildConfig, env words) {
	flags := slices.Clone(b.Flags)
	cgo := false
	for _, kv := range env {
		name, value, _ := strings.Cut(kv, "=")
		switch name {
		case "GOFLAGS":
			flags = append(flags, value)
		case "CGO_ENABLED":
			cgo = true
		}
	}
	all := strings.Fields(strings.Join(flags, " "))
	if !slices.Contains(all, "-trimpath") {
		l.add(at, "-trimpath is missing, so the binary holds the path of the checkout", "flags: [-trimpath, -buildvcs=false]")
	}
	if !slices.Contains(all, "-buildvcs=false") {
		l.add(at, "-buildvcs=false is missing, so the binary holds what git says of the checkout", "flags: [-trimpath, -buildvcs=false]")
	}
	if len(b.Ldflags) == 0 {
		l.add(at, "ldflags are not set, and goreleaser's default holds the time of the build", ldflags)
	}
	if !cgo {
		l.add(at, "CGO_ENABLED is not set, so that it depends on whether the machine has a C compiler", "env: [CGO_ENABLED=0]")
	}
}

func (l *linter) archives(c *config) {
	archives := c.Archives
	if len(archives) == 0 {
		archives = []archive{{}}
	}
	for _, a := range archives {
		if slices.Equal(a.formats(), words{"binary"}) {
			continue
		}
		at := where("archives", a.ID)
		if i := a.BuildsInfo; !a.Meta && (!fromCommit(i.MTime) || i.Owner == "" || i.Group == "") {
			l.add(at, "binaries in it have the owner who builds, or the time of the build",
				`builds_info: {owner: root, group: root, mode: 0755, `+mtime+`}`)
		}
		const info = `info: {owner: root, group: root, mode: 0644, ` + mtime + `}`
		if a.Files == nil {
			l.add(at, "files are not set, and those that goreleaser takes by itself have the owner who builds", `files: [{src: LICENSE, `+info+`}]`)
		}
		for _, f := range a.Files {
			if src, ok := plainFile(f); !ok {
				l.add(at, "the file "+src+" in it has the owner who builds, or the time of the build", `{src: `+src+`, `+info+`}`)
			}
		}
	}
}

// plainFile returns the source of an archive's file, and whether owner, group and time of it are fixed.
func plainFile(f any) (string, bool) {
	entry, ok := f.(map[string]any)
	if !ok {
		return fmt.Sprint(f), false
	}
	info, _ := entry["info"].(map[string]any)
	text := func(key string) string {
		s, _ := info[key].(string)
		return s
	}
	return fmt.Sprint(entry["src"]), text("owner") != "" && text("group") != "" && fromCommit(text("mtime"))
}

func (l *linter) packages(c *config) {
	for _, n := range c.NFPMs {
		at := where("nfpms", n.ID)
		if !fromCommit(n.MTime) {
			l.add(at, "files in it have the time of the build", mtime)
		}
		if slices.Contains(n.Formats, "rpm") && n.RPM.BuildHost == "" {
			l.add(at, "an rpm holds the name of the machine that builds", "rpm: {buildhost: localhost}")
		}
	}
}

var commitTime = regexp.MustCompile(`\{\{.*\.Commit(Date|Timestamp)\b.*\}\}|^[0-9]+$|^[0-9]{4}-`)

// fromCommit reports whether a time is the commit's, or a fixed one.
func fromCommit(t string) bool { return commitTime.MatchString(t) }

// volatile are the fields and functions of templates that differ from build to build.
var volatile = []struct {
	pattern   *regexp.Regexp
	name, fix string
}{
	{regexp.MustCompile(`\{\{[^}]*\.Date\b`), "{{ .Date }}", "{{ .CommitDate }}"},
	{regexp.MustCompile(`\{\{[^}]*\.Timestamp\b`), "{{ .Timestamp }}", "{{ .CommitTimestamp }}"},
	{regexp.MustCompile(`\{\{[^}]*\.Now\b`), "{{ .Now }}", "{{ .CommitDate }}"},
	{regexp.MustCompile(`\{\{[-\s]*time\s`), "{{ time }}", "{{ .CommitDate }}"},
	{regexp.MustCompile(`\{\{[^}]*\.GitURL\b`), "{{ .GitURL }}, which differs between clones", "the address itself"},
	{regexp.MustCompile(`\{\{[^}]*\.Runtime\b`), "{{ .Runtime }}, which is the machine that builds", "a fixed name"},
}

// templates looks through every text of the sections that have an effect.
func (l *linter) templates(c *config) {
	ignored := append(c.leftOut(), "changelog", "release", "snapshot", "checksum")
	for _, section := range sortedKeys(c.all) {
		if slices.Contains(ignored, section) {
			continue
		}
		for _, v := range volatile {
			if anyText(c.all[section], v.pattern.MatchString) {
				what := "the time of the build gets in by " + v.name
				if strings.Contains(v.name, ", which") {
					what = "it uses " + v.name
				}
				l.add(section, what, v.fix)
			}
		}
	}
}
