package ledger

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"runtime"
	"slices"
	"time"
	"unicode/utf8"

	"golang.org/x/sync/errgroup"

	"github.com/relctl/relctl/pkg/git"
	"github.com/relctl/relctl/pkg/release"
)

// RoleCells is the role in channels/product.yaml that holds the keys of the cells, each under the cell's name. What a
// cell saw counts only with the signature of its own key.
const RoleCells = "cells"

// RoleCI is the role whose signature the checks of commits need if channels/product.yaml has it.
const RoleCI = "ci"

// ObserveKind says what an observation is about.
type ObserveKind string

// The kinds of observations.
const (
	ObserveCheck    ObserveKind = "check"    // the result of a CI check of a commit
	ObserveHealth   ObserveKind = "health"   // how a release did in a cell over a window
	ObserveDeployed ObserveKind = "deployed" // a cell runs a release
)

// Observe is what a cell, or CI, saw.
type Observe struct {
	Kind ObserveKind `json:"kind"`
	// Status is pass or fail; of health also no-data and error. Empty for deployed.
	Status release.Status `json:"status,omitempty"`

	// Commit and Check are for checks: the full commit id and the check's name.
	Commit string `json:"commit,omitempty"`
	Check  string `json:"check,omitempty"`
	// Details is the address of a page about the check's result.
	Details string `json:"details,omitempty"`

	// Cell, Ring and Version are for health and deployed.
	Cell    string          `json:"cell,omitempty"`
	Ring    string          `json:"ring,omitempty"`
	Version release.Version `json:"version,omitzero"`
	// From is the begin of health's window, or since when the release is deployed; To is the window's end.
	From time.Time `json:"from,omitzero"`
	To   time.Time `json:"to,omitzero"`
	// Revision is what the cell applied, as its engine names it.
	Revision string `json:"revision,omitempty"`
}

// Observation is an observe event in the state.
type Observation struct {
	Observe
	Event uint64    `json:"event"`
	Time  time.Time `json:"time"`
	// Ledger is the ledger commit, which carries the signature.
	Ledger string `json:"ledger"`
}

// The forms leave lengths out: a regular expression that counts to 1,000 takes each run of relctl milliseconds to compile.
var (
	revisionForm = regexp.MustCompile(`^[!-~]+$`)
	detailsForm  = regexp.MustCompile(`^https?://[^/@\x00-\x20\x7f]+(/[!-~]*)?$`)
	checkForm    = regexp.MustCompile(`^[^\x00-\x1f\x7f]+$`)
)

// The greatest lengths of texts that an observation carries, in characters: a name or revision, and what follows the host
// and its slash in an address.
const (
	maxName = 200
	maxPath = 1000
)

func isAddress(s string) bool {
	m := detailsForm.FindStringSubmatch(s)
	return m != nil && len(m[1]) <= len("/")+maxPath
}

func (o *Observe) check(e *Event) error {
	var want Observe // the fields that the kind has
	var err error
	switch o.Kind {
	case ObserveCheck:
		want = Observe{Status: o.Status, Commit: o.Commit, Check: o.Check, Details: o.Details}
		err = o.checkCheck()
	case ObserveHealth:
		want = Observe{Status: o.Status, Cell: o.Cell, Ring: o.Ring, Version: o.Version, From: o.From, To: o.To}
		err = o.checkHealth(e.Time)
	case ObserveDeployed:
		want = Observe{Cell: o.Cell, Ring: o.Ring, Version: o.Version, From: o.From, Revision: o.Revision}
		err = o.checkDeployed(e.Time)
	default:
		return fmt.Errorf("observation of kind %.50q is unknown to this relctl", o.Kind)
	}
	want.Kind = o.Kind
	if err == nil && *o != want {
		err = fmt.Errorf("observation of kind %q carries the data of another kind", o.Kind)
	}
	return err
}

func (o *Observe) checkCheck() error {
	switch {
	case !commitForm.MatchString(o.Commit):
		return fmt.Errorf("%.80q is not a full commit id", o.Commit)
	case o.Check == "":
		return errors.New("the check has no name")
	case !checkForm.MatchString(o.Check) || utf8.RuneCountInString(o.Check) > maxName:
		return fmt.Errorf("%.80q is not the name of a check: one line of at most %d characters", o.Check, maxName)
	case o.Status != release.Pass && o.Status != release.Fail:
		return fmt.Errorf("a check passes or fails, it is not %q", o.Status)
	case o.Details != "" && !isAddress(o.Details):
		return fmt.Errorf("details %.80q is not an address such as https://ci.acme.example/runs/1, with a path of at most %d characters", o.Details, maxPath)
	}
	return nil
}

func (o *Observe) checkHealth(now time.Time) error {
	switch o.Status {
	case release.Pass, release.Fail, release.NoData, release.Errored:
	default:
		return fmt.Errorf("health is pass, fail, no-data or error, not %q", o.Status)
	}
	switch {
	case o.From.IsZero() || !o.From.Before(o.To):
		return errors.New("the window has no length")
	case o.To.After(now):
		return errors.New("the window ends after the event's own time")
	}
	return o.checkPlace()
}

func (o *Observe) checkDeployed(now time.Time) error {
	switch {
	case o.From.IsZero():
		return errors.New("it does not say since when")
	case o.From.After(now):
		return errors.New("it begins after the event's own time")
	case !revisionForm.MatchString(o.Revision) || len(o.Revision) > maxName:
		return fmt.Errorf("%.40q is not a revision", o.Revision)
	}
	return o.checkPlace()
}

func (o *Observe) checkPlace() error {
	if err := release.CheckName(o.Cell); err != nil {
		return fmt.Errorf("cell: %w", err)
	}
	if err := release.CheckName(o.Ring); err != nil {
		return fmt.Errorf("ring: %w", err)
	}
	if o.Version.IsZero() {
		return errors.New("it names no version")
	}
	return nil
}

func (o *Observe) summary() string {
	switch o.Kind {
	case ObserveCheck:
		return fmt.Sprintf("check %s of %s: %s", o.Check, release.Short(o.Commit), o.Status)
	case ObserveDeployed:
		return fmt.Sprintf("%s in %s runs %s, revision %.60s", o.Cell, o.Ring, o.Version, o.Revision)
	default:
		return fmt.Sprintf("%s of %s in %s: %s for %s", o.Version, o.Cell, o.Ring, o.Status, release.Span(o.To.Sub(o.From)))
	}
}

func (s *State) observe(c *Channel, r Recorded) string {
	o := Observation{Observe: *r.Observe, Event: r.Number, Time: r.Time, Ledger: r.Commit}
	switch {
	case o.Kind == ObserveCheck:
		s.Checks = append(s.Checks, o)
	case !c.has(o.Version):
		return fmt.Sprintf("%s is not released", o.Version)
	default:
		c.Observations = append(c.Observations, o)
	}
	return ""
}

// Observed returns what cells saw on a channel as far as it counts: the observations that want asks for (nil for all)
// and that the cell's own key signed. cells are the keys of [RoleCells]. A key that has expired since then still signed
// what it signed.
func (l *Ledger) Observed(ctx context.Context, c *Channel, cells git.Keyring, want func(Observation) bool) ([]Observation, error) {
	var asked, out []Observation
	for _, o := range c.Observations {
		if want == nil || want(o) {
			asked = append(asked, o)
		}
	}
	signers := make([]string, len(asked))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(runtime.GOMAXPROCS(0) + 1) // while one reads, the others verify
	for begin := 0; begin < len(asked); begin += verifiedAtOnce {
		part := asked[begin:min(begin+verifiedAtOnce, len(asked))]
		g.Go(func() error {
			claims := make([]git.Claim, len(part))
			for i, o := range part {
				claims[i] = git.Claim{Commit: o.Ledger, Keys: cells.At(o.Time)}
			}
			signed, err := l.repo.VerifyCommits(ctx, claims)
			for i, s := range signed {
				signers[begin+i] = s.Name
			}
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return nil, fmt.Errorf("observations of the ledger: %w", err)
	}
	for i, o := range asked {
		if signers[i] == o.Cell {
			out = append(out, o)
		}
	}
	return out, nil
}

// verifiedAtOnce is how many signatures are read and verified at once.
const verifiedAtOnce = 100

// Checks answers what CI said about commits.
type Checks struct {
	l     *Ledger
	trust Trust
	of    map[string][]Observation
}

// Check is the newest result of a check of a commit.
type Check struct {
	Status release.Status `json:"status"`
	Event  uint64         `json:"event"`
	Time   time.Time      `json:"time"`
	// Signer is the name of who signed it, "" where no signature is demanded.
	Signer string `json:"signer,omitempty"`
	// Details is the address of a page about the result, or "".
	Details string `json:"details,omitempty"`
}

// Checks indexes what the state knows about checks. t says which count.
func (l *Ledger) Checks(s *State, t Trust) *Checks {
	c := &Checks{l: l, trust: t, of: map[string][]Observation{}}
	for _, o := range s.Checks {
		c.of[o.Commit] = append(c.of[o.Commit], o)
	}
	return c
}

// Of returns the checks of a commit by name. Where a signature is demanded, a result without one counts as absent and
// replaces nothing.
func (c *Checks) Of(ctx context.Context, commit string) (map[string]Check, error) {
	out := map[string]Check{}
	for _, o := range slices.Backward(c.of[commit]) {
		if _, newer := out[o.Check]; newer {
			continue
		}
		var signer string
		if c.trust.Signed {
			signed, err := c.l.repo.VerifyCommit(ctx, o.Ledger, c.trust.Keys.At(o.Time))
			if errors.Is(err, git.ErrUnsigned) || errors.Is(err, git.ErrUntrusted) {
				continue
			}
			if err != nil {
				return nil, fmt.Errorf("ledger event %d: %w", o.Event, err)
			}
			signer = signed.Name
		}
		out[o.Check] = Check{Status: o.Status, Event: o.Event, Time: o.Time, Signer: signer, Details: o.Details}
	}
	return out, nil
}
