package verify

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/theupdateframework/go-tuf/v2/metadata/trustedmetadata"

	"github.com/relctl/relctl/internal/durable"
	"github.com/relctl/relctl/pkg/internal/filelock"
	"github.com/relctl/relctl/pkg/release"
)

// SiteSchema names the format of [SiteConfig].
const SiteSchema = "https://relctl.dev/schema/site/v1"

// The files of a site.
const (
	siteName  = "site.json"
	stateName = "state.json"
	lockName  = "lock"
)

// SiteConfig is site.json: what a site trusts and demands. It changes only when a person changes it.
type SiteConfig struct {
	Schema  string `json:"schema"`
	Product string `json:"product"`
	// Channel that is followed; unpacking a release of another one, where the vendor allows that, moves it.
	Channel string `json:"channel"`
	// Root is the pinned root, as text; Fingerprint is the sha256 of its bytes.
	Root        string `json:"root"`
	Fingerprint string `json:"fingerprint"`
	// Compared says that somebody gave the fingerprint from elsewhere, and it was the same.
	Compared bool `json:"compared"`
	// MaxAge is the longest time in seconds since the vendor vouched that nothing is newer, 0 for any.
	MaxAge  int64     `json:"max_age,omitempty"`
	Created time.Time `json:"created"`
}

// Site is a customer's installation: what it trusts, what it has seen, and what is installed.
type Site struct {
	Dir    string
	Config SiteConfig
	State  *State
	now    func() time.Time
	unlock func()
}

// NewSite is what a new site starts from.
type NewSite struct {
	// Root is the vendor's root metadata, any version of it, which must have come by another way than the bundles.
	Root             []byte
	Product, Channel string
	// Fingerprint of Root, sha256 in hex with or without spaces and colons, from a letter or a telephone call; "" if
	// nobody compared.
	Fingerprint string
	// Installed is what runs there, nil if nobody says so.
	Installed *Installed
	// MaxAge is the policy's, 0 for none.
	MaxAge time.Duration
}

// InitSite makes a site in a folder that has none. On one of the same root, product and channel it notes that the
// fingerprint was compared. The error is a [*PolicyError] if something given cannot be used.
func InitSite(dir string, n NewSite, now func() time.Time) (*Site, error) {
	c := SiteConfig{
		Schema: SiteSchema, Product: n.Product, Channel: n.Channel, Root: string(n.Root), Fingerprint: Fingerprint(n.Root),
		Compared: n.Fingerprint != "", MaxAge: int64(n.MaxAge / time.Second), Created: now().UTC().Truncate(time.Second),
	}
	if err := c.check(n.Fingerprint); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	s := &Site{Dir: dir, Config: c, now: now}
	if err := s.lock(); err != nil {
		return nil, err
	}
	switch old, err := readSite(dir); {
	case err == nil && old.same(c) && c.Compared:
		if err := s.load(); err != nil {
			s.Close()
			return nil, err
		}
		s.Config.Compared = true
		return s, s.write(siteName, s.Config)
	case err == nil:
		s.Close()
		return nil, &PolicyError{Text: "there is a site in " + dir + " already", Remedy: "name another folder with --site; to start anew, move this one away"}
	case !errors.Is(err, fs.ErrNotExist):
		s.Close()
		return nil, err
	}
	s.State = c.start()
	s.State.Installed = n.Installed
	s.State.note(now(), "init", "product %s, channel %s, root with fingerprint %s", c.Product, c.Channel, c.Fingerprint)
	// The state first: a site without one is a site whose state was lost.
	return s, errors.Join(s.Save(), s.write(siteName, c))
}

// check judges what a person gave.
func (c SiteConfig) check(fingerprint string) error {
	for what, name := range map[string]string{"product": c.Product, "channel": c.Channel} {
		if err := release.CheckName(name); err != nil {
			return &PolicyError{Text: what + ": " + err.Error(), Remedy: "name both, as in --product acme --channel lts-2.4"}
		}
	}
	if c.MaxAge < 0 {
		return &PolicyError{Text: "the greatest age is below zero"}
	}
	if err := checkMetadata(release.RoleRoot, []byte(c.Root)); err != nil {
		return &PolicyError{Text: "the root is no root metadata: " + err.Error(), Remedy: "give root.json from your vendor's trust kit"}
	}
	if _, err := trustedmetadata.New([]byte(c.Root)); err != nil {
		return &PolicyError{Text: "the root does not vouch for itself: " + err.Error(), Remedy: "get root.json from your vendor again"}
	}
	if fingerprint == "" {
		return nil
	}
	given := strings.NewReplacer(" ", "", ":", "", "-", "").Replace(strings.ToLower(strings.TrimPrefix(strings.TrimSpace(fingerprint), "sha256:")))
	if raw, err := hex.DecodeString(given); err != nil || len(raw) != 32 {
		return &PolicyError{Text: "the fingerprint has not 64 hexadecimal digits", Remedy: "compare the whole of it: a part can be forged"}
	}
	if given != c.Fingerprint {
		return &Refusal{
			Code: CodeRootOther, Verdict: authenticity, Text: "the root has another fingerprint: " + SpacedFingerprint(c.Fingerprint),
			Remedy: "look for a typing error; if there is none, this root.json is not your vendor's: do not use it, nor what came with it",
		}
	}
	return nil
}

func (c SiteConfig) same(o SiteConfig) bool {
	return c.Product == o.Product && c.Channel == o.Channel && c.Fingerprint == o.Fingerprint
}

// start is the state of a site that has seen nothing.
func (c SiteConfig) start() *State {
	version := int64(1)
	if tm, err := trustedmetadata.New([]byte(c.Root)); err == nil {
		version = tm.Root.Signed.Version
	}
	return &State{Schema: StateSchema, Root: c.Root, Roots: []RootSeen{{version, statementDigest([]byte(c.Root))}}, Channels: []ChannelState{}, History: []Event{}}
}

// Fingerprint is the sha256 of a root file, as sha256sum prints it.
func Fingerprint(root []byte) string { return strings.TrimPrefix(release.Digest(root), "sha256:") }

// SpacedFingerprint writes it in groups of four digits, to be read aloud.
func SpacedFingerprint(hex string) string {
	var groups []string
	for ; len(hex) > 4; hex = hex[4:] {
		groups = append(groups, hex[:4])
	}
	return strings.Join(append(groups, hex), " ")
}

// OpenSite opens the site in a folder to change it, alone: another process waits. Close it. The error wraps
// [fs.ErrNotExist] if there is no site.
func OpenSite(dir string, now func() time.Time) (*Site, error) {
	if _, err := os.Stat(filepath.Join(dir, siteName)); err != nil {
		return nil, err
	}
	s := &Site{Dir: dir, now: now}
	if err := s.lock(); err != nil {
		return nil, err
	}
	if err := s.load(); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// InUse reports whether another process has the site in a folder open to change it, so that [OpenSite] would wait.
func InUse(dir string) bool { return filelock.Held(filepath.Join(dir, lockName)) }

// ReadSite opens the site in a folder to look at it, which changes nothing.
func ReadSite(dir string, now func() time.Time) (*Site, error) {
	s := &Site{Dir: dir, now: now}
	return s, s.load()
}

func (s *Site) lock() (err error) {
	s.unlock, err = filelock.Lock(filepath.Join(s.Dir, lockName))
	return err
}

// Close lets other processes in.
func (s *Site) Close() {
	if s.unlock != nil {
		s.unlock()
		s.unlock = nil
	}
}

func (s *Site) load() error {
	c, err := readSite(s.Dir)
	if err != nil {
		return err
	}
	s.Config = *c
	path := filepath.Join(s.Dir, stateName)
	data, err := readBounded(path)
	if errors.Is(err, fs.ErrNotExist) {
		s.State = c.start() // was lost: what is installed has to be said anew
		return nil
	}
	if err != nil {
		return err
	}
	if s.State, err = decodeState(data); err != nil {
		return &DamagedError{Path: path, Err: err}
	}
	return nil
}

// DamagedError is a file of a site that cannot be used.
type DamagedError struct {
	Path string
	Err  error
}

func (e *DamagedError) Error() string { return e.Path + " is damaged: " + e.Err.Error() }

func (e *DamagedError) Unwrap() error { return e.Err }

// Hint says how to go on.
func (e *DamagedError) Hint() string {
	if filepath.Base(e.Path) == stateName {
		return "move it away: relverify then starts again from the root that was pinned, and asks what is installed; a newer trust update tells it the rest"
	}
	return "restore it from a backup, or set the site up again with init"
}

func readSite(dir string) (*SiteConfig, error) {
	path := filepath.Join(dir, siteName)
	data, err := readBounded(path)
	if err != nil {
		return nil, err
	}
	c, err := decodeSite(data)
	if err != nil {
		return nil, &DamagedError{Path: path, Err: err}
	}
	return c, nil
}

func decodeSite(data []byte) (*SiteConfig, error) {
	var c SiteConfig
	if err := release.Decode(data, &c); err != nil {
		return nil, err
	}
	return &c, c.validate()
}

// validate judges what was written before.
func (c SiteConfig) validate() error {
	if c.Schema != SiteSchema {
		return fmt.Errorf("schema is %q, this relverify reads %q", c.Schema, SiteSchema)
	}
	if c.Fingerprint != Fingerprint([]byte(c.Root)) {
		return errors.New("its root has another fingerprint than it says")
	}
	return c.check("")
}

func readBounded(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.Size() > maxStateBytes {
		return nil, &DamagedError{Path: path, Err: fmt.Errorf("%d bytes, at most %d are read", info.Size(), maxStateBytes)}
	}
	return os.ReadFile(path)
}

// Save writes the state, durably and in one step.
func (s *Site) Save() error {
	return s.write(stateName, s.State)
}

// write replaces a file of the site: a crash leaves the old one or the new one. What is the same is not written again.
func (s *Site) write(name string, v any) error {
	data, err := release.Encode(v)
	if err != nil {
		return err
	}
	path := filepath.Join(s.Dir, name)
	if old, err := os.ReadFile(path); err == nil && bytes.Equal(old, data) {
		return nil
	}
	return durable.Write(path, data, 0o600)
}

// ExportSchema names the format of [Export].
const ExportSchema = "https://relctl.dev/schema/site-export/v1"

// Export is a site in one file, for a backup or another machine.
type Export struct {
	Schema string     `json:"schema"`
	Site   SiteConfig `json:"site"`
	State  *State     `json:"state"`
}

// Export returns the site as one file.
func (s *Site) Export() ([]byte, error) {
	return release.Encode(Export{Schema: ExportSchema, Site: s.Config, State: s.State})
}

// ImportSite makes a site from an export, in a folder that has none. Since a backup may be old, what is installed has to
// be said anew.
func ImportSite(dir string, data []byte, now func() time.Time) (*Site, error) {
	var e Export
	err := release.Decode(data, &e)
	if err == nil && (e.Schema != ExportSchema || e.State == nil) {
		err = fmt.Errorf("schema is %q, this relverify reads %q", e.Schema, ExportSchema)
	}
	if err == nil {
		err = errors.Join(e.Site.validate(), e.State.validate())
	}
	if err != nil {
		return nil, &PolicyError{Text: "no export of a site: " + err.Error(), Remedy: "give a file that the command export wrote"}
	}
	s, err := InitSite(dir, NewSite{
		Root: []byte(e.Site.Root), Product: e.Site.Product, Channel: e.Site.Channel, MaxAge: time.Duration(e.Site.MaxAge) * time.Second,
	}, now)
	if err != nil {
		return nil, err
	}
	e.State.Installed = nil
	e.State.note(now(), "import", "from an export of a site of %s", Day(e.Site.Created))
	s.State, s.Config.Compared = e.State, e.Site.Compared
	return s, errors.Join(s.Save(), s.write(siteName, s.Config))
}
