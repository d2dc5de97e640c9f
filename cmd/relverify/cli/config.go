package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/relctl/relctl/pkg/fact"
	"github.com/relctl/relctl/pkg/release"
	"github.com/relctl/relctl/pkg/verify"
)

// exitChange says that something must be changed before the new release can run.
const exitChange = 6

// ConfigCheckSchema names the format of [ConfigCheck].
const ConfigCheckSchema = "https://relctl.dev/schema/config-check/v1"

// ConfigCheck is what relverify check-config prints with --json.
type ConfigCheck struct {
	Schema string `json:"schema"`
	// From is the release that the file comes from, nil if nothing is known of it; To is the new one.
	From *FactsOf `json:"from,omitempty"`
	To   FactsOf  `json:"to"`
	// Breaking counts what must be done before the new release can run with the file.
	Breaking int `json:"breaking"`
	fact.ConfigCheck
}

// FactsOf says whose facts they are, and who vouches for them.
type FactsOf struct {
	Product string          `json:"product"`
	Version release.Version `json:"version,omitzero"`
	// Source is the bundle, the folder or the file.
	Source string `json:"source"`
	// Verified says that a bundle was verified now, or that a folder holds a release that this site has verified.
	Verified bool `json:"verified"`
}

// factsFrom is a set of facts with where it comes from.
type factsFrom struct {
	set *fact.Set
	FactsOf
}

// checkConfig tells what a release changes for one configuration file.
func (c *command) checkConfig(ctx context.Context) int {
	data, err := readConfig(c.args[0])
	if err != nil {
		return c.fail(err, exitFailed)
	}
	to, err := c.factsOf(ctx, c.args[1])
	stale := refusal(err)
	switch {
	case err == nil:
	case to != nil && stale != nil && stale.NotYet(): // who prepares looks at where the way leads
		c.sayf("the facts are genuine, and %s is not for you yet: %s", to.Version, stale.Text)
		stale = nil
	case to == nil || stale == nil || !stale.Genuine():
		return c.failed(err)
	}
	from, err := c.oldFacts(ctx, c.args[1], to)
	if err != nil {
		return c.failed(err)
	}
	var before *fact.Set
	out := ConfigCheck{Schema: ConfigCheckSchema, To: to.FactsOf}
	if from != nil {
		before, out.From = from.set, &from.FactsOf
	}
	check, err := fact.CheckConfig(before, to.set, c.scope, c.args[0], data)
	if err != nil {
		return c.fail(err, exitFailed)
	}
	out.ConfigCheck, out.Breaking = *check, check.Breaking()
	if c.json {
		if code := c.encode(out); code != exitDone {
			return code
		}
	} else {
		c.printConfig(out)
	}
	switch {
	case stale != nil:
		return c.fail(fmt.Errorf("the facts are genuine, and the release should not be installed: %w", stale), codeOf(stale))
	case out.Breaking > 0:
		return exitChange
	}
	return exitDone
}

// maxConfig is the largest configuration file that is read, in bytes.
const maxConfig = 4 << 20

func readConfig(path string) ([]byte, error) {
	f, _, err := openFile(path)
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(io.LimitReader(f, maxConfig+1))
	return data, errors.Join(err, f.Close())
}

// oldFacts are those of the release that the file comes from: what --from names, or what is installed here. They are nil
// if nobody has named a release and the facts of the installed one are not beside the new one.
func (c *command) oldFacts(ctx context.Context, beside string, to *factsFrom) (*factsFrom, error) {
	path, said := c.from, c.from != ""
	v, notVersion := release.ParseVersion(c.from)
	if !said {
		if v = c.installedVersion(); v.IsZero() {
			c.sayf("what changes is not known without --from and the release that the file comes from")
			return nil, nil //nolint:nilnil // nothing is known
		}
	}
	if _, err := os.Stat(path); err != nil && (!said || notVersion == nil) {
		if path = besides(beside, v); path == "" {
			if said {
				return nil, &verify.PolicyError{Text: fmt.Sprintf("there is no bundle of %s beside %s", v, beside), Remedy: "name its bundle, its folder or its facts.json with --from"}
			}
			c.sayf("what changes since %s, which is installed, is not known: name its bundle, its folder or its facts.json with --from", v)
			return nil, nil //nolint:nilnil // nothing is known
		}
	}
	from, err := c.factsOf(ctx, path)
	if no := refusal(err); no != nil && from != nil {
		err = nil // it is old, and genuine
	}
	if err == nil && from.Product != to.Product {
		err = &verify.PolicyError{Text: fmt.Sprintf("%s is about %s, and %s about %s", from.Source, from.Product, to.Source, to.Product), Remedy: "name two releases of one product"}
	}
	return from, err
}

// installedVersion is what the site says, zero if there is no site.
func (c *command) installedVersion() release.Version {
	if s := c.siteIfAny(); s != nil && s.State.Installed != nil && len(c.keys) == 0 {
		return s.State.Installed.Version
	}
	return release.Version{}
}

// besides finds a release of a version where another one lies, or one level below: a bundle, or a folder.
func besides(other string, v release.Version) string {
	dir := filepath.Dir(filepath.Clean(other))
	names, _ := findBundles(dir)
	for _, name := range names {
		if strings.HasSuffix(name, "-"+v.String()+".bundle") {
			return name
		}
	}
	found, _ := filepath.Glob(filepath.Join(globless(dir), "*-"+v.String(), release.ManifestName))
	if len(found) == 1 {
		return filepath.Dir(found[0])
	}
	return ""
}

// globless keeps a folder's own name from being read as a pattern.
func globless(dir string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(dir)
}

// siteIfAny opens the site to look, nil if there is none.
func (c *command) siteIfAny() *verify.Site {
	s, err := c.openSite(false)
	if err != nil {
		return nil
	}
	return s
}

// factsOf reads the facts of a bundle, which is verified first, of a folder, or of a file with facts. A bundle that is
// genuine gives facts also where the error says that it must not be installed.
func (c *command) factsOf(ctx context.Context, path string) (*factsFrom, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, err
	case info.IsDir():
		return c.folderFacts(path)
	case strings.HasSuffix(path, ".json"):
		data, err := readConfig(path)
		if err != nil {
			return nil, err
		}
		c.sayf("%s is believed as it lies there: only a bundle is verified", path)
		return newFacts(path, data, false)
	}
	return c.bundleFacts(ctx, path)
}

func newFacts(path string, data []byte, verified bool) (*factsFrom, error) {
	set, err := fact.Decode(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return &factsFrom{set, FactsOf{set.Product, set.Version, path, verified}}, nil
}

func (c *command) folderFacts(path string) (*factsFrom, error) {
	root, err := os.OpenRoot(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = root.Close() }() // only read
	set, _, err := fact.OfFolder(root.FS())
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	raw, err := root.ReadFile(release.ManifestName)
	if err != nil {
		return nil, err
	}
	known := c.met(release.Digest(raw))
	if !known {
		c.sayf("%s is believed as it lies there: this site has not verified that release", path)
	}
	return &factsFrom{set, FactsOf{set.Product, set.Version, path, known}}, nil
}

// met reports whether the site has verified a release, by the digest of its release.json.
func (c *command) met(digest string) bool {
	s := c.siteIfAny()
	return s != nil && slices.ContainsFunc(s.State.Channels, func(ch verify.ChannelState) bool {
		return slices.ContainsFunc(ch.Releases, func(r verify.ReleaseSeen) bool { return r.Release == digest })
	})
}

func (c *command) bundleFacts(ctx context.Context, path string) (*factsFrom, error) {
	f, size, err := openFile(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	data, rep, err := c.readVerified(ctx, f, size, fact.ReleasePath, fact.MaxBytes)
	var unsaid *verify.PolicyError
	if errors.As(err, &unsaid) && rep != nil && rep.Genuine {
		err = nil // what is installed does not matter for what a release says
	}
	switch {
	case err != nil && data == nil:
		return nil, err
	case data == nil:
		return nil, &fact.NoneError{Product: rep.Product, Version: rep.Version}
	}
	facts, failed := newFacts(path, data, true)
	if failed != nil {
		return nil, failed
	}
	return facts, err
}

// readVerified returns a file of a bundle by the keys that were given, or else by the site, which remembers nothing of it.
func (c *command) readVerified(ctx context.Context, f *os.File, size int64, name string, limit int64) ([]byte, *verify.Report, error) {
	if len(c.keys) > 0 {
		p, err := c.policy()
		if err != nil {
			return nil, nil, err
		}
		return verify.Read(ctx, f, size, name, limit, p)
	}
	s, err := c.openSite(false)
	if err != nil {
		return nil, nil, err
	}
	return s.Read(ctx, f, size, name, limit, verify.Options{Accept: c.accept, DryRun: true})
}

// sayf tells something beside the answer.
func (c *command) sayf(format string, args ...any) {
	_, _ = fmt.Fprintf(c.stderr, "%s: %s\n", c.name, plain(fmt.Sprintf(format, args...)))
}

func (c *command) printConfig(out ConfigCheck) {
	if out.From == nil {
		c.printf("%s\n", plain(fmt.Sprintf("%s of %s, held against %s alone: %s", release.Count(out.Keys, "key"), out.File, nameOf(out.To), mistakes(len(out.Faults)))))
	} else {
		verb := "change"
		if out.Changed == 1 || out.Keys == 1 {
			verb = "changes"
		}
		text := fmt.Sprintf("%d of your %s %s from %s to %s", out.Changed, release.Count(out.Keys, "key"), verb, nameOf(*out.From), nameOf(out.To))
		if len(out.Faults) > 0 {
			text += "; " + mistakes(len(out.Faults)) + " beside that"
		}
		c.printf("%s\n", plain(text))
	}
	c.concerns("What changes", out.File, out.Concerns)
	c.concerns("What else to look at", out.File, out.Faults)
	if out.Breaking > 0 {
		c.printf("\n%s must be done before %s can run with this file.\n", plain(release.Count(out.Breaking, "thing")), plain(nameOf(out.To)))
	}
}

func mistakes(n int) string {
	if n == 0 {
		return "no mistake"
	}
	return release.Count(n, "mistake")
}

func nameOf(f FactsOf) string {
	if f.Version.IsZero() {
		return f.Source
	}
	return f.Version.String()
}

func (c *command) concerns(title, file string, list []fact.Concern) {
	if len(list) == 0 {
		return
	}
	c.printf("\n%s\n", plain(title))
	for _, one := range list {
		where := "not set"
		if one.Line > 0 {
			where = fmt.Sprintf("%s:%d", filepath.Base(file), one.Line)
		}
		c.printf("  %-9s  %-16s  %s\n", one.Impact, plain(where), plain(one.Text))
		if one.Do != "" {
			c.printf("  %-9s  %-16s  → %s\n", "", "", plain(one.Do))
		}
	}
}
