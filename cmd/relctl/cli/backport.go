package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/relctl/relctl/pkg/backport"
	"github.com/relctl/relctl/pkg/history"
	"github.com/relctl/relctl/pkg/project"
	"github.com/relctl/relctl/pkg/release"
)

func newBackport(s IO) *cobra.Command {
	var to []string
	var remote *string
	var asJSON *bool
	var opts backport.RunOptions
	cmd := &cobra.Command{
		Use:   "backport <change>… --to <channel>,…",
		Short: "Take a change to other lines",
		Long: `backport picks a change onto the branches of channels with git cherry-pick -x, and pushes a topic branch
backport/<channel>/<change> for each, or the channel's branch itself with --direct. A change is a commit, or a pull
request, a CVE or words of a subject that one change alone answers to, as in relctl where. Several are picked as one, in
the order given and named by the last; of a merge, what it brought is picked. Your working tree is not touched. Authors
stay, commits are signed if git is configured to sign, and hooks run for the push only.

A change that a line has already is fine. On a conflict nothing is pushed for that line: backport leaves a local branch
at the line's tip, says what to type there, goes on with the other lines, and ends with exit code 1.`,
		Example: `  relctl backport 3f2a9c1b7e --to lts-2.4,lts-2.2 --dry-run   will it apply?
  relctl backport 3f2a9c1b7e --to lts-2.4,lts-2.2
  relctl backport '#1234' --to lts-2.4                        a pull request
  relctl backport 3f2a9c1b7e --to lts-2.4 --direct            push the line itself`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usagef("usage: "+cmd.UseLine(), "%s needs a change: a commit, a pull request, a CVE or words", cmd.CommandPath())
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return runBackport(cmd, s, args, to, *remote, *asJSON, opts)
		},
	}
	remote, asJSON = addRemote(cmd), addJSON(cmd)
	cmd.Flags().StringSliceVar(&to, "to", nil, "take it to these `channels`")
	cmd.Flags().BoolVar(&opts.Direct, "direct", false, "push the channels' branches themselves")
	cmd.Flags().BoolVar(&opts.DryRun, "dry-run", false, "forecast what would happen, and stop")
	mustRequire(cmd, "to")
	return cmd
}

const backportSchema = "https://relctl.dev/schema/backport/v1"

// backportReport is the product of `relctl backport --json`.
type backportReport struct {
	Schema string `json:"schema"`
	// Change is the id of the commit that names the change, Commits all that are picked, in order.
	Change  string         `json:"change"`
	Commits []string       `json:"commits"`
	Subject string         `json:"subject"`
	Lines   []backportLine `json:"lines"`
}

// backportLine is what came of one line.
type backportLine struct {
	*backport.Result
	// Error says why nothing was pushed, if that is not a conflict.
	Error string `json:"error,omitempty"`
	Hint  string `json:"hint,omitempty"`
}

func runBackport(cmd *cobra.Command, s IO, args, to []string, remote string, asJSON bool, opts backport.RunOptions) (err error) {
	ctx := cmd.Context()
	p, err := act(ctx, cmd, remote)
	if err != nil {
		return err
	}
	targets, err := backportTargets(p, to)
	if err != nil {
		return err
	}
	ix, err := p.Index(ctx)
	if err != nil {
		return err
	}
	change, err := p.FindChange(ctx, ix, args)
	if err != nil {
		return err
	}
	opts.Has = func(line, commit string) bool { return project.Has(ix, line, commit) }
	opts.Earlier = func(ctx context.Context, c backport.Change, tip string, files []string) ([]backport.Change, error) {
		return p.Earlier(ctx, ix, c.ID, tip, files)
	}
	rep, err := newBackportReport(ctx, p, change)
	if err != nil {
		return err
	}
	if opts.Heads, err = p.Repo.LsRemote(ctx, p.Remote); err != nil {
		return err
	}
	if opts.Forecaster, err = p.Repo.Forecaster(ctx); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, opts.Forecaster.Close()) }()
	if !asJSON {
		s.print("%s  %s\n", s.paint("1", release.Short(rep.Change)), plain(rep.Subject))
	}
	code := exitDone
	for _, t := range targets {
		line, lineCode := backportTo(ctx, p, ix, change, t, opts)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		code = max(code, lineCode)
		rep.Lines = append(rep.Lines, line)
		if !asJSON {
			printBackport(ctx, s, p, t, rep.Commits, line)
		}
	}
	if asJSON {
		if err := s.json(rep); err != nil {
			return err
		}
	}
	if code != exitDone {
		return &exitError{code: code}
	}
	return nil
}

func newBackportReport(ctx context.Context, p *project.Project, change backport.Change) (*backportReport, error) {
	commit, err := p.Repo.Commit(ctx, change.ID)
	if err != nil {
		return nil, err
	}
	rep := &backportReport{Schema: backportSchema, Change: change.ID, Subject: firstLine(commit.Message)}
	for _, pick := range change.Picks {
		rep.Commits = append(rep.Commits, pick.Commit)
	}
	return rep, nil
}

// backportTo does one line; what goes wrong there is no reason to leave the others out.
func backportTo(ctx context.Context, p *project.Project, ix *history.Index, change backport.Change, t backport.Target, opts backport.RunOptions) (backportLine, int) {
	var res *backport.Result
	err := project.Refusal(ix, change, t.Line)
	if err == nil {
		res, err = backport.Run(ctx, p.Repo, change, t, opts)
	}
	switch {
	case err != nil:
		return backportLine{Result: &backport.Result{Line: t.Line}, Error: err.Error(), Hint: hint(err)}, exitCode(err)
	case res.Failed():
		return backportLine{Result: res}, exitFailed
	}
	return backportLine{Result: res}, exitDone
}

// backportTargets finds the lines of the channels.
func backportTargets(p *project.Project, names []string) ([]backport.Target, error) {
	var out []backport.Target
	for _, name := range names {
		ch, err := p.Policy.Channel(strings.TrimSpace(name))
		if err != nil {
			return nil, err
		}
		if ch.Kind != release.LTS {
			return nil, usagef("name LTS channels: "+strings.Join(ltsNames(p), ", "), "channel %s follows %s, where changes are made; nothing is backported to it", ch.Name, ch.Branch)
		}
		t := backport.Target{Line: ch.Name, Remote: p.Remote, Branch: ch.Branch}
		if !slices.Contains(out, t) {
			out = append(out, t)
		}
	}
	return out, nil
}

func ltsNames(p *project.Project) []string {
	var names []string
	for _, ch := range p.Policy.Channels {
		if ch.Kind == release.LTS {
			names = append(names, ch.Name)
		}
	}
	return names
}

// printBackport tells a person what came of one line.
func printBackport(ctx context.Context, s IO, p *project.Project, t backport.Target, commits []string, l backportLine) {
	row := func(style, word, format string, args ...any) {
		s.print("  %s  %s  %s\n", plain(l.Line), s.paint(style, word), plain(fmt.Sprintf(format, args...)))
	}
	if l.Error != "" {
		row("31", "failed", "%s", l.Error)
		if l.Hint != "" {
			s.print("    → %s\n", plain(l.Hint))
		}
		return
	}
	switch l.State {
	case backport.Pushed:
		row("32", "pushed", "%s to %s, at %s", l.Branch, t.Remote, release.Short(l.Commit))
	case backport.There:
		row("32", "pushed before", "%s is on %s, at %s", l.Branch, t.Remote, release.Short(l.Commit))
	case backport.Nothing:
		row("32", "present", "the line has it already; nothing was pushed")
	case backport.Stopped:
		why := "nothing was pushed"
		if l.Forecast.Outcome == backport.NotApplicable {
			why += ": " + forecastWords[backport.NotApplicable]
		}
		row("31", "conflict", "%s", why)
	case backport.Forecasted:
		row(map[bool]string{true: "31", false: "32"}[l.Failed()], string(l.Forecast.Outcome), "%s", forecastWords[l.Forecast.Outcome])
	}
	for _, id := range l.Empty {
		s.print("    %s is there already, and was left out\n", release.Short(id))
	}
	printForecast(ctx, s, p, t, commits, l.Forecast)
	if l.State != backport.Stopped {
		return
	}
	made := "made at the line's tip"
	if l.Kept {
		made = "here from before, and was left as it is"
	}
	s.print("    branch %s was %s; to finish by hand (edit the files before git add):\n", plain(l.Branch), made)
	for _, c := range l.Commands {
		s.print("      %s\n", plain(c))
	}
}

var forecastWords = map[backport.Outcome]string{
	backport.Applies:       "without a conflict",
	backport.Present:       "the line has it already",
	backport.Conflicts:     "somebody has to resolve them",
	backport.Needs:         "earlier changes first",
	backport.NotApplicable: "the line has none of the files that it changes",
	backport.Unknown:       "git cannot tell",
}

// printForecast tells where it conflicts, and which earlier changes help.
func printForecast(ctx context.Context, s IO, p *project.Project, t backport.Target, commits []string, f backport.Forecast) {
	for _, file := range f.Files {
		s.print("    %s  (%s)\n", plain(file.Path), plain(file.Kind))
	}
	if len(f.Needs) > 0 {
		s.print("    it applies after:\n")
		for _, id := range f.Needs {
			subject := ""
			if c, err := p.Repo.Commit(ctx, id); err == nil {
				subject = firstLine(c.Message)
			}
			s.print("      %s  %s\n", release.Short(id), plain(subject))
		}
		s.print("    all at once: relctl backport %s --to %s\n", strings.Join(shorts(append(slices.Clone(f.Needs), commits...)), " "), t.Line)
	}
	if f.Reason != "" {
		s.print("    %s\n", plain(f.Reason))
	}
	if f.Bounded {
		s.print("    (the search for earlier changes ended at its limit; there may be others)\n")
	}
}

func shorts(ids []string) []string {
	out := make([]string, len(ids))
	for i, id := range ids {
		out[i] = release.Short(id)
	}
	return out
}

func firstLine(message string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(message), "\n")
	return strings.TrimSpace(line)
}
