package git

import (
	"context"
	"fmt"
	"io"
	"path"
	"path/filepath"
	"strings"

	"github.com/relctl/relctl/internal/disk"
)

// attributes finds the files .gitattributes of trees, which say by which driver a file is merged: git looks for them in
// the working tree only. Folders that trees share are read once.
type attributes struct {
	objects *objects
	folders map[string]folder // by tree id
}

// folder is what matters of a tree object.
type folder struct {
	file  string // the blob of its .gitattributes
	below []entry
}

// attributeSet are the files .gitattributes of a tree, with path and blob id.
type attributeSet struct {
	files []entry
	key   string // tells sets apart
}

// of returns the attributes of a tree.
func (a *attributes) of(ctx context.Context, tree string) (attributeSet, error) {
	if err := a.load(ctx, tree); err != nil {
		a.folders = map[string]folder{} // a folder in it promises that all below are
		return attributeSet{}, err
	}
	var set attributeSet
	a.collect(tree, "", &set)
	return set, nil
}

func (a *attributes) collect(tree, at string, set *attributeSet) {
	f := a.folders[tree]
	if f.file != "" {
		name := path.Join(at, ".gitattributes")
		set.files = append(set.files, entry{name: name, id: f.file})
		set.key += f.file + " " + name + "\n"
	}
	for _, e := range f.below {
		a.collect(e.id, path.Join(at, e.name), set)
	}
}

// load reads a tree and the folders below it, level by level.
func (a *attributes) load(ctx context.Context, tree string) error {
	level := []string{tree}
	for len(level) > 0 {
		var missing []string
		for _, id := range level {
			if _, ok := a.folders[id]; !ok {
				a.folders[id] = folder{}
				missing = append(missing, id)
			}
		}
		level = nil
		err := a.objects.readTrees(ctx, missing, func(id string, entries []entry) {
			var f folder
			for _, e := range entries {
				switch {
				case e.mode == modeDir:
					f.below = append(f.below, e)
					level = append(level, e.id)
				case e.name == ".gitattributes" && strings.HasPrefix(e.mode, "100"):
					f.file = e.id
				}
			}
			a.folders[id] = f
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// lay writes the files of a set into a new folder.
func (a *attributes) lay(ctx context.Context, set attributeSet, dir string) error {
	if err := disk.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for _, e := range set.files {
		name := filepath.FromSlash(e.name)
		if !filepath.IsLocal(name) {
			continue // git would not check it out
		}
		data, err := a.objects.read(ctx, "blob", e.id, MaxBlob)
		if err != nil {
			return err
		}
		file := filepath.Join(dir, name)
		if err := disk.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return err
		}
		if err := disk.WriteFile(file, data, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// readTrees reads many trees at once: the questions fit into a pipe.
func (o *objects) readTrees(ctx context.Context, ids []string, use func(id string, entries []entry)) error {
	for len(ids) > 0 {
		part := ids[:min(len(ids), chunk)]
		ids = ids[len(part):]
		err := o.ask(ctx, func() error {
			if _, err := io.WriteString(o.in, "contents "+strings.Join(part, "\ncontents ")+"\n"); err != nil {
				return err
			}
			for _, id := range part {
				entries, err := o.tree(id)
				if err != nil {
					return err
				}
				use(id, entries)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// tree reads the answer to a question for a tree.
func (o *objects) tree(id string) ([]entry, error) {
	i, err := o.header()
	if err != nil {
		return nil, err
	}
	if i.kind != "tree" || i.size > maxTree {
		return nil, fmt.Errorf("tree %s of %d bytes: %w", id, i.size, ErrNotFound)
	}
	raw := make([]byte, i.size+1) // a newline follows
	if _, err := io.ReadFull(o.out, raw); err != nil {
		return nil, err
	}
	return parseTree(raw[:i.size])
}
