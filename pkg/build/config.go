package build

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
)

// ConfigError is a commit without goreleaser's configuration.
type ConfigError struct{ Path string }

func (e *ConfigError) Error() string { return e.Path + " is missing in the commit" }

// Hint says where to put it.
func (e *ConfigError) Hint() string {
	return "commit goreleaser's configuration to the branch of the channel, or name another: goreleaser: <path> in channels/product.yaml"
}

// config is what relctl reads of goreleaser's configuration, https://goreleaser.com/customization.
type config struct {
	Dist      string              `yaml:"dist"`
	Env       words               `yaml:"env"`
	Builds    []buildConfig       `yaml:"builds"`
	Universal []universal         `yaml:"universal_binaries"`
	Archives  []archive           `yaml:"archives"`
	NFPMs     []nfpm              `yaml:"nfpms"`
	Makeselfs []makeself          `yaml:"makeselfs"`
	GoMod     struct{ Proxy any } `yaml:"gomod"`
	// all is the whole of it, and data its bytes.
	all  map[string]any
	data []byte
}

type buildConfig struct {
	ID           string   `yaml:"id"`
	Binary       string   `yaml:"binary"`
	Builder      string   `yaml:"builder"`
	Skip         any      `yaml:"skip"`
	Goos         words    `yaml:"goos"`
	Goarch       words    `yaml:"goarch"`
	Targets      words    `yaml:"targets"`
	Goamd64      words    `yaml:"goamd64"`
	Goarm        words    `yaml:"goarm"`
	Ignore       []ignore `yaml:"ignore"`
	Env          words    `yaml:"env"`
	Flags        words    `yaml:"flags"`
	Ldflags      words    `yaml:"ldflags"`
	ModTimestamp string   `yaml:"mod_timestamp"`
}

// ignore leaves out the targets that have all of its values.
type ignore map[string]any

type universal struct {
	ID           string `yaml:"id"`
	ModTimestamp string `yaml:"mod_timestamp"`
}

type archive struct {
	ID         string   `yaml:"id"`
	IDs        words    `yaml:"ids"`
	Builds     words    `yaml:"builds"`
	Different  bool     `yaml:"allow_different_binary_count"`
	Formats    words    `yaml:"formats"`
	Format     string   `yaml:"format"`
	Meta       bool     `yaml:"meta"`
	BuildsInfo fileInfo `yaml:"builds_info"`
	Files      []any    `yaml:"files"`
}

type fileInfo struct {
	Owner string `yaml:"owner"`
	Group string `yaml:"group"`
	MTime string `yaml:"mtime"`
}

type nfpm struct {
	ID      string `yaml:"id"`
	IDs     words  `yaml:"ids"`
	Builds  words  `yaml:"builds"`
	Goamd64 words  `yaml:"goamd64"`
	Meta    bool   `yaml:"meta"`
	Formats words  `yaml:"formats"`
	MTime   string `yaml:"mtime"`
	RPM     struct {
		BuildHost string `yaml:"buildhost"`
	} `yaml:"rpm"`
}

type makeself struct {
	IDs    words `yaml:"ids"`
	Goos   words `yaml:"goos"`
	Goarch words `yaml:"goarch"`
}

// words are strings where goreleaser takes one or many; numbers and booleans count as their text.
type words []string

// UnmarshalYAML implements goccy/go-yaml's InterfaceUnmarshaler.
func (w *words) UnmarshalYAML(unmarshal func(any) error) error {
	var v any
	if err := unmarshal(&v); err != nil {
		return err
	}
	*w = nil
	switch v := v.(type) {
	case nil:
	case []any:
		for _, item := range v {
			*w = append(*w, fmt.Sprint(item))
		}
	default:
		*w = words{fmt.Sprint(v)}
	}
	return nil
}

func readConfigFile(tree fs.FS, path string) ([]byte, error) {
	data, err := fs.ReadFile(tree, path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &ConfigError{Path: path}
	}
	return data, err
}

func readConfig(tree fs.FS, path string) (*config, error) {
	data, err := readConfigFile(tree, path)
	if err != nil {
		return nil, err
	}
	c, err := parseConfig(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return c, nil
}

// parseConfig reads what relctl needs to know. Goreleaser itself judges whether the configuration is right.
func parseConfig(data []byte) (*config, error) {
	c := config{data: data}
	if err := unmarshal(data, &c.all); err != nil {
		return nil, err
	}
	if err := unmarshal(data, &c); err != nil {
		return nil, err
	}
	return &c, nil
}

// unmarshal turns the panics that goccy/go-yaml v1.19.2 has for some broken files into errors.
func unmarshal(data []byte, v any) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("not YAML that can be read: %v", r)
		}
	}()
	// A key beside a merge key that sets it too counts as repeated there, and overrides it in YAML.
	return yaml.UnmarshalWithOptions(data, v, yaml.AllowDuplicateMapKey())
}

// dist is goreleaser's output folder, relative to the checkout.
func (c *config) dist() string {
	if c.Dist == "" {
		return "dist"
	}
	return strings.TrimPrefix(c.Dist, "./")
}

// duty is a part of goreleaser's work.
type duty struct {
	// skip is goreleaser's word for it.
	skip string
	// keys of the configuration that ask for it.
	keys []string
	// always is a duty that every goreleaser 2 can skip.
	always bool
}

// duties are what goreleaser is kept from: publishing, announcing and signing are relctl's, or reach for the network.
var duties = []duty{
	{"publish", []string{"blobs", "uploads", "artifactories", "publishers", "krews", "milestones"}, true},
	{"announce", []string{"announce"}, true},
	{"sign", []string{"signs", "binary_signs", "docker_signs"}, true},
	{"sbom", []string{"sboms"}, true},
	{"docker", []string{"dockers", "dockers_v2", "docker_manifests"}, true},
	{"ko", []string{"kos"}, true},
	{"homebrew", []string{"brews", "homebrew_casks"}, true},
	{"nix", []string{"nix"}, true},
	{"winget", []string{"winget"}, true},
	{"scoop", []string{"scoops"}, true},
	{"aur", []string{"aurs"}, true},
	{"aur-source", []string{"aur_sources"}, false},
	{"chocolatey", []string{"chocolateys"}, true},
	{"snapcraft", []string{"snapcrafts"}, true},
	{"flatpak", []string{"flatpak"}, false},
	{"notarize", []string{"notarize"}, false},
	{"mcp", []string{"mcp"}, false},
}

// skips are the words for goreleaser's --skip. Those that older versions do not know are only said where needed.
func (c *config) skips() []string {
	var out []string
	for _, d := range duties {
		if d.always || slices.ContainsFunc(d.keys, c.has) {
			out = append(out, d.skip)
		}
	}
	return out
}

// has reports whether the configuration has a key that is not empty.
func (c *config) has(key string) bool {
	switch v := c.all[key].(type) {
	case nil:
		return false
	case []any:
		return len(v) > 0
	case map[string]any:
		return len(v) > 0
	}
	return true
}

// leftOut are the keys of the configuration that have no effect under relctl.
func (c *config) leftOut() []string {
	var out []string
	for _, d := range duties {
		for _, k := range d.keys {
			if c.has(k) {
				out = append(out, k)
			}
		}
	}
	return out
}
