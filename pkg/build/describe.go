package build

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// describe says what a configuration builds: a line for each program with its platforms, one for what they are packed
// into, and one for what relctl leaves out.
func (c *config) describe() []string {
	var lines []string
	builds := c.Builds
	if len(builds) == 0 {
		builds = []buildConfig{{}} // goreleaser builds the folder that it finds
	}
	for _, b := range builds {
		name := cmp.Or(b.Binary, b.ID, "the main package")
		switch {
		case fmt.Sprint(b.Skip) == "true":
			continue
		case b.Builder != "" && b.Builder != "go":
			lines = append(lines, fmt.Sprintf("%s, built by %s", name, b.Builder))
		default:
			lines = append(lines, name+" for "+strings.Join(b.platforms(), ", "))
		}
	}
	var packed words
	for _, a := range c.Archives {
		packed = append(packed, cmp.Or(strings.Join(a.formats(), ", "), "tar.gz"))
	}
	if len(c.Archives) == 0 {
		packed = append(packed, "tar.gz")
	}
	for _, n := range c.NFPMs {
		packed = append(packed, n.Formats...)
	}
	slices.Sort(packed)
	lines = append(lines, "packed as "+strings.Join(slices.Compact(packed), ", "))
	if left := c.leftOut(); len(left) > 0 {
		lines = append(lines, "left out, since relctl publishes: "+strings.Join(left, ", "))
	}
	return lines
}

// platforms are those that goreleaser builds for, without variants of architectures.
func (b buildConfig) platforms() []string {
	var out []string
	for _, t := range b.Targets {
		goos, rest, _ := strings.Cut(t, "_")
		goarch, _, _ := strings.Cut(rest, "_")
		out = append(out, strings.TrimSuffix(goos+"/"+goarch, "/"))
	}
	if len(b.Targets) == 0 {
		out = b.matrix()
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// product is every system with every architecture.
func (b buildConfig) product() []string {
	systems, architectures := b.Goos, b.Goarch
	if len(systems) == 0 {
		systems = words{"linux", "darwin", "windows"}
	}
	if len(architectures) == 0 {
		architectures = words{"amd64", "arm64", "386"}
	}
	var out []string
	for _, goos := range systems {
		for _, goarch := range architectures {
			out = append(out, goos+"/"+goarch)
		}
	}
	return out
}

// matrix is every system with every architecture, less what Go cannot build for and what is ignored.
func (b buildConfig) matrix() []string {
	return slices.DeleteFunc(b.product(), func(p string) bool {
		goos, goarch, _ := strings.Cut(p, "/")
		return goos == "darwin" && goarch != "amd64" && goarch != "arm64" || goos == "windows" && goarch == "arm" ||
			slices.ContainsFunc(b.Ignore, func(i ignore) bool { return i.covers(goos, goarch) })
	})
}

// covers reports whether a platform is left out whole. Where a variant of it is, the platform stays.
func (i ignore) covers(goos, goarch string) bool {
	have := map[string]string{"goos": goos, "goarch": goarch}
	for key, v := range i {
		if have[key] != fmt.Sprint(v) {
			return false
		}
	}
	return len(i) > 0
}

func (a archive) formats() words {
	if len(a.Formats) == 0 && a.Format != "" {
		return words{a.Format}
	}
	return a.Formats
}
