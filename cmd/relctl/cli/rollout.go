package cli

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"github.com/relctl/relctl/pkg/channel"
	"github.com/relctl/relctl/pkg/cut"
	"github.com/relctl/relctl/pkg/ledger"
	"github.com/relctl/relctl/pkg/project"
	"github.com/relctl/relctl/pkg/release"
	"github.com/relctl/relctl/pkg/ring"
	"github.com/relctl/relctl/pkg/rollout"
)

// What the commands about rings have in common.

const rolloutSchema = "https://relctl.dev/schema/rollout/v1"

// rolloutReport is what a command about rings prints as JSON.
type rolloutReport struct {
	Schema  string `json:"schema"`
	Channel string `json:"channel"`
	// DryRun says that nothing was recorded or pushed.
	DryRun bool `json:"dry_run,omitempty"`
	// Revealed is a release that a cut had left unseen and that was made visible, in a dry run one that would be.
	Revealed release.Version `json:"revealed,omitzero"`
	// Events that were appended to the ledger, in a dry run those that would be.
	Events []ledger.Event `json:"events"`
	// Deploys are the commits on the deploy branch.
	Deploys []rollout.Deploy `json:"deploys"`
	// Artifacts are what was brought to a registry for Flux.
	Artifacts []rollout.Artifact `json:"artifacts,omitempty"`
	// Decisions say of each ring what happens next, and why.
	Decisions []ring.Decision `json:"decisions"`
}

// rollFlags are the flags of every command about rings.
type rollFlags struct {
	remote *string
	json   *bool
	dryRun bool
	// keys sign artifacts, see rollFlags.signers.
	keys         []string
	passwordFile string
	loaded       []project.Signer
}

func addRoll(cmd *cobra.Command) *rollFlags {
	f := &rollFlags{remote: addRemote(cmd), json: addJSON(cmd)}
	cmd.Flags().BoolVar(&f.dryRun, "dry-run", false, "show what would be recorded and deployed, and do nothing")
	cmd.Flags().StringArrayVar(&f.keys, "key", nil, "sign artifacts for Flux with this `key`, a file or a reference to a service or token (repeatable)")
	cmd.Flags().StringVar(&f.passwordFile, "password-file", "", "read the keys' password from the first line of this `file`")
	return f
}

// signers opens the keys, once for all channels. A dry run needs none.
func (f *rollFlags) signers(ctx context.Context, s IO) ([]project.Signer, error) {
	if f.loaded != nil || f.dryRun {
		return f.loaded, nil
	}
	var err error
	f.loaded, err = loadKeys(ctx, s, f.keys, f.passwordFile)
	return f.loaded, err
}

// actAt opens the project as act does, with events that bear the time of the clock.
func actAt(ctx context.Context, cmd *cobra.Command, s IO, remote string) (*project.Project, error) {
	p, err := act(ctx, cmd, remote)
	if err == nil {
		p.Clock = s.now
		p.Ledger.SetClock(s.now)
	}
	return p, err
}

// openRollout opens the project and the rollout of a channel.
func openRollout(cmd *cobra.Command, s IO, f *rollFlags, name string) (*rollout.Rollout, error) {
	p, err := actAt(cmd.Context(), cmd, s, *f.remote)
	if err != nil {
		return nil, err
	}
	ch, err := p.Policy.Channel(name)
	if err != nil {
		return nil, err
	}
	return rolloutOf(cmd.Context(), p, s, f, ch)
}

func rolloutOf(ctx context.Context, p *project.Project, s IO, f *rollFlags, ch *channel.Channel) (*rollout.Rollout, error) {
	keys, err := f.signers(ctx, s)
	if err != nil {
		return nil, err
	}
	return rollout.New(p, ch, rollout.Options{
		Now: s.now, Signers: keys, DryRun: f.dryRun, Progress: s.Watch,
		Reveal: func(ctx context.Context, rel ledger.Release) error {
			_, err := cut.Reveal(ctx, p, ch, rel, cut.Options{Now: s.now(), Progress: s.Watch})
			return err
		},
	})
}

// roll runs one command about the rings of a channel and says what came of it.
func roll(cmd *cobra.Command, s IO, f *rollFlags, name string, decide func(r *rollout.Rollout) rollout.Decide) error {
	r, err := openRollout(cmd, s, f, name)
	if err != nil {
		return err
	}
	defer r.Close()
	out, err := r.Do(cmd.Context(), decide(r))
	return tellRollout(s, f, name, out, err)
}

// always is a decision that needs nothing but the model.
func always(d rollout.Decide) func(*rollout.Rollout) rollout.Decide {
	return func(*rollout.Rollout) rollout.Decide { return d }
}

// tellRollout prints what a command did, also if it did only a part.
func tellRollout(s IO, f *rollFlags, name string, out *rollout.Result, err error) error {
	done := 0
	if out != nil {
		done = len(out.Events) + len(out.Deploys) + len(out.Artifacts)
		if !out.Revealed.IsZero() {
			done++
		}
	}
	if out == nil || err != nil && done+len(out.Decisions) == 0 {
		return err
	}
	err = errors.Join(err, jobHere().rolled(name, out, f.dryRun))
	if *f.json {
		report := rolloutReport{
			Schema: rolloutSchema, Channel: name, DryRun: f.dryRun, Revealed: out.Revealed,
			Events: orNone(out.Events), Deploys: orNone(out.Deploys), Artifacts: out.Artifacts, Decisions: orNone(out.Decisions),
		}
		return errors.Join(s.json(report), err)
	}
	if err == nil && done == 0 {
		s.print("nothing to do\n")
	}
	printRollout(s, f.dryRun, out)
	return err
}

func orNone[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

func printRollout(s IO, dryRun bool, out *rollout.Result) {
	if v := out.Revealed; !v.IsZero() && dryRun {
		s.print("would publish: %s, which was cut and is not visible yet\n", v)
	} else if !v.IsZero() {
		s.print("published: %s, which was cut and was not visible yet\n", v)
	}
	for i := range out.Events {
		e := &out.Events[i]
		if dryRun {
			s.print("would record: %s %s\n", e.Type, plain(e.Summary()))
			continue
		}
		s.print("ledger %d: %s %s\n", e.Number, e.Type, plain(e.Summary()))
		if b := e.Rollback; b != nil {
			s.print("  the soak of what came with %s is void; was it not at fault: relctl exonerate %s %s --reason '…'\n", b.From, e.Channel, b.From)
		}
	}
	for _, d := range out.Deploys {
		if dryRun {
			s.print("would deploy: %s\n", d)
		} else {
			s.print("deploy %s: %s\n", release.Short(d.Commit), d)
		}
		for _, c := range d.Changes {
			s.print("  %s\n", plain(c))
		}
	}
	for _, a := range out.Artifacts {
		if dryRun {
			s.print("would push: %s\n", a)
		} else {
			s.print("artifact %s: %s\n", a.Ring, a)
		}
	}
	s.print("\n")
	for _, d := range out.Decisions {
		s.print("  %s\n", plain(d.String()))
		if d.Hint != "" && d.Action != ring.Wait {
			s.print("    %s\n", plain(d.Hint))
		}
	}
}

// versionArg reads a version that a person typed, "" for none.
func versionArg(text string) (release.Version, error) {
	if text == "" {
		return release.Version{}, nil
	}
	v, err := release.ParseVersion(text)
	if err != nil {
		return v, usagef("write the version as relctl status shows it", "%s", err)
	}
	return v, nil
}

// between asks for at least one and at most all of the arguments by name.
func between(least int, names ...string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) < least {
			return exactly(names[:least]...)(cmd, args)
		}
		if len(args) > len(names) {
			return exactly(names...)(cmd, args)
		}
		return nil
	}
}
