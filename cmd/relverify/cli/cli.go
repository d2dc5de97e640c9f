// Package cli is the command line of relverify, which relctl offers as `relctl verify`.
package cli

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/relctl/relctl/pkg/verify"
)

// The exit codes.
const (
	exitDone      = 0
	exitFailed    = 1
	exitUsage     = 2
	exitRefused   = 4
	exitStale     = 7
	exitInterrupt = 130
)

const usage = `Check release bundles without any network.

Examples:
  %[1]s init --root root.json --product acme --channel lts-2.4 --installed 2.4.5
  %[1]s usb
  %[1]s usb/acme-2.4.6.bundle
  %[1]s unpack usb/acme-2.4.6.bundle acme-2.4.6
  %[1]s update-trust usb/acme-2026-07-01.trust
  %[1]s status
  %[1]s path 2.4.6 2.4.7
  %[1]s --key acme.pub --product acme --channel lts-2.4 acme-2.4.7.bundle
  %[1]s check-config acme.yaml --key acme.pub --from facts-2.4.6.json acme-2.4.7.bundle
  %[1]s unpack --key a.pub --key b.pub --threshold 2 acme-2.4.7.bundle acme-2.4.7

The root, or the key, must have reached you by another way than the bundle: who can forge one can forge both.

Usage:
  %[1]s [flags] [folder]                    list the bundles in a folder and one level below, this one if none is named
  %[1]s [flags] <bundle>                    check one
  %[1]s unpack [flags] <bundle> <new folder>  check it, unpack it, and note that it is installed
  %[1]s check-config [flags] <file> <bundle or folder>  what the release changes for your configuration file
  %[1]s init [flags]                        set up a site: what is trusted, what is followed, what is installed
  %[1]s installed [version | none]          what is installed; or say so
  %[1]s status [version]                    what is known as of when, support left, and eight words for the newest release
  %[1]s path [from] <to>                    the releases to install on the way, from what is installed if not said
  %[1]s update-trust [flags] <file>         take in newer trust, withdrawals and upgrade rules
  %[1]s history                             what has changed at this site
  %[1]s report                              all that, to print or to carry to the vendor
  %[1]s export                              the whole site as one file, for a backup; init --from reads it

Flags:
  --site <folder>       where the site lies (else $RELVERIFY_SITE, else the user's folder for program state)
  --dry-run             remember nothing
  --accept <code>       override a reason of freshness, by its code; the history notes it (repeatable)
  --json                print the answer as JSON
  --version             print the version of relverify

Flags of init:
  --root <file>         the vendor's root.json
  --product <name>      the product
  --channel <name>      the channel that is followed
  --fingerprint <hex>   the sha256 of root.json as the vendor said it by letter or telephone
  --installed <v>       the version that runs here, or none
  --max-age <days>      refuse older news, as in 60d
  --from <file>         set up from what export wrote, instead of all the others

Flags of check-config; the file is YAML, JSON, TOML, or variables in a file called *.env:
  (--from names the release that the file comes from: its version, if its bundle lies beside the new one, or its bundle,
  folder or facts.json; else it is what is installed)
  --scope <name>        which configuration file of the product it is, if there are several

Flags of checking with a key instead of a site; nothing is known then of newer releases and withdrawals,
and --product and --channel refuse bundles of others:
  --key <file>          a public key of the vendor, PEM (repeatable)
  --threshold <n>       how many of the keys must have signed (default 1)
  --min-version <v>     refuse older versions

Exit codes:
  0 genuine, and may be installed · 1 failed (a medium that cannot be read, say) · 2 usage, or something must be said first
  4 refused · 6 the configuration file must be changed first · 7 genuine, but stale, withdrawn or of a line that has ended · 130 interrupted
A folder: 4 if a bundle in it is not what the vendor made, or none is for this site; 0 if one may be installed; else 7.
`

// version is set by -ldflags "-X github.com/relctl/relctl/cmd/relverify/cli.version=…".
var version string

// command is one parsed command line.
type command struct {
	verb           verb
	args           []string
	json, version  bool
	dryRun         bool
	site           string
	accept         []string
	keys           []string
	threshold      int
	product        string
	channel        string
	min            string
	root           string
	fingerprint    string
	installed      string
	maxAge         string
	from           string
	scope          string
	stdout, stderr io.Writer
	name           string
	now            func() time.Time
}

// verb is one of the commands.
type verb struct {
	name     string
	min, max int
	// want says what arguments there are.
	want string
	// flags that it takes beside site, json and version.
	flags []string
	run   func(*command, context.Context) int
}

var keyFlags = []string{"key", "threshold", "product", "channel", "min-version"}

func verbs() []verb {
	check := slices.Concat(keyFlags, []string{"accept", "dry-run"})
	return []verb{
		{"", 0, 1, "a bundle or a folder", check, (*command).check},
		{"unpack", 2, 2, "a bundle and a new folder", check, (*command).unpack},
		{"check-config", 2, 2, "a configuration file and the new release", slices.Concat(keyFlags, []string{"accept", "from", "scope"}), (*command).checkConfig},
		{"init", 0, 0, "flags only", []string{"root", "product", "channel", "fingerprint", "installed", "max-age", "from"}, (*command).init},
		{"installed", 0, 1, "a version, or none", nil, (*command).showInstalled},
		{"status", 0, 1, "a version at most", nil, (*command).status},
		{"path", 1, 2, "one version or two", nil, (*command).path},
		{"update-trust", 1, 1, "a trust update", []string{"dry-run"}, (*command).update},
		{"history", 0, 0, "nothing", nil, (*command).history},
		{"report", 0, 0, "nothing", nil, (*command).report},
		{"export", 0, 0, "nothing", nil, (*command).export},
	}
}

// output remembers that something could not be printed: an answer that is lost is no answer.
type output struct {
	io.Writer
	err error
}

func (o *output) Write(p []byte) (int, error) {
	n, err := o.Writer.Write(p)
	o.err = errors.Join(o.err, err)
	return n, err
}

// Run executes relverify with args and returns its exit code. name is what the person typed to get here.
func Run(ctx context.Context, args []string, in io.Reader, stdout, stderr io.Writer, name string) int {
	return RunAt(ctx, args, in, stdout, stderr, name, time.Now)
}

// RunAt is Run with a clock.
func RunAt(ctx context.Context, args []string, _ io.Reader, stdout, stderr io.Writer, name string, now func() time.Time) int {
	out := &output{Writer: stdout}
	c := &command{stdout: out, stderr: stderr, name: name, threshold: 1, now: now}
	code := c.execute(ctx, args)
	if code == exitDone && out.err != nil {
		return c.fail(fmt.Errorf("the answer could not be printed: %w", out.err), exitFailed)
	}
	return code
}

func (c *command) execute(ctx context.Context, args []string) int {
	err := c.parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		c.printf(usage, c.name)
		return exitDone
	case err != nil:
		return c.fail(err, exitUsage)
	case c.version:
		c.printf("relverify %s\n", Version())
		return exitDone
	}
	return c.verb.run(c, ctx)
}

// Version returns the version of this program.
func Version() string {
	if version != "" {
		return version
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(devel)"
}

// parse reads flags before and after the arguments.
func (c *command) parse(args []string) error {
	all := verbs()
	c.verb = all[0]
	if len(args) > 0 {
		if i := slices.IndexFunc(all, func(v verb) bool { return v.name == args[0] && v.name != "" }); i > 0 {
			c.verb, args = all[i], args[1:]
		}
	}
	f := flag.NewFlagSet(c.name, flag.ContinueOnError)
	f.SetOutput(io.Discard)
	f.Func("key", "", func(s string) error { c.keys = append(c.keys, s); return nil })
	f.Func("accept", "", func(s string) error { c.accept = append(c.accept, s); return nil })
	f.IntVar(&c.threshold, "threshold", 1, "")
	for name, to := range map[string]*string{
		"site": &c.site, "product": &c.product, "channel": &c.channel, "min-version": &c.min, "root": &c.root,
		"fingerprint": &c.fingerprint, "installed": &c.installed, "max-age": &c.maxAge, "from": &c.from,
		"scope": &c.scope,
	} {
		f.StringVar(to, name, "", "")
	}
	f.BoolVar(&c.json, "json", false, "")
	f.BoolVar(&c.dryRun, "dry-run", false, "")
	f.BoolVar(&c.version, "version", false, "")
	for {
		if err := f.Parse(args); err != nil {
			return err
		}
		if f.NArg() == 0 {
			break
		}
		c.args = append(c.args, f.Arg(0))
		args = f.Args()[1:]
	}
	if c.version {
		return nil
	}
	return c.judgeArguments(f)
}

func (c *command) judgeArguments(f *flag.FlagSet) error {
	var wrong error
	f.Visit(func(x *flag.Flag) {
		if !slices.Contains(append([]string{"site", "json"}, c.verb.flags...), x.Name) {
			wrong = fmt.Errorf("%s does not go with --%s", strings.TrimSpace("relverify "+c.verb.name), x.Name)
		}
	})
	switch {
	case wrong != nil:
		return wrong
	case len(c.args) < c.verb.min:
		return fmt.Errorf("%s needs %s", c.verb.name, c.verb.want)
	case len(c.args) > c.verb.max:
		return fmt.Errorf("too many arguments: %q", c.args[c.verb.max])
	case c.threshold < 1:
		return errors.New("--threshold must be 1 or more")
	}
	return nil
}

func (c *command) printf(format string, args ...any) { _, _ = fmt.Fprintf(c.stdout, format, args...) }

// fail prints an error with its hint.
func (c *command) fail(err error, code int) int {
	_, _ = fmt.Fprintf(c.stderr, "%s: %s\n", c.name, plain(err.Error()))
	if no := refusal(err); no != nil {
		_, _ = fmt.Fprintf(c.stderr, "reason: %s\n", no.Code)
	}
	var h interface{ Hint() string }
	switch {
	case errors.As(err, &h) && h.Hint() != "":
		_, _ = fmt.Fprintf(c.stderr, "hint: %s\n", plain(h.Hint()))
	case code == exitUsage:
		_, _ = fmt.Fprintf(c.stderr, "hint: %s --help\n", c.name)
	case code == exitFailed:
		_, _ = fmt.Fprintln(c.stderr, "hint: this says nothing about the bundle; mend what is named above, and run the command again")
	}
	return code
}

// failed prints an error, whatever it is, and returns its exit code.
func (c *command) failed(err error) int {
	var unusable *verify.PolicyError
	switch {
	case errors.As(err, &unusable):
		return c.fail(err, exitUsage)
	case refusal(err) != nil:
		return c.fail(err, codeOf(err))
	case errors.Is(err, context.Canceled):
		return c.fail(errors.New("interrupted; nothing was unpacked"), exitInterrupt)
	}
	return c.fail(err, exitFailed)
}

// refusal returns the refusal in an error, nil if there is none.
func refusal(err error) *verify.Refusal {
	var no *verify.Refusal
	if errors.As(err, &no) {
		return no
	}
	return nil
}

// codeOf is the exit code of a refusal.
func codeOf(err error) int {
	if no := refusal(err); no != nil && no.Genuine() {
		return exitStale
	}
	return exitRefused
}

// plain keeps control and bidirectional characters of untrusted bytes from the terminal.
func plain(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n', r == '\t':
			return ' '
		case r < ' ', r >= 0x7f && r < 0xa0, r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x2069, r == 0x200e, r == 0x200f, r == 0xfeff:
			return '?'
		}
		return r
	}, strings.ToValidUTF8(text, "?"))
}
