package deploy

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Limits of what is read from a repository to render one ring.
const (
	maxFile  = 1 << 20
	maxTotal = 16 << 20
	maxFiles = 2000
	maxNodes = 200_000
	maxDepth = 64
)

// workspace is what kustomize sees: a ring's files, by their paths on the deploy branch.
type workspace struct {
	files map[string][]byte
	// origin is where a file was read, base or deploy branch.
	origin map[string]string
	// declared is the file in which an object stands first, by kind and name.
	declared map[string]string
	size     int
}

func newWorkspace() *workspace {
	return &workspace{files: map[string][]byte{}, origin: map[string]string{}, declared: map[string]string{}}
}

// copyTree takes over the files below dir as files below to, but not those that skip names.
func (w *workspace) copyTree(files fs.FS, dir, to string, skip func(string, fs.DirEntry) bool) error {
	return fs.WalkDir(files, dir, func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case skip(name, d) && d.IsDir():
			return fs.SkipDir
		case skip(name, d), d.IsDir():
			return nil
		case !d.Type().IsRegular():
			return Problems{{File: name, Message: "is not a regular file", Fix: "replace links and submodules by the files that they point at"}}
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		if info.Size() > maxFile {
			return tooLarge(name, fmt.Sprintf("has %d bytes, at most %d are read", info.Size(), maxFile))
		}
		data, err := fs.ReadFile(files, name)
		if err != nil {
			return err
		}
		return w.add(path.Join(to, strings.TrimPrefix(strings.TrimPrefix(name, dir), "/")), name, data)
	})
}

func tooLarge(name, message string) Problems {
	return Problems{{File: name, Message: message, Fix: "keep only what deployments need beside the manifests"}}
}

// add stores a file. YAML is looked through at once, so that nothing that explodes reaches kustomize.
func (w *workspace) add(name, origin string, data []byte) error {
	w.size += len(data)
	if w.size > maxTotal || len(w.files) >= maxFiles {
		return tooLarge(origin, fmt.Sprintf("is one file too many: more than %d files or %d bytes", maxFiles, maxTotal))
	}
	w.files[name], w.origin[name] = append([]byte{}, data...), origin // never nil, which means none
	if !isYAML(name) {
		return nil
	}
	docs, err := documents(data)
	if err != nil {
		return Problems{{File: origin, Message: err.Error(), Fix: "correct the YAML"}}
	}
	for _, doc := range docs {
		if key := declaredKey(doc); key != "" && w.declared[key] == "" {
			w.declared[key] = origin
		}
	}
	return nil
}

// where returns the file in which an object is declared, or what instead is known of its place.
func (w *workspace) where(kind, name, otherwise string) string {
	if f := w.declared[kind+"/"+name]; f != "" {
		return f
	}
	return otherwise
}

func isYAML(name string) bool {
	ext := path.Ext(name)
	return ext == ".yaml" || ext == ".yml" || ext == ".json" || path.Base(name) == "Kustomization"
}

// documents parses YAML within limits. Aliases count as often as they are used.
func documents(data []byte) ([]*yaml.Node, error) {
	dec := yaml.NewDecoder(bytes.NewReader(data))
	var docs []*yaml.Node
	left := maxNodes
	for {
		var doc yaml.Node
		err := dec.Decode(&doc)
		if errors.Is(err, io.EOF) {
			return docs, nil
		}
		if err != nil {
			return nil, err
		}
		if err := measure(&doc, 0, &left); err != nil {
			return nil, err
		}
		docs = append(docs, &doc)
	}
}

func measure(n *yaml.Node, depth int, left *int) error {
	if *left--; *left < 0 {
		return fmt.Errorf("it has more than %d values once aliases are followed", maxNodes)
	}
	if depth > maxDepth {
		return fmt.Errorf("line %d: nested deeper than %d levels", n.Line, maxDepth)
	}
	if n.Kind == yaml.AliasNode {
		return measure(n.Alias, depth+1, left)
	}
	for _, c := range n.Content {
		if err := measure(c, depth+1, left); err != nil {
			return err
		}
	}
	return nil
}

// declaredKey returns "Kind/name" of an object, "" for other documents.
func declaredKey(doc *yaml.Node) string {
	var o struct {
		Kind     string
		Metadata struct{ Name string }
	}
	if doc.Decode(&o) != nil || o.Kind == "" || o.Metadata.Name == "" {
		return ""
	}
	return o.Kind + "/" + o.Metadata.Name
}
