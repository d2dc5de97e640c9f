package cli

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/relctl/relctl/pkg/backport"
	"github.com/relctl/relctl/pkg/history"
	"github.com/relctl/relctl/pkg/plan"
	"github.com/relctl/relctl/pkg/project"
	"github.com/relctl/relctl/pkg/release"
)

const backportsSchema = "https://relctl.dev/schema/backports/v1"

// backportsReport is the answer of `relctl backports --json`.
type backportsReport struct {
	Schema string `json:"schema"`
	Main   string `json:"main"`
	// Total counts the changes that match; Changes may be fewer, see --limit.
	Total int `json:"total"`
	// Unsearched counts the conflicts for which no earlier changes were looked for, see --needs.
	Unsearched int           `json:"unsearched,omitempty"`
	Changes    []backportRow `json:"changes"`
}

// backportRow is a change and how it stands on each line.
type backportRow struct {
	*history.Known
	// AgeDays is how many days ago it came to main.
	AgeDays int            `json:"age_days"`
	Lines   []backportCell `json:"lines"`
}

// backportCell is how a change stands on one line and, where it is missing, whether a pick would apply.
type backportCell struct {
	plan.LineState
	Forecast *backport.Forecast `json:"forecast,omitempty"`
}

// backportsFlags are what the user asked for.
type backportsFlags struct {
	filter       plan.BackportFilter
	since, older string
	paths        []string
	limit        int
	needs        bool
	noForecast   bool
	markdown     bool
}

func newBackports(s IO) *cobra.Command {
	var remote *string
	var asJSON *bool
	var f backportsFlags
	cmd := &cobra.Command{
		Use:   "backports [channel]…",
		Short: "Show which changes of main are missing on which line, and whether a pick would apply",
		Long: `backports lists the changes that stand on main, that the accept rule of an LTS channel selects, and that its line does
not have, newest first. Picks, squashes, reverts, merges and what people recorded are taken into account; relctl where
says how each is known. For each missing change it forecasts the pick, without touching a working tree or a ref:

  applies          relctl backport would do it
  conflicts        in the files that are listed below the table
  needs <change>   it applies after this earlier change, which is missing too
  there already    picking it would change nothing
  does not apply   the code that it touches does not exist there

That a change needs another one is tried out, never guessed; among more than 10 conflicts only with --needs. Lines past their end of life are left out unless you name them.`,
		Example: `  relctl backports
  relctl backports lts-2.4 --type security,fix --since 90d
  relctl backports --path server/ --all
  relctl backports --markdown          for an issue or a comment`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx := cmd.Context()
			p, err := look(ctx, cmd, *remote)
			if err != nil {
				return err
			}
			f.filter.Channels = args
			r, err := f.report(ctx, p, time.Now())
			if err != nil {
				return err
			}
			if len(args) == 0 {
				if err := sayAbsent(ctx, s, p); err != nil {
					return err
				}
			}
			switch {
			case *asJSON:
				return s.json(r)
			case f.markdown:
				printBackportsMarkdown(s, r)
				return nil
			}
			sayWhere(s, p)
			return printBackports(s, r)
		},
	}
	remote, asJSON = addRemote(cmd), addJSON(cmd)
	flags := cmd.Flags()
	flags.StringSliceVar(&f.filter.Types, "type", nil, "only changes of these conventional `types`")
	flags.StringSliceVar(&f.filter.Authors, "author", nil, "only changes whose author's `name` holds one of these")
	flags.StringSliceVar(&f.paths, "path", nil, "only changes that touch these `paths`")
	flags.StringVar(&f.since, "since", "", "only changes that came to main since this `date`, or in this time, such as 90d")
	flags.StringVar(&f.older, "older", "", "only changes that came to main before this `date`, or that long ago, such as 7d")
	flags.BoolVar(&f.filter.All, "all", false, "list what is missing nowhere, too")
	flags.IntVar(&f.limit, "limit", 25, "list at most this `many` changes, 0 for all")
	flags.BoolVar(&f.needs, "needs", false, "look for earlier changes that would make picks apply, however many conflicts there are")
	flags.BoolVar(&f.noForecast, "no-forecast", false, "do not try whether picks would apply")
	flags.BoolVar(&f.markdown, "markdown", false, "print Markdown")
	return cmd
}

// report gathers the matrix and its forecasts.
func (f *backportsFlags) report(ctx context.Context, p *project.Project, now time.Time) (*backportsReport, error) {
	ix, err := p.Index(ctx)
	if err != nil {
		return nil, err
	}
	return f.reportOn(ctx, p, ix, now)
}

func (f *backportsFlags) reportOn(ctx context.Context, p *project.Project, ix *history.Index, now time.Time) (*backportsReport, error) {
	var err error
	f.filter.Now, f.filter.Ended = now, map[string]bool{}
	for name, ch := range p.State.Channels {
		f.filter.Ended[name] = ch.EOL != 0
	}
	if f.filter.Since, err = dayOrAge(f.since, "--since", now); err != nil {
		return nil, err
	}
	if f.filter.Until, err = dayOrAge(f.older, "--older", now); err != nil {
		return nil, err
	}
	if err := f.checkLines(ctx, p, ix); err != nil {
		return nil, err
	}
	if len(f.paths) > 0 {
		if f.filter.Commits, err = p.Repo.Touching(ctx, ix.Tip(ix.Main()), f.paths); err != nil {
			return nil, err
		}
	}
	found, err := plan.Backports(ix, p.Policy, f.filter)
	if err != nil {
		return nil, err
	}
	r := &backportsReport{Schema: backportsSchema, Main: ix.Main(), Total: len(found), Changes: []backportRow{}}
	for i, b := range found {
		if f.limit > 0 && i == f.limit {
			break
		}
		row := backportRow{Known: b.Known, AgeDays: int(now.Sub(b.Date).Hours() / 24)}
		for _, l := range b.Lines {
			row.Lines = append(row.Lines, backportCell{LineState: l})
		}
		r.Changes = append(r.Changes, row)
	}
	if f.noForecast {
		return r, nil
	}
	return r, r.forecast(ctx, p, ix, f.needs)
}

// checkLines refuses to find nothing missing on a line that is not here.
func (f *backportsFlags) checkLines(ctx context.Context, p *project.Project, ix *history.Index) error {
	absent, err := p.Absent(ctx)
	if err != nil {
		return err
	}
	for _, a := range absent {
		if len(ix.Lines()) == 0 || slices.Contains(f.filter.Channels, a.Channel) {
			return a
		}
	}
	return nil
}

// forecast tries the picks of what is missing.
func (r *backportsReport) forecast(ctx context.Context, p *project.Project, ix *history.Index, search bool) error {
	var missing []project.Missing
	var cells []*backportCell
	for i := range r.Changes {
		for k := range r.Changes[i].Lines {
			if c := &r.Changes[i].Lines[k]; c.Open() {
				missing = append(missing, project.Missing{Change: r.Changes[i].Known, Line: c.Channel})
				cells = append(cells, c)
			}
		}
	}
	found, err := p.Forecasts(ctx, ix, missing, false)
	if err != nil {
		return err
	}
	stuck := 0
	for _, f := range found {
		if f.Outcome == backport.Conflicts {
			stuck++
		}
	}
	if search || stuck <= quickSearch {
		if found, err = p.Forecasts(ctx, ix, missing, true); err != nil {
			return err
		}
	} else {
		r.Unsearched = stuck
	}
	for i := range found {
		cells[i].Forecast = &found[i]
	}
	return nil
}

// quickSearch is the number of conflicts up to which earlier changes that would help are looked for unasked.
const quickSearch = 10

// dayOrAge reads a date, or a number of days before now such as 90d.
func dayOrAge(text, flag string, now time.Time) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if days, ok := strings.CutSuffix(text, "d"); ok {
		if n, err := strconv.Atoi(days); err == nil && n >= 0 && n < 100000 {
			return now.AddDate(0, 0, -n), nil
		}
	}
	day, err := time.Parse(time.DateOnly, text)
	if err != nil {
		return time.Time{}, usagef("write a date such as "+now.Format(time.DateOnly)+", or a number of days such as 90d", "%s %q is no date", flag, plain(text))
	}
	return day, nil
}

func printBackports(s IO, r *backportsReport) error {
	if len(r.Changes) == 0 {
		s.print("no change of %s is missing on a line that would take it\n", r.Main)
		return nil
	}
	w := tabwriter.NewWriter(s.Out, 0, 0, 2, ' ', 0)
	head := []string{"AGE", "COMMIT", "CHANGE"}
	for _, l := range r.Changes[0].Lines {
		head = append(head, strings.ToUpper(l.Channel))
	}
	_, _ = fmt.Fprintln(w, strings.Join(head, "\t"))
	for _, c := range r.Changes {
		row := []string{fmt.Sprintf("%dd", c.AgeDays), release.Short(c.Commit), shorten(plain(title(c.Known)), 60)}
		for _, l := range c.Lines {
			row = append(row, l.words())
		}
		_, _ = fmt.Fprintln(w, strings.Join(row, "\t"))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	printObstacles(s, r)
	if r.Unsearched > 0 {
		s.say("\n%s: --needs looks for earlier changes that would help", release.Count(r.Unsearched, "conflict"))
	}
	if n := r.Total - len(r.Changes); n > 0 {
		s.say("\nnot shown: %s; --limit 0 lists all", release.Count(n, "older change"))
	}
	return nil
}

// words says a cell in a few words.
func (c backportCell) words() string {
	switch {
	case c.Forecast != nil:
		return inShort(c.Forecast)
	case c.Presence == history.Missing && !c.Wanted:
		return "-"
	}
	switch c.Presence {
	case history.Present:
		return c.Since.String()
	case history.Picked:
		return "picked"
	case history.Wont:
		return "won't"
	case history.NotApplicable:
		return "does not apply"
	}
	return string(c.Presence)
}

// inShort says a forecast in a few words.
func inShort(f *backport.Forecast) string {
	switch f.Outcome {
	case backport.Present:
		return "there already"
	case backport.NotApplicable:
		return "does not apply"
	case backport.Unknown:
		return "nobody knows"
	case backport.Needs:
		if len(f.Needs) == 1 {
			return "needs " + release.Short(f.Needs[0])
		}
		return fmt.Sprintf("needs %d earlier", len(f.Needs))
	}
	return string(f.Outcome)
}

// printObstacles tells what stands in the way of picks, once for lines that have it in common.
func printObstacles(s IO, r *backportsReport) {
	begun := false
	for _, c := range r.Changes {
		lines := map[string][]string{}
		var texts []string
		for _, l := range c.Lines {
			if l.Forecast == nil || l.Forecast.Outcome != backport.Conflicts && l.Forecast.Outcome != backport.Needs {
				continue
			}
			text := obstacle(l.Forecast)
			if lines[text] == nil {
				texts = append(texts, text)
			}
			lines[text] = append(lines[text], l.Channel)
		}
		for _, text := range texts {
			if !begun {
				s.print("\n")
				begun = true
			}
			s.print("%s on %s %s\n", release.Short(c.Commit), strings.Join(lines[text], ", "), plain(text))
		}
	}
}

// obstacle says what a pick needs, or in which files it conflicts.
func obstacle(f *backport.Forecast) string {
	const shown = 3
	var names []string
	if f.Outcome == backport.Needs {
		for _, id := range f.Needs {
			names = append(names, release.Short(id))
		}
		return "applies after " + some(names, shown)
	}
	for _, file := range f.Files {
		names = append(names, file.Path)
	}
	text := "conflicts in " + some(names, shown)
	if f.Bounded {
		text += "; not every set of earlier changes was tried"
	}
	return text
}

// some lists names, of many only the first.
func some(names []string, most int) string {
	if n := len(names) - most; n > 0 {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), n)
	}
	return strings.Join(names, ", ")
}

func printBackportsMarkdown(s IO, r *backportsReport) {
	if len(r.Changes) == 0 {
		s.print("No change of %s is missing on a line that would take it.\n", r.Main)
		return
	}
	head, rule := "| Age | Commit | Change |", "|---|---|---|"
	for _, l := range r.Changes[0].Lines {
		head, rule = head+" "+l.Channel+" |", rule+"---|"
	}
	s.print("%s\n%s\n", head, rule)
	for _, c := range r.Changes {
		s.print("| %dd | %s | %s |", c.AgeDays, release.Short(c.Commit), cell(title(c.Known)))
		for _, l := range c.Lines {
			s.print(" %s |", cell(l.words()))
		}
		s.print("\n")
	}
	if n := r.Total - len(r.Changes); n > 0 {
		s.print("\n%s more.\n", release.Count(n, "older change"))
	}
}

// cell makes text inert inside a Markdown table: no markup, no mention of a person or an issue.
func cell(text string) string {
	return strings.NewReplacer(`\`, `\\`, "|", `\|`, "<", "&lt;", ">", "&gt;", "`", "\\`", "*", `\*`, "_", `\_`, "[", `\[`, "]", `\]`,
		"@", "@\u2060", "#", "#\u2060").Replace(plain(text))
}

// shorten cuts text to a number of characters.
func shorten(text string, limit int) string {
	if r := []rune(text); len(r) > limit {
		return string(r[:limit-1]) + "…"
	}
	return text
}
