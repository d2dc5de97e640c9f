package build

import (
	"slices"
	"strings"
)

// narrow writes the configuration of one shard: each build with the platforms of the shard alone, and of the rest what
// is made of them. What goreleaser would do itself with an empty list, it is told not to do.
func (c *config) narrow(s Shard) ([]byte, error) {
	root, err := parseTree(c.data)
	if err != nil {
		return nil, err
	}
	p := part{config: c, mine: c.split(s.Of).Platforms[s.Index-1], first: s.Index == 1}
	p.builds(root)
	p.archives(root)
	p.filter(root, "nfpms", len(c.NFPMs), func(i int, mine []string) bool { return c.packs(c.NFPMs[i], mine) })
	p.filter(root, "makeselfs", len(c.Makeselfs), func(i int, mine []string) bool { return c.extracts(c.Makeselfs[i], mine) })
	if !slices.ContainsFunc(p.mine, func(p string) bool { return strings.HasPrefix(p, "darwin/") }) {
		root.remove("universal_binaries")
	}
	if !p.first {
		root.remove("source")
		root.remove("srpm")
	}
	root.set("checksum", mapping(field{"disable", yes})) // relctl makes its own, and goreleaser's fails where there is nothing
	return []byte(root.String() + "\n"), nil
}

var yes = &node{scalar: "true"}

// part is what one shard builds.
type part struct {
	*config
	// mine are its platforms.
	mine []string
	// first says that it makes what belongs to no platform, and to those that relctl does not know.
	first bool
}

func (p part) builds(root *node) {
	all := root.get("builds")
	if len(p.Builds) == 0 {
		all = list(mapping())
		root.set("builds", all)
	}
	for i, b := range p.config.builds() {
		if b.skipped() == "true" {
			continue
		}
		at := all.items[i]
		others := p.others(b)
		switch share := b.share(); {
		case len(share) > 0 && len(others) == 0: // all of it
		case !p.first && !slices.ContainsFunc(p.mine, func(m string) bool { return share[m] > 0 }):
			at.set("skip", yes) // an empty list of targets would mean the usual ones
		case len(b.Targets) > 0:
			p.targets(at, b, others)
		default:
			ignored := at.get("ignore")
			if ignored == nil || ignored.kind != listNode {
				ignored = list()
			}
			for _, o := range others {
				goos, goarch, _ := strings.Cut(o, "/")
				ignored.items = append(ignored.items, mapping(field{"goos", word(goos)}, field{"goarch", word(goarch)}))
			}
			at.set("ignore", ignored)
		}
	}
}

// others are the platforms of a build that other shards make.
func (p part) others(b buildConfig) []string {
	share := b.share()
	all := b.platforms()
	if len(b.Targets) == 0 {
		all = b.product() // with what is ignored already, which does no harm
	}
	return slices.DeleteFunc(all, func(o string) bool {
		return slices.Contains(p.mine, o) || share[o] == 0 && p.first
	})
}

func (p part) targets(at *node, b buildConfig, others []string) {
	mine := list()
	for _, t := range b.Targets {
		if !slices.Contains(others, onPlatform(t)) {
			mine.items = append(mine.items, word(t))
		}
	}
	at.set("targets", mine)
	if len(mine.items) == 0 {
		at.set("targets", list(word(b.Targets[0])))
		at.set("skip", yes)
	}
}

// archives leaves those without programs to the first shard.
func (p part) archives(root *node) {
	if p.first || len(p.Archives) == 0 {
		return
	}
	kept := list()
	for i, a := range p.Archives {
		if !a.Meta {
			kept.items = append(kept.items, root.get("archives").items[i])
		}
	}
	if len(kept.items) == 0 { // no archive at all would mean the usual one
		kept.items = append(kept.items, mapping(field{"formats", list(word("none"))}, field{"allow_different_binary_count", yes}))
	}
	root.set("archives", kept)
}

// filter keeps those of a list that find something to pack among the platforms of the shard, since goreleaser refuses
// the others. The first shard keeps those that find nothing anywhere, so that goreleaser says so.
func (p part) filter(root *node, key string, n int, packs func(i int, mine []string) bool) {
	if n == 0 {
		return
	}
	var everywhere []string
	for _, u := range p.units() {
		everywhere = append(everywhere, u.platforms...)
	}
	kept := list()
	for i, item := range root.get(key).items {
		if packs(i, p.mine) && (p.first || !packs(i, nil)) || p.first && !packs(i, everywhere) {
			kept.items = append(kept.items, item)
		}
	}
	root.set(key, kept)
}

// packs reports whether a Linux package is made on some of the platforms; one without programs, always.
func (c *config) packs(n nfpm, platforms []string) bool {
	if n.Meta {
		return true
	}
	return c.makes(append(slices.Clone(n.IDs), n.Builds...), platforms, func(b buildConfig, goos, goarch string) bool {
		if goarch == "amd64" && len(n.Goamd64) > 0 && !overlap(n.Goamd64, b.amd64()) {
			return false
		}
		return slices.Contains([]string{"linux", "ios", "android", "aix"}, goos)
	})
}

// extracts reports whether a self-extracting archive is made on some of the platforms.
func (c *config) extracts(m makeself, platforms []string) bool {
	systems := m.Goos
	if len(systems) == 0 {
		systems = words{"linux", "darwin"}
	}
	return c.makes(m.IDs, platforms, func(_ buildConfig, goos, goarch string) bool {
		return slices.Contains(systems, goos) && (len(m.Goarch) == 0 || slices.Contains(m.Goarch, goarch))
	})
}

// makes reports whether a build of those with ids is made on one of the platforms that fit.
func (c *config) makes(ids words, platforms []string, fits func(b buildConfig, goos, goarch string) bool) bool {
	for _, b := range c.builds() {
		if !c.takes(ids, b) {
			continue
		}
		share := b.share()
		for _, p := range platforms {
			goos, goarch, _ := strings.Cut(p, "/")
			if share[p] > 0 && fits(b, goos, goarch) {
				return true
			}
		}
	}
	return false
}

// amd64 are the variants of that architecture that a build makes.
func (b buildConfig) amd64() words {
	out := slices.Clone(b.Goamd64)
	for _, t := range b.Targets {
		w := strings.Split(t, "_")
		switch {
		case w[1] == "amd64" && len(w) > 2:
			out = append(out, w[2])
		case w[1] == "amd64":
			out = append(out, "v1")
		}
	}
	if len(out) == 0 {
		out = words{"v1"}
	}
	return out
}

func overlap(a, b words) bool {
	return slices.ContainsFunc(a, func(s string) bool { return slices.Contains(b, s) })
}
