package rollout

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/relctl/relctl/pkg/deploy"
	"github.com/relctl/relctl/pkg/project"
	"github.com/relctl/relctl/pkg/release"
	"github.com/relctl/relctl/pkg/ring"
)

// Deploy is one commit on the deploy branch.
type Deploy struct {
	// Rings that it renders, none if it only brings the engine's objects up to date.
	Rings []string `json:"rings,omitempty"`
	// Version is what a single ring runs then.
	Version release.Version `json:"version,omitzero"`
	// Commit is its id, "" in a dry run.
	Commit string `json:"commit,omitempty"`
	// Changes say cell by cell what differs, one line each.
	Changes []string `json:"changes,omitempty"`
}

// String says it in one line.
func (d Deploy) String() string {
	what := "the objects of the engine"
	if len(d.Rings) > 0 {
		what = strings.Join(d.Rings, ", ")
	}
	if !d.Version.IsZero() {
		what += " runs " + d.Version.String()
	}
	return what
}

// converge brings the deploy branch to what the ledger says: one commit for each ring that differs, and the engine's
// objects with the last or by themselves. A ring that cannot be rendered stays as it is and stops no other.
func (r *Rollout) converge(ctx context.Context, m ring.Model) ([]Deploy, error) {
	branch, err := deployBranch(ctx, r.Project)
	if err != nil {
		return nil, err
	}
	w := &deployer{Rollout: r, model: m, branch: branch, done: map[string]bool{}, failed: map[string]error{}}
	if r.opts.DryRun {
		return w.preview(ctx)
	}
	var out []Deploy
	for {
		r.opts.Progress(project.Progress{Stage: "deploy", State: "start"})
		id, made, err := branch.Commit(ctx, func(files fs.FS) (*deploy.Change, error) { return w.change(ctx, files) })
		if err != nil {
			return out, reached(r.Project, branch, err)
		}
		if made {
			w.made.Commit = id
			out = append(out, w.made)
			r.opts.Progress(project.Progress{Stage: "deploy", State: "done", Text: fmt.Sprintf("%s, %s", w.made, release.Short(id))})
		}
		if len(w.made.Rings) == 0 {
			return out, w.failure()
		}
		for _, name := range w.made.Rings {
			w.done[name] = true
		}
	}
}

// deployer makes the commits of one convergence.
type deployer struct {
	*Rollout
	model  ring.Model
	branch *deploy.Branch
	// made is what the newest change would make.
	made Deploy
	// done are the rings that were brought to their targets, failed those that cannot be rendered.
	done   map[string]bool
	failed map[string]error
}

// failure joins what failed.
func (w *deployer) failure() error {
	var all []error
	for _, t := range w.model.Targets() {
		if err := w.failed[t.Ring]; err != nil {
			all = append(all, &DeployError{Channel: w.Channel.Name, Ring: t.Ring, Version: t.Version, Err: err})
		}
	}
	return errors.Join(all...)
}

// preview tells what each commit would be.
func (w *deployer) preview(ctx context.Context) ([]Deploy, error) {
	if err := reached(w.Project, w.branch, w.branch.Fetch(ctx)); err != nil {
		return nil, err
	}
	files, err := w.branch.Files(ctx)
	if err != nil {
		return nil, err
	}
	var out []Deploy
	for _, t := range w.model.Targets() {
		stale, err := w.stale(files, t)
		if err != nil {
			return nil, err
		}
		if !stale {
			continue
		}
		_, diffs, err := w.render(ctx, files, t)
		if err != nil {
			w.failed[t.Ring] = err
			continue
		}
		out = append(out, Deploy{Rings: []string{t.Ring}, Version: t.Version, Changes: summaries(diffs)})
	}
	return out, w.failure()
}

// change is the next commit: the first ring that differs from its target, or all rings if a person changed the branch
// and so perhaps what they are rendered from. The engine's objects come with it.
func (w *deployer) change(ctx context.Context, files fs.FS) (*deploy.Change, error) {
	w.made = Deploy{}
	if err := w.catchUp(ctx); err != nil {
		return nil, err
	}
	if files == nil && len(w.model.Targets()) == 0 {
		return nil, nil //nolint:nilnil // nothing was ever deployed
	}
	person, err := w.person(ctx)
	if err != nil {
		return nil, err
	}
	var sets []*deploy.Set
	msg := deploy.Message{Product: w.Policy.Product.Name, Channel: w.Channel.Name}
	for _, t := range w.model.Targets() {
		stale, err := w.stale(files, t)
		if err != nil {
			return nil, err
		}
		if !stale && !person || w.done[t.Ring] || w.failed[t.Ring] != nil {
			continue
		}
		set, diffs, err := w.render(ctx, files, t)
		if err != nil {
			w.failed[t.Ring] = err
			continue
		}
		sets = append(sets, set)
		msg.Diffs = append(msg.Diffs, diffs...)
		msg.Event = max(msg.Event, t.Event)
		if stale {
			w.made.Rings = append(w.made.Rings, t.Ring)
			msg.Ring, msg.Version, msg.Release = t.Ring, t.Version, t.Release
			w.made.Version = t.Version
		}
		if !person {
			break
		}
	}
	if len(w.made.Rings) != 1 {
		msg.Ring, w.made.Version = "", release.Version{}
	}
	msg.Reason = w.reason(msg)
	w.made.Changes = summaries(msg.Diffs)
	own, err := w.objects(ctx, files, sets)
	if err != nil {
		return nil, err
	}
	all, err := deploy.Join(append(sets, own)...)
	return &deploy.Change{Set: all, Message: msg}, err
}

// catchUp reads the ledger again. Events come before what is deployed because of them, so that a ledger that was read
// after the branch is never behind it: what another run just deployed is not taken back.
func (w *deployer) catchUp(ctx context.Context) error {
	if err := w.Ledger.Fetch(ctx); err != nil {
		return err
	}
	s, err := w.Ledger.State(ctx)
	if err != nil {
		return err
	}
	w.State = s
	if w.model, err = w.Rings(ctx, w.Channel, s, w.opts.Now(), nil); err == nil && w.model.Unsigned != 0 {
		return &UnsignedError{Channel: w.Channel.Name, Event: w.model.Unsigned}
	}
	return err
}

// person reports whether the newest commit of the branch is not relctl's.
func (w *deployer) person(ctx context.Context) (bool, error) {
	head, err := w.branch.Head(ctx)
	if head == "" || err != nil {
		return false, err
	}
	c, err := w.Repo.Commit(ctx, head)
	if err != nil {
		return false, err
	}
	return deploy.Trailer(c.Message, deploy.TrailerChannel) == "", nil
}

// reason is what people said about the event that a ring follows, for rollbacks and the fast lane.
func (w *deployer) reason(m deploy.Message) string {
	c := w.model.State.Channels[w.Channel.Name]
	if m.Ring == "" || c == nil {
		return ""
	}
	if r := c.Rings[m.Ring]; r != nil && r.RolledBack != nil && r.RolledBack.Event == m.Event {
		return r.RolledBack.Reason
	}
	if rel := c.Find(m.Version); rel != nil && rel.FastLane != nil {
		return rel.FastLane.Reason
	}
	return ""
}
