package deploy

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/relctl/relctl/pkg/release"
)

// Render returns what the deploy branch shall hold for one ring that runs a release. Manifests that a cluster would
// refuse, or that would not do what a person expects of them, are [Problems], all at once.
func Render(in Input) (*Set, error) {
	if err := in.validate(); err != nil {
		return nil, fmt.Errorf("deploy: %w", err)
	}
	files, w, err := in.releaseFiles()
	if err != nil {
		return nil, inRing(err, in.Ring.Name)
	}
	set := &Set{
		Files: files, Scaffolds: map[string][]byte{},
		Owned: []string{releaseDir(in.Ring.Name), renderedRing(in.Ring.Name)},
	}
	if err := in.people(w, set); err != nil {
		return nil, inRing(err, in.Ring.Name)
	}
	renderings, err := in.renderings(w)
	if err != nil {
		return nil, inRing(err, in.Ring.Name)
	}
	var found Problems
	for _, cell := range in.Ring.sorted() {
		r := renderings[in.folder(w, cell)]
		problems, err := in.cell(set, r, cell)
		if err != nil {
			return nil, err
		}
		found = append(found, at(problems, in.Ring.Name, cell)...)
		set.Warnings = append(set.Warnings, at(r.warnings, in.Ring.Name, cell)...)
	}
	if len(found) > 0 {
		return nil, found.merge()
	}
	set.Warnings = set.Warnings.merge()
	return set, nil
}

// inRing names the ring of problems that do not depend on cells.
func inRing(err error, ring string) error {
	var found Problems
	if !errors.As(err, &found) {
		return err
	}
	out := make(Problems, len(found))
	for i, p := range found {
		p.Ring = ring
		out[i] = p
	}
	return out.merge()
}

func at(found Problems, ring, cell string) Problems {
	out := make(Problems, len(found))
	for i, p := range found {
		p.Ring, p.Cells = ring, []string{cell}
		out[i] = p
	}
	return out
}

// people adds what people keep on the deploy branch: this ring's and its cells' kustomizations, and folders of their
// own. A ring that is new gets a scaffold.
func (in *Input) people(w *workspace, set *Set) error {
	own := map[string]bool{}
	for _, c := range in.Ring.Cells {
		own[overlayDir(c)] = true
	}
	skip := func(name string, d fs.DirEntry) bool {
		if !d.IsDir() && !d.Type().IsRegular() {
			return true // links are not followed, and people may have some
		}
		top, rest, _ := strings.Cut(name, "/")
		second, _, _ := strings.Cut(rest, "/")
		switch {
		case rest == "":
			return top == "rendered" || top == "gitops" || strings.HasPrefix(top, ".") && top != "."
		case top == "rings":
			return second != in.Ring.Name || name == releaseDir(in.Ring.Name)
		case top == "cells":
			return !own[path.Join(top, second)]
		}
		return false
	}
	if in.Branch != nil {
		if err := w.copyTree(in.Branch, ".", "", skip); err != nil {
			return err
		}
	}
	if w.kustomizationOf(ringDir(in.Ring.Name)) == "" {
		name := path.Join(ringDir(in.Ring.Name), kustomizationName)
		set.Scaffolds[name] = in.scaffold()
		if err := w.add(name, name, set.Scaffolds[name]); err != nil {
			return err
		}
	}
	return nil
}

// rendering is what a folder gives, for every cell that has nothing of its own.
type rendering struct {
	objects  []*object
	text     []byte
	problems Problems
	warnings Problems
	where    func(*object) string
}

// folder is the one that a cell is built from: its own if there is one, or else its ring's.
func (in *Input) folder(w *workspace, cell string) string {
	if w.kustomizationOf(overlayDir(cell)) != "" {
		return overlayDir(cell)
	}
	return ringDir(in.Ring.Name)
}

// renderings builds each folder once, by as many at a time as there are processors.
func (in *Input) renderings(w *workspace) (map[string]*rendering, error) {
	var dirs []string
	for _, cell := range in.Ring.sorted() {
		if dir := in.folder(w, cell); !slices.Contains(dirs, dir) {
			dirs = append(dirs, dir)
		}
	}
	results, errs := make([]*rendering, len(dirs)), make([]error, len(dirs))
	var wg sync.WaitGroup
	slots := make(chan struct{}, runtime.GOMAXPROCS(0))
	for i, dir := range dirs {
		slots <- struct{}{}
		wg.Go(func() {
			results[i], errs[i] = in.rendering(w, dir)
			<-slots
		})
	}
	wg.Wait()
	out := map[string]*rendering{}
	for i, dir := range dirs {
		if errs[i] != nil {
			return nil, errs[i]
		}
		out[dir] = results[i]
	}
	return out, nil
}

func (in *Input) rendering(w *workspace, dir string) (*rendering, error) {
	if found := w.closed(dir); len(found) > 0 {
		return nil, found
	}
	objects, err := w.build(dir)
	if err != nil {
		return nil, err
	}
	c := checker{in: in, w: w, dir: dir, objects: objects}
	c.run()
	return &rendering{objects: objects, text: manifests(objects), problems: c.problems, warnings: c.warnings, where: c.where}, nil
}

// cell adds a cell's files.
func (in *Input) cell(set *Set, r *rendering, cell string) (Problems, error) {
	before, err := ReadDeployed(in.Branch, in.Ring.Name, cell)
	if err != nil {
		return nil, fmt.Errorf("%w (take the file away if it is of no use: it is written anew)", err)
	}
	if before != nil && (before.Channel != in.Release.Channel || before.Product != in.Release.Product) {
		return nil, fmt.Errorf("deploy: ring %s belongs to channel %s of %s on the deploy branch; two channels need rings of different names, or branches of their own",
			in.Ring.Name, before.Channel, before.Product)
	}
	old, err := ReadManifests(in.Branch, in.Ring.Name, cell)
	if err != nil {
		return nil, err
	}
	frozen, err := in.immutable(old, r)
	if err != nil {
		set.Warnings = append(set.Warnings, Problem{
			File: path.Join(renderedDir(in.Ring.Name, cell), manifestsName), Ring: in.Ring.Name, Cells: []string{cell},
			Message: "cannot be read, so that nothing is known of changes that the cluster would refuse: " + err.Error(), Fix: "it is written anew",
		})
	}
	problems := slices.Concat(r.problems, frozen)
	state := in.deployed(r, cell)
	data, err := release.Encode(state)
	if err != nil {
		return nil, err
	}
	dir := renderedDir(in.Ring.Name, cell)
	maps.Copy(set.Files, map[string][]byte{path.Join(dir, manifestsName): r.text, path.Join(dir, stateName): data})
	set.Cells = append(set.Cells, state)
	return problems, nil
}

func (in *Input) deployed(r *rendering, cell string) Deployed {
	d := Deployed{
		Schema: DeployedSchema, Product: in.Release.Product, Channel: in.Release.Channel, Ring: in.Ring.Name, Cell: cell,
		Version: in.Release.Version, Commit: in.Release.Commit, Release: in.Release.Digest,
		Manifests: release.Digest(r.text), Objects: len(r.objects), Images: in.Release.sortedImages(),
	}
	spaces, wide := map[string]bool{}, map[string]Kind{}
	for _, o := range r.objects {
		if namespaced, _ := o.scope(); o.namespace != "" {
			spaces[o.namespace] = true
		} else if !namespaced {
			wide[o.group+"/"+o.kind] = Kind{o.group, o.kind}
		}
	}
	d.Namespaces = sortedKeys(spaces)
	for _, k := range sortedKeys(wide) {
		d.ClusterWide = append(d.ClusterWide, wide[k])
	}
	return d
}
