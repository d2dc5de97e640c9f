// Package cli is the command line of relverify, which relctl offers as `relctl verify`.
package cli

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"strings"

	"github.com/relctl/relctl/pkg/release"
	"github.com/relctl/relctl/pkg/verify"
)

// The exit codes.
const (
	exitDone      = 0
	exitFailed    = 1
	exitUsage     = 2
	exitRefused   = 4
	exitInterrupt = 130
)

const usage = `Check a release bundle without any network.

Examples:
  %[1]s --key acme.pub acme-2.4.7.bundle
  %[1]s --key acme.pub --product acme --channel lts-2.4 acme-2.4.7.bundle
  %[1]s --key a.pub --key b.pub --threshold 2 acme-2.4.7.bundle
  %[1]s unpack --key acme.pub acme-2.4.7.bundle acme-2.4.7

The key must have reached you by another way than the bundle: who can forge one can forge both.

Usage:
  %[1]s [flags] <bundle>
  %[1]s unpack [flags] <bundle> <new folder>

Flags:
  --key <file>          a public key of the vendor, PEM (repeatable)
  --threshold <n>       how many of the keys must have signed (default 1)
  --product <name>      refuse bundles of another product
  --channel <name>      refuse bundles of another channel
  --min-version <v>     refuse older versions
  --json                print the evidence as JSON
  --version             print the version of relverify

Exit codes:
  0 genuine · 1 failed (a medium that cannot be read, say) · 2 usage, or no key · 4 refused · 130 interrupted
`

// version is set by -ldflags "-X github.com/relctl/relctl/cmd/relverify/cli.version=…".
var version string

// command is one parsed command line.
type command struct {
	unpack         bool
	bundle, dst    string
	json, version  bool
	keys           []string
	threshold      int
	product        string
	channel        string
	min            string
	stdout, stderr io.Writer
	name           string
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
func Run(ctx context.Context, args []string, _ io.Reader, stdout, stderr io.Writer, name string) int {
	out := &output{Writer: stdout}
	c := &command{stdout: out, stderr: stderr, name: name, threshold: 1}
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
		_, _ = fmt.Fprintf(c.stdout, usage, c.name)
		return exitDone
	case err != nil:
		return c.fail(err, exitUsage)
	case c.version:
		_, _ = fmt.Fprintf(c.stdout, "relverify %s\n", Version())
		return exitDone
	}
	return c.run(ctx)
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
	if len(args) > 0 && args[0] == "unpack" {
		c.unpack, args = true, args[1:]
	}
	f := flag.NewFlagSet(c.name, flag.ContinueOnError)
	f.SetOutput(io.Discard)
	f.Func("key", "", func(s string) error { c.keys = append(c.keys, s); return nil })
	f.IntVar(&c.threshold, "threshold", 1, "")
	f.StringVar(&c.product, "product", "", "")
	f.StringVar(&c.channel, "channel", "", "")
	f.StringVar(&c.min, "min-version", "", "")
	f.BoolVar(&c.json, "json", false, "")
	f.BoolVar(&c.version, "version", false, "")
	var names []string
	for {
		if err := f.Parse(args); err != nil {
			return err
		}
		if f.NArg() == 0 {
			break
		}
		names = append(names, f.Arg(0))
		args = f.Args()[1:]
	}
	if c.version {
		return nil
	}
	want := 1
	if c.unpack {
		want = 2
	}
	switch {
	case len(names) == 0:
		return errors.New("which bundle?")
	case len(names) < want:
		return errors.New("unpack needs a bundle and a new folder")
	case len(names) > want:
		return fmt.Errorf("too many arguments: %q", names[want])
	case c.threshold < 1:
		return errors.New("--threshold must be 1 or more")
	}
	c.bundle = names[0]
	if c.unpack {
		c.dst = names[1]
	}
	return nil
}

// fail prints an error with its hint.
func (c *command) fail(err error, code int) int {
	_, _ = fmt.Fprintf(c.stderr, "%s: %s\n", c.name, plain(err.Error()))
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

// policy reads what the person demands.
func (c *command) policy() (verify.Policy, error) {
	p := verify.Policy{Threshold: c.threshold, Product: c.product, Channel: c.channel}
	for _, path := range c.keys {
		f, err := os.Open(path)
		if err != nil {
			return p, &verify.PolicyError{Text: "key: " + err.Error()}
		}
		data, err := io.ReadAll(io.LimitReader(f, 1<<20))
		if err := errors.Join(err, f.Close()); err != nil {
			return p, &verify.PolicyError{Text: "key: " + err.Error()}
		}
		if _, err := verify.ParseKey(data); err != nil {
			return p, &verify.PolicyError{Text: fmt.Sprintf("key %s: %v", path, err)}
		}
		p.Keys = append(p.Keys, data)
	}
	if c.min != "" {
		v, err := release.ParseVersion(c.min)
		if err != nil {
			return p, &verify.PolicyError{Text: "--min-version: " + err.Error()}
		}
		p.MinVersion = v
	}
	return p, nil
}

func (c *command) run(ctx context.Context) int {
	p, err := c.policy()
	if err != nil {
		return c.fail(err, exitUsage)
	}
	f, err := os.Open(c.bundle)
	if err != nil {
		return c.fail(err, exitFailed)
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return c.fail(err, exitFailed)
	}
	if !info.Mode().IsRegular() {
		return c.fail(fmt.Errorf("%s is not a file", c.bundle), exitFailed)
	}
	var rep *verify.Report
	if c.unpack {
		rep, err = verify.Unpack(ctx, f, info.Size(), c.dst, p)
	} else {
		rep, err = verify.Bundle(ctx, f, info.Size(), p)
	}
	return c.answer(rep, err)
}

// answer prints the report and turns the error into an exit code.
func (c *command) answer(rep *verify.Report, err error) int {
	var refusal *verify.Refusal
	var unusable *verify.PolicyError
	refused := errors.As(err, &refusal)
	if c.json && rep != nil && (err == nil || refused) {
		data, jerr := release.Encode(rep)
		if jerr != nil {
			return c.fail(jerr, exitFailed)
		}
		_, _ = c.stdout.Write(data)
	} else if rep != nil && (err == nil || refused) {
		c.table(rep, refusal)
	}
	switch {
	case err == nil:
		if c.unpack && !c.json {
			_, _ = fmt.Fprintf(c.stdout, "\nunpacked into %s\n", c.dst)
		}
		return exitDone
	case refused:
		return exitRefused
	case errors.As(err, &unusable):
		return c.fail(err, exitUsage)
	case errors.Is(err, context.Canceled):
		return c.fail(errors.New("interrupted; nothing was unpacked"), exitInterrupt)
	}
	return c.fail(err, exitFailed)
}

// table prints the report for a person: the answer first, then what was looked at.
func (c *command) table(rep *verify.Report, refusal *verify.Refusal) {
	w := c.stdout
	if refusal == nil {
		_, _ = fmt.Fprintf(w, "GENUINE  %s %s (%s, sequence %d)\n\n", rep.Product, rep.Version, rep.Channel, rep.Sequence)
	} else {
		_, _ = fmt.Fprintf(w, "REFUSED  %s\n\n", plain(refusal.Text))
	}
	for _, check := range rep.Checks {
		status := strings.ReplaceAll(string(check.Status), "-", " ")
		_, _ = fmt.Fprintf(w, "  %-13s  %-13s  %s\n", check.Verdict, status, plain(check.Text))
	}
	if refusal == nil {
		_, _ = fmt.Fprintf(w, "\n  release  %s\n", rep.Release)
		for _, id := range rep.Keys {
			_, _ = fmt.Fprintf(w, "  key      %s\n", id)
		}
		return
	}
	_, _ = fmt.Fprintf(w, "\n  reason   %s\n", refusal.Code)
	if refusal.Remedy != "" {
		_, _ = fmt.Fprintf(w, "  do       %s\n", plain(refusal.Remedy))
	}
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
