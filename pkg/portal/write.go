package portal

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"time"

	"github.com/relctl/relctl/pkg/site"
)

// Report is what [Write] did.
type Report struct {
	// Pages is how many the portal has.
	Pages int `json:"pages"`
	// Files is how many files it has, Written those that were not there or were different, Removed those that were left
	// over from before.
	Files   int `json:"files"`
	Written int `json:"written"`
	Removed int `json:"removed"`
	// Kept is the number of releases whose changes were not read, since their pages still stand.
	Kept int `json:"kept"`
	// Unsearched is the number of changes beyond [MaxSearched], which search does not find.
	Unsearched int `json:"unsearched,omitempty"`
}

// MaxSearched is how many changes search looks through: a browser holds all of them. The newest releases come first.
const MaxSearched = 50_000

// memoryName is the file in which a portal remembers what its pages were made of. It may be deleted at any time.
const memoryName = "portal.json"

// memory is what is known of the releases that were written before.
type memory struct {
	// Releases by the path of their page.
	Releases map[string]remembered `json:"releases"`
	// Files that were written, but for this one.
	Files []string `json:"files"`
}

// remembered is a release that was written.
type remembered struct {
	Key     string  `json:"key"`
	Summary Summary `json:"summary"`
	// Stamps are size and time of its files, by which one that somebody changed is known.
	Stamps map[string]string `json:"stamps"`
}

// Write makes the portal in a folder. A file that has its content already is not written again, a release whose key is
// known is not read again, and what an earlier run left over is removed. Nothing else in the folder is touched.
func Write(dir string, m *Model) (*Report, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	defer func() { _ = root.Close() }() // nothing is buffered
	w := &writer{root: root, model: m, shell: shell(m), old: readMemory(root), now: memory{Releases: map[string]remembered{}}}
	for _, step := range []func() error{w.releases, w.pages, w.furniture, w.tidy} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	w.report.Files = len(w.now.Files)
	return &w.report, nil
}

type writer struct {
	root     *os.Root
	model    *Model
	shell    *site.Shell
	old, now memory
	report   Report
	// parts are the indexes of releases.
	parts []part
}

func readMemory(root *os.Root) memory {
	var m memory
	data, err := root.ReadFile(filepath.FromSlash(site.IndexPath(memoryName)))
	if err != nil || json.Unmarshal(data, &m) != nil {
		return memory{}
	}
	return m
}

// releases writes the pages of all releases, with their part of the search.
func (w *writer) releases() error {
	shell, err := json.Marshal(w.shell)
	if err != nil {
		return err
	}
	maker := fingerprint()
	for i := range w.model.Channels {
		ch := &w.model.Channels[i]
		for k := range ch.Releases {
			var near [2]site.Entry // the next older and the next newer one
			if k > 0 {
				near[1] = entryOf(ch, k-1)
			}
			if k+1 < len(ch.Releases) {
				near[0] = entryOf(ch, k+1)
			}
			r := &ch.Releases[k]
			key := ""
			if r.Key != "" {
				key, err = digest(string(shell), maker, ch.Name, r, near)
				if err != nil {
					return err
				}
			}
			if err := w.release(ch, r, key, near); err != nil {
				return fmt.Errorf("%s %s: %w", ch.Name, r.name(), err)
			}
		}
	}
	return nil
}

func entryOf(ch *Channel, k int) site.Entry {
	r := &ch.Releases[k]
	return site.Entry{Title: r.title(ch.Name), Path: r.path(ch.Name)}
}

func (w *writer) release(ch *Channel, r *Release, key string, near [2]site.Entry) error {
	page, name := r.path(ch.Name), partName(ch, r)
	was, known := w.old.Releases[page]
	if !known || key == "" || was.Key != key || !w.stands(was) {
		changes, more, err := r.Changes()
		if err != nil {
			return err
		}
		html, err := w.shell.Page(site.Text{
			Path: page, Title: r.title(ch.Name), Within: channelPath(ch), Body: r.body(changes, more), Previous: near[0], Next: near[1],
			Summary: "What changed in " + w.model.Product + " " + r.title(ch.Name),
		})
		if err != nil {
			return err
		}
		index, err := r.index(ch.Name, changes).Script()
		if err != nil {
			return err
		}
		if err := errors.Join(w.put(page, html), w.put(site.IndexPath(name), index)); err != nil {
			return err
		}
		was = remembered{Key: key, Summary: summarize(changes, more), Stamps: map[string]string{}}
		for _, file := range []string{page, site.IndexPath(name)} {
			if was.Stamps[file], err = w.stamp(file); err != nil {
				return err
			}
		}
	} else {
		w.report.Kept++
		w.now.Files = append(w.now.Files, page, site.IndexPath(name))
	}
	w.report.Pages++
	w.now.Releases[page] = was
	w.parts = append(w.parts, part{name, r.Date, was.Summary.Changes})
	return nil
}

// part is a release's part of the search.
type part struct {
	name    string
	date    time.Time
	changes int
}

// byAge returns the parts, what is not released first and then the newest.
func (w *writer) byAge() []part {
	return slices.SortedStableFunc(slices.Values(w.parts), func(a, b part) int {
		if a.date.IsZero() != b.date.IsZero() {
			if a.date.IsZero() {
				return -1
			}
			return 1
		}
		return b.date.Compare(a.date)
	})
}

// partName is the name of a release's part of the search.
func partName(ch *Channel, r *Release) string { return "changes/" + ch.Name + "/" + r.name() + ".js" }

// stands reports whether the files of a release are those that were written.
func (w *writer) stands(r remembered) bool {
	for name, stamp := range r.Stamps {
		if is, err := w.stamp(name); err != nil || is != stamp {
			return false
		}
	}
	return len(r.Stamps) > 0
}

func (w *writer) stamp(name string) (string, error) {
	info, err := w.root.Stat(filepath.FromSlash(name))
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%d %s", info.Size(), info.ModTime().UTC().Format(time.RFC3339Nano)), nil
}

// put writes a file, unless it is there with that content.
func (w *writer) put(name string, data []byte) error {
	w.now.Files = append(w.now.Files, name)
	file := filepath.FromSlash(name)
	if info, err := w.root.Stat(file); err == nil && info.Size() == int64(len(data)) {
		if is, err := w.root.ReadFile(file); err == nil && bytes.Equal(is, data) {
			return nil
		}
	}
	if err := w.root.MkdirAll(filepath.FromSlash(path.Dir(name)), 0o755); err != nil {
		return err
	}
	w.report.Written++
	return w.root.WriteFile(file, data, 0o644)
}

// tidy removes what an earlier run wrote and this one did not, and remembers this one.
func (w *writer) tidy() error {
	slices.Sort(w.now.Files)
	for _, name := range w.old.Files {
		if _, ok := slices.BinarySearch(w.now.Files, name); ok || path.Ext(name) != ".html" && path.Ext(name) != ".js" {
			continue
		}
		switch err := w.root.Remove(filepath.FromSlash(name)); {
		case err == nil:
			w.report.Removed++
		case !errors.Is(err, fs.ErrNotExist):
			return err
		}
	}
	data, err := json.Marshal(w.now)
	if err != nil {
		return err
	}
	return w.root.WriteFile(filepath.FromSlash(site.IndexPath(memoryName)), data, 0o644)
}

// digest is the sha256 of values, as JSON.
func digest(values ...any) (string, error) {
	data, err := json.Marshal(values)
	return fmt.Sprintf("%x", sha256.Sum256(data)), err
}

// fingerprint tells programs apart: another one may write other pages out of the same.
func fingerprint() string {
	name, err := os.Executable()
	if err != nil {
		return ""
	}
	info, err := os.Stat(name)
	if err != nil {
		return ""
	}
	return fmt.Sprintf("%d %d", info.Size(), info.ModTime().UnixNano())
}
