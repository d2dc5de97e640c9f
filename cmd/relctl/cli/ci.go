package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/relctl/relctl/internal/durable"
	"github.com/relctl/relctl/pkg/channel"
	"github.com/relctl/relctl/pkg/pipeline"
	"github.com/relctl/relctl/pkg/project"
	"github.com/relctl/relctl/pkg/release"
)

func newCI(s IO) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "ci",
		Short: "Run releases as jobs: pipelines for GitHub, GitLab and others",
		Long: `ci writes the jobs that run releases: what a pull request means for them, as a comment; a cut that people approve; bundles
that are verified without network; promotions and trust by the clock. All are made of the channel files, ask for the least
rights that they need, and take keys from secrets of the forge or from a key service.

In a job of GitHub Actions every command marks its errors, plan, cut and advance hand values to later steps and write the
job's page. Where RELCTL_OUTPUT names a file, they append the same values to it as variables, RELCTL_VERSION and others.`,
		Example: `  relctl ci github --dry-run
  relctl ci gitlab
  relctl ci generic --setup hack/tools.sh
  relctl ci github --check`,
	}
	cmd.AddCommand(
		newCIFiles(s, "github", "Write the workflows of GitHub Actions"),
		newCIFiles(s, "gitlab", "Write the jobs of GitLab CI"),
		newCIFiles(s, "generic", "Write the jobs as shell scripts"),
		newCIComment(s),
	)
	return cmd
}

// ciFlags are those of the commands that write pipelines.
type ciFlags struct {
	remote               *string
	setup, image         string
	secrets              []string
	shards               int
	dryRun, check, force bool
}

func newCIFiles(s IO, forge, short string) *cobra.Command {
	var f ciFlags
	where := map[string]string{"github": ".github/workflows/release*.yml", "gitlab": ".gitlab/relctl.yml", "generic": "the folder .ci/relctl"}[forge]
	cmd := &cobra.Command{
		Use:   forge,
		Short: short,
		Long: forge + ` writes the jobs of the channels into ` + where + `. The channel files decide what there is to do: a job
without work is left out. Run it again when they change; --check, for a test or a job, ends with exit code 1 if what is there
is not what would be written. A file that relctl did not write is written over only with --force.

relctl, relverify and goreleaser are installed with go install, unless the machine has them. --setup names a script of
yours that does it instead: it puts them into the folder that is its first argument.`,
		Example: "  relctl ci " + forge + "\n  relctl ci " + forge + " --dry-run\n  relctl ci " + forge + " --setup hack/tools.sh --check",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return runCIFiles(cmd, s, &f, forge) },
	}
	f.remote = addRemote(cmd)
	cmd.Flags().StringVar(&f.setup, "setup", "", "a `script` of the repository that installs the programs")
	cmd.Flags().StringArrayVar(&f.secrets, "secret", nil, "pass this secret, by its `name`, to the jobs that sign and publish (repeatable)")
	cmd.Flags().IntVar(&f.shards, "shards", 0, "build the files of a release on this `number` of machines")
	if forge == "gitlab" {
		cmd.Flags().StringVar(&f.image, "image", "golang:1.26", "run the jobs in this container `image`, which has git and, without --setup, Go")
	}
	cmd.Flags().BoolVar(&f.dryRun, "dry-run", false, "print the files, write nothing")
	cmd.Flags().BoolVar(&f.check, "check", false, "say whether the files are as they would be written")
	cmd.Flags().BoolVar(&f.force, "force", false, "write over files that relctl did not write")
	return cmd
}

func runCIFiles(cmd *cobra.Command, s IO, f *ciFlags, forge string) error {
	p, err := look(cmd.Context(), cmd, *f.remote)
	if err != nil {
		return err
	}
	opts, err := f.options(cmd.Context(), p, forge)
	if err != nil {
		return err
	}
	files, err := pipeline.Write(forge, opts)
	if err != nil {
		return err
	}
	switch {
	case f.dryRun:
		for _, one := range files {
			s.print("# %s\n%s\n", one.Path, one.Data)
		}
		return nil
	case f.check:
		return checkPipeline(s, p.Repo.Top(), files, opts.Command)
	}
	return f.write(s, p, files)
}

// options gathers what the pipelines are made for.
func (f *ciFlags) options(ctx context.Context, p *project.Project, forge string) (pipeline.Options, error) {
	product := p.Policy.Product
	o := pipeline.Options{
		Command: f.command(forge), Product: product.Name, Branch: p.Policy.Branch, Keys: product.Signing.Keys, Threshold: max(product.Signing.Threshold, 1),
		Secrets: f.secrets, Goreleaser: product.Build == nil, Setup: f.setup, Version: installable(Version()), Image: f.image,
	}
	if f.setup != "" && !filepath.IsLocal(f.setup) {
		return o, usagef("commit it, and name it from the repository's root, such as --setup hack/tools.sh", "--setup %s is no path in the repository", plain(f.setup))
	}
	if f.setup != "" && !strings.Contains(f.setup, "/") {
		o.Setup = "./" + f.setup
	}
	for _, name := range f.secrets {
		if name == "" || strings.Trim(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") != "" {
			return o, usagef("such as --secret VAULT_TOKEN", "%q is no name of a secret", plain(name))
		}
	}
	for _, ch := range p.Policy.Channels {
		o.Channels = append(o.Channels, pipeline.Channel{Name: ch.Name, LTS: ch.Kind == release.LTS, Rings: len(ch.Rings) > 0})
	}
	addStores(&o, product)
	if f.shards != 0 {
		if err := f.addShards(&o, product); err != nil {
			return o, err
		}
	}
	repo, err := p.TrustRepository(ctx)
	if err != nil {
		return o, err
	}
	o.Trust = !repo.IsZero()
	_, err = fs.Stat(p.Policy.FS, "go.mod")
	o.Module = err == nil
	return o, nil
}

// addStores says what stores need of a job.
func addStores(o *pipeline.Options, product channel.Product) {
	registry := func(address string) {
		host, _, _ := strings.Cut(address, "/")
		if !slices.Contains(o.Registries, host) {
			o.Registries = append(o.Registries, host)
		}
	}
	for _, st := range product.Stores {
		at, isRegistry := strings.CutPrefix(st.URL, "oci://")
		switch {
		case isRegistry:
			registry(at)
		case st.Registry != "":
			registry(st.Registry)
		case st.URL != "":
			o.Bucket = true
		case filepath.IsLocal(st.Directory):
			o.Folders = append(o.Folders, path.Clean(filepath.ToSlash(st.Directory)))
		}
	}
	if d := product.Deploy; d != nil {
		if strings.HasPrefix(d.Repository, "https://") {
			o.Deploy = d.Repository
		}
		if host, _ := d.Artifacts(); host != "" {
			o.Artifacts = true
			registry(host)
		}
	}
}

// command is the command line that writes the files again.
func (f *ciFlags) command(forge string) string {
	words := []string{"relctl ci " + forge}
	if f.setup != "" {
		words = append(words, "--setup "+shellWord(f.setup))
	}
	for _, name := range f.secrets {
		words = append(words, "--secret "+name)
	}
	if f.shards != 0 {
		words = append(words, fmt.Sprintf("--shards %d", f.shards))
	}
	if f.image != "" && f.image != "golang:1.26" {
		words = append(words, "--image "+shellWord(f.image))
	}
	return strings.Join(words, " ")
}

// shellWord writes one word of a command line.
func shellWord(text string) string {
	if strings.ContainsAny(text, " '\"$`\\*?;&|<>()\n") {
		return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
	}
	return text
}

// installable is a version by which go install finds this program: that of a release, else the newest.
func installable(version string) string {
	v, err := release.ParseVersion(strings.TrimPrefix(version, "v"))
	if err != nil || v.Prerelease() != "" {
		return "latest"
	}
	return "v" + v.String()
}

// PipelineError is a pipeline that is not what the channel files ask for.
type PipelineError struct {
	Files   []string
	Command string
}

func (e *PipelineError) Error() string {
	return fmt.Sprintf("not current: %s", strings.Join(e.Files, ", "))
}

// Hint is the command that writes them again.
func (e *PipelineError) Hint() string { return e.Command }

// checkPipeline says of each file whether it is current.
func checkPipeline(s IO, top string, files []pipeline.File, command string) error {
	wrong := &PipelineError{Command: command}
	for _, one := range files {
		there, err := os.ReadFile(filepath.Join(top, filepath.FromSlash(one.Path)))
		switch {
		case errors.Is(err, fs.ErrNotExist):
			s.print("missing  %s\n", one.Path)
		case err != nil:
			return err
		case !bytes.Equal(there, one.Data):
			s.print("differs  %s\n", one.Path)
		default:
			s.print("current  %s\n", one.Path)
			continue
		}
		wrong.Files = append(wrong.Files, one.Path)
	}
	if len(wrong.Files) > 0 {
		return wrong
	}
	return nil
}

// write writes the files, each over what relctl wrote before.
func (f *ciFlags) write(s IO, p *project.Project, files []pipeline.File) error {
	top := p.Repo.Top()
	if top == "" {
		return usagef("run it in a clone", "a bare repository has no files to write")
	}
	was := map[string]string{}
	for _, one := range files { // all are looked at before the first is written
		there, err := os.ReadFile(filepath.Join(top, filepath.FromSlash(one.Path)))
		switch {
		case errors.Is(err, fs.ErrNotExist):
		case err != nil:
			return err
		case bytes.Equal(there, one.Data):
			was[one.Path] = "current"
		case pipeline.Ours(there):
			was[one.Path] = "written anew"
		case f.force:
			was[one.Path] = "written over"
		default:
			return usagef("move it away, or write over it with --force", "%s is there, and relctl did not write it", one.Path)
		}
	}
	for _, one := range files {
		word := was[one.Path]
		if word == "" {
			word = "written"
		}
		if word != "current" {
			mode := fs.FileMode(0o644)
			if one.Program {
				mode = 0o755
			}
			if err := durable.Write(filepath.Join(top, filepath.FromSlash(one.Path)), one.Data, mode); err != nil {
				return err
			}
		}
		s.print("%-12s  %s\n", word, one.Path)
	}
	s.say("commit them; docs/ci.md says which secrets they need")
	return nil
}
