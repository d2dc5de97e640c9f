package cli

import (
	"errors"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/relctl/relctl/pkg/ledger"
	"github.com/relctl/relctl/pkg/release"
	"github.com/relctl/relctl/pkg/ring"
	"github.com/relctl/relctl/pkg/rollout"
)

func newFreeze(s IO) *cobra.Command {
	var f *rollFlags
	var name, from, until, reason string
	var rings []string
	cmd := &cobra.Command{
		Use:   "freeze [channel]",
		Short: "Declare a time without promotions and rollbacks",
		Long: `freeze stops promotions and rollbacks, on one channel or on all, now or from a moment on, until a moment or until relctl
thaw. Argo CD gets it as a window in which it does not sync. The fast lane and an emergency rollback pass it. Freezes
that come every year or every week belong into the channel file.

A moment is 2026-12-20, 2026-12-20T18:00 (both UTC), 2026-12-20T18:00:00+01:00, or a time from now such as 4h.`,
		Example: `  relctl freeze --name incident-71 --reason "the database is being moved"
  relctl freeze rolling --name fair --from 2026-12-01 --until 2026-12-04 --reason "trade fair"
  relctl freeze rolling --name rack --ring single-tenant --until 4h --reason "maintenance of the rack"`,
		Args: between(0, "channel"),
		RunE: func(cmd *cobra.Command, args []string) error {
			fr := ledger.Freeze{Name: name, Rings: rings}
			var err error
			if fr.From, err = momentArg("--from", from, s.now()); err != nil {
				return err
			}
			if fr.Until, err = momentArg("--until", until, s.now()); err != nil {
				return err
			}
			if len(args) == 0 && len(rings) > 0 {
				return usagef("relctl freeze <channel> --ring …", "rings belong to a channel")
			}
			if len(args) == 1 {
				return roll(cmd, s, f, args[0], always(func(m ring.Model) (*ledger.Event, error) { return m.Freeze(fr, reason) }))
			}
			return declare(cmd, s, f, ledger.Event{Type: ledger.TypeFreeze, Reason: reason, Freeze: &fr})
		},
	}
	f = addRoll(cmd)
	cmd.Flags().StringVar(&name, "name", "", "the freeze's `name`, by which it is thawed")
	cmd.Flags().StringVar(&from, "from", "", "the `moment` at which it begins (default: now)")
	cmd.Flags().StringVar(&until, "until", "", "the `moment` at which it ends (default: until it is thawed)")
	cmd.Flags().StringArrayVar(&rings, "ring", nil, "freeze only this `ring` of the channel (repeatable)")
	cmd.Flags().StringVar(&reason, "reason", "", "why, in `words`")
	mustRequire(cmd, "name")
	mustRequire(cmd, "reason")
	return cmd
}

func newThaw(s IO) *cobra.Command {
	var f *rollFlags
	var name, reason string
	cmd := &cobra.Command{
		Use:   "thaw [channel]",
		Short: "End a freeze that was declared",
		Long:  `thaw ends a freeze of that name. It is given a channel, or none, as relctl freeze was.`,
		Example: `  relctl thaw --name incident-71
  relctl thaw rolling --name fair --reason "it is over early"`,
		Args: between(0, "channel"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 {
				return roll(cmd, s, f, args[0], always(func(m ring.Model) (*ledger.Event, error) { return m.Thaw(name, reason) }))
			}
			return declare(cmd, s, f, ledger.Event{Type: ledger.TypeThaw, Reason: reason, Thaw: &ledger.Thaw{Name: name}})
		},
	}
	f = addRoll(cmd)
	cmd.Flags().StringVar(&name, "name", "", "the freeze's `name`")
	cmd.Flags().StringVar(&reason, "reason", "", "why, in `words`")
	mustRequire(cmd, "name")
	return cmd
}

// declare records an event about all channels, and brings what each of them deploys to it.
func declare(cmd *cobra.Command, s IO, f *rollFlags, e ledger.Event) error {
	ctx := cmd.Context()
	p, err := actAt(ctx, cmd, s, *f.remote)
	if err != nil {
		return err
	}
	all, names := &rollout.Result{}, []string{}
	for _, ch := range p.Policy.Channels {
		if ch.Kind != release.Rolling || len(ch.Rings) == 0 {
			continue
		}
		names = append(names, ch.Name)
		r, rerr := rolloutOf(ctx, p, s, f, ch)
		if rerr != nil {
			return rerr
		}
		var out *rollout.Result
		if len(names) == 1 {
			out, err = r.Do(ctx, func(m ring.Model) (*ledger.Event, error) {
				next := e
				return &next, m.State.Try(&next, m.Now)
			})
		} else {
			out, err = r.Settle(ctx)
		}
		r.Close()
		all.Events, all.Deploys, all.Decisions = append(all.Events, out.Events...), append(all.Deploys, out.Deploys...), append(all.Decisions, out.Decisions...)
		all.Artifacts = append(all.Artifacts, out.Artifacts...)
		if err != nil {
			break
		}
	}
	if len(names) == 0 {
		return errors.New("no channel has rings that could be frozen")
	}
	return tellRollout(s, f, strings.Join(names, ", "), all, err)
}

// momentArg reads a moment that a person typed, zero for "".
func momentArg(flag, text string, now time.Time) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if d, err := time.ParseDuration(text); err == nil && d > 0 {
		return now.Add(d).UTC().Truncate(time.Second), nil
	}
	for _, form := range []string{time.RFC3339, time.DateOnly, "2006-01-02T15:04"} {
		if t, err := time.Parse(form, text); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, usagef("write 2026-12-20, 2026-12-20T18:00, 2026-12-20T18:00:00+01:00, or 4h for a time from now", "%s %q is not a moment", flag, plain(text))
}
