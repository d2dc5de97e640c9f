package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/relctl/relctl/pkg/verify"
)

// maxListed bounds what one listing looks at.
const maxListed = 1000

// list says one sentence about each bundle in a folder and one level below. News are gathered from all of them first:
// what one knows counts for the others.
func (c *command) list(ctx context.Context, dir string) int {
	s, err := c.openSite(!c.dryRun)
	if err != nil {
		if len(c.args) == 0 {
			err = fmt.Errorf("which bundle? %w", err)
		}
		return c.failed(err)
	}
	defer s.Close()
	names, err := findBundles(dir)
	if err != nil {
		return c.fail(err, exitFailed)
	}
	if len(names) == 0 {
		return c.fail(fmt.Errorf("no file in %s, or one level below, ends with .bundle", dir), exitFailed)
	}
	for _, name := range names {
		c.learn(s, name)
	}
	out := verify.Listing{Schema: verify.ListingSchema}
	var all tally
	for _, name := range names {
		rep, text, err := c.sentenceAbout(ctx, s, name)
		if ctx.Err() != nil {
			return c.failed(err)
		}
		all.add(err)
		out.Bundles = append(out.Bundles, verify.Listed{File: name, Text: text, Report: rep})
		if !c.json {
			c.printf("%s\n  %s\n", plain(name), plain(text))
		}
	}
	if c.json {
		if code := c.encode(out); code != exitDone {
			return code
		}
	}
	return all.code()
}

// tally counts the answers of a listing.
type tally struct{ forged, unread, unsaid, usable, stale int }

func (n *tally) add(err error) {
	var unsaid *verify.PolicyError
	switch no := refusal(err); {
	case err == nil:
		n.usable++
	case no != nil && no.Genuine():
		n.stale++
	case no != nil && no.ForOthers():
		// An older release, or one for another site: media hold these.
	case no != nil:
		n.forged++
	case errors.As(err, &unsaid):
		n.unsaid++
	default:
		n.unread++
	}
}

// code is the exit code of a listing: a forgery is an alarm whatever lies beside it; else it says whether something may
// be installed.
func (n *tally) code() int {
	switch {
	case n.forged > 0:
		return exitRefused
	case n.unread > 0:
		return exitFailed
	case n.unsaid > 0:
		return exitUsage
	case n.usable > 0:
		return exitDone
	case n.stale > 0:
		return exitStale
	}
	return exitRefused
}

// learn takes in a bundle's news; what is wrong with it is said when it is judged.
func (c *command) learn(s *verify.Site, name string) {
	if f, size, err := openFile(name); err == nil {
		_ = s.Learn(f, size, c.options())
		_ = f.Close()
	}
}

func (c *command) sentenceAbout(ctx context.Context, s *verify.Site, name string) (*verify.Report, string, error) {
	f, size, err := openFile(name)
	if err != nil {
		return nil, c.sentence(s, name, nil, err), err
	}
	defer func() { _ = f.Close() }()
	rep, err := s.Verify(ctx, f, size, c.options())
	return rep, c.sentence(s, name, rep, err), err
}

// findBundles returns the files named *.bundle in a folder and one level below, sorted.
func findBundles(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		if e.IsDir() {
			below, err := os.ReadDir(path)
			if err != nil {
				continue // a folder that is not ours to read
			}
			for _, b := range below {
				if !b.IsDir() && strings.HasSuffix(b.Name(), ".bundle") {
					names = append(names, filepath.Join(path, b.Name()))
				}
			}
		} else if strings.HasSuffix(e.Name(), ".bundle") {
			names = append(names, path)
		}
	}
	if len(names) > maxListed {
		return nil, fmt.Errorf("%d bundles in %s: name a smaller folder", len(names), dir)
	}
	return names, nil
}
