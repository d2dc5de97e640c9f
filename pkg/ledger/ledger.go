package ledger

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"path"
	"sync/atomic"
	"time"

	"github.com/relctl/relctl/pkg/git"
	"github.com/relctl/relctl/pkg/release"
)

// Branch is the name of the ledger's branch.
const Branch = "relctl/ledger"

// Ref is the full name of the ledger's branch.
const Ref = "refs/heads/" + Branch

// Ledger is the ledger of one repository, as one remote has it.
type Ledger struct {
	repo   *git.Repo
	remote string
	// now is the clock of new events.
	now func() time.Time
	// last is the newest state that was kept, which nobody changes: a long ledger's takes time to read from its file.
	last atomic.Pointer[State]
}

// New returns the ledger that lives on a remote, "" for a repository without one, in which it can only be read.
func New(repo *git.Repo, remote string) *Ledger {
	return &Ledger{repo: repo, remote: remote, now: time.Now}
}

// SetClock replaces the clock of new events, for a demonstration or a test in which time passes quickly.
func (l *Ledger) SetClock(now func() time.Time) { l.now = now }

// ref is where the ledger is found in this clone.
func (l *Ledger) ref() string {
	if l.remote == "" {
		return Ref
	}
	return "refs/remotes/" + l.remote + "/" + Branch
}

// Fetch brings the ledger up to date with the remote. A remote without a ledger is no error.
func (l *Ledger) Fetch(ctx context.Context) error {
	refs, err := l.repo.LsRemote(ctx, l.remote)
	if err != nil {
		return err
	}
	at, ok := refs.Ref(Ref)
	if !ok {
		return nil
	}
	if have, err := l.head(ctx); err != nil || have == at.ID {
		return err
	}
	return l.repo.Fetch(ctx, l.remote, "+"+Ref+":"+l.ref())
}

// head returns the commit that the ledger stands at here, "" while there is none.
func (l *Ledger) head(ctx context.Context) (string, error) {
	id, err := l.repo.Resolve(ctx, l.ref())
	if errors.Is(err, git.ErrNotFound) {
		return "", nil
	}
	return id, err
}

// State folds the events, as fetched last.
func (l *Ledger) State(ctx context.Context) (*State, error) {
	head, err := l.head(ctx)
	if err != nil {
		return nil, err
	}
	if head == "" {
		return NewState(), nil
	}
	s := l.cached(ctx, head)
	if s.Head == head {
		return s, nil
	}
	for rec, err := range l.events(ctx, head, s.Head) {
		if err != nil {
			return nil, err
		}
		if err := s.Apply(*rec); err != nil {
			return nil, fmt.Errorf("%w (relctl ledger verify says more)", err)
		}
	}
	l.keep(s)
	return s, nil
}

// Log yields the events, newest first.
func (l *Ledger) Log(ctx context.Context) iter.Seq2[*Recorded, error] {
	return func(yield func(*Recorded, error) bool) {
		head, err := l.head(ctx)
		if err != nil {
			yield(nil, err)
			return
		}
		if head == "" {
			return
		}
		var all []*Recorded
		for rec, err := range l.events(ctx, head, "") {
			if err != nil {
				yield(nil, err)
				return
			}
			all = append(all, rec)
		}
		for i := len(all) - 1; i >= 0; i-- {
			if !yield(all[i], nil) {
				return
			}
		}
	}
}

// events yields the events after the ledger commit since, oldest first, up to head.
func (l *Ledger) events(ctx context.Context, head, since string) iter.Seq2[*Recorded, error] {
	return func(yield func(*Recorded, error) bool) {
		files, err := l.repo.AddedFiles(ctx, head, since)
		var more *git.MoreThanAddedError
		if errors.As(err, &more) {
			err = &DamagedError{Commit: more.Commit, Err: err}
		}
		if err != nil {
			yield(nil, fmt.Errorf("read the ledger: %w", err))
			return
		}
		for _, f := range files {
			rec, err := decodeFile(f)
			if err != nil {
				err = &DamagedError{Commit: f.Commit, Err: err}
			}
			if !yield(rec, err) || err != nil {
				return
			}
		}
	}
}

// DamagedError is a commit of the ledger that records no event: somebody else wrote to the branch, or a newer relctl.
type DamagedError struct {
	Commit string
	Err    error
}

func (e *DamagedError) Error() string { return e.Err.Error() }
func (e *DamagedError) Unwrap() error { return e.Err }

// Hint says what to look at, and how to put the branch back.
func (e *DamagedError) Hint() string {
	return fmt.Sprintf(`look at it: git show %[1]s
if a newer relctl wrote it, use that one; if somebody wrote it by hand, put the branch back to the commit before and let nobody but relctl push there:
git push --force origin %[1]s~1:%[2]s`, release.Short(e.Commit), Ref)
}

// decodeFile reads the one event that a ledger commit adds.
func decodeFile(f git.AddedFile) (*Recorded, error) {
	n, typ, ok := parsePath(f.Path)
	if !ok {
		return nil, fmt.Errorf("ledger commit %s adds %s, which is no event's name", release.Short(f.Commit), f.Path)
	}
	e, err := DecodeEvent(f.Data)
	if err != nil {
		return nil, fmt.Errorf("ledger event %s: %w", path.Base(f.Path), err)
	}
	if e.Number != n || e.Type != typ {
		return nil, fmt.Errorf("ledger event %s says of itself that it is number %d, %s", path.Base(f.Path), e.Number, e.Type)
	}
	return &Recorded{Event: *e, Commit: f.Commit}, nil
}

// AppendOptions refine [Ledger.Append].
type AppendOptions struct {
	// Roles are the keys of the policy's roles by the role's name. An event that needs one of them is signed, and
	// recorded only if the role holds that key: otherwise the error is a [*SignerError].
	Roles map[string]git.Keyring
	// Sign demands a signature of any other event; otherwise git's own setting decides.
	Sign bool
	// Refs are pushed with the event, all or none.
	Refs []git.Update
}

// attempts bounds how often a lost race is tried again.
const attempts = 40

// Append records what draft decides on the newest state. draft returns nil if there is nothing to record; it is called
// again after a lost race and may change its mind. The event and the other refs reach the remote in one atomic push.
func (l *Ledger) Append(ctx context.Context, draft func(*State) (*Event, error), opts AppendOptions) (*Recorded, error) {
	if l.remote == "" {
		return nil, errors.New("the ledger lives on a remote, and the repository has none")
	}
	name, email, err := l.repo.Identity(ctx)
	if err != nil {
		return nil, err
	}
	for try := range attempts {
		if err := l.Fetch(ctx); err != nil {
			return nil, err
		}
		s, err := l.State(ctx)
		if err != nil {
			return nil, err
		}
		e, err := draft(s)
		if e == nil || err != nil {
			return nil, err
		}
		rec, err := l.push(ctx, s, e, name+" <"+email+">", opts)
		var push *git.PushError
		if err == nil || !errors.As(err, &push) || push.Reason != git.Stale || push.Ref != "" && push.Ref != Ref {
			return rec, err
		}
		if err := pause(ctx, try); err != nil {
			return nil, err
		}
	}
	return nil, fmt.Errorf("the ledger on %s moved %d times while this event was being appended; try again", l.remote, attempts)
}

// pause waits a random while, longer after each lost race.
func pause(ctx context.Context, try int) error {
	t := time.NewTimer(time.Duration(rand.Int64N(int64(min(try+1, 20)) * int64(20*time.Millisecond)))) //nolint:gosec // jitter
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// push writes e, after a genesis if the ledger is empty, on top of s and pushes it.
func (l *Ledger) push(ctx context.Context, s *State, e *Event, actor string, opts AppendOptions) (*Recorded, error) {
	head, next := s.Head, s.clone()
	var tree string
	var err error
	if head == "" {
		branch, err := l.repo.DefaultBranch(ctx, l.remote)
		if err != nil {
			return nil, err
		}
		genesis := Event{Type: TypeGenesis, Genesis: &Genesis{DefaultBranch: branch}}
		if head, tree, err = l.write(ctx, next, &genesis, "", "", actor, false); err != nil {
			return nil, err
		}
	} else if tree, err = l.repo.Tree(head); err != nil {
		return nil, err
	}
	_, asked := opts.Roles[e.Role()]
	commit, _, err := l.write(ctx, next, e, head, tree, actor, opts.Sign || asked)
	if err != nil {
		return nil, err
	}
	if asked {
		sig, err := l.Signature(ctx, Recorded{Event: *e, Commit: commit}, opts.Roles)
		if err != nil {
			return nil, err
		}
		if sig.Status != Signed {
			return nil, &SignerError{Type: e.Type, Role: sig.Role}
		}
	}
	updates := append([]git.Update{{Ref: Ref, New: commit, Old: s.Head}}, opts.Refs...)
	if err := l.repo.Push(ctx, l.remote, updates); err != nil {
		return nil, err
	}
	if err := l.repo.UpdateRef(ctx, l.ref(), commit, s.Head); err != nil {
		// A concurrent fetch in this clone moved it already; the remote has the event.
		if ferr := l.Fetch(ctx); ferr != nil {
			return nil, ferr
		}
	}
	l.keep(next)
	return &Recorded{Event: *e, Commit: commit}, nil
}

// write fills an event in, holds it against the state and stores it as a commit; no ref moves.
func (l *Ledger) write(ctx context.Context, s *State, e *Event, parent, tree, actor string, sign bool) (commit, newTree string, err error) {
	e.Schema, e.Number, e.Actor = EventSchema, s.Next, actor
	e.Time = l.now().UTC().Truncate(time.Second)
	data, err := release.Encode(e)
	if err != nil {
		return "", "", err
	}
	if len(data) > MaxEventBytes {
		return "", "", fmt.Errorf("the event is %d bytes long, at most %d are allowed", len(data), MaxEventBytes)
	}
	if newTree, err = l.repo.WriteFile(tree, e.Path(), data); err != nil {
		return "", "", err
	}
	opts := git.CommitOptions{Tree: newTree, Message: message(e)}
	if parent != "" {
		opts.Parents = []string{parent}
	}
	if sign {
		opts.Sign = git.SignAlways
	}
	if commit, err = l.repo.CommitTree(ctx, opts); err != nil {
		return "", "", err
	}
	return commit, newTree, s.Apply(Recorded{Event: *e, Commit: commit})
}

// message is the ledger commit's message, so that git log reads well.
func message(e *Event) string {
	title := fmt.Sprintf("ledger %d: %s", e.Number, e.Type)
	if e.Channel != "" {
		title += " " + e.Channel
	}
	if v := e.Version(); !v.IsZero() {
		title += " " + v.String()
	}
	if ring := e.Ring(); ring != "" {
		title += " " + ring
	}
	return title + "\n\n" + e.Summary() + "\n"
}
