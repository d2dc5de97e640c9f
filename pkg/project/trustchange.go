package project

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/relctl/relctl/pkg/ledger"
	"github.com/relctl/relctl/pkg/release"
	"github.com/relctl/relctl/pkg/trust"
)

// TrustChange is something that shall change about trust.
type TrustChange struct {
	// Edit says what; its metadata is made on the newest state of the ledger.
	Edit func(repo *trust.Repository, e *trust.Edit) error
	// Reason is kept in the ledger.
	Reason string
	// Keys sign what they may.
	Keys []trust.Signer
	// Ask opens a request for signatures if keys are missing, which otherwise is an error.
	Ask bool
	// Confirm is shown in words what will be signed, and may refuse; nil shows nobody.
	Confirm func(words []string) error
	// Stores are where releases lie, and where trust is published.
	Stores []Store
	// Channel limits a refresh to this channel's list of releases; "" is all.
	Channel string
	// Unpublished leaves the stores as they are: the caller publishes.
	Unpublished bool
	Now         time.Time
	// DryRun signs and records nothing.
	DryRun bool
}

// TrustResult is what became of a change.
type TrustResult struct {
	// Words say what changes.
	Words []string `json:"words"`
	// Event is the number of the event that recorded it, 0 for a dry run or if there was nothing to record.
	Event uint64 `json:"event,omitempty"`
	// Roles got new metadata.
	Roles []string `json:"roles,omitempty"`
	// Request waits for signatures, nil if there are enough.
	Request *trust.Request `json:"request,omitempty"`
	// Wants are the signatures that are missing, those of the reconciler included.
	Wants []trust.Want `json:"wants,omitempty"`
	// Stores show the newest trust.
	Stores []string `json:"stores,omitempty"`
}

// TrustWaitError is trust that waits for signatures.
type TrustWaitError struct {
	// What waits: "acme lts-2.4 2.4.7 is cut, and".
	What   string
	Wants  []trust.Want
	Remedy string
}

func (e *TrustWaitError) Error() string {
	var lines []string
	for _, w := range e.Wants {
		lines = append(lines, "  "+w.String())
	}
	return fmt.Sprintf("%s waits for signatures of trust:\n%s", e.What, strings.Join(lines, "\n"))
}

// Hint says how they are made.
func (e *TrustWaitError) Hint() string { return e.Remedy }

// ChangeTrust changes who is trusted or what is said. With the keys that it takes, the new metadata is in the ledger and
// in the stores; without them a request waits for signatures.
func (p *Project) ChangeTrust(ctx context.Context, c TrustChange) (*TrustResult, error) {
	var res *TrustResult
	var asked *trust.Proposal
	var confirmed []string
	draft := func(s *ledger.State) (*ledger.Event, error) {
		res, asked = &TrustResult{}, nil
		repo, err := p.trustAt(ctx, s)
		if err != nil {
			return nil, err
		}
		opts, err := p.trustOptions(ctx, s, repo, c.Stores, c.Now)
		if err != nil {
			return nil, err
		}
		edit, err := repo.Edit(opts)
		if err != nil {
			return nil, err
		}
		if err := c.Edit(repo, edit); err != nil {
			return nil, err
		}
		prop, err := edit.Proposal()
		if err != nil {
			return nil, err
		}
		if res.Words, err = prop.Words(); err != nil {
			return nil, err
		}
		res.Roles = prop.Roles()
		if c.DryRun {
			res.Wants = prop.Wants()
			return nil, nil //nolint:nilnil // a dry run records nothing
		}
		if c.Confirm != nil && !slices.Equal(confirmed, res.Words) {
			if err := c.Confirm(res.Words); err != nil {
				return nil, err
			}
			confirmed = res.Words
		}
		for _, k := range c.Keys {
			if _, err := prop.Sign(ctx, k); err != nil {
				return nil, err
			}
		}
		if res.Wants = prop.Wants(); res.Wants != nil {
			if !c.Ask {
				return nil, &TrustWaitError{What: "this change", Wants: res.Wants,
					Remedy: "give the keys with --key, or open a request for people whose machines have no network: --out request.json"}
			}
			asked = prop
			return p.askEvent(c, prop)
		}
		return p.trustEvent(ctx, repo, prop, opts, c, res)
	}
	if c.DryRun {
		_, err := draft(p.State)
		return res, err
	}
	rec, err := p.Append(ctx, draft)
	if err != nil {
		return nil, err
	}
	res.Event = rec.Number
	if asked != nil {
		res.Request, err = p.requestOf(asked, rec)
		return res, err
	}
	return res, p.spread(ctx, c, res)
}

// askEvent opens a request for a proposal.
func (p *Project) askEvent(c TrustChange, prop *trust.Proposal) (*ledger.Event, error) {
	files, err := prop.Unsigned()
	if err != nil {
		return nil, err
	}
	return &ledger.Event{Type: ledger.TypeTrustRequest, Reason: c.Reason, Trust: trustSet(files, prop.Standings())}, nil
}

func (p *Project) requestOf(prop *trust.Proposal, rec *ledger.Recorded) (*trust.Request, error) {
	req, err := prop.Request()
	if err != nil {
		return nil, err
	}
	req.Product, req.Event, req.Created = p.Policy.Product.Name, rec.Number, rec.Time
	return req, nil
}

// trustEvent records signed metadata, with snapshot and timestamp over it as far as their keys are at hand.
func (p *Project) trustEvent(ctx context.Context, repo *trust.Repository, prop *trust.Proposal, opts trust.Options, c TrustChange, res *TrustResult) (*ledger.Event, error) {
	files, standings, err := prop.Files()
	if err != nil {
		return nil, err
	}
	next, err := repo.With(files, standings)
	if err != nil {
		return nil, err
	}
	if next.IsZero() {
		return nil, errors.New("there is no root of trust yet")
	}
	online, wants, err := next.Refresh(ctx, opts, c.Now, c.Keys)
	if err != nil {
		return nil, err
	}
	res.Wants = wants
	return &ledger.Event{Type: ledger.TypeTrust, Reason: c.Reason, Trust: trustSet(append(files, online...), standings)}, nil
}

// spread publishes what the ledger holds now.
func (p *Project) spread(ctx context.Context, c TrustChange, res *TrustResult) error {
	if err := p.Refresh(ctx); err != nil {
		return err
	}
	if c.Unpublished {
		return nil
	}
	if done, err := p.PublishTrust(ctx, c.Stores); err != nil || !done {
		return err
	}
	for _, s := range c.Stores {
		res.Stores = append(res.Stores, s.String())
	}
	return nil
}

// CollectTrust ends a ceremony: it takes the signatures of all copies of a request and, if they are enough, records the
// metadata.
func (p *Project) CollectTrust(ctx context.Context, event uint64, copies []*trust.Proposal, c TrustChange) (*TrustResult, error) {
	var res *TrustResult
	draft := func(s *ledger.State) (*ledger.Event, error) {
		res = &TrustResult{}
		repo, err := p.trustAt(ctx, s)
		if err != nil {
			return nil, err
		}
		prop, err := p.reopen(ctx, s, repo, event)
		if err != nil {
			return nil, err
		}
		for i, other := range copies {
			if err := prop.Merge(other); err != nil {
				return nil, fmt.Errorf("copy %d of request %d: %w", i+1, event, err)
			}
		}
		if res.Words, err = prop.Words(); err != nil {
			return nil, err
		}
		if res.Wants = prop.Wants(); res.Wants != nil || c.DryRun {
			return nil, nil //nolint:nilnil // not yet
		}
		opts, err := p.trustOptions(ctx, s, repo, c.Stores, c.Now)
		if err != nil {
			return nil, err
		}
		res.Roles = prop.Roles()
		e, err := p.trustEvent(ctx, repo, prop, opts, c, res)
		if err == nil {
			e.Trust.Request = event
		}
		return e, err
	}
	rec, err := p.Append(ctx, draft)
	if err != nil {
		return nil, err
	}
	if rec == nil {
		if res.Wants == nil {
			return res, nil
		}
		return res, &TrustWaitError{What: fmt.Sprintf("request %d", event), Wants: res.Wants, Remedy: "relctl trust sign <request> --key <file>, then collect all copies"}
	}
	res.Event = rec.Number
	return res, p.spread(ctx, c, res)
}

// reopen returns the proposal that a request in the ledger was opened with.
func (p *Project) reopen(ctx context.Context, s *ledger.State, repo *trust.Repository, event uint64) (*trust.Proposal, error) {
	waits := func() bool {
		return s.Trust != nil && slices.ContainsFunc(s.Trust.Requests, func(q ledger.TrustRequest) bool { return q.Event == event })
	}
	if !waits() {
		return nil, &RequestError{Event: event}
	}
	rec, err := p.Ledger.TrustRequested(ctx, s, event)
	if err != nil {
		return nil, err
	}
	return repo.Reopen(trustFiles(rec.Trust.Files), standingFiles(rec.Trust.Standings))
}

// RequestError is a request that waits no longer, or never did.
type RequestError struct{ Event uint64 }

func (e *RequestError) Error() string {
	return fmt.Sprintf("request %d does not wait for signatures: it was collected, overtaken by newer trust, or never opened here", e.Event)
}

// Hint says what does wait.
func (e *RequestError) Hint() string { return "relctl trust status lists the open requests" }

// renewAfter is how old a timestamp may be before a refresh vouches anew, though nothing has changed.
const renewAfter = 12 * time.Hour

// RefreshTrust brings trust up to date: lists of releases that lag behind, snapshot and timestamp, as far as the keys are
// at hand; then the stores. It records nothing if all is as it should be. With Ask, lists that it cannot sign become a
// request.
func (p *Project) RefreshTrust(ctx context.Context, c TrustChange) (*TrustResult, error) {
	var res *TrustResult
	var asked *trust.Proposal
	draft := func(s *ledger.State) (*ledger.Event, error) {
		res, asked = &TrustResult{}, nil
		repo, err := p.trustAt(ctx, s)
		if err != nil {
			return nil, err
		}
		if repo.IsZero() {
			return nil, &NoTrustError{}
		}
		if err := CheckTrustKeys(repo, c.Keys); err != nil {
			return nil, err
		}
		opts, err := p.trustOptions(ctx, s, repo, c.Stores, c.Now)
		if err != nil {
			return nil, err
		}
		files, now, lists, err := p.listReleases(ctx, repo, opts, c, res)
		if err != nil {
			return nil, err
		}
		if lists != nil && c.Ask {
			asked = lists
			return p.askEvent(c, lists)
		}
		if !now.Fresh(c.Now.Add(-renewAfter)) {
			online, wants, err := now.Refresh(ctx, opts, c.Now, c.Keys)
			if err != nil {
				return nil, err
			}
			if wants != nil && len(now.Problems()) == 0 {
				wants = nil // it is whole, and only older than it could be
			}
			files, res.Wants = append(files, online...), append(res.Wants, wants...)
		}
		for _, f := range files {
			res.Roles = append(res.Roles, f.Role)
		}
		if len(files) == 0 || c.DryRun {
			return nil, nil //nolint:nilnil // nothing to record
		}
		return &ledger.Event{Type: ledger.TypeTrust, Reason: c.Reason, Trust: trustSet(files, nil)}, nil
	}
	rec, err := p.Append(ctx, draft)
	if err != nil {
		return nil, err
	}
	if rec != nil {
		res.Event = rec.Number
	}
	if asked != nil {
		res.Request, err = p.requestOf(asked, rec)
		return res, err
	}
	if c.DryRun {
		return res, nil
	}
	return res, p.spread(ctx, c, res)
}

// listReleases signs the lists of releases that lag behind the ledger, and returns the rest as a proposal, nil if none.
func (p *Project) listReleases(ctx context.Context, repo *trust.Repository, opts trust.Options, c TrustChange, res *TrustResult) ([]trust.File, *trust.Repository, *trust.Proposal, error) {
	now := repo
	var files []trust.File
	var rest []string
	for _, role := range repo.Delegated() {
		if c.Channel != "" && role != release.ReleaseRole(c.Channel) {
			continue
		}
		behind, err := lagging(repo, opts.Source, role)
		if err != nil {
			return nil, nil, nil, err
		}
		if !behind {
			continue
		}
		prop, err := renewed(repo, opts, role)
		if err != nil {
			return nil, nil, nil, err
		}
		for _, k := range c.Keys {
			if _, err := prop.Sign(ctx, k); err != nil {
				return nil, nil, nil, err
			}
		}
		if wants := prop.Wants(); wants != nil {
			res.Wants = append(res.Wants, wants...)
			rest = append(rest, role)
			continue
		}
		signed, _, err := prop.Files()
		if err != nil {
			return nil, nil, nil, err
		}
		files = append(files, signed...)
		if now, err = now.With(signed, nil); err != nil {
			return nil, nil, nil, err
		}
	}
	if rest == nil {
		return files, now, nil, nil
	}
	prop, err := renewed(repo, opts, rest...)
	return files, now, prop, err
}

// renewed proposes the metadata of roles anew.
func renewed(repo *trust.Repository, opts trust.Options, roles ...string) (*trust.Proposal, error) {
	e, err := repo.Edit(opts)
	if err != nil {
		return nil, err
	}
	for _, role := range roles {
		e.Renew(role)
	}
	return e.Proposal()
}

// lagging reports whether the list of a channel's releases is not what the ledger holds.
func lagging(repo *trust.Repository, source trust.Source, role string) (bool, error) {
	channel, status := trust.ChannelOf(role)
	if status {
		return false, nil
	}
	want, err := source.Releases(channel)
	if err != nil {
		return false, err
	}
	have, err := repo.Releases(channel)
	return !slices.Equal(want, have), err
}

// NoTrustError is a product without a root of trust.
type NoTrustError struct{}

func (*NoTrustError) Error() string { return "the product has no root of trust yet" }

// Hint says how it gets one.
func (*NoTrustError) Hint() string { return "relctl trust init --help shows how to begin" }
