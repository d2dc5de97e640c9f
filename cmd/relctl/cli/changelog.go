package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/relctl/relctl/pkg/changelog"
	"github.com/relctl/relctl/pkg/project"
	"github.com/relctl/relctl/pkg/release"
)

// changelogOptions are the flags of relctl changelog.
type changelogOptions struct {
	from, to, format, template, output string
	all, source                        bool
}

// nextRelease is what --to calls the changes that are not released yet.
const nextRelease = "next"

// machineFormats are written by code, all others by templates.
var machineFormats = map[string]func(changelog.Log) ([]byte, error){
	"json": changelog.Log.JSON,
	"atom": changelog.Atom,
	"text": func(l changelog.Log) ([]byte, error) { return changelog.Text(l), nil },
}

const templateDir = "changelog/templates"

func newChangelog(s IO) *cobra.Command {
	var remote *string
	var asJSON *bool
	var opts changelogOptions
	cmd := &cobra.Command{
		Use:   "changelog [channel]",
		Short: "Tell what changed, for developers, operators and machines",
		Long: `changelog tells the changes of a channel's last release, of a range of releases, or of all. Without a channel it takes
the one that owns the versions, or the only one there is.

A range is what somebody must know who upgrades over several releases at once: what is required of them, security and
fixes of all releases together, each with the release that brought it. What one of the releases brought and another
took back is left out. The range may begin in an older line; what that one carries as picks is left out, too.

Formats are keepachangelog, release (the body of a release on a forge), operator, text, json (see relctl schema changes)
and atom. Files changelog/templates/<format>.tmpl on the default branch replace a format or add one; files in
changelog/overrides/ correct what a commit says wrong.`,
		Example: `  relctl changelog lts-2.4                          the last release, for its operators
  relctl changelog --from 2.4.2 --to 2.4.7          what an upgrade over these releases brings
  relctl changelog lts-2.4 --to next                what is not released yet
  relctl changelog lts-2.4 --all --output CHANGELOG.md
  relctl changelog lts-2.4 --to 2.4.7 --format release`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := opts.complete(*asJSON); err != nil {
				return err
			}
			if opts.source {
				text, err := changelog.Source(opts.format)
				if err != nil {
					return usagef("relctl changelog --show-template --format operator", "%s", err)
				}
				return s.deliver(opts.output, []byte(text))
			}
			p, err := look(cmd.Context(), cmd, *remote)
			if err != nil {
				return err
			}
			w, err := opts.writer(p)
			if err != nil {
				return err
			}
			t := teller{IO: s, project: p, opts: opts}
			if t.channel, err = t.choose(args); err != nil {
				return err
			}
			l, err := t.log(cmd.Context())
			if err != nil {
				return err
			}
			data, err := w(l)
			if err != nil {
				return err
			}
			return s.deliver(opts.output, data)
		},
	}
	remote, asJSON = addRemote(cmd), addJSON(cmd)
	f := cmd.Flags()
	f.StringVar(&opts.from, "from", "", "tell what came after this `version`")
	f.StringVar(&opts.to, "to", "", "end with this `version`, or with \"next\" for what is not released yet (default: the last release)")
	f.BoolVar(&opts.all, "all", false, "tell every release of the channel, newest first, and what is not released yet")
	f.StringVar(&opts.format, "format", "", "`name` of the format (default operator, with --all keepachangelog)")
	f.StringVar(&opts.template, "template", "", "write by the template in this `file`")
	f.StringVarP(&opts.output, "output", "o", "", "write into this `file`")
	f.BoolVar(&opts.source, "show-template", false, "print the format's built-in template, to begin one's own with")
	return cmd
}

// complete fills in the format, and refuses flags that contradict each other.
func (o *changelogOptions) complete(asJSON bool) error {
	const see = "see relctl changelog --help"
	switch {
	case o.all && (o.from != "" || o.to != ""):
		return usagef(see, "--all tells every release, so --from and --to cannot stand beside it")
	case asJSON && o.format != "" && o.format != "json":
		return usagef(see, "--json and --format %s exclude each other", plain(o.format))
	case o.template != "" && (asJSON || o.format != ""):
		return usagef(see, "--template says the format, so --format and --json cannot stand beside it")
	}
	switch {
	case asJSON:
		o.format = "json"
	case o.format == "" && o.all:
		o.format = changelog.Keep
	case o.format == "":
		o.format = changelog.Operator
	}
	return nil
}

// writer returns what writes the log in the format that is asked for.
func (o *changelogOptions) writer(p *project.Project) (func(changelog.Log) ([]byte, error), error) {
	if w := machineFormats[o.format]; w != nil && o.template == "" {
		return w, nil
	}
	t, err := o.readTemplate(p.Policy.FS)
	if err != nil {
		return nil, err
	}
	return func(l changelog.Log) ([]byte, error) {
		var buf bytes.Buffer
		err := t.Execute(&buf, l)
		return buf.Bytes(), err
	}, nil
}

// readTemplate takes the file that the flag names, else the one of the default branch, else the built-in one.
func (o *changelogOptions) readTemplate(policy fs.FS) (*changelog.Template, error) {
	if o.template != "" {
		data, err := os.ReadFile(o.template)
		if err != nil {
			return nil, err
		}
		return changelog.ParseTemplate(filepath.Base(o.template), string(data))
	}
	if release.CheckName(o.format) == nil {
		file := path.Join(templateDir, o.format+".tmpl")
		data, err := fs.ReadFile(policy, file)
		if err == nil {
			return changelog.ParseTemplate(file, string(data))
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
	if !slices.Contains(changelog.Formats(), o.format) {
		return nil, usagef(fmt.Sprintf("the formats are %s, text, json and atom; %s/<format>.tmpl on the default branch adds one", strings.Join(changelog.Formats(), ", "), templateDir),
			"there is no format %q", plain(o.format))
	}
	return changelog.Builtin(o.format)
}

// deliver writes a command's product to a file, whole or not at all, or to the standard output.
func (s IO) deliver(file string, data []byte) error {
	if file == "" {
		_, err := s.Out.Write(data)
		return err
	}
	if info, err := os.Stat(file); err == nil && !info.Mode().IsRegular() {
		return os.WriteFile(file, data, 0o644) // a device or a pipe, which must not be replaced
	}
	tmp, err := os.CreateTemp(filepath.Dir(file), ".relctl-*")
	if err != nil {
		return err
	}
	_, err = tmp.Write(data)
	if err == nil {
		err = tmp.Chmod(0o644)
	}
	err = errors.Join(err, tmp.Close())
	if err == nil {
		err = os.Rename(tmp.Name(), file)
	}
	if err != nil {
		_ = os.Remove(tmp.Name()) // the first error counts
	}
	return err
}
