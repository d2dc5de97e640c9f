package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/relctl/relctl/pkg/channel"
	"github.com/relctl/relctl/pkg/git"
	"github.com/relctl/relctl/pkg/ledger"
	"github.com/relctl/relctl/pkg/plan"
	"github.com/relctl/relctl/pkg/project"
	"github.com/relctl/relctl/pkg/release"
)

func newChanges(s IO) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "changes",
		Short: "Record what git cannot know about a change on a line",
		Example: `  relctl changes mark 3f2a9c1 --channel lts-2.4 --wont --reason "needs the new storage"
  relctl changes list lts-2.4`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newChangesMark(s), newChangesList(s))
	return cmd
}

func newChangesMark(s IO) *cobra.Command {
	var name, reason string
	var v verdict
	var remote *string
	var asJSON *bool
	cmd := &cobra.Command{
		Use:   "mark <change>",
		Short: "Say that a line has a change already, will not get it, or has it for itself",
		Long: `mark records in the ledger what you know about a change on the line of an LTS channel, by whom and why: another commit of
the line carries it (--equivalent), the line will not get it (--wont), or it belongs to the line and not to main
(--lts-only). A later mark of the same change replaces the one before, and --clear takes it back. If
channels/product.yaml has a role "waiver", only a signed event of that role counts.

The change is a commit of main or of the line, by at least 7 digits of its id.`,
		Example: `  relctl changes mark 3f2a9c1 --channel lts-2.4 --wont --reason "needs the new storage"
  relctl changes mark 3f2a9c1 --channel lts-2.4 --equivalent 9d6cc90 --reason "written anew for this line"
  relctl changes mark 9d6cc90 --channel lts-2.4 --lts-only --reason "main dropped the old clients"
  relctl changes mark 3f2a9c1 --channel lts-2.4 --clear --reason "the storage is there now"`,
		Args: exactly("change"),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx := cmd.Context()
			if err := v.check(cmd); err != nil {
				return err
			}
			if strings.TrimSpace(reason) == "" {
				return usagef("say it for whoever reads it in two years", "--reason is empty")
			}
			p, err := actAt(ctx, cmd, s, *remote)
			if err != nil {
				return err
			}
			l, err := newLine(ctx, p, name)
			if err != nil {
				return err
			}
			trust, err := p.WaiverTrust()
			if err != nil {
				return err
			}
			draft, err := v.draft(ctx, l, args[0], trust)
			if err != nil {
				return err
			}
			rec, err := p.Append(ctx, func(st *ledger.State) (*ledger.Event, error) {
				e, err := draft(st)
				if err == nil {
					e.Channel, e.Reason = name, reason
				}
				return e, err
			})
			if err != nil {
				return err
			}
			return recorded(s, *asJSON, rec, "%s", markWords(rec))
		},
	}
	remote, asJSON = addRemote(cmd), addJSON(cmd)
	cmd.Flags().StringVar(&name, "channel", "", "the LTS `channel` that the verdict is about")
	cmd.Flags().StringVar(&reason, "reason", "", "why, in `words`")
	cmd.Flags().StringVar(&v.equivalent, "equivalent", "", "this `commit` of the line carries the change")
	cmd.Flags().BoolVar(&v.wont, "wont", false, "the line will not get the change")
	cmd.Flags().BoolVar(&v.ltsOnly, "lts-only", false, "the change belongs to the line, and not to main")
	cmd.Flags().BoolVar(&v.clear, "clear", false, "take the mark of the change back")
	mustRequire(cmd, "reason")
	mustRequire(cmd, "channel")
	return cmd
}

// verdict is what the flags of mark ask for.
type verdict struct {
	equivalent           string
	wont, ltsOnly, clear bool
}

func (v verdict) check(cmd *cobra.Command) error {
	given := 0
	for _, flag := range []string{"equivalent", "wont", "lts-only", "clear"} {
		if cmd.Flags().Changed(flag) {
			given++
		}
	}
	if given != 1 || v.equivalent == "" && !v.wont && !v.ltsOnly && !v.clear {
		return usagef("see "+cmd.CommandPath()+" --help", "give one of --equivalent <commit>, --wont, --lts-only and --clear")
	}
	return nil
}

// draft finds the commits that the verdict is about, and returns what makes its event on the newest state.
func (v verdict) draft(ctx context.Context, l *line, id string, trust ledger.Trust) (func(*ledger.State) (*ledger.Event, error), error) {
	if v.clear {
		return func(st *ledger.State) (*ledger.Event, error) { return l.undo(ctx, st, id, trust) }, nil
	}
	typ, within := ledger.TypeWont, []place{l.main, l.branch}
	switch {
	case v.ltsOnly:
		typ, within = ledger.TypeLTSOnly, []place{l.branch}
	case v.wont:
		within = append(within, l.others(ctx)...) // a fix of an older line alone may be what this one will not get
	}
	change, err := l.find(ctx, id, within...)
	if err != nil {
		return nil, err
	}
	m := &ledger.Mark{Change: change}
	switch {
	case v.ltsOnly:
		on, err := l.p.Repo.IsAncestor(ctx, change, l.main.ref)
		if err != nil {
			return nil, err
		}
		if on {
			return nil, fmt.Errorf("commit %s is on %s, so it is not for %s only", release.Short(change), l.main.name, l.branch.name)
		}
	case v.equivalent != "":
		typ = ledger.TypeEquivalent
		if m.Commit, err = l.find(ctx, v.equivalent, l.branch); err != nil {
			return nil, err
		}
		if m.Commit == change {
			return nil, fmt.Errorf("commit %s is the change itself, and on %s", release.Short(change), l.branch.name)
		}
	}
	return func(*ledger.State) (*ledger.Event, error) { return &ledger.Event{Type: typ, Mark: m}, nil }, nil
}

// place is a branch, by its name and its full ref.
type place struct{ name, ref string }

// line is an LTS channel's branch, and the main one that it came from.
type line struct {
	p            *project.Project
	channel      *channel.Channel
	main, branch place
}

func newLine(ctx context.Context, p *project.Project, name string) (*line, error) {
	ch, err := p.Policy.Channel(name)
	if err != nil {
		return nil, err
	}
	if ch.Kind != release.LTS {
		return nil, fmt.Errorf("channel %s is %s, and marks are about the lines of LTS channels", ch.Name, ch.Kind)
	}
	main := p.Policy.Branch
	if ch.Source != "" {
		src, err := p.Policy.Channel(ch.Source)
		if err != nil {
			return nil, err
		}
		main = src.Branch
	}
	l := &line{p: p, channel: ch}
	if l.main, err = l.place(ctx, main); err != nil {
		return nil, err
	}
	l.branch, err = l.place(ctx, ch.Branch)
	return l, err
}

// place finds a branch on the remote.
func (l *line) place(ctx context.Context, branch string) (place, error) {
	at := place{branch, plan.RemoteRef(l.p.Remote, branch)}
	_, err := l.p.Repo.Resolve(ctx, at.ref)
	if errors.Is(err, git.ErrNotFound) {
		err = &plan.BranchError{Channel: l.channel.Name, Branch: branch, Ref: at.ref, Remote: l.p.Remote}
	}
	return at, err
}

// others are the branches of the other LTS channels that are there.
func (l *line) others(ctx context.Context) []place {
	var out []place
	for _, ch := range l.p.Policy.Channels {
		if ch.Kind != release.LTS || ch.Name == l.channel.Name {
			continue
		}
		if at, err := l.place(ctx, ch.Branch); err == nil {
			out = append(out, at)
		}
	}
	return out
}

// find completes the id of a commit on one of the branches.
func (l *line) find(ctx context.Context, id string, within ...place) (string, error) {
	if err := checkShortID(id); err != nil {
		return "", err
	}
	var names, refs, found []string
	for _, w := range within {
		names, refs = append(names, w.name), append(refs, w.ref)
	}
	for c, err := range l.p.Repo.Log(ctx, git.LogOptions{To: refs}) {
		if err != nil {
			return "", err
		}
		if c.ID == id {
			return id, nil
		}
		if strings.HasPrefix(c.ID, id) {
			found = append(found, c.ID)
		}
	}
	return onlyOne(id, found, fmt.Errorf("no commit of %s has the id %s", strings.Join(names, " or "), id))
}

// undo is the event that takes a standing mark of the channel back.
func (l *line) undo(ctx context.Context, st *ledger.State, id string, trust ledger.Trust) (*ledger.Event, error) {
	if err := checkShortID(id); err != nil {
		return nil, err
	}
	marks, err := l.p.Ledger.Marks(ctx, st, trust)
	if err != nil {
		return nil, err
	}
	types, found := map[string]ledger.Type{}, []string{}
	for _, m := range marks {
		if m.Channel == l.channel.Name && strings.HasPrefix(m.Mark.Change, id) {
			types[m.Mark.Change] = m.Type
			found = append(found, m.Mark.Change)
		}
	}
	change, err := onlyOne(id, found, fmt.Errorf("no mark on %s is about a change with the id %s", l.channel.Name, id))
	if err != nil {
		return nil, err
	}
	return &ledger.Event{Type: types[change], Mark: &ledger.Mark{Change: change, Undo: true}}, nil
}

func checkShortID(id string) error {
	if len(id) < 7 || strings.Trim(id, "0123456789abcdef") != "" {
		return fmt.Errorf("%q is not a commit id of at least 7 lower-case hex digits", plain(id))
	}
	return nil
}

// onlyOne returns what an id stands for; without any that is the error none.
func onlyOne(id string, found []string, none error) (string, error) {
	switch len(found) {
	case 0:
		return "", none
	case 1:
		return found[0], nil
	}
	return "", fmt.Errorf("the id %s stands for several commits: %s", id, strings.Join(found, ", "))
}

// markWords says what a mark means.
func markWords(rec *ledger.Recorded) string {
	change := release.Short(rec.Mark.Change)
	switch {
	case rec.Mark.Undo:
		return fmt.Sprintf("the mark %s of change %s on %s is taken back", rec.Type, change, rec.Channel)
	case rec.Mark.Commit != "":
		return fmt.Sprintf("%s has change %s as %s", rec.Channel, change, release.Short(rec.Mark.Commit))
	case rec.Type == ledger.TypeWont:
		return fmt.Sprintf("%s will not get change %s", rec.Channel, change)
	}
	return fmt.Sprintf("change %s is for %s only", change, rec.Channel)
}

func newChangesList(s IO) *cobra.Command {
	var remote *string
	var asJSON *bool
	cmd := &cobra.Command{
		Use:   "list [channel]",
		Short: "List the marks that stand",
		Example: `  relctl changes list
  relctl changes list lts-2.4 --json`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx := cmd.Context()
			p, err := look(ctx, cmd, *remote)
			if err != nil {
				return err
			}
			marks, err := standing(ctx, p, args)
			if err != nil {
				return err
			}
			if *asJSON {
				return s.json(struct {
					Schema string            `json:"schema"`
					Marks  []ledger.Recorded `json:"marks"`
				}{"https://relctl.dev/schema/marks/v1", marks})
			}
			if len(marks) == 0 {
				s.say("no mark stands")
				return nil
			}
			w := tabwriter.NewWriter(s.Out, 0, 0, 2, ' ', 0)
			_, _ = fmt.Fprintln(w, "CHANNEL\tVERDICT\tCHANGE\tCARRIED BY\tSUBJECT\tREASON")
			for _, m := range marks {
				_, _ = fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", m.Channel, m.Type, release.Short(m.Mark.Change),
					dash(release.Short(m.Mark.Commit)), dash(subjectOf(ctx, p.Repo, m.Mark.Change)), plain(m.Reason))
			}
			return w.Flush()
		},
	}
	remote, asJSON = addRemote(cmd), addJSON(cmd)
	return cmd
}

// standing returns the marks that count, of the channel that args may name.
func standing(ctx context.Context, p *project.Project, args []string) ([]ledger.Recorded, error) {
	if len(args) > 0 {
		if _, err := p.Policy.Channel(args[0]); err != nil {
			return nil, err
		}
	}
	trust, err := p.WaiverTrust()
	if err != nil {
		return nil, err
	}
	marks, err := p.Ledger.Marks(ctx, p.State, trust)
	return slices.DeleteFunc(marks, func(m ledger.Recorded) bool { return len(args) > 0 && m.Channel != args[0] }), err
}

// subjectOf is a commit's first line, "" if the commit is gone.
func subjectOf(ctx context.Context, repo *git.Repo, id string) string {
	c, err := repo.Commit(ctx, id)
	if err != nil {
		return ""
	}
	subject, _, _ := strings.Cut(strings.TrimSpace(c.Message), "\n")
	return subject
}
