package handbook

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/relctl/relctl/pkg/channel"
	"github.com/relctl/relctl/pkg/fact"
	"github.com/relctl/relctl/pkg/gate"
	"github.com/relctl/relctl/pkg/git"
	"github.com/relctl/relctl/pkg/guide"
	"github.com/relctl/relctl/pkg/project"
	"github.com/relctl/relctl/pkg/release"
)

// notesDir is the folder of the operator's guide that holds notes about single changes.
const notesDir = "/notes"

// NotesDir is where notes lie, from the root of the repository.
func (p *Handbook) NotesDir() string { return p.OperatorDir() + notesDir }

// NotesGate returns the gate that refuses a plan with breaking facts that no note answers, none if the policy does not ask
// for it.
func (p *Handbook) NotesGate(ch *channel.Channel) []gate.Entry {
	if p.Policy.Product.Docs.WantsNotes() != channel.NotesRefuse {
		return nil
	}
	return []gate.Entry{{Name: project.GateNotes, Moment: release.Planned, Gate: gate.Func(func(ctx context.Context, s gate.Subject) release.Verdict {
		base, missing, err := p.planNotes(ctx, ch, s.Inputs)
		if err != nil {
			v := release.Verdict{Status: release.Errored, Reason: strings.ReplaceAll(err.Error(), "\n", "; ")}
			var hinted interface{ Hint() string }
			if errors.As(err, &hinted) {
				v.Hint = hinted.Hint()
			}
			return v
		}
		switch {
		case base.commit == "":
			return release.Verdict{Status: release.NotEvaluated, Reason: "there is no release before this one, so nothing that is known of it can break"}
		case len(missing) == 0:
			return release.Verdict{Status: release.Pass, Reason: fmt.Sprintf("each fact that breaks since %s has a note", base.version)}
		}
		return release.Verdict{Status: release.Fail, Reason: notesReason(base.version, missing), Hint: notesHint(missing)}
	})}}
}

// NotesWarning tells of breaking facts of a plan that no note answers, "" if there are none or the policy wants no warning.
func (p *Handbook) NotesWarning(ctx context.Context, ch *channel.Channel, in release.Inputs) (string, error) {
	if p.Policy.Product.Docs.WantsNotes() != channel.NotesWarn {
		return "", nil
	}
	base, missing, err := p.planNotes(ctx, ch, in)
	if err != nil || len(missing) == 0 {
		return "", err
	}
	return notesReason(base.version, missing), nil
}

// NotesError is a plan with breaking facts that no note answers.
type NotesError struct {
	Channel string
	Verdict release.Verdict
}

func (e *NotesError) Error() string {
	return fmt.Sprintf("a cut of %s would be refused: %s", e.Channel, e.Verdict.Reason)
}

// Hint is the command that writes the notes.
func (e *NotesError) Hint() string { return e.Verdict.Hint }

// NotesRefusal is the error of a plan whose gate of notes refuses, nil if it does not.
func NotesRefusal(p *release.Plan) error {
	for _, v := range p.Verdicts {
		if v.Gate == project.GateNotes && v.Blocks() {
			return &NotesError{Channel: p.Inputs.Channel, Verdict: v}
		}
	}
	return nil
}

func notesReason(since release.Version, missing []guide.Missing) string {
	const most = 10
	var each []string
	for _, m := range missing[:min(len(missing), most)] {
		each = append(each, fmt.Sprintf("%s (%s), to be written into %s", m.Fact(), strings.Join(m.Texts, "; "), m.File))
	}
	text := fmt.Sprintf("%s since %s without a note for operators: %s", release.Count(len(missing), "breaking fact"), since, strings.Join(each, "; "))
	if n := len(missing) - most; n > 0 {
		text += fmt.Sprintf("; and %d more", n)
	}
	return text
}

func notesHint(missing []guide.Missing) string {
	if len(missing) == 1 {
		return fmt.Sprintf("relctl docs note %s   writes it to be filled in; commit it on the branch", shellWord(missing[0].Fact()))
	}
	return fmt.Sprintf("relctl docs note %s   writes the first to be filled in, relctl docs note all of them; commit them on the branch", shellWord(missing[0].Fact()))
}

// shellWord is one word of a shell's command line.
func shellWord(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }

// base is the release that operators come from.
type base struct {
	version release.Version
	commit  string
	channel string
}

// baseOf is the release before a plan: the channel's last, else the newest of the lines before. Its commit is "" where
// there is none.
func (p *Handbook) baseOf(ctx context.Context, ch *channel.Channel, in release.Inputs) (base, error) {
	if in.Previous != nil {
		return base{in.Previous.Version, in.Previous.Commit, ch.Name}, nil
	}
	earlier, err := p.earlier(ctx, ch, in.Version)
	if err != nil || len(earlier) == 0 {
		return base{}, err
	}
	return earlier[0], nil
}

// earlier are the newest final releases of the LTS lines before a version, the newest line first.
func (p *Handbook) earlier(ctx context.Context, ch *channel.Channel, v release.Version) ([]base, error) {
	lines, err := p.Lines(ctx)
	if err != nil {
		return nil, err
	}
	var out []base
	for _, other := range p.Policy.Channels {
		if ch.Kind != release.LTS || other.Kind != release.LTS || other.Name == ch.Name {
			continue
		}
		released, err := lines.Releases(ctx, other)
		if err != nil {
			return nil, err
		}
		var newest base
		for _, r := range released {
			if r.Version.Compare(v) < 0 && r.Version.Compare(newest.version) > 0 {
				newest = base{r.Version, r.Commit, other.Name}
			}
		}
		if newest.commit != "" {
			out = append(out, newest)
		}
	}
	slices.SortFunc(out, func(a, b base) int { return b.version.Compare(a.version) })
	return out, nil
}

// planNotes returns the breaking facts of a plan that no note answers.
func (p *Handbook) planNotes(ctx context.Context, ch *channel.Channel, in release.Inputs) (base, []guide.Missing, error) {
	from, err := p.baseOf(ctx, ch, in)
	if err != nil || from.commit == "" {
		return from, nil, err
	}
	tree, err := p.Repo.FS(ctx, in.Commit)
	if err != nil {
		return from, nil, err
	}
	after, err := p.factsAt(ctx, in.Commit)
	if err != nil {
		return from, nil, err
	}
	missing, err := p.unanswered(ctx, from, after, tree, ch.Name, fact.Breaking)
	return from, missing, err
}

// unanswered compares a state of the product with a release: facts with an impact at least as bad as worst that no new
// note answers.
func (p *Handbook) unanswered(ctx context.Context, from base, after *fact.Set, tree fs.FS, ch string, worst fact.Impact) ([]guide.Missing, error) {
	notes, err := readNotes(tree, p.NotesDir())
	if err != nil {
		return nil, err
	}
	before, err := p.factsAt(ctx, from.commit)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", from.version, err)
	}
	old, err := p.Repo.FS(ctx, from.commit)
	if err != nil {
		return nil, err
	}
	had, _ := readNotes(old, p.NotesDir()) // what is wrong with released notes cannot be mended any more
	taken := map[string]bool{}
	var fresh []guide.Note
	for _, n := range notes {
		taken[n.ID] = true
		if n.In(ch) && !slices.ContainsFunc(had, func(o guide.Note) bool { return o.ID == n.ID }) {
			fresh = append(fresh, n)
		}
	}
	return guide.Unanswered(fact.Diff(before, after), worst, fresh, p.NotesDir(), taken), nil
}

// readNotes reads the notes of a tree, none if it has no folder of them.
func readNotes(tree fs.FS, dir string) ([]guide.Note, error) {
	notes, err := guide.ReadNotes(tree, dir)
	if errors.Is(err, git.ErrNotFound) {
		return nil, nil
	}
	return notes, err
}

// factsAt gathers the facts of a commit, once.
func (p *Handbook) factsAt(ctx context.Context, commit string) (*fact.Set, error) {
	if s := p.gathered[commit]; s != nil {
		return s, nil
	}
	s, err := p.Facts(ctx, commit)
	if err == nil {
		p.gathered[commit] = s
	}
	return s, err
}

// Undone is what the working tree, or a channel's branch, has to say to operators and does not say yet.
type Undone struct {
	// Channel and Since are the release that operators come from.
	Channel string
	Since   release.Version
	Missing []guide.Missing
}

// NoneBeforeError is a product without a release to compare with.
type NoneBeforeError struct{ Channel string }

func (e *NoneBeforeError) Error() string {
	return "there is no release to compare with, so nothing that is known of it can break"
}

// Hint says what a note is for.
func (e *NoneBeforeError) Hint() string {
	return "notes tell what changes between releases; relctl adopt takes over releases from before the ledger"
}

// Undone compares the working tree with the last release of a channel, or with the newest release that an operator may
// have where name is "": facts with an impact at least as bad as worst that no note answers.
func (p *Handbook) Undone(ctx context.Context, name string, worst fact.Impact) (*Undone, error) {
	from, err := p.treeBase(ctx, name)
	if err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(p.Repo.Top())
	if err != nil {
		return nil, err
	}
	defer func() { _ = root.Close() }() // only read
	after, err := p.gather(ctx, p.Policy.Product, root.FS(), &factRun{project: p.Project, dir: p.Repo.Top()})
	if err != nil {
		return nil, err
	}
	u := &Undone{Channel: from.channel, Since: from.version}
	u.Missing, err = p.unanswered(ctx, from, after, root.FS(), name, worst)
	return u, err
}

// treeBase is the release before the working tree: of a channel, or of the LTS lines, or of whatever there is.
func (p *Handbook) treeBase(ctx context.Context, name string) (base, error) {
	lines, err := p.Lines(ctx)
	if err != nil {
		return base{}, err
	}
	var best base
	var lts bool
	for _, ch := range p.Policy.Channels {
		if name != "" && ch.Name != name {
			continue
		}
		released, err := lines.Releases(ctx, ch)
		if err != nil {
			return base{}, err
		}
		for _, r := range released {
			isLTS := ch.Kind == release.LTS
			if better := best.commit == "" || isLTS && !lts || isLTS == lts && r.Version.Compare(best.version) > 0; better {
				best, lts = base{r.Version, r.Commit, ch.Name}, isLTS
			}
		}
	}
	if best.commit == "" && name != "" {
		ch, err := p.Policy.Channel(name)
		if err != nil {
			return best, err
		}
		if best, err = p.baseOf(ctx, ch, release.Inputs{Version: firstOf(ch)}); err != nil {
			return best, err
		}
	}
	if best.commit == "" {
		return best, &NoneBeforeError{Channel: name}
	}
	return best, nil
}

// firstOf is the first version of a channel's line, zero without a line.
func firstOf(ch *channel.Channel) release.Version {
	if ch.Line.IsZero() {
		return release.Version{}
	}
	return ch.Line.First()
}
