package build

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/relctl/relctl/internal/disk"
	"github.com/relctl/relctl/pkg/release"
)

const goreleaserName = "goreleaser"

// Goreleaser builds with the goreleaser program, version 2, and publishes nothing with it.
type Goreleaser struct {
	// Program is its path; "" looks on the PATH.
	Program string
	// Config is the path of its configuration in the commit, with slashes; ".goreleaser.yaml" if empty.
	Config string
	// Parallelism is how many of its tasks run at once; 0 lets it use all processors. Where an archive holds several
	// programs it is 1: they lie in it in the order in which their builds ended. Each build still uses all processors.
	Parallelism int
}

func (g Goreleaser) config() string { return cmp.Or(g.Config, ".goreleaser.yaml") }

// Build makes the artifacts of the request's commit. A goreleaser that fails gives a [*FailedError].
func (g Goreleaser) Build(ctx context.Context, req Request) ([]Artifact, error) {
	program, err := find(goreleaserName, g.Program)
	if err != nil {
		return nil, err
	}
	if req.Remote == "" {
		return nil, errors.New("goreleaser needs a remote to know the repository's name by")
	}
	w, err := open(ctx, req)
	if err != nil {
		return nil, err
	}
	conf, err := readConfig(os.DirFS(w.src), g.config())
	if err != nil {
		return nil, err
	}
	config := filepath.FromSlash(g.config())
	if !req.Shard.whole() {
		if config, err = w.narrow(conf, req.Shard, config); err != nil || config == "" {
			return nil, err
		}
	}
	tag := localTag(req)
	if err := w.tag(ctx, req, tag); err != nil {
		return nil, err
	}
	// A file of release notes keeps goreleaser from asking a forge for them.
	notes := filepath.Join(filepath.Dir(w.src), "notes.md")
	if err := disk.WriteFile(notes, nil, 0o644); err != nil {
		return nil, err
	}
	argv := []string{
		program, "release", "--config", config, "--release-notes", notes,
		"--timeout", "24h", "--skip", strings.Join(conf.skips(), ","),
	}
	if n := conf.parallelism(g.Parallelism); n > 0 {
		argv = append(argv, "--parallelism", strconv.Itoa(n))
	}
	env := setenv(w.env, "GORELEASER_CURRENT_TAG="+tag)
	if req.PreviousTag != "" {
		env = setenv(env, "GORELEASER_PREVIOUS_TAG="+req.PreviousTag)
	}
	if err := (job{name: goreleaserName, argv: argv, dir: w.src, env: env, log: w.log, echo: req.Log}).run(ctx); err != nil {
		return nil, err
	}
	return collectGoreleaser(w.src, conf.dist(), req)
}

// narrow returns the path of the configuration of a shard, which lies outside of the checkout, so that goreleaser finds
// that clean; "" if the shard has nothing to build.
func (w *workspace) narrow(conf *config, s Shard, whole string) (string, error) {
	if err := s.Check(); err != nil {
		return "", err
	}
	split := conf.split(s.Of)
	switch {
	case s.Index > 1 && len(split.Platforms[s.Index-1]) == 0:
		return "", nil
	case split.Whole != "":
		return whole, nil
	}
	data, err := conf.narrow(s)
	if err != nil {
		return "", err
	}
	path := filepath.Join(filepath.Dir(w.src), "goreleaser.yaml")
	return path, disk.WriteFile(path, data, 0o644)
}

// localTag is the tag that goreleaser sees. It reads the version off the tag, so that a tag of another form, or none,
// gives way to the plain one.
func localTag(req Request) string {
	if strings.TrimPrefix(req.Tag, "v") == req.Version.String() {
		return req.Tag
	}
	return "v" + req.Version.String()
}

// Pins are the versions of goreleaser and of the go command.
func (g Goreleaser) Pins(ctx context.Context) ([]release.Pin, error) {
	program, err := find(goreleaserName, g.Program)
	if err != nil {
		return nil, err
	}
	version, err := goreleaserVersion(ctx, program)
	if err != nil {
		return nil, err
	}
	pins, err := goPin(ctx)
	if err != nil {
		return nil, err
	}
	return append(pins, release.Pin{Name: goreleaserName, Value: version}), nil
}

// Describe says what a commit with the given tree would build, what of the configuration relctl leaves out, and what
// would make two builds differ. It never fails: what cannot be known is said too.
func (g Goreleaser) Describe(ctx context.Context, tree fs.FS) []string {
	first := "goreleaser"
	if program, err := find(goreleaserName, g.Program); err == nil {
		if v, err := goreleaserVersion(ctx, program); err == nil {
			first += " " + v
		}
	}
	lines := []string{first + " with " + g.config()}
	data, err := readConfigFile(tree, g.config())
	if err != nil {
		return append(lines, "the build would fail: "+err.Error())
	}
	conf, err := parseConfig(data)
	if err != nil {
		return append(lines, fmt.Sprintf("the build would fail: %s: %v", g.config(), err))
	}
	lines = append(lines, conf.describe()...)
	for _, p := range Lint(data) {
		lines = append(lines, "not reproducible: "+p.String())
	}
	return lines
}
