package ledger

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"

	"github.com/relctl/relctl/pkg/git"
	"github.com/relctl/relctl/pkg/release"
)

// Mark is a person's verdict about one change on the event's channel, which the event's type names; its Reason says why.
type Mark struct {
	// Change is the full id of the commit that is judged.
	Change string `json:"change"`
	// Commit is the full id of the commit of the line that carries the change, where the verdict is equivalent.
	Commit string `json:"commit,omitempty"`
	// Undo takes the mark of the change back.
	Undo bool `json:"undo,omitempty"`
}

var commitForm = regexp.MustCompile(`^([0-9a-f]{40}|[0-9a-f]{64})$`)

func (m *Mark) check(e *Event) error {
	carried := e.Type == TypeEquivalent && !m.Undo
	if err := e.needReason(); err != nil {
		return err
	}
	switch {
	case !commitForm.MatchString(m.Change):
		return fmt.Errorf("%q is not the full commit id of a change", m.Change)
	case !carried && m.Commit != "":
		return fmt.Errorf("event of type %q names the commit %s, which only an equivalent has", e.Type, release.Short(m.Commit))
	case carried && !commitForm.MatchString(m.Commit):
		return fmt.Errorf("%q is not the full commit id of an equivalent", m.Commit)
	case m.Commit == m.Change:
		return fmt.Errorf("commit %s is said to be the equivalent of itself", release.Short(m.Commit))
	}
	return nil
}

func (m *Mark) summary() string {
	text := "change " + release.Short(m.Change)
	switch {
	case m.Undo:
		text += ", taken back"
	case m.Commit != "":
		text += " is there as " + release.Short(m.Commit)
	}
	return text
}

// Marks returns the state's marks that stand, in the order of the ledger: for each change on each channel the newest
// that counts, unless that one takes the mark back. Where a signature is demanded, a mark without one counts as absent
// and replaces nothing; a key that has expired since then still signed what it signed.
func (l *Ledger) Marks(ctx context.Context, s *State, t Trust) ([]Recorded, error) {
	type subject struct{ channel, change string }
	decided := map[subject]bool{}
	stand := []Recorded{}
	for _, rec := range slices.Backward(s.Marks) {
		about := subject{rec.Channel, rec.Mark.Change}
		if decided[about] {
			continue
		}
		if t.Signed {
			_, err := l.repo.VerifyCommit(ctx, rec.Commit, t.Keys.At(rec.Time))
			if errors.Is(err, git.ErrUnsigned) || errors.Is(err, git.ErrUntrusted) {
				continue
			}
			if err != nil {
				return nil, err
			}
		}
		decided[about] = true
		if !rec.Mark.Undo {
			stand = append(stand, rec)
		}
	}
	slices.Reverse(stand)
	return stand, nil
}
