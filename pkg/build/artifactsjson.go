package build

import (
	"encoding/json"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// entry is one artifact in goreleaser's artifacts.json, https://goreleaser.com/customization/artifacts.
type entry struct {
	Name      string `json:"name"`
	Path      string `json:"path"`
	Type      string `json:"type"`
	Goos      string `json:"goos"`
	Goarch    string `json:"goarch"`
	Goamd64   string `json:"goamd64"`
	Go386     string `json:"go386"`
	Goarm     string `json:"goarm"`
	Goarm64   string `json:"goarm64"`
	Gomips    string `json:"gomips"`
	Goppc64   string `json:"goppc64"`
	Goriscv64 string `json:"goriscv64"`
	Extra     struct {
		Binary   string   `json:"Binary"`
		Binaries []string `json:"Binaries"`
		// Format is "binary" for a program that ships bare.
		Format string `json:"Format"`
		// Files of a Linux package, by the path that each comes from.
		Files json.RawMessage `json:"Files"`
	} `json:"extra"`
}

func (e entry) platform() string {
	return platform(e.Goos, e.Goarch, e.Goamd64+e.Go386+e.Goarm+e.Goarm64+e.Gomips+e.Goppc64+e.Goriscv64)
}

// sources are the paths that a Linux package takes its files from.
func (e entry) sources() []string {
	var files []struct {
		Source string `json:"src"`
	}
	if len(e.Extra.Files) == 0 || json.Unmarshal(e.Extra.Files, &files) != nil {
		return nil // other types keep names or nothing there
	}
	var out []string
	for _, f := range files {
		out = append(out, path.Clean(filepath.ToSlash(f.Source)))
	}
	return out
}

// role is what relctl does with an artifact of a type.
type role int

const (
	leave role = iota // relctl makes its own, or it is for a forge
	built             // a program, inside of others unless it is shipped bare
	ship
)

// roles by goreleaser's type. The numbers beside it (internal_type) change between versions.
var roles = map[string]struct {
	role role
	kind Kind
}{
	"Binary":                 {built, KindBinary},
	"C Shared Library":       {built, KindBinary},
	"Archive":                {ship, KindArchive},
	"Source":                 {ship, KindArchive},
	"File":                   {ship, KindFile},
	"Linux Package":          {ship, KindPackage},
	"Makeself Package":       {ship, KindPackage},
	"Source RPM":             {ship, KindPackage},
	"Wheel":                  {ship, KindPackage},
	"Source Dist":            {ship, KindPackage},
	"C Header":               {leave, ""},
	"C Archive Library":      {leave, ""},
	"Checksum":               {leave, ""},
	"SBOM":                   {leave, ""},
	"Signature":              {leave, ""},
	"Certificate":            {leave, ""},
	"Metadata":               {leave, ""},
	"Docker Image":           {leave, ""},
	"Published Docker Image": {leave, ""},
	"Docker Manifest":        {leave, ""},
	"Krew Plugin Manifest":   {leave, ""},
	"PKGBUILD":               {leave, ""},
	"SRCINFO":                {leave, ""},
}

// collectGoreleaser copies what goreleaser left in the folder dist of the checkout src to the request's output folder.
func collectGoreleaser(src, dist string, req Request) ([]Artifact, error) {
	data, err := os.ReadFile(filepath.Join(src, filepath.FromSlash(dist), "artifacts.json"))
	if err != nil {
		return nil, fmt.Errorf("goreleaser left no list of its artifacts: %w", err)
	}
	var entries []entry
	if err := json.Unmarshal(data, &entries); err != nil {
		return nil, fmt.Errorf("goreleaser's artifacts.json: %w", err)
	}
	for i, e := range entries {
		entries[i].Path = path.Clean(filepath.ToSlash(e.Path))
		if _, ok := roles[e.Type]; !ok {
			return nil, fmt.Errorf("goreleaser made %s of the type %q, which this relctl does not know", e.Name, e.Type)
		}
	}
	c, err := newCollector(req)
	if err != nil {
		return nil, err
	}
	bare := bareNames(entries)
	paths := map[string]string{} // from goreleaser's path of a binary to ours
	for _, e := range entries {
		if r := roles[e.Type]; r.role != built || e.Extra.Format == "binary" {
			continue
		}
		p, err := c.addBuilt(src, dist, e, bare[e.Path])
		if err != nil {
			return nil, err
		}
		paths[e.Path] = p
	}
	for _, e := range entries {
		r := roles[e.Type]
		if r.role != ship {
			continue
		}
		a, err := c.add(filepath.Join(src, filepath.FromSlash(e.Path)), Artifact{Kind: r.kind, Shipped: true}, "artifacts/"+e.Name)
		if err != nil {
			return nil, err
		}
		a.Platform = e.platform()
		for _, s := range e.sources() {
			if p := paths[s]; p != "" {
				a.Contains = append(a.Contains, p)
			}
		}
		if a.Kind == KindArchive && !readable(a.Path) {
			a.Contains = c.named(e)
		}
	}
	return c.finish()
}

// named are the binaries that an archive holds by goreleaser's word. Of two with one name none is taken: a statement
// about the wrong one would be worse than none.
func (c *collector) named(e entry) []string {
	var out []string
	for _, name := range e.Extra.Binaries {
		var fits []string
		for _, b := range c.list {
			if b.Kind == KindBinary && b.Platform == e.platform() && path.Base(b.Path) == path.Base(name) {
				fits = append(fits, b.Path)
			}
		}
		if len(fits) == 1 {
			out = append(out, fits[0])
		}
	}
	return out
}

// bareNames are the file names under which programs ship outside of archives, by goreleaser's path.
func bareNames(entries []entry) map[string][]string {
	names := map[string][]string{}
	for _, e := range entries {
		if roles[e.Type].role == built && e.Extra.Format == "binary" {
			names[e.Path] = append(names[e.Path], e.Name)
		}
	}
	return names
}

// addBuilt adds a program under each name that it ships by, or as one that ships only inside of others. It returns the
// path by which others say that they contain it.
func (c *collector) addBuilt(src, dist string, e entry, names []string) (string, error) {
	file := filepath.Join(src, filepath.FromSlash(e.Path))
	a := Artifact{Kind: KindBinary, Shipped: true, Binary: e.Extra.Binary}
	if a.Binary == "" {
		a.Binary = strings.TrimSuffix(path.Base(e.Name), ".exe")
	}
	slices.Sort(names)
	first := ""
	if len(names) == 0 {
		a.Shipped = false
		names = []string{strings.TrimPrefix(e.Path, dist+"/")}
	}
	for _, n := range names {
		where := "binaries/" + n
		if a.Shipped {
			where = "artifacts/" + n
		}
		added, err := c.add(file, a, where)
		if err != nil {
			return "", err
		}
		added.Platform, added.Mode = e.platform(), "0755"
		if first == "" {
			first = added.Path
		}
	}
	return first, nil
}
