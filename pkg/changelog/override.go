package changelog

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"github.com/relctl/relctl/pkg/release"
)

// Overrides lie in this folder, one file a change.
const overridesDir = "changelog/overrides"

const maxOverrideBytes = 64 << 10

// Override corrects how a change is told. Fields that are nil leave it as its commit says.
type Override struct {
	// File it was read from, from the repository's root.
	File string
	// Change is the full id of a commit that carries the change. The original's id also stands for its picks.
	Change                     string
	Type, Scope, Subject, Body *string
	Breaking                   *bool
	BreakingNote               *string
	CVEs                       *[]string
	// Hide leaves the change out.
	Hide bool
	// Reason for the correction, shown with it.
	Reason string
}

// LoadOverrides reads the overrides of a repository, given its root; without the folder there are none. All that is
// wrong in any of them is reported at once.
func LoadOverrides(fsys fs.FS) ([]*Override, error) {
	entries, err := fs.ReadDir(fsys, overridesDir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var out []*Override
	var errs []error
	seen := map[string]string{}
	for _, e := range entries {
		file := path.Join(overridesDir, e.Name())
		o, err := loadOverride(fsys, file, e)
		switch {
		case err != nil:
			errs = append(errs, err)
		case o == nil:
		case seen[o.Change] != "":
			errs = append(errs, &OverrideError{File: file, Message: fmt.Sprintf("%s corrects the change %s already", seen[o.Change], release.Short(o.Change))})
		default:
			seen[o.Change] = file
			out = append(out, o)
		}
	}
	return out, errors.Join(errs...)
}

// loadOverride reads one file, or returns nil for one that is no override, such as a README.
func loadOverride(fsys fs.FS, file string, e fs.DirEntry) (*Override, error) {
	switch ext := path.Ext(file); {
	case strings.HasPrefix(e.Name(), "."), ext != ".yaml" && ext != ".yml":
		return nil, nil
	case ext != ".yaml":
		return nil, &OverrideError{File: file, Message: "overrides end with .yaml; rename the file"}
	case !e.Type().IsRegular():
		return nil, &OverrideError{File: file, Message: "an override must be a regular file, not a link or a folder"}
	}
	data, err := fs.ReadFile(fsys, file)
	if err != nil {
		return nil, err
	}
	return ParseOverride(file, data)
}

// Apply corrects the changes of a release. An override stands for a change by its commit, by its id, which is that of
// the original of a pick, or by another commit that it was picked from, in this order. The slice of changes is not
// written to: it may be a plan's.
func Apply(overrides []*Override, r *Release) {
	if len(overrides) == 0 {
		return
	}
	byChange := make(map[string]*Override, len(overrides))
	for _, o := range overrides {
		byChange[o.Change] = o
	}
	corrections := map[string]Correction{}
	changes := make([]release.Change, 0, len(r.Changes))
	for _, c := range r.Changes {
		if o := find(byChange, c); o != nil {
			corrections[c.Commit] = Correction{File: o.File, Reason: o.Reason, Hidden: o.Hide}
			if o.Hide {
				continue
			}
			o.correct(&c)
		}
		changes = append(changes, c)
	}
	if len(corrections) > 0 {
		r.Changes, r.Corrections = changes, corrections
	}
}

func find(byChange map[string]*Override, c release.Change) *Override {
	for _, id := range append([]string{c.Commit, c.ID}, c.PickedFrom...) {
		if o := byChange[id]; o != nil {
			return o
		}
	}
	return nil
}

func (o *Override) correct(c *release.Change) {
	for _, f := range []struct{ from, to *string }{
		{o.Type, &c.Type}, {o.Scope, &c.Scope}, {o.Subject, &c.Subject}, {o.Body, &c.Body}, {o.BreakingNote, &c.BreakingNote},
	} {
		if f.from != nil {
			*f.to = *f.from
		}
	}
	if o.Type != nil {
		c.Problem = ""
	}
	if o.BreakingNote != nil {
		c.Breaking = true
	}
	if o.Breaking != nil {
		c.Breaking = *o.Breaking
		if !c.Breaking {
			c.BreakingNote = ""
		}
	}
	if o.CVEs != nil {
		c.CVEs = *o.CVEs
	}
}
