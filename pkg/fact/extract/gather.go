package extract

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strings"

	"github.com/relctl/relctl/pkg/channel"
	"github.com/relctl/relctl/pkg/fact"
)

// Options are what [Gather] needs beside the files.
type Options struct {
	// Run runs a command in a checkout of the commit and returns what it printed, or fs.ErrNotExist if the commit has no
	// such program. Without it a command is an error.
	Run func(ctx context.Context, argv []string) ([]byte, error)
}

// Limits of what one source reads, in bytes.
const (
	maxFile   = 16 << 20
	maxSource = 256 << 20
)

// file is a file, or the output of a command.
type file struct {
	path string
	data []byte
}

// extractors read the files of a source.
var extractors = map[string]func(channel.FactSource, []file) ([]fact.Fact, error){
	"config": each(config), "flags": flags, "commands": each(commands), "migrations": each(migrations), "manifests": each(manifests), "rules": each(rules),
	"metrics": metrics, "runbooks": each(runbooks), "messages": each(messages), "features": each(features), "crds": each(crds),
	"openapi": each(openapi), "facts": each(ready),
}

// each reads files one by one, which is all that most kinds need.
func each(read func(channel.FactSource, file) ([]fact.Fact, error)) func(channel.FactSource, []file) ([]fact.Fact, error) {
	return func(s channel.FactSource, files []file) ([]fact.Fact, error) {
		var out []fact.Fact
		for _, f := range files {
			facts, err := read(s, f)
			if err != nil {
				return nil, &FileError{Kind: s.Kind, Path: f.path, Err: err}
			}
			for i := range facts {
				facts[i].Path = cmp.Or(facts[i].Path, f.path)
			}
			out = append(out, facts...)
		}
		return out, nil
	}
}

// Gather reads the facts of a commit. The set's product, version and commit are left to the caller. A source that names
// nothing at the commit is listed in the set as missing.
func Gather(ctx context.Context, fsys fs.FS, sources []channel.FactSource, opts Options) (*fact.Set, error) {
	g := gatherer{fsys: fsys, opts: opts, set: &fact.Set{Schema: fact.Schema, Facts: []fact.Fact{}}}
	for _, s := range sources {
		if err := g.source(ctx, s); err != nil {
			return nil, err
		}
		if len(g.set.Facts) > fact.MaxFacts {
			return nil, fmt.Errorf("more than %d facts", fact.MaxFacts)
		}
	}
	return g.set, g.finish()
}

// gatherer collects facts.
type gatherer struct {
	fsys fs.FS
	opts Options
	set  *fact.Set
}

func (g *gatherer) source(ctx context.Context, s channel.FactSource) error {
	if s.Command != nil {
		return g.command(ctx, s)
	}
	var files []file
	size := 0
	for _, pattern := range append(slices.Clone(s.Files), s.Schema) {
		if pattern == "" {
			continue
		}
		paths, err := g.match(ctx, pattern)
		if err != nil {
			return err
		}
		if len(paths) == 0 {
			g.set.Missing = append(g.set.Missing, fact.Missing{Kind: s.Kind, Path: pattern})
		}
		for _, path := range paths {
			data, err := g.read(path)
			if err != nil {
				return err
			}
			files = append(files, file{path, data})
			if size += len(data); size > maxSource {
				return fmt.Errorf("%s: the files of one source are more than %d bytes", pattern, maxSource)
			}
		}
	}
	return g.extract(s, files)
}

func (g *gatherer) command(ctx context.Context, s channel.FactSource) error {
	name := strings.Join(s.Command, " ")
	if g.opts.Run == nil {
		return &CommandError{Command: name}
	}
	out, err := g.opts.Run(ctx, s.Command)
	if errors.Is(err, fs.ErrNotExist) {
		g.set.Missing = append(g.set.Missing, fact.Missing{Kind: s.Kind, Path: name})
		return nil
	}
	if err != nil {
		return fmt.Errorf("facts of kind %s: %w", s.Kind, err)
	}
	return g.extract(s, []file{{name, out}})
}

// CommandError is a command in a place where none can run.
type CommandError struct{ Command string }

func (e *CommandError) Error() string {
	return fmt.Sprintf("facts come from the command %q, and there is no checkout to run it in", e.Command)
}

func (g *gatherer) read(path string) ([]byte, error) {
	info, err := fs.Stat(g.fsys, path)
	if err != nil {
		return nil, err
	}
	if info.Size() > maxFile {
		return nil, fmt.Errorf("%s: %d bytes are more than the %d that are read for facts", path, info.Size(), maxFile)
	}
	return fs.ReadFile(g.fsys, path)
}

func (g *gatherer) extract(s channel.FactSource, files []file) error {
	facts, err := extractors[s.Kind](s, files)
	if err != nil {
		return err
	}
	for _, one := range facts {
		if s.Kind != "flags" || s.Pattern != "" { // whose commands have scopes of their own
			scoped(&one, s.Scope)
		}
		g.set.Facts = append(g.set.Facts, one)
	}
	return nil
}

// scoped puts a scope before the names of a fact, unless it is "".
func scoped(f *fact.Fact, scope string) {
	if scope == "" {
		return
	}
	f.Name = scope + " " + f.Name
	for i, old := range f.Attributes.RenamedFrom {
		f.Attributes.RenamedFrom[i] = scope + " " + old
	}
}

// FileError is a file that its extractor does not understand.
type FileError struct {
	Kind, Path string
	Err        error
}

func (e *FileError) Error() string {
	return fmt.Sprintf("facts of kind %s: %s: %v", e.Kind, e.Path, e.Err)
}
func (e *FileError) Unwrap() error { return e.Err }

// Hint says where sources are named.
func (e *FileError) Hint() string {
	var inner interface{ Hint() string }
	if errors.As(e.Err, &inner) {
		return inner.Hint()
	}
	return "docs.facts in channels/product.yaml names this file; mend it, or name another"
}

// match returns the files of a pattern, sorted.
func (g *gatherer) match(ctx context.Context, pattern string) ([]string, error) {
	if !strings.ContainsAny(pattern, "*?[") {
		info, err := fs.Stat(g.fsys, pattern)
		if errors.Is(err, fs.ErrNotExist) {
			return nil, nil
		}
		if err == nil && !info.Mode().IsRegular() {
			err = &fs.PathError{Op: "read", Path: pattern, Err: errors.New("not a file; a pattern such as " + pattern + "/* names files")}
		}
		return []string{pattern}, err
	}
	re, err := globPattern(pattern)
	if err != nil {
		return nil, err
	}
	var paths []string
	root, _, _ := strings.Cut(pattern, "*")
	root = root[:max(strings.LastIndex(root, "/"), 0)]
	err = fs.WalkDir(g.fsys, cmp.Or(root, "."), func(path string, d fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return fs.SkipDir
		case err != nil:
			return err
		case d.IsDir() && d.Name() == ".git":
			return fs.SkipDir
		case d.Type().IsRegular() && re.MatchString(path):
			paths = append(paths, path)
		}
		return ctx.Err()
	})
	return paths, err
}

// globPattern turns a pattern into a regular expression: * stands for any part of a name, ** for any folders.
func globPattern(glob string) (*regexp.Regexp, error) {
	s := regexp.QuoteMeta(glob)
	s = strings.NewReplacer(`\*\*/`, `(.*/)?`, `\*\*`, `.*`, `\*`, `[^/]*`, `\?`, `[^/]`, `\[`, `[`, `\]`, `]`).Replace(s)
	return regexp.Compile(`^` + s + `$`)
}

// merged are the kinds that may be read twice: a metric is registered in two places, an image is used in two. A feature flag
// may as long as it has one state.
var merged = []fact.Kind{fact.Metric, fact.Image, fact.Env, fact.Port, fact.Feature, fact.Message}

// finish sorts the facts and refuses what is there twice.
func (g *gatherer) finish() error {
	g.set.Facts = reversible(g.set.Facts)
	fact.Sort(g.set.Facts)
	out := g.set.Facts[:0]
	for _, f := range g.set.Facts {
		if n := len(out); n > 0 && out[n-1].Kind == f.Kind && out[n-1].Name == f.Name {
			differ := f.Kind == fact.Feature && f.Attributes.State != out[n-1].Attributes.State
			if differ || !slices.Contains(merged, f.Kind) && out[n-1].Path != f.Path {
				return &TwiceError{First: out[n-1], Second: f}
			}
			continue
		}
		out = append(out, f)
	}
	g.set.Facts = out
	return nil
}

// TwiceError is a name that two files have.
type TwiceError struct{ First, Second fact.Fact }

func (e *TwiceError) Error() string {
	return fmt.Sprintf("facts: the %s %.120q stands in %s and in %s", e.First.Kind, e.First.Name, e.First.Where(), e.Second.Where())
}

// Hint says how to tell them apart.
func (*TwiceError) Hint() string {
	return "give one of the sources a scope in docs.facts of channels/product.yaml: it is put before its names"
}
