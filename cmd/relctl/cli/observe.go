package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/relctl/relctl/pkg/gate"
	"github.com/relctl/relctl/pkg/ledger"
	"github.com/relctl/relctl/pkg/project"
	"github.com/relctl/relctl/pkg/release"
	"github.com/relctl/relctl/pkg/rollout"
)

func newObserve(s IO) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "observe",
		Short: "Record what a cell, or CI, saw, signed with its own key",
		Example: `  relctl observe deployed rolling 2026.302.1 --cell eu-1 --revision 3f2a9c1
  relctl observe health rolling 2026.302.1 --cell eu-1 --status pass --for 10m
  relctl observe check "$GITHUB_SHA" --check unit --status pass`,
	}
	cmd.AddCommand(newObserveHealth(s), newObserveDeployed(s), newObserveCheck(s))
	return cmd
}

// sighted is what the commands of cells have in common.
type sighted struct {
	ring, cell, details string
	dryRun              bool
	remote              *string
	asJSON              *bool
}

func (f *sighted) flags(cmd *cobra.Command) {
	f.remote, f.asJSON = addRemote(cmd), addJSON(cmd)
	cmd.Flags().StringVar(&f.cell, "cell", "", "the `name` of the cell that saw it, whose key signs")
	cmd.Flags().StringVar(&f.ring, "ring", "", "the `ring` in which it stands (default: as the channel's file says)")
	cmd.Flags().StringVar(&f.details, "details", "", "what was seen, in `words`")
	cmd.Flags().BoolVar(&f.dryRun, "dry-run", false, "show what would be recorded, and record nothing")
	mustRequire(cmd, "cell")
}

// record appends what see makes of the release and its place.
func (f *sighted) record(cmd *cobra.Command, s IO, args []string, see func(p *project.Project, rel *ledger.Release, o *ledger.Observe) error) error {
	ctx := cmd.Context()
	v, err := typed(args[1])
	if err != nil {
		return err
	}
	p, ch, err := findChannel(args[0])(actAt(ctx, cmd, s, *f.remote))
	if err != nil {
		return err
	}
	o := ledger.Observe{Cell: f.cell, Version: v}
	if o.Ring, err = project.Home(ch, f.cell, f.ring); err != nil {
		return err
	}
	rel, err := p.Released(ch, v)
	if err != nil {
		return err
	}
	if err := see(p, rel, &o); err != nil {
		return err
	}
	if f.dryRun {
		if err := p.TryObserve(ch, o, f.details, s.now()); err != nil {
			return err
		}
		if *f.asJSON {
			return s.json(o)
		}
		s.print("would record for %s: %s\n", ch.Name, plain(sightWords(o)))
		return nil
	}
	rec, err := p.Observe(ctx, ch, o, f.details)
	if err != nil {
		return err
	}
	return recorded(s, *f.asJSON, rec, "%s", plain(sightWords(o)))
}

// sightWords says what was seen.
func sightWords(o ledger.Observe) string {
	return (&ledger.Event{Type: ledger.TypeObserve, Observe: &o}).Brief()
}

func newObserveHealth(s IO) *cobra.Command {
	var f sighted
	var status, from, to, gitops string
	var names []string
	var length time.Duration
	cmd := &cobra.Command{
		Use:   "health <channel> <version>",
		Short: "Record how a release did in a cell over a time",
		Long: `health appends one event to the ledger: that a release was healthy, or was not, in a cell over a window of time. It is
signed as git is configured to (gpg.format and user.signingKey) and counts only with the cell's own key, which stands
under that name in the role "cells" of channels/product.yaml; anything else is refused. One event may tell about a long
time: gather what was seen for some minutes, and record it at once.

--from-gitops reads the status objects of Argo CD or Flux, as kubectl get -o json prints them, instead of --status. They
must be at a commit of the deploy branch that holds the release for this cell; it is no-data as long as they are not.`,
		Example: `  relctl observe health rolling 2026.302.1 --cell eu-1 --status pass --for 10m
  relctl observe health rolling 2026.302.1 --cell eu-1 --status fail --from 2026-03-02T08:00:00Z --to 2026-03-02T08:10:00Z \
      --details "orders fail"
  kubectl -n argocd get applications acme-eu-1 -o json >status.json
  relctl observe health rolling 2026.302.1 --cell eu-1 --for 10m --from-gitops status.json`,
		Args: exactly("channel", "version"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if (status == "") == (gitops == "") {
				return usagef("see "+cmd.CommandPath()+" --help", "give either --status or --from-gitops")
			}
			if st := release.Status(status); status != "" && st != release.Pass && st != release.Fail && st != release.NoData {
				return usagef("write pass, fail or no-data", "--status %q is no health", plain(status))
			}
			begin, end, err := seenFrom(from, to, length, s.now())
			if err != nil {
				return err
			}
			return f.record(cmd, s, args, func(p *project.Project, rel *ledger.Release, o *ledger.Observe) error {
				o.Kind, o.Status, o.From, o.To = ledger.ObserveHealth, release.Status(status), begin, end
				if gitops == "" {
					return nil
				}
				v, err := gitopsHealth(cmd.Context(), p, rel, *o, gitops, names)
				if err != nil {
					return err
				}
				o.Status = v.Status
				if f.details == "" {
					f.details = plain(v.Reason)
				}
				return nil
			})
		},
	}
	f.flags(cmd)
	cmd.Flags().StringVar(&status, "status", "", "how it did: pass, fail or no-data")
	cmd.Flags().StringVar(&from, "from", "", "the `time` at which the window begins")
	cmd.Flags().StringVar(&to, "to", "", "the `time` at which it ends (default: now)")
	cmd.Flags().DurationVar(&length, "for", 0, "how `long` the window is, instead of --from")
	cmd.Flags().StringVar(&gitops, "from-gitops", "", "take the status from this `file` with objects of Argo CD or Flux")
	cmd.Flags().StringArrayVar(&names, "object", nil, "look at the object of this `name` only, or namespace/name (repeatable)")
	return cmd
}

// seenFrom reads the window of an observation, in whole seconds.
func seenFrom(from, to string, length time.Duration, now time.Time) (begin, end time.Time, err error) {
	if begin, err = timeOf("from", from, now); err != nil {
		return begin, end, err
	}
	if end, err = timeOf("to", to, now); err != nil {
		return begin, end, err
	}
	if end.IsZero() {
		end = now
	}
	switch {
	case from == "" && length == 0:
		return begin, end, usagef("--for 10m, or --from and --to", "it is not said for how long this was so")
	case from != "" && length != 0:
		return begin, end, usagef("--for 10m, or --from and --to", "give either --for or --from")
	case from == "":
		begin = end.Add(-length)
	}
	begin, end = begin.UTC().Truncate(time.Second), end.UTC().Truncate(time.Second)
	switch {
	case !begin.Before(end):
		return begin, end, usagef("--from is the earlier one", "the window from %s to %s has no length", minute(begin), minute(end))
	case end.After(now):
		return begin, end, usagef("nobody has seen that yet", "--to %s lies in the future", minute(end))
	}
	return begin, end, nil
}

// gitopsHealth asks status objects in a file whether they are healthy at our revision.
func gitopsHealth(ctx context.Context, p *project.Project, rel *ledger.Release, o ledger.Observe, file string, names []string) (release.Verdict, error) {
	revisions, err := rollout.DeployedAs(ctx, p, o.Ring, []string{o.Cell}, rel)
	if err != nil {
		return release.Verdict{}, err
	}
	if len(revisions) == 0 {
		return release.Verdict{}, &notDeployedError{o}
	}
	v := gate.Judge(gate.GitOps{Read: gate.File(file, 0), Names: names, Revisions: revisions}.Observe(ctx, gate.Subject{}))
	if v.Status == release.Errored {
		return v, errors.New(v.Reason)
	}
	return v, nil
}

// notDeployedError is a release that the deploy branch does not have for a cell.
type notDeployedError struct{ o ledger.Observe }

func (e *notDeployedError) Error() string {
	return fmt.Sprintf("the deploy branch does not have %s for cell %s of ring %s, so nothing can be healthy with it", e.o.Version, e.o.Cell, e.o.Ring)
}

// Hint says what brings it there.
func (*notDeployedError) Hint() string { return "relctl advance, or name the version that is deployed" }

func newObserveDeployed(s IO) *cobra.Command {
	var f sighted
	var revision, from string
	cmd := &cobra.Command{
		Use:   "deployed <channel> <version>",
		Short: "Record since when a cell runs a release",
		Long: `deployed appends one event to the ledger: that a cell runs a release, at a revision as its GitOps engine names it, since a
time. Like health it is signed with the cell's own key.`,
		Example: `  relctl observe deployed rolling 2026.302.1 --cell eu-1 --revision 3f2a9c1
  relctl observe deployed rolling 2026.302.1 --cell eu-1 --revision 3f2a9c1 --from 2026-03-02T08:00:00Z`,
		Args: exactly("channel", "version"),
		RunE: func(cmd *cobra.Command, args []string) error {
			begin, err := timeOf("from", from, s.now())
			if err != nil {
				return err
			}
			if begin.IsZero() {
				begin = s.now()
			}
			if begin.After(s.now()) {
				return usagef("nobody has seen that yet", "--from %s lies in the future", minute(begin))
			}
			return f.record(cmd, s, args, func(_ *project.Project, _ *ledger.Release, o *ledger.Observe) error {
				o.Kind, o.Revision, o.From = ledger.ObserveDeployed, revision, begin.UTC().Truncate(time.Second)
				return nil
			})
		},
	}
	f.flags(cmd)
	cmd.Flags().StringVar(&revision, "revision", "", "what the cell applied: a `commit`, a digest or a version")
	cmd.Flags().StringVar(&from, "from", "", "since this `time` (default: now)")
	mustRequire(cmd, "revision")
	return cmd
}
