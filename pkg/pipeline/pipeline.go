// Package pipeline writes the jobs by which a CI system runs releases: files for GitHub Actions, for GitLab CI, and shell
// scripts for everything else. All three are made of the same shell scripts, one a job, so that what one is tested with
// holds for the others.
package pipeline

import (
	"bytes"
	"embed"
	"fmt"
	"strings"
	"text/template"
)

// Channel is what pipelines know of a channel.
type Channel struct {
	Name string
	// LTS channels give bundles; Rings says that a rolling channel is promoted.
	LTS, Rings bool
}

// Options is what a pipeline is made for. The zero value of all but Product and Channels is useful.
type Options struct {
	// Command is the command line that writes these files again.
	Command string
	Product string
	// Branch is the default branch, from which the pipelines run.
	Branch   string
	Channels []Channel
	// Keys are the paths of the public keys that sign releases, and Threshold how many of them must.
	Keys      []string
	Threshold int
	// Trust says that there is a root of trust, whose lists are signed anew on a schedule.
	Trust bool
	// Artifacts says that rings are read from signed artifacts in a registry.
	Artifacts bool
	// Deploy is the https address of the repository that holds what rings run, "" for none of its own.
	Deploy string
	// Registries are the hosts that stores lie on; Bucket says that one is a bucket.
	Registries []string
	Bucket     bool
	// Folders are the stores that are folders, relative to the root of the repository.
	Folders []string
	// Secrets are names of further secrets that reach the jobs which sign and publish.
	Secrets []string
	// Goreleaser says that the product is built by it.
	Goreleaser bool
	// Module says that the repository has a go.mod, which names the release of Go.
	Module bool
	// Shards is how many machines build the files of a release, 0 for the one that cuts it, and ShardStore the address of
	// the store in which they leave them.
	Shards     int
	ShardStore string
	// Setup is a script of the repository that puts relctl, relverify and what builds the product into the folder that
	// is its first argument. Without it they are installed with go install, relctl at Version.
	Setup   string
	Version string
	// Image is the container image of GitLab's jobs.
	Image string
}

// File is a file of the repository.
type File struct {
	// Path is relative to the root of the repository, with slashes.
	Path string
	Data []byte
	// Program says that the file is executable.
	Program bool
}

// Mark begins the first line of every file, so that nobody's own file is taken for one.
const Mark = "# Written by relctl ci"

//go:embed templates
var files embed.FS

// Forges are the kinds of pipelines.
func Forges() []string { return []string{"github", "gitlab", "generic"} }

// Write makes the files of a kind of pipeline.
func Write(forge string, o Options) ([]File, error) {
	switch forge {
	case "github":
		return o.write([]page{
			{".github/workflows/release-plan.yml", "github-plan.yml", true},
			{".github/workflows/release.yml", "github-release.yml", true},
			{".github/workflows/release-schedule.yml", "github-schedule.yml", o.Scheduled()},
		})
	case "gitlab":
		return o.write([]page{{".gitlab/relctl.yml", "gitlab.yml", true}})
	case "generic":
		return o.write([]page{
			{".ci/relctl/setup", "generic-setup", true}, {".ci/relctl/plan", "generic-plan", true},
			{".ci/relctl/build", "generic-build", o.Shards > 0}, {".ci/relctl/cut", "generic-cut", true}, {".ci/relctl/verify", "generic-verify", o.Bundles()},
			{".ci/relctl/advance", "generic-advance", len(o.Rolled()) > 0}, {".ci/relctl/refresh", "generic-refresh", o.Trust},
		})
	}
	return nil, fmt.Errorf("there are no pipelines for %q; there are %s", forge, strings.Join(Forges(), ", "))
}

// page is a file, the template that it is made of, and whether it is needed.
type page struct {
	path, template string
	wanted         bool
}

func (o Options) write(pages []page) ([]File, error) {
	var t *template.Template
	t = template.New("").Delims("[[", "]]").Funcs(template.FuncMap{
		// script writes the script of a job, indented.
		"script": func(name string, spaces int, o Options) (string, error) {
			var b bytes.Buffer
			err := t.ExecuteTemplate(&b, name+".sh", o)
			return indent(strings.TrimSpace(b.String()), spaces), err
		},
		"quote": quote,
		"join":  strings.Join,
	})
	if _, err := t.ParseFS(files, "templates/*"); err != nil {
		return nil, err
	}
	var out []File
	for _, p := range pages {
		if !p.wanted {
			continue
		}
		var b bytes.Buffer
		if err := t.ExecuteTemplate(&b, p.template, o); err != nil {
			return nil, err
		}
		out = append(out, File{Path: p.path, Data: b.Bytes(), Program: strings.HasPrefix(p.template, "generic-")})
	}
	return out, nil
}

// indent moves all lines but the first and empty ones to the right.
func indent(text string, spaces int) string {
	text = strings.ReplaceAll(text, "\n", "\n"+strings.Repeat(" ", spaces))
	return strings.ReplaceAll(text, "\n"+strings.Repeat(" ", spaces)+"\n", "\n\n")
}

// quote makes one word of a shell's command line.
func quote(text string) string {
	if strings.Trim(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./@:+") == "" && text != "" {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}

// Rolled are the channels that are promoted through rings.
func (o Options) Rolled() []Channel {
	var out []Channel
	for _, c := range o.Channels {
		if c.Rings {
			out = append(out, c)
		}
	}
	return out
}

// Bundles reports whether some channel gives bundles.
func (o Options) Bundles() bool {
	for _, c := range o.Channels {
		if c.LTS {
			return true
		}
	}
	return false
}

// Scheduled reports whether anything is to be done on a schedule.
func (o Options) Scheduled() bool { return o.Trust || len(o.Rolled()) > 0 }

// Names are the names of all channels.
func (o Options) Names() []string {
	var out []string
	for _, c := range o.Channels {
		out = append(out, c.Name)
	}
	return out
}

// Passed are the secrets of jobs that sign and publish, beside those of registries.
func (o Options) Passed() []string {
	out := []string{"RELCTL_RELEASE_KEY"}
	if o.Trust {
		out = append(out, "RELCTL_CHANNEL_KEY", "RELCTL_SNAPSHOT_KEY", "RELCTL_TIMESTAMP_KEY")
	}
	return append(out, o.shared()...)
}

// PassedBuild are those of the jobs that build parts of a release.
func (o Options) PassedBuild() []string { return append([]string{"RELCTL_SHARD_KEY"}, o.shared()...) }

// ShardNames are the parts of a build as the command line takes them, in quotes.
func (o Options) ShardNames() []string {
	var out []string
	for i := range o.Shards {
		out = append(out, fmt.Sprintf(`"%d/%d"`, i+1, o.Shards))
	}
	return out
}

// PassedAdvance are those of the job that promotes.
func (o Options) PassedAdvance() []string {
	var out []string
	if o.Deploy != "" {
		out = append(out, "RELCTL_DEPLOY_TOKEN")
	}
	if o.Artifacts {
		out = append(out, "RELCTL_ARTIFACT_KEY", "RELCTL_PASSWORD")
	}
	return out
}

// PassedRefresh are those of the job that signs lists of trust anew.
func (o Options) PassedRefresh() []string {
	return append([]string{"RELCTL_SNAPSHOT_KEY", "RELCTL_TIMESTAMP_KEY"}, o.shared()...)
}

func (o Options) shared() []string {
	out := []string{"RELCTL_PASSWORD"}
	if o.Bucket {
		out = append(out, "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
	}
	return append(out, o.Secrets...)
}

// OwnRegistry reports whether a store lies in GitHub's registry, to which a job has access by its own token.
func (o Options) OwnRegistry() bool {
	for _, r := range o.Registries {
		if r == "ghcr.io" {
			return true
		}
	}
	return false
}

// Ours reports whether a file was written by [Write]: it says so in its first or second line.
func Ours(data []byte) bool {
	first, rest, _ := bytes.Cut(data, []byte("\n"))
	second, _, _ := bytes.Cut(rest, []byte("\n"))
	return bytes.HasPrefix(first, []byte(Mark)) || bytes.HasPrefix(second, []byte(Mark))
}
