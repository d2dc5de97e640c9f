package channel

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/relctl/relctl/internal/nearest"
	"github.com/relctl/relctl/pkg/release"
)

const (
	dir         = "channels"
	productFile = dir + "/product.yaml"
)

// Set is all channel files of a repository.
type Set struct {
	Product Product
	// Channels are sorted by name.
	Channels []*Channel
	// Files are the paths that decide the policy, sorted: all channel files, and the public keys they name as far as
	// these exist.
	Files []string
}

// Channel returns the channel of a name, or a [*NotFoundError].
func (s *Set) Channel(name string) (*Channel, error) {
	e := &NotFoundError{Name: name}
	for _, c := range s.Channels {
		if c.Name == name {
			return c, nil
		}
		e.Known = append(e.Known, c.Name)
	}
	e.Nearest = nearest.Word(name, e.Known)
	return nil, e
}

// Load reads the channel files of a repository, given its root. It returns [ErrNone] if there are none, [Errors] if
// something is wrong in them, and other errors if they cannot be read.
func Load(fsys fs.FS) (*Set, error) {
	names, err := list(fsys)
	if err != nil {
		return nil, err
	}
	l := loader{docs: map[string]*document{}}
	for _, file := range names {
		data, err := read(fsys, file)
		if err != nil {
			return nil, err
		}
		l.read(file, data)
	}
	slices.SortFunc(l.set.Channels, func(a, b *Channel) int { return strings.Compare(a.Name, b.Name) })
	l.validate()
	if len(l.errs) > 0 {
		l.errs.sort()
		return nil, l.errs
	}
	l.set.Files = slices.Concat(names, keyFiles(fsys, &l.set.Product))
	slices.Sort(l.set.Files)
	l.set.Files = slices.Compact(l.set.Files)
	return &l.set, nil
}

// list returns the paths of the channel files, sorted. Files that would look like one and be passed over are refused.
func list(fsys fs.FS) ([]string, error) {
	entries, err := fs.ReadDir(fsys, dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ErrNone
	}
	if err != nil {
		return nil, fmt.Errorf("channel files: %w", err)
	}
	var names []string
	var errs Errors
	for _, e := range entries {
		file := path.Join(dir, e.Name())
		ext := path.Ext(e.Name())
		switch {
		case strings.HasPrefix(e.Name(), "."), !strings.EqualFold(ext, ".yaml") && !strings.EqualFold(ext, ".yml"):
		case ext != ".yaml":
			errs = append(errs, &Error{File: file, Message: "channel files end with .yaml; rename the file"})
		case !e.Type().IsRegular():
			errs = append(errs, &Error{File: file, Message: "a channel file must be a regular file, not a link or a folder"})
		default:
			names = append(names, file)
		}
	}
	switch {
	case len(errs) > 0:
		return nil, errs
	case len(names) == 0:
		return nil, ErrNone
	case len(names) > maxFiles:
		return nil, fmt.Errorf("there are %d channel files, at most %d are read", len(names), maxFiles)
	case !slices.Contains(names, productFile):
		return nil, Errors{{File: productFile, Message: "the file is missing; it names the product that the channels ship"}}
	}
	return names, nil
}

// read returns the content of a file, at most a fixed number of bytes.
func read(fsys fs.FS, file string) ([]byte, error) {
	f, err := fsys.Open(file)
	if err != nil {
		return nil, fmt.Errorf("channel files: %w", err)
	}
	defer func() { _ = f.Close() }() // opened for reading
	data, err := io.ReadAll(io.LimitReader(f, maxFileBytes+1))
	if err != nil {
		return nil, fmt.Errorf("channel files: %s: %w", file, err)
	}
	if len(data) > maxFileBytes {
		return nil, Errors{{File: file, Message: fmt.Sprintf("the file is larger than %d KiB", maxFileBytes>>10)}}
	}
	return data, nil
}

// keyFiles returns the public keys that the product names and that exist. Who signs and who approves is policy too.
func keyFiles(fsys fs.FS, p *Product) []string {
	named := slices.Concat(p.Signing.Keys, p.Shards.Keys)
	for _, signers := range p.Roles {
		for _, s := range signers {
			if s.OpenPGP != "" {
				named = append(named, s.OpenPGP)
			}
		}
	}
	return slices.DeleteFunc(named, func(file string) bool {
		info, err := fs.Stat(fsys, file)
		return err != nil || !info.Mode().IsRegular()
	})
}

// loader holds what is read so far.
type loader struct {
	set  Set
	docs map[string]*document // by file
	errs Errors
}

// read takes one file into the set.
func (l *loader) read(file string, data []byte) {
	d := newDocument(file, data)
	l.docs[file] = d
	if file == productFile {
		d.decode(data, &l.set.Product)
		if len(d.errs) == 0 {
			l.set.Product.complete()
			d.checkProduct(&l.set.Product)
		}
	} else {
		c := &Channel{Name: strings.TrimSuffix(path.Base(file), ".yaml")}
		if err := release.CheckName(c.Name); err != nil {
			d.fail(place{}, "", "the file's name is the channel's: %v", err)
		}
		d.decode(data, c)
		if len(d.errs) == 0 {
			c.complete()
			d.checkChannel(c)
		}
		l.set.Channels = append(l.set.Channels, c)
	}
}

// complete fills in what the file may leave out.
func (p *Product) complete() {
	if p.Goreleaser == "" && p.Build == nil {
		p.Goreleaser = ".goreleaser.yaml"
	}
	if len(p.Signing.Keys) > 0 && p.Signing.Threshold == 0 {
		p.Signing.Threshold = 1
	}
	for i := range p.Images {
		p.Images[i].complete()
	}
}

// complete fills in what the file may leave out.
func (i *Image) complete() {
	if i.Repository == "" {
		i.Repository = i.Name
	}
	if i.Base == "" {
		i.Base = "scratch"
	}
	if len(i.Binaries) == 0 {
		i.Binaries = []string{i.Name}
	}
}

// complete fills in what the file may leave out.
func (c *Channel) complete() {
	if c.Kind == release.LTS && c.Tag == "" {
		c.Tag = "v" + placeholder
	}
	if c.Kind == release.Rolling && c.Version.Scheme == "" {
		c.Version.Scheme = SemVer
	}
	if c.Version.Scheme == CalVer && c.Version.Format == "" {
		c.Version.Format = CalVerFormat
	}
	for i := range c.Gates {
		if c.Gates[i].When == "" {
			c.Gates[i].When = release.Planned
		}
		c.Gates[i].complete()
	}
	for _, r := range c.Rings {
		for i := range r.Gates {
			r.Gates[i].complete()
		}
	}
	for i := range c.Freeze {
		if c.Freeze[i].Timezone == "" {
			c.Freeze[i].Timezone = "UTC"
		}
	}
}

func (g *Gate) complete() {
	if g.Approval != nil && g.Approval.Count == 0 {
		g.Approval.Count = 1
	}
}
