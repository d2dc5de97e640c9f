package verify_test

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/theupdateframework/go-tuf/v2/metadata"
	"github.com/theupdateframework/go-tuf/v2/metadata/config"
	"github.com/theupdateframework/go-tuf/v2/metadata/updater"

	"github.com/relctl/relctl/internal/trusttest"
	"github.com/relctl/relctl/pkg/bundle"
	"github.com/relctl/relctl/pkg/release"
	"github.com/relctl/relctl/pkg/verify"
)

// shelf serves trust files and targets as go-tuf's client asks for them. A file that is not there is a 404 by go-tuf's
// own error: any other ends the walk over the roots as a failure.
type shelf map[string][]byte

const metadataURL, targetsURL = "https://vendor.example/trust/", "https://vendor.example/"

func (s shelf) DownloadFile(url string, most int64, _ time.Duration) ([]byte, error) {
	name, ok := strings.CutPrefix(url, metadataURL)
	if !ok {
		name = "target " + strings.TrimPrefix(url, targetsURL)
	}
	data, ok := s[name]
	if !ok {
		return nil, &metadata.ErrDownloadHTTP{StatusCode: http.StatusNotFound, URL: url}
	}
	if int64(len(data)) > most {
		return nil, &metadata.ErrDownloadLengthMismatch{Msg: url}
	}
	return data, nil
}

// offered opens a bundle or a trust update for go-tuf's client, and returns the targets that it has to get.
func offered(t *testing.T, data []byte) (shelf, []string) {
	t.Helper()
	var files map[string][]byte
	var targets []string
	s := shelf{}
	if trusttest.IsBundle(data) {
		a, err := bundle.Open(bytes.NewReader(data), int64(len(data)))
		if err != nil {
			t.Fatal(err)
		}
		if files, err = a.TrustFiles(); err != nil {
			t.Fatal(err)
		}
		raw, err := a.ReadFile(release.ManifestName, 1<<20)
		if err != nil {
			t.Fatal(err)
		}
		m, err := release.DecodeManifest(raw)
		if err != nil {
			t.Fatal(err)
		}
		path := release.ReleaseTarget(m.Channel, m.Version)
		s["target "+path] = raw
		targets = append(targets, path, release.StandingTarget(m.Channel))
	} else {
		var err error
		if files, err = bundle.ReadTrust(bytes.NewReader(data)); err != nil {
			return nil, nil
		}
		targets = append(targets, release.StandingTarget("lts-2.4"))
	}
	for name, data := range files {
		if strings.HasPrefix(name, release.StandingDir) {
			name = "target " + name
		}
		s[name] = data
	}
	return s, targets
}

// client is go-tuf's, with its cache in a folder.
type client struct {
	dir  string
	root []byte
	now  time.Time
}

// take runs the whole client workflow over what was offered.
func (c client) take(s shelf, targets []string) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("it panics: %v", r)
		}
	}()
	root := c.root
	if cached, err := os.ReadFile(filepath.Join(c.dir, "root.json")); err == nil {
		root = cached
	}
	cfg, err := config.New(metadataURL, root)
	if err != nil {
		return err
	}
	cfg.Fetcher, cfg.LocalMetadataDir, cfg.LocalTargetsDir, cfg.RemoteTargetsURL, cfg.PrefixTargetsWithHash = s, c.dir, filepath.Join(c.dir, "targets"), targetsURL, false
	up, err := updater.New(cfg)
	if err != nil {
		return err
	}
	up.UnsafeSetRefTime(c.now)
	if err := up.Refresh(); err != nil {
		return err
	}
	for _, path := range targets {
		info, err := up.GetTargetInfo(path)
		if err != nil {
			return err
		}
		if _, _, err := up.DownloadTarget(info, filepath.Join(c.dir, "target"), ""); err != nil {
			return err
		}
	}
	return nil
}

// differences say why the two judge otherwise, by the case.
var differences = map[string]string{
	"timestamp that does not say when":                  stricter + "the field is ours",
	"snapshot's entry without a digest":                 stricter + "TUF lets lengths and digests be left out",
	"list's entry without a digest":                     stricter + "TUF lets lengths and digests be left out",
	"two snapshots named":                               stricter + "go-tuf passes over what it does not know",
	"timestamp of a later TUF":                          stricter + "go-tuf does not look at spec_version",
	"two roles that may speak of the releases":          stricter + "TUF takes the first role in the list",
	"timestamp that says two things":                    stricter + "go-tuf keeps the one it has without a look at the other",
	"timestamp with a key twice":                        stricter + "encoding/json takes the last of two keys",
	"release for one victim":                            stricter + "go-tuf does not remember targets",
	"rewritten ledger":                                  stricter + "go-tuf does not remember targets",
	"another predecessor":                               stricter + "go-tuf does not remember targets",
	"list that names another sequence":                  stricter + "custom fields are ours",
	"standing of another product":                       stricter + "what a target says is ours",
	"standing that is none":                             stricter + "what a target says is ours",
	"standing with a field that must be understood":     stricter + "what a target says is ours",
	"metadata whose time is over":                       apart,
	"newer news withheld":                               older,
	"withdrawn, in an old bundle that does not know it": older,
}

const (
	stricter = "relverify is stricter: "
	apart    = "relverify judges expiry apart: genuine, and stale (exit 7)"
	older    = "relverify passes over older news, and keeps its own"
)

// TestTheTwoClientsAgree lets go-tuf's own client judge every case.
func TestTheTwoClientsAgree(t *testing.T) {
	t.Parallel()
	agreed, used := 0, map[string]bool{}
	judge := func(name string, c trusttest.Case, data []byte) {
		s, targets := offered(t, data)
		if s == nil {
			return // no trust update at all
		}
		theirs := client{t.TempDir(), c.Root, c.Now}
		for _, before := range c.Before {
			if s, targets := offered(t, before); theirs.take(s, targets) != nil && len(targets) == 0 {
				t.Errorf("%s: go-tuf did not take what came before", name)
			}
		}
		refused := theirs.take(s, targets)
		_, err := offer(t, siteOf(t, c), data)
		var no *verify.Refusal
		if errors.As(err, &no) && (no.Verdict == "freshness" || no.Verdict == "policy" && no.Code != verify.CodeProduct && no.Code != verify.CodeCritical) {
			err = nil // TUF does not ask these questions
		}
		why, known := differences[name]
		used[name] = true
		switch {
		case (err == nil) == (refused == nil) && !known:
			agreed++
		case (err == nil) == (refused == nil):
			t.Errorf("%s: both agree now, although %q", name, why)
		case !known:
			t.Errorf("%s: relverify says %v, go-tuf says %v", name, err, refused)
		}
	}
	for _, c := range trusttest.Cases() {
		judge(c.Name, c, c.Bad)
		judge("good twin of: "+c.Name, c, c.Good)
	}
	if agreed < 30 {
		t.Errorf("the two agree on %d scenarios", agreed)
	}
	for name := range differences {
		if !used[name] {
			t.Errorf("no case is named %q", name)
		}
	}
	t.Logf("the two agree on %d scenarios, and differ on %d", agreed, len(differences))
}
