package project

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/relctl/relctl/pkg/channel"
	"github.com/relctl/relctl/pkg/history"
	"github.com/relctl/relctl/pkg/ledger"
	"github.com/relctl/relctl/pkg/plan"
	"github.com/relctl/relctl/pkg/ring"
)

// GateError is a gate that the channel does not have, or not of the kind asked for.
type GateError struct {
	Channel, Gate string
	Have          []string
	Kind          string
}

func (e *GateError) Error() string {
	return fmt.Sprintf("channel %s has no %sgate %q", e.Channel, e.Kind, e.Gate)
}

// Hint lists the gates that there are.
func (e *GateError) Hint() string {
	if len(e.Have) == 0 {
		return fmt.Sprintf("it has none; gates stand in channels/%s.yaml", e.Channel)
	}
	return "it has " + strings.Join(e.Have, ", ")
}

// ApprovalRole returns the role that an approval gate of the channel asks for.
func ApprovalRole(ch *channel.Channel, gate string) (string, error) {
	e := &GateError{Channel: ch.Name, Gate: gate, Kind: "approval "}
	for _, g := range ch.Gates {
		if g.Approval == nil {
			continue
		}
		if g.Name == gate {
			return g.Approval.Role, nil
		}
		e.Have = append(e.Have, g.Name)
	}
	return "", e
}

// CheckGate reports whether the channel has a gate of that name, from its list or by its own keys.
func CheckGate(ch *channel.Channel, gate string) error {
	e := &GateError{Channel: ch.Name, Gate: gate}
	if len(ch.Checks) > 0 {
		e.Have = append(e.Have, plan.GateChecks)
	}
	if len(ch.Accept) > 0 {
		e.Have = append(e.Have, plan.GateAccept)
	}
	if ch.Source != "" {
		e.Have = append(e.Have, plan.GateSource)
	}
	if ch.Soak != nil {
		e.Have = append(e.Have, plan.GateSoak)
	}
	if ch.Upgrade != nil {
		e.Have = append(e.Have, plan.GateUpgrade)
	}
	e.Have = append(e.Have, plan.GateMarkers)
	for _, g := range ch.Gates {
		e.Have = append(e.Have, g.Name)
	}
	if len(ch.Rings) > 0 {
		e.Have = append(e.Have, ring.GateSoak)
	}
	for _, r := range ch.Rings {
		for _, g := range r.Gates {
			e.Have = append(e.Have, g.Name)
		}
	}
	if slices.Contains(e.Have, gate) {
		return nil
	}
	return e
}

// UnreleasedChange completes a commit id, of a change on the channel's branch, that people write with at least 7 digits.
func (p *Project) UnreleasedChange(ctx context.Context, ch *channel.Channel, id string) (string, error) {
	if len(id) < 7 || strings.Trim(id, "0123456789abcdef") != "" {
		return "", fmt.Errorf("%q is not a commit id of at least 7 lower-case hex digits", id)
	}
	head, err := p.Repo.Resolve(ctx, plan.RemoteRef(p.Remote, ch.Branch))
	if err != nil {
		return "", err
	}
	var since string
	if st := p.State.Channels[ch.Name]; st != nil {
		for _, r := range st.Releases {
			if r.Version.Prerelease() == "" { // the final after a candidate tells the changes of both
				since = r.Commit
			}
		}
	}
	res, err := history.Changes(ctx, p.Repo, history.Options{From: since, To: head})
	if err != nil {
		return "", err
	}
	for _, c := range res.Changes {
		if strings.HasPrefix(c.Commit, id) || strings.HasPrefix(c.ID, id) {
			return c.Commit, nil
		}
	}
	return "", fmt.Errorf("no unreleased change of %s has the commit id %s", ch.Name, id)
}

// Adoptable lists the tags of the channel's line that the ledger does not know, oldest version first.
func (p *Project) Adoptable(ctx context.Context, ch *channel.Channel) ([]ledger.Adopted, error) {
	refs, err := p.Repo.Refs(ctx, "refs/tags/")
	if err != nil {
		return nil, err
	}
	remote, err := p.Repo.LsRemote(ctx, p.Remote)
	if err != nil {
		return nil, err
	}
	var out []ledger.Adopted
	for _, r := range refs {
		name := strings.TrimPrefix(r.Name, "refs/tags/")
		v, ok := ch.ParseTag(name)
		if !ok || !p.Policy.Owns(ch, v) || p.State.Released(ch.Name, v) {
			continue
		}
		at, ok := remote.Ref(r.Name)
		if !ok {
			return nil, fmt.Errorf("tag %s exists here, but not on %s: push it or delete it", name, p.Remote)
		}
		if at.ID != r.ID {
			return nil, &plan.TagError{Tag: name, Recorded: at.Commit, Found: r.Commit}
		}
		out = append(out, ledger.Adopted{Version: v, Tag: name, Commit: r.Commit, TagObject: r.ID})
	}
	slices.SortFunc(out, func(a, b ledger.Adopted) int { return a.Version.Compare(b.Version) })
	return out, nil
}

// Adopt records the channel's releases from before relctl.
func (p *Project) Adopt(ctx context.Context, ch *channel.Channel) (*ledger.Recorded, error) {
	found, err := p.Adoptable(ctx, ch)
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("nothing to adopt: the ledger knows every tag of %s", ch.Name)
	}
	return p.Append(ctx, func(*ledger.State) (*ledger.Event, error) {
		return &ledger.Event{Type: ledger.TypeAdopt, Channel: ch.Name, Adopt: &ledger.Adopt{Releases: found}}, nil
	})
}

// Abandon gives up the channel's open reservation, and burns its version if its release.json was signed, here or in one
// of the stores; without any, those of the policy are asked. An error with an event is about what could not be removed
// after that.
func (p *Project) Abandon(ctx context.Context, ch *channel.Channel, reason string, stores []Store) (*ledger.Recorded, error) {
	if len(stores) == 0 {
		stores = p.Stores()
	}
	var given *ledger.Reservation
	rec, err := p.Append(ctx, func(s *ledger.State) (*ledger.Event, error) {
		st := s.Channels[ch.Name]
		if st == nil || st.Open == nil {
			return nil, fmt.Errorf("channel %s has no reserved release to give up", ch.Name)
		}
		given = st.Open
		burned, err := p.Signed(ctx, given.Plan.Digest, stores)
		if err != nil {
			return nil, err
		}
		return &ledger.Event{Type: ledger.TypeAbandon, Channel: ch.Name, Reason: reason, Abandon: &ledger.Abandon{
			Plan: given.Plan.Digest, Version: given.Plan.Inputs.Version, Sequence: given.Sequence, Burned: burned,
		}}, nil
	})
	if err != nil {
		return nil, err
	}
	for _, s := range stores {
		if failed := s.Discard(ctx, given.Plan.Digest); failed != nil {
			err = errors.Join(err, fmt.Errorf("remove what was staged: %w", failed))
		}
	}
	if failed := p.dropLeftTag(ctx, given.Plan.Inputs.Tag); failed != nil {
		err = errors.Join(err, fmt.Errorf("remove the tag %s, which this clone alone has: %w", given.Plan.Inputs.Tag, failed))
	}
	return rec, err
}

// dropLeftTag deletes a tag that a killed cut made here and never pushed.
func (p *Project) dropLeftTag(ctx context.Context, name string) error {
	if name == "" {
		return nil
	}
	tag, err := p.Repo.Tag(ctx, name)
	if err != nil {
		return nil //nolint:nilerr // no tag, nothing left
	}
	remote, err := p.Repo.LsRemote(ctx, p.Remote)
	if err != nil {
		return err
	}
	if _, pushed := remote.Ref("refs/tags/" + name); pushed {
		return nil
	}
	return p.Repo.DeleteTag(ctx, name, tag.Object)
}
