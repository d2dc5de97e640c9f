package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/relctl/relctl/pkg/release"
	"github.com/relctl/relctl/pkg/verify"
)

// folder is where the site lies.
func (c *command) folder() (string, error) {
	for _, dir := range []string{c.site, os.Getenv("RELVERIFY_SITE")} {
		if dir != "" {
			return dir, nil
		}
	}
	if runtime.GOOS == "windows" || runtime.GOOS == "darwin" {
		dir, err := os.UserConfigDir()
		if runtime.GOOS == "windows" {
			dir, err = os.UserCacheDir() // %LocalAppData%, which does not roam
		}
		return filepath.Join(dir, "relverify"), err
	}
	if dir := os.Getenv("XDG_STATE_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "relverify"), nil
	}
	home, err := os.UserHomeDir()
	return filepath.Join(home, ".local", "state", "relverify"), err
}

// openSite opens the site, to change it or only to look.
func (c *command) openSite(change bool) (*verify.Site, error) {
	dir, err := c.folder()
	if err != nil {
		return nil, &verify.PolicyError{Text: "where the site lies is not known: " + err.Error(), Remedy: "name its folder with --site"}
	}
	open := verify.ReadSite
	if change {
		open = verify.OpenSite
		if verify.InUse(dir) {
			_, _ = fmt.Fprintf(c.stderr, "%s: another relverify is at work at this site; waiting for it\n", c.name)
		}
	}
	s, err := open(dir, c.now)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &verify.PolicyError{
			Text:   "no key to verify with: a bundle cannot vouch for itself, and there is no site in " + dir,
			Remedy: "give the vendor's public key with --key, or set up a site with init; key and root must have reached you by another way than the bundle",
		}
	}
	return s, err
}

func (c *command) init(context.Context) int {
	dir, err := c.folder()
	if err != nil {
		return c.failed(err)
	}
	var s *verify.Site
	if c.from != "" {
		s, err = c.fromExport(dir)
	} else {
		s, err = c.newSite(dir)
	}
	if err != nil {
		return c.failed(err)
	}
	defer s.Close()
	if c.json {
		return c.encodeReport(s)
	}
	c.printf("site in %s: product %s, channel %s\n", plain(dir), s.Config.Product, s.Config.Channel)
	c.printf("root fingerprint (sha256 of root.json)\n  %s\n", verify.SpacedFingerprint(s.Config.Fingerprint))
	if s.Config.Compared {
		c.printf("it is the one that you gave\n")
	} else {
		c.printf("\nNobody has compared it yet. All that this site will believe rests on it: whoever gives you a false root\n" +
			"can make any bundle look genuine. Ask your vendor for the fingerprint by another way than this file came, a\n" +
			"letter or a telephone number that you knew before, compare every digit, and note that you did by the same\n" +
			"command with --fingerprint.\n")
	}
	if s.State.Installed == nil {
		c.printf("\nWhat is installed is not known; say it before you unpack: %s installed <version>, or none\n", c.name)
	}
	return exitDone
}

func (c *command) newSite(dir string) (*verify.Site, error) {
	if c.root == "" || c.product == "" || c.channel == "" {
		return nil, &verify.PolicyError{Text: "init needs --root, --product and --channel", Remedy: c.name + " init --root root.json --product acme --channel lts-2.4"}
	}
	n := verify.NewSite{Product: c.product, Channel: c.channel, Fingerprint: c.fingerprint}
	var err error
	if n.Root, err = readSmall(c.root); err != nil {
		return nil, &verify.PolicyError{Text: "root: " + err.Error()}
	}
	if n.MaxAge, err = parseDays(c.maxAge); err != nil {
		return nil, err
	}
	if c.installed != "" {
		v, err := parseInstalled(c.installed)
		if err != nil {
			return nil, err
		}
		n.Installed = &verify.Installed{Version: v}
		if !v.IsZero() {
			n.Installed.Channel = c.channel
		}
	}
	return verify.InitSite(dir, n, c.now)
}

func (c *command) fromExport(dir string) (*verify.Site, error) {
	if c.root != "" || c.product != "" || c.channel != "" || c.fingerprint != "" || c.installed != "" || c.maxAge != "" {
		return nil, &verify.PolicyError{Text: "--from goes with no other flag of init"}
	}
	data, err := os.ReadFile(c.from)
	if err != nil {
		return nil, &verify.PolicyError{Text: err.Error()}
	}
	return verify.ImportSite(dir, data, c.now)
}

// parseDays reads a number of days such as 60d, "" for none.
func parseDays(text string) (time.Duration, error) {
	if text == "" {
		return 0, nil
	}
	number, ok := strings.CutSuffix(text, "d")
	n, err := strconv.Atoi(number)
	if err != nil || !ok || n < 1 || n > 36500 {
		return 0, &verify.PolicyError{Text: fmt.Sprintf("--max-age: %q is not a number of days such as 60d", text)}
	}
	return time.Duration(n) * 24 * time.Hour, nil
}

// parseInstalled reads a version, or none.
func parseInstalled(text string) (release.Version, error) {
	if text == "none" {
		return release.Version{}, nil
	}
	v, err := release.ParseVersion(text)
	if err != nil {
		return v, &verify.PolicyError{Text: err.Error(), Remedy: "name the version that runs here, such as 2.4.6, or none"}
	}
	return v, nil
}

func (c *command) showInstalled(context.Context) int {
	s, err := c.openSite(len(c.args) == 1)
	if err != nil {
		return c.failed(err)
	}
	defer s.Close()
	if len(c.args) == 1 {
		v, err := parseInstalled(c.args[0])
		if err == nil {
			err = s.SetInstalled(v)
		}
		if err != nil {
			return c.failed(err)
		}
	}
	if c.json {
		return c.encodeReport(s)
	}
	c.printf("%s\n", installedText(s.State.Installed))
	return exitDone
}

func installedText(at *verify.Installed) string {
	switch {
	case at == nil:
		return "not known"
	case at.Version.IsZero():
		return "nothing"
	case at.Channel == "":
		return at.Version.String()
	}
	return fmt.Sprintf("%s (%s)", at.Version, at.Channel)
}

func (c *command) update(context.Context) int {
	s, err := c.openSite(!c.dryRun)
	if err != nil {
		return c.failed(err)
	}
	defer s.Close()
	f, _, err := openFile(c.args[0])
	if err != nil {
		return c.fail(err, exitFailed)
	}
	defer func() { _ = f.Close() }()
	news, err := s.Update(f, c.options())
	if err != nil {
		return c.failed(err)
	}
	if c.json {
		return c.encodeReport(s)
	}
	if len(news) == 0 {
		c.printf("nothing new: this site knew it all\n")
	}
	for _, text := range news {
		c.printf("%s\n", plain(text))
	}
	return exitDone
}

func (c *command) history(context.Context) int {
	s, err := c.openSite(false)
	if err != nil {
		return c.failed(err)
	}
	if c.json {
		return c.encode(verify.History{Schema: verify.HistorySchema, History: s.State.History})
	}
	for _, e := range s.State.History {
		c.printf("%s  %-9s  %s\n", e.Time.UTC().Format(time.DateTime), e.What, plain(e.Text))
	}
	return exitDone
}

func (c *command) export(context.Context) int {
	s, err := c.openSite(false)
	if err != nil {
		return c.failed(err)
	}
	data, err := s.Export()
	if err != nil {
		return c.failed(err)
	}
	_, _ = c.stdout.Write(data)
	return exitDone
}
