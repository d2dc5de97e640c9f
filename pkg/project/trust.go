package project

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"github.com/relctl/relctl/pkg/channel"
	"github.com/relctl/relctl/pkg/ledger"
	"github.com/relctl/relctl/pkg/publish"
	"github.com/relctl/relctl/pkg/release"
	"github.com/relctl/relctl/pkg/sign"
	"github.com/relctl/relctl/pkg/trust"
)

// TrustRepository returns the product's trust metadata as the ledger has it, the zero repository before there is any.
func (p *Project) TrustRepository(ctx context.Context) (*trust.Repository, error) {
	return p.trustAt(ctx, p.State)
}

func (p *Project) trustAt(ctx context.Context, s *ledger.State) (*trust.Repository, error) {
	files, standings, err := p.Ledger.TrustFiles(ctx, s)
	if err != nil {
		return nil, err
	}
	return trust.New(trustFiles(files), standingFiles(standings))
}

func trustFiles(files []ledger.TrustFile) []trust.File {
	var out []trust.File
	for _, f := range files {
		out = append(out, trust.File{Role: f.Role, Version: f.Version, Data: []byte(f.Metadata)})
	}
	return out
}

func standingFiles(standings []ledger.TrustStanding) map[string][]byte {
	out := map[string][]byte{}
	for _, s := range standings {
		out[s.Channel] = []byte(s.Standing)
	}
	return out
}

// trustSet is what an event carries.
func trustSet(files []trust.File, standings map[string][]byte) *ledger.TrustSet {
	set := &ledger.TrustSet{}
	for _, f := range files {
		set.Files = append(set.Files, ledger.NewTrustFile(f.Role, f.Version, f.Data))
	}
	for channel, data := range standings {
		set.Standings = append(set.Standings, ledger.NewTrustStanding(channel, data))
	}
	slices.SortFunc(set.Standings, func(a, b ledger.TrustStanding) int { return strings.Compare(a.Channel, b.Channel) })
	return set
}

// nextEvent is the number that the next event gets: genesis comes before the first.
func nextEvent(s *ledger.State) uint64 { return max(s.Next, 2) }

// trustSource tells pkg/trust what channels released and how they stand, by one state of the ledger.
type trustSource struct {
	ctx context.Context //nolint:containedctx // pkg/trust passes none
	*Project
	state  *ledger.State
	repo   *trust.Repository
	stores []Store
	now    time.Time
}

// Releases lists all that relctl released on a channel. Of a release that is listed already the size is known; that of
// another is its release.json's in a store.
func (t trustSource) Releases(channel string) ([]trust.Listed, error) {
	c := t.state.Channels[channel]
	if c == nil {
		return nil, nil
	}
	known, err := t.repo.Releases(channel)
	if err != nil {
		return nil, err
	}
	var out []trust.Listed
	for _, r := range c.Releases {
		if r.Adopted {
			continue
		}
		l := trust.Listed{Version: r.Version, Sequence: r.Sequence, Event: r.Event, Ledger: r.Ledger, Release: r.Release}
		if i := slices.IndexFunc(known, func(k trust.Listed) bool { return k.Release == r.Release }); i >= 0 {
			l.Size = known[i].Size
		} else if l.Size, err = t.size(channel, r); err != nil {
			return nil, err
		}
		out = append(out, l)
	}
	return out, nil
}

// size is that of a release's release.json, staged or visible.
func (t trustSource) size(channel string, r ledger.Release) (int64, error) {
	for _, s := range t.stores {
		raw, err := s.Released(t.ctx, channel, r.Version)
		if err != nil {
			return 0, err
		}
		if raw == nil {
			staged, err := s.Staged(t.ctx, r.Plan)
			if err != nil {
				return 0, err
			}
			if staged != nil {
				raw = staged.Raw
			}
		}
		if raw != nil && release.Digest(raw) == r.Release {
			return int64(len(raw)), nil
		}
	}
	return 0, &LostError{Channel: channel, Version: r.Version, Stores: StoreNames(t.stores)}
}

// LostError is a release whose release.json no store holds.
type LostError struct {
	Channel string
	Version release.Version
	Stores  string
}

func (e *LostError) Error() string {
	return fmt.Sprintf("none of the stores %q holds release.json of %s %s, which trust has to list", e.Stores, e.Channel, e.Version)
}

// Hint says where it may be.
func (e *LostError) Hint() string { return "name the store that has it: --store <folder>" }

// Standing is what is to be said about a channel now.
func (t trustSource) Standing(channel string) (*release.Standing, error) {
	ch, err := t.Policy.Channel(channel)
	if err != nil {
		return nil, err
	}
	out, err := t.Project.Standing(t.ctx, ch, t.state, t.now)
	if err != nil {
		return nil, err
	}
	if signed := t.repo.Standing(channel); signed != nil {
		was, err := release.DecodeStanding(signed)
		if err != nil {
			return nil, err
		}
		if out.Issued.Before(was.Issued) {
			return nil, &ClockError{Now: out.Issued, Issued: was.Issued, Channel: channel}
		}
	}
	return out, nil
}

// ClockError is a clock that says less than what was signed already: sites take no time back.
type ClockError struct {
	Now, Issued time.Time
	Channel     string
}

func (e *ClockError) Error() string {
	return fmt.Sprintf("it is %s by this clock, but the standing of %s was signed at %s", e.Now.Format(time.RFC3339), e.Channel, e.Issued.Format(time.RFC3339))
}

// Hint says what to set right.
func (e *ClockError) Hint() string { return "set the clock of this machine" }

// TrustLife is how long a role's metadata lasts by the policy.
func (p *Project) TrustLife(role string) time.Duration {
	if role == release.RoleRoot {
		return p.Policy.Product.Trust.RootLife()
	}
	name, _ := trust.ChannelOf(role)
	if ch, err := p.Policy.Channel(name); err == nil {
		return ch.Trust.Life()
	}
	return p.Policy.Product.Trust.Life()
}

// trustOptions are those of new metadata on top of a state.
func (p *Project) trustOptions(ctx context.Context, s *ledger.State, repo *trust.Repository, stores []Store, now time.Time) (trust.Options, error) {
	taken, err := p.releaseKeys()
	return trust.Options{
		Version: nextEvent(s), Taken: taken,
		Expires: func(role string) time.Time { return now.UTC().Truncate(time.Second).Add(p.TrustLife(role)) },
		Source:  trustSource{ctx: ctx, Project: p, state: s, repo: repo, stores: stores, now: now},
	}, err
}

// releaseKeys are the keys that sign releases, which may have no role of trust.
func (p *Project) releaseKeys() (map[string]string, error) {
	out := map[string]string{}
	for _, path := range p.Policy.Product.Signing.Keys {
		data, err := fs.ReadFile(p.Policy.FS, path)
		if errors.Is(err, fs.ErrNotExist) {
			continue // a cut says what to do about it
		}
		if err != nil {
			return nil, err
		}
		key, err := sign.ParsePublic(data)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		out[key.ID()] = "signs releases (" + path + ")"
	}
	return out, nil
}

// CheckTrustKeys wants every key at hand to have a role.
func CheckTrustKeys(repo *trust.Repository, keys []trust.Signer) error {
	for _, k := range keys {
		id, found := k.Public().ID(), false
		for _, role := range repo.KnownRoles() {
			r, _ := repo.Keys(role)
			for _, name := range r.Names {
				found = found || name == id
			}
		}
		if !found {
			return &KeyError{Text: fmt.Sprintf("the key %.12s… has no role of trust", id), Remedy: "relctl trust show lists the keys of every role"}
		}
	}
	return nil
}

// TrustWarning is metadata that ends soon, or has ended.
type TrustWarning struct {
	trust.Expiry
	// Text says so, and Hint what to do.
	Text string `json:"text"`
	Hint string `json:"hint"`
}

// TrustWarnings tells, long before, which metadata ends.
func (p *Project) TrustWarnings(repo *trust.Repository, now time.Time) []TrustWarning {
	var out []TrustWarning
	for _, e := range repo.Expiries(now, p.TrustLife) {
		if !e.Soon {
			continue
		}
		w := TrustWarning{Expiry: e, Text: fmt.Sprintf("trust: %s expires on %s, in %d days", e.Role, e.Expires.Format(time.DateOnly), e.Days)}
		if e.Days < 0 {
			w.Text = fmt.Sprintf("trust: %s expired on %s", e.Role, e.Expires.Format(time.DateOnly))
		}
		switch channel, status := trust.ChannelOf(e.Role); {
		case e.Role == release.RoleRoot:
			w.Hint = "relctl trust rotate-root"
		case status:
			w.Hint = "relctl trust standing " + channel
		case e.Role == release.RoleSnapshot, e.Role == release.RoleTimestamp:
			w.Hint = "relctl trust refresh"
		default:
			w.Hint = "relctl trust renew " + e.Role
		}
		out = append(out, w)
	}
	return out
}

// Outdated are the channels whose standing says something else than the channel file and the ledger do.
func (p *Project) Outdated(ctx context.Context, repo *trust.Repository, now time.Time) ([]string, error) {
	var out []string
	for _, ch := range p.Policy.Channels {
		signed := repo.Standing(ch.Name)
		if signed == nil {
			continue
		}
		was, err := release.DecodeStanding(signed)
		if err != nil {
			return nil, err
		}
		is, err := p.Standing(ctx, ch, p.State, now)
		if err != nil {
			return nil, err
		}
		if !trust.Says(was, is) {
			out = append(out, ch.Name)
		}
	}
	return out, nil
}

// Reach returns the channels whose standings a site on one channel needs: its own, and those from and to which an
// upgrade is offered.
func (p *Project) Reach(repo *trust.Repository, name string) []string {
	own, err := p.Policy.Channel(name)
	if err != nil {
		return []string{name}
	}
	var out []string
	for _, ch := range p.Policy.Channels {
		if repo.Standing(ch.Name) != nil && (ch.Name == name || p.takesIn(own, ch) || p.takesIn(ch, own)) {
			out = append(out, ch.Name)
		}
	}
	return out
}

// takesIn reports whether a release of channel from may be upgraded to one of channel to.
func (p *Project) takesIn(to, from *channel.Channel) bool {
	if to.Upgrade == nil || from.Line.IsZero() {
		return false
	}
	versions := []release.Version{from.Line.First()}
	if c := p.State.Channels[from.Name]; c != nil {
		for _, r := range c.Releases {
			versions = append(versions, r.Version)
		}
	}
	taken, err := release.ParseRange(to.Upgrade.From)
	return err == nil && slices.ContainsFunc(versions, func(v release.Version) bool { return release.Within(taken, v) })
}

// PublishTrust puts the newest trust into the stores, the timestamp last, and reports whether it did: what no client
// would accept stays out. If more came into the ledger meanwhile, it does so again, so that of two that publish at once
// the newer stays.
func (p *Project) PublishTrust(ctx context.Context, stores []Store) (bool, error) {
	for {
		s := p.State
		repo, err := p.trustAt(ctx, s)
		if err != nil || len(repo.Problems()) > 0 {
			return false, err
		}
		var files []publish.Named
		for _, f := range repo.Published() {
			files = append(files, publish.Named(f))
		}
		var failed error
		for _, store := range stores {
			failed = errors.Join(failed, store.Put(ctx, files))
		}
		if failed != nil {
			return false, failed
		}
		if err := p.Refresh(ctx); err != nil {
			return false, err
		}
		if p.State.Head == s.Head {
			return true, nil
		}
	}
}
