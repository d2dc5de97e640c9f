package cli

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/relctl/relctl/pkg/ledger"
	"github.com/relctl/relctl/pkg/project"
	"github.com/relctl/relctl/pkg/timeline"
)

func newTimeline(s IO) *cobra.Command {
	var since, until string
	var f timeline.Filter
	var markdown bool
	var remote *string
	var asJSON *bool
	cmd := &cobra.Command{
		Use:   "timeline",
		Short: "Tell what happened: cut, promoted, held, rolled back, waived, when and by whom",
		Long: `timeline reads the ledger as fetched last and tells what happened, oldest first, with times in UTC. Where an event needs
the signature of a role, it says whether it has one. An observation of a cell is told if it differs from the one before.`,
		Example: `  relctl timeline --since 24h
  relctl timeline --channel rolling --ring canary
  relctl timeline --since 2026-03-02T08:00:00Z --until 2026-03-02T12:00:00Z --markdown >post-mortem.md`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			if markdown && *asJSON {
				return usagef("see "+cmd.CommandPath()+" --help", "give either --markdown or --json")
			}
			if f.Since, err = timeOf("since", since, s.now()); err != nil {
				return err
			}
			if f.Until, err = timeOf("until", until, s.now()); err != nil {
				return err
			}
			if !f.Until.IsZero() && !f.Since.Before(f.Until) {
				return usagef("--since is the earlier one", "--since %s is not before --until %s", plain(since), plain(until))
			}
			p, err := look(cmd.Context(), cmd, *remote)
			if err != nil {
				return err
			}
			if err := placed(p, f.Channel, f.Ring); err != nil {
				return err
			}
			entries, err := story(cmd.Context(), p, f)
			switch {
			case err != nil:
				return err
			case *asJSON:
				return timeline.JSON(s.Out, entries)
			case len(entries) == 0:
				s.say("nothing happened in that time and place")
				return nil
			case markdown:
				return timeline.Markdown(s.Out, entries)
			}
			return timeline.Text(s.Out, entries)
		},
	}
	remote, asJSON = addRemote(cmd), addJSON(cmd)
	cmd.Flags().StringVar(&since, "since", "", "from this `time` on: 2026-03-02, 2026-03-02T08:00:00Z, or 24h or 7d ago")
	cmd.Flags().StringVar(&until, "until", "", "before this `time`")
	cmd.Flags().StringVar(&f.Channel, "channel", "", "only what was about this `channel`")
	cmd.Flags().StringVar(&f.Ring, "ring", "", "only what was about this `ring`")
	cmd.Flags().BoolVar(&f.Observations, "observations", false, "every observation, also those that say the same again")
	cmd.Flags().BoolVar(&markdown, "markdown", false, "print a table in Markdown, for a post-mortem")
	return cmd
}

// story reads the ledger's events, verified against the roles of the policy.
func story(ctx context.Context, p *project.Project, f timeline.Filter) ([]timeline.Entry, error) {
	keys, err := p.Keyrings()
	if err != nil {
		return nil, err
	}
	var events []ledger.Recorded
	for rec, err := range p.Ledger.Log(ctx) {
		if err != nil {
			return nil, err
		}
		events = append(events, *rec)
	}
	slices.Reverse(events)
	var failed error
	entries := timeline.New(events, func(rec ledger.Recorded) ledger.Signature {
		sig, err := p.Ledger.Signature(ctx, rec, keys)
		if err != nil && failed == nil {
			failed = err
		}
		return sig
	}, f)
	return entries, failed
}

// placed refuses a channel or a ring that neither the policy nor the ledger knows, "" for any.
func placed(p *project.Project, channel, ring string) error {
	var channels, rings []string
	for _, ch := range p.Policy.Channels {
		channels = append(channels, ch.Name)
		for _, r := range ch.Rings {
			if channel == "" || channel == ch.Name {
				rings = append(rings, r.Name)
			}
		}
	}
	for name, st := range p.State.Channels {
		channels = append(channels, name)
		for r := range st.Rings {
			if channel == "" || channel == name {
				rings = append(rings, r)
			}
		}
	}
	if err := oneOf("channel", channel, channels); err != nil {
		return err
	}
	return oneOf("ring", ring, rings)
}

func oneOf(what, name string, known []string) error {
	if name == "" || slices.Contains(known, name) {
		return nil
	}
	slices.Sort(known)
	h := "there is none"
	if known = slices.Compact(known); len(known) > 0 {
		h = "there is " + strings.Join(known, ", ")
	}
	return usagef(h, "there is no %s %q", what, plain(name))
}

// timeOf reads a time as people give it: a day, a moment, or how long ago. "" is the zero time.
func timeOf(flag, text string, now time.Time) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	for _, layout := range []string{time.RFC3339, time.DateOnly, "2006-01-02 15:04", "2006-01-02T15:04"} {
		if t, err := time.Parse(layout, text); err == nil {
			return t, nil
		}
	}
	hours := text
	if days, ok := strings.CutSuffix(text, "d"); ok {
		if n, err := time.ParseDuration(days + "h"); err == nil {
			hours = (24 * n).String()
		}
	}
	if d, err := time.ParseDuration(hours); err == nil && d > 0 {
		return now.Add(-d), nil
	}
	return time.Time{}, usagef("write a time such as 2026-03-02, 2026-03-02T08:00:00Z or 24h", "--%s %q is not a time", flag, plain(text))
}
