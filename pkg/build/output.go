package build

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/relctl/relctl/internal/disk"
)

// collect takes everything that the command left in its output folder.
func (c Command) collect(dir string, req Request) ([]Artifact, error) {
	col, err := newCollector(req)
	if err != nil {
		return nil, err
	}
	version := req.Version.String()
	err = filepath.WalkDir(dir, func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(dir, file)
		if err != nil {
			return err
		}
		rel = filepath.ToSlash(rel)
		a := Artifact{Kind: kindByName(rel), Shipped: true}
		where, is := "", false
		if d.Type().IsRegular() { // the collector says what is wrong with others
			where, is = executable(file)
		}
		if is {
			a.Kind, a.Binary = KindBinary, binaryName(rel, where, version)
		}
		added, err := col.add(file, a, "artifacts/"+rel)
		if err != nil {
			return err
		}
		added.Platform = where
		if a.Kind == KindPackage {
			added.Platform = packagePlatform(rel)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("what %s left in %s: %w", c.Argv[0], c.Output, err)
	}
	if len(col.list) == 0 && req.Shard.whole() {
		return nil, fmt.Errorf("%s left no file in %s", c.Argv[0], c.Output)
	}
	for _, a := range slices.Clone(col.list) {
		if a.Kind == KindArchive {
			if err := col.extract(a, version); err != nil {
				return nil, fmt.Errorf("look into %s: %w", a.Path, err)
			}
		}
	}
	list, err := col.finish()
	if err != nil {
		return nil, err
	}
	placeArchives(list)
	return list, nil
}

// extract adds the programs inside an archive that do not ship bare as well, so that they can be described.
func (c *collector) extract(a *Artifact, version string) error {
	return members(a.Local, func(m member) error {
		r := bufio.NewReader(m.data)
		if magic, err := r.Peek(4); err != nil || !looksExecutable(magic) {
			return nil //nolint:nilerr // shorter than any program
		}
		name := strings.TrimPrefix(path.Clean("/"+m.name), "/")
		inner := Artifact{Kind: KindBinary}
		inner.Mode = "0755"
		added, err := c.copy(r, inner, "binaries/"+strings.TrimPrefix(a.Path, "artifacts/")+"/"+name)
		if err != nil {
			return err
		}
		if _, err := io.Copy(io.Discard, r); err != nil {
			return err
		}
		platform, is := executable(added.Local)
		known := slices.ContainsFunc(c.list[:len(c.list)-1], func(b *Artifact) bool {
			return b.Kind == KindBinary && b.SHA256 == added.SHA256
		})
		if !is || known {
			c.list = c.list[:len(c.list)-1]
			return disk.Remove(added.Local)
		}
		added.Platform, added.Binary = platform, binaryName(name, platform, version)
		return nil
	})
}

// looksExecutable knows the first bytes of ELF, PE and Mach-O files.
func looksExecutable(magic []byte) bool {
	for _, m := range []string{"\x7fELF", "MZ", "\xfe\xed\xfa\xce", "\xfe\xed\xfa\xcf", "\xce\xfa\xed\xfe", "\xcf\xfa\xed\xfe", "\xca\xfe\xba\xbe"} {
		if bytes.HasPrefix(magic, []byte(m)) {
			return true
		}
	}
	return false
}

// placeArchives gives archives the platform that all programs inside of them have.
func placeArchives(list []Artifact) {
	of := map[string]string{}
	for _, a := range list {
		of[a.Path] = a.Platform
	}
	for i, a := range list {
		if a.Kind != KindArchive || len(a.Contains) == 0 {
			continue
		}
		first := of[a.Contains[0]]
		if !slices.ContainsFunc(a.Contains, func(p string) bool { return of[p] != first }) {
			list[i].Platform = first
		}
	}
}
