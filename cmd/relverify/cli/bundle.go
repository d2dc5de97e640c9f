package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/relctl/relctl/pkg/release"
	"github.com/relctl/relctl/pkg/verify"
)

// check judges one bundle, or lists those of a folder.
func (c *command) check(ctx context.Context) int {
	path := "."
	if len(c.args) == 1 {
		path = c.args[0]
	}
	if len(c.keys) == 0 {
		if info, err := os.Stat(path); err == nil && info.IsDir() {
			return c.list(ctx, path)
		}
	}
	if len(c.args) == 0 {
		return c.fail(errors.New("which bundle?"), exitUsage)
	}
	return c.bundle(ctx, path, "")
}

func (c *command) unpack(ctx context.Context) int { return c.bundle(ctx, c.args[0], c.args[1]) }

// bundle judges a bundle by the keys that were given, or else by the site, and unpacks it into dst if that is not "".
func (c *command) bundle(ctx context.Context, path, dst string) int {
	if len(c.keys) > 0 {
		if len(c.accept) > 0 || c.dryRun {
			return c.fail(errors.New("--accept and --dry-run are about a site, --key is about a bundle alone"), exitUsage)
		}
		return c.byKey(ctx, path, dst)
	}
	if c.product != "" || c.channel != "" || c.min != "" || c.threshold != 1 {
		return c.fail(errors.New("--product, --channel, --min-version and --threshold go with --key: a site knows what it demands"), exitUsage)
	}
	s, err := c.openSite(!c.dryRun)
	if err != nil {
		return c.failed(err)
	}
	defer s.Close()
	f, size, err := openFile(path)
	if err != nil {
		return c.fail(err, exitFailed)
	}
	defer func() { _ = f.Close() }()
	var rep *verify.Report
	if dst == "" {
		rep, err = s.Verify(ctx, f, size, c.options())
	} else {
		rep, err = s.Unpack(ctx, f, size, dst, c.options())
	}
	no := refusal(err)
	if rep == nil || err != nil && no == nil && rep.Release == "" {
		return c.failed(err)
	}
	if c.json {
		if code := c.encode(rep); code != exitDone {
			return code
		}
	} else {
		c.printf("%s\n", plain(c.sentence(s, path, rep, err)))
		c.details(rep, no)
	}
	unpacked := dst != "" && !c.dryRun && rep.Install == verify.InstallAllowed && (err == nil || no != nil && no.Code == verify.CodeEnded)
	if unpacked && !c.json {
		c.printf("\nunpacked into %s; installed is now %s\n", plain(dst), rep.Version)
	}
	switch {
	case no != nil:
		return codeOf(err)
	case err != nil:
		return c.failed(err)
	}
	return exitDone
}

func (c *command) options() verify.Options {
	return verify.Options{Accept: c.accept, DryRun: c.dryRun}
}

// openFile opens a regular file.
func openFile(path string) (*os.File, int64, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, 0, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s is not a file", path)
	}
	if err != nil {
		return nil, 0, errors.Join(err, f.Close())
	}
	return f, info.Size(), nil
}

// policy reads what the person demands.
func (c *command) policy() (verify.Policy, error) {
	p := verify.Policy{Threshold: c.threshold, Product: c.product, Channel: c.channel}
	for _, path := range c.keys {
		data, err := readSmall(path)
		if err != nil {
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

// readSmall reads the first MiB of a file, which is more than a key or a root may have.
func readSmall(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(io.LimitReader(f, 1<<20))
	return data, errors.Join(err, f.Close())
}

func (c *command) byKey(ctx context.Context, path, dst string) int {
	p, err := c.policy()
	if err != nil {
		return c.fail(err, exitUsage)
	}
	f, size, err := openFile(path)
	if err != nil {
		return c.fail(err, exitFailed)
	}
	defer func() { _ = f.Close() }()
	var rep *verify.Report
	if dst != "" {
		rep, err = verify.Unpack(ctx, f, size, dst, p)
	} else {
		rep, err = verify.Bundle(ctx, f, size, p)
	}
	no := refusal(err)
	if err != nil && no == nil {
		return c.failed(err)
	}
	if c.json {
		if code := c.encode(rep); code != exitDone {
			return code
		}
	} else {
		if no == nil {
			c.printf("GENUINE  %s %s (%s, sequence %d)\n", rep.Product, rep.Version, rep.Channel, rep.Sequence)
		} else {
			c.printf("REFUSED  %s\n", plain(no.Text))
		}
		c.details(rep, no)
		if no == nil && dst != "" {
			c.printf("\nunpacked into %s\n", plain(dst))
		}
	}
	if no != nil {
		return codeOf(err)
	}
	return exitDone
}

// encode prints a document.
func (c *command) encode(v any) int {
	data, err := release.Encode(v)
	if err != nil {
		return c.fail(err, exitFailed)
	}
	_, _ = c.stdout.Write(data)
	return exitDone
}

// details prints what was looked at, for a person.
func (c *command) details(rep *verify.Report, no *verify.Refusal) {
	c.printf("\n")
	for _, check := range rep.Checks {
		c.printf("  %-13s  %-13s  %s\n", check.Verdict, strings.ReplaceAll(string(check.Status), "-", " "), plain(check.Text))
	}
	for _, text := range rep.Conditions {
		c.printf("  before         to do          %s\n", plain(text))
	}
	if no == nil || no.Genuine() {
		c.printf("\n  release  %s\n", rep.Release)
		for _, id := range rep.Keys {
			c.printf("  key      %s\n", id)
		}
	}
	if no != nil {
		c.printf("\n  reason   %s\n", no.Code)
		if no.Remedy != "" {
			c.printf("  do       %s\n", plain(no.Remedy))
		}
	}
}

// states are the words for what is genuine and yet not good.
var states = map[string]string{
	verify.CodeStale: "STALE", verify.CodeExpired: "STALE", verify.CodeOutdated: "STALE",
	verify.CodeWithdrawn: "WITHDRAWN", verify.CodeEnded: "OF A LINE THAT HAS ENDED",
}

// sentence is the answer about a bundle for whoever stands in front of it.
func (c *command) sentence(s *verify.Site, path string, rep *verify.Report, err error) string {
	no := refusal(err)
	var unsaid *verify.PolicyError
	switch {
	case no != nil && no.Genuine():
		return fmt.Sprintf("GENUINE, BUT %s – %s – %s – next: %s", states[no.Code], rep.Version, no.Text, no.Remedy)
	case no != nil && rep.Release != "" && no.ForOthers():
		return fmt.Sprintf("REFUSED – genuine, and not for you: %s – next: %s", no.Text, no.Remedy)
	case no != nil:
		return fmt.Sprintf("REFUSED – %s – next: %s", no.Text, no.Remedy)
	case errors.As(err, &unsaid):
		return fmt.Sprintf("GENUINE – %s – %s – next: %s", rep.Version, unsaid.Text, unsaid.Remedy)
	case err != nil:
		return "UNKNOWN – " + err.Error() + " – next: mend that, and ask again"
	}
	news := fmt.Sprintf("nothing withdrawn as of %s (%s)", verify.Day(rep.AsOf), verify.Age(s.Today(), rep.AsOf))
	for _, check := range rep.Verdicts {
		if check.Status == verify.Accepted {
			news = "accepted although " + check.Text
		}
	}
	next := fmt.Sprintf("%s unpack %s <new folder>", c.name, path)
	if at := s.State.Installed; at != nil && at.Version.Compare(rep.Version) == 0 {
		next = "nothing, it is what is installed"
		if rep.Newest.Compare(rep.Version) > 0 {
			next = fmt.Sprintf("get %s, which is newer", rep.Newest)
		}
	}
	return fmt.Sprintf("GENUINE – %s for you – %s – next: %s", rep.Version, news, next)
}
