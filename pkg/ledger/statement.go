package ledger

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/relctl/relctl/pkg/git"
	"github.com/relctl/relctl/pkg/release"
)

// RoleSecurity is the role whose signature the statements about a channel and its releases need, if
// channels/product.yaml has it: [Withdraw], [EOL] and [Floor].
const RoleSecurity = "security"

// Floor names the lowest version of the event's channel that may still be installed. Floors never fall.
type Floor struct {
	Version release.Version `json:"version"`
	// Advisory names what was published about the versions below, such as a CVE, or "".
	Advisory string `json:"advisory,omitempty"`
}

func (f *Floor) check(e *Event) error {
	return errors.Join(e.checkVersion(f.Version), release.CheckTexts(e.Reason, f.Advisory))
}

func (f *Floor) summary() string { return advised(f.Version, f.Advisory) }

// GivenUp is an abandoned reservation.
type GivenUp struct {
	Abandon
	Event  uint64    `json:"event"`
	Time   time.Time `json:"time"`
	Reason string    `json:"reason,omitempty"`
}

func (c *Channel) floor(r Recorded) string {
	if c.Find(r.Floor.Version) == nil {
		return fmt.Sprintf("%s is not released", r.Floor.Version)
	}
	c.Statements = append(slices.Clip(c.Statements), r)
	return ""
}

// Told is what the statements about a channel say that count.
type Told struct {
	// Withdrawn are the releases that were withdrawn, sorted by version.
	Withdrawn []Withdrawn
	// Floor is the statement of the highest floor, Ended the newest about the end of life, nil for none.
	Floor, Ended *Recorded
	// Passed are the numbers of the events that lack the signature of [RoleSecurity] and count as absent.
	Passed []uint64
}

// Withdrawn is a withdrawn release.
type Withdrawn struct {
	// Recorded is the newest statement about it.
	Recorded
	// First is when it was withdrawn.
	First time.Time
}

// Withdrawal returns the newest statement that withdraws a version, or nil.
func (t *Told) Withdrawal(v release.Version) *Withdrawn {
	i, ok := slices.BinarySearchFunc(t.Withdrawn, v, func(w Withdrawn, v release.Version) int { return w.Withdraw.Version.Compare(v) })
	if !ok {
		return nil
	}
	return &t.Withdrawn[i]
}

// Told returns what is said of a channel. Where a signature is demanded, a statement without one counts as absent; a key
// that has expired since then still signed what it signed.
func (l *Ledger) Told(ctx context.Context, c *Channel, t Trust) (*Told, error) {
	out := &Told{}
	if c == nil {
		return out, nil
	}
	for _, r := range c.Statements {
		if t.Signed {
			_, err := l.repo.VerifyCommit(ctx, r.Commit, t.Keys.At(r.Time))
			if errors.Is(err, git.ErrUnsigned) || errors.Is(err, git.ErrUntrusted) {
				out.Passed = append(out.Passed, r.Number)
				continue
			}
			if err != nil {
				return nil, fmt.Errorf("ledger event %d: %w", r.Number, err)
			}
		}
		out.add(r)
	}
	slices.SortFunc(out.Withdrawn, func(a, b Withdrawn) int { return a.Withdraw.Version.Compare(b.Withdraw.Version) })
	return out, nil
}

func (t *Told) add(r Recorded) {
	switch {
	case r.EOL != nil:
		t.Ended = &r
	case r.Floor != nil:
		if t.Floor == nil || r.Floor.Version.Compare(t.Floor.Floor.Version) >= 0 {
			t.Floor = &r
		}
	case r.Withdraw != nil:
		for i := range t.Withdrawn {
			if t.Withdrawn[i].Withdraw.Version.Compare(r.Withdraw.Version) == 0 {
				t.Withdrawn[i].Recorded = r
				return
			}
		}
		t.Withdrawn = append(t.Withdrawn, Withdrawn{r, r.Time})
	}
}
