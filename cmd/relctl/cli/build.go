package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/relctl/relctl/pkg/build"
	"github.com/relctl/relctl/pkg/cut"
	"github.com/relctl/relctl/pkg/release"
)

type buildFlags struct {
	plan, shard, passwordFile string
	keys, to                  []string
	fetch, discard            bool
	remote                    *string
	json                      *bool
	opts                      cut.BuildOptions
}

func newBuild(s IO) *cobra.Command {
	var f buildFlags
	cmd := &cobra.Command{
		Use:   "build <channel>",
		Short: "Build a part of a plan on this machine, for a cut on another",
		Long: `build makes the files of a plan, or one of several shards of them, and stages them in the stores, where nobody sees them
and relctl cut --from-shards finds them. It writes nothing to the ledger and pushes nothing; it needs a clone that has the
plan's commit, and the same versions of Go and goreleaser as the plan.

With goreleaser a shard is made of whole platforms; archives and packages without a platform come from the first. A build
command is told its part by RELCTL_SHARD and RELCTL_SHARDS. The same shard again changes nothing; one with other files is
refused, since then the build is not reproducible.

The key is one of shards.keys in channels/product.yaml, apart from those that sign releases: a cut takes only shards that
such a key signed.`,
		Example: `  relctl plan lts-2.4 --json > plan.json
  relctl build lts-2.4 --plan plan.json --shard 2/6 --key shards.key --to oci://registry.example.com/acme/releases
  relctl build lts-2.4 --plan plan.json --shard 2/6 --dry-run
  relctl cut lts-2.4 --key release.key --from-shards 6`,
		Args: exactly("channel"),
		RunE: func(cmd *cobra.Command, args []string) error { return runBuild(cmd, s, &f, args[0]) },
	}
	f.remote, f.json = addRemote(cmd), addJSON(cmd)
	cmd.Flags().StringVar(&f.plan, "plan", "", "build the plan in this `file`, as relctl plan --json printed it; - reads stdin")
	cmd.Flags().StringVar(&f.shard, "shard", "1/1", "build this `part`, such as 2/6: the second of six")
	cmd.Flags().StringArrayVar(&f.to, "to", nil, "stage it in this `store`, a folder, oci://… or s3://…, instead of the policy's (repeatable)")
	cmd.Flags().StringArrayVar(&f.keys, "key", nil, "sign it with this `key`, a file or a reference to a service or token (repeatable)")
	cmd.Flags().StringVar(&f.passwordFile, "password-file", "", "read the keys' password from the first line of this `file`")
	cmd.Flags().StringVar(&f.opts.Goreleaser, "goreleaser", "", "`path` of the goreleaser program (default: from the PATH)")
	cmd.Flags().BoolVar(&f.fetch, "fetch", false, "fetch from the remote first")
	cmd.Flags().BoolVar(&f.discard, "discard", false, "remove what is staged of the shard, and build nothing")
	cmd.Flags().BoolVar(&f.opts.DryRun, "dry-run", false, "say what would be built, build nothing")
	mustRequire(cmd, "plan")
	return cmd
}

func runBuild(cmd *cobra.Command, s IO, f *buildFlags, name string) error {
	ctx := cmd.Context()
	var err error
	if f.opts.Shard, err = build.ParseShard(f.shard); err != nil {
		return usagef("such as --shard 2/6, the second of six", "--shard: %s", err)
	}
	pl, err := readPlan(s, f.plan)
	if err != nil {
		return err
	}
	if pl.Inputs.Channel != name {
		return usagef("relctl build "+pl.Inputs.Channel, "%s is a plan of %s, not of %s", plain(f.plan), pl.Inputs.Channel, plain(name))
	}
	open := look
	if f.fetch {
		open = act
	}
	p, err := open(ctx, cmd, *f.remote)
	if err != nil {
		return err
	}
	if f.opts.Stores, err = openStores(f.to); err != nil {
		return err
	}
	if f.discard && !f.opts.DryRun {
		s.say("  discard    shard %s of %s", f.opts.Shard, pl.Digest)
		return cut.DiscardShard(ctx, p, pl.Digest, f.opts.Shard, f.opts.Stores)
	}
	if !f.opts.DryRun {
		if f.opts.Signers, err = loadKeys(ctx, s, f.keys, f.passwordFile); err != nil {
			return err
		}
	}
	f.opts.Progress = tell(s)
	out, err := cut.BuildShard(ctx, p, pl, f.opts)
	if err != nil {
		return err
	}
	warnBuilt(s, out)
	if *f.json {
		return s.json(out)
	}
	printBuilt(s, out, p.Policy.Product.Build != nil)
	return nil
}

// planFileError is a file that is no whole plan.
type planFileError struct {
	path string
	err  error
}

func (e *planFileError) Error() string { return fmt.Sprintf("%s is no whole plan: %v", e.path, e.err) }
func (e *planFileError) Unwrap() error { return e.err }
func (e *planFileError) Hint() string {
	return "write it again: relctl plan <channel> --json > plan.json"
}

// readPlan reads a plan from a file, or from stdin.
func readPlan(s IO, path string) (_ *release.Plan, err error) {
	in := s.In
	if path != "-" {
		file, err := os.Open(path)
		if err != nil {
			return nil, fmt.Errorf("plan: %w", err)
		}
		defer func() { err = errors.Join(err, file.Close()) }()
		in = file
	}
	data, err := io.ReadAll(io.LimitReader(in, release.MaxPlanBytes+1))
	if err != nil {
		return nil, fmt.Errorf("plan: %w", err)
	}
	p, err := release.DecodePlan(data)
	if err != nil {
		return nil, &planFileError{path: path, err: err}
	}
	return p, nil
}

// printBuilt says what there is now, and what takes it.
func printBuilt(s IO, b *cut.Built, byCommand bool) {
	title := fmt.Sprintf("%s %s, shard %s", b.Channel, b.Version, b.Shard)
	of := "for " + onPlatforms(b.Platforms)
	if byCommand {
		of = "by the build command, which divides the work itself"
	}
	what := release.Count(len(b.Files), "file") + " " + of
	if b.DryRun {
		what = "would be built " + of + "; this was a dry run"
	}
	s.print("%s: %s\n", s.paint("1", title), plain(what))
	for _, f := range b.Files {
		s.print("  %.12s  %s\n", f.SHA256, plain(f.Path))
	}
	if b.DryRun {
		return
	}
	s.print("  plan      %s\n", b.Plan)
	s.print("  built in  %s\n", b.Dir)
	for _, at := range b.Stores {
		s.print("  staged    %s\n", plain(at))
	}
	if len(b.Stores) > 0 {
		s.print("\nNext: relctl cut %s --key <file> --from-shards %d   once all are there\n", b.Channel, b.Shard.Of)
	}
}

// warnBuilt says what keeps a cut from taking the shard, or the shard from being a part.
func warnBuilt(s IO, b *cut.Built) {
	if b.Whole != "" {
		s.say("warning: the build is not divided, the first shard makes all of it: %s", plain(b.Whole))
	}
	switch {
	case b.DryRun:
	case len(b.Stores) == 0:
		s.say("warning: there is no store to stage it in; name one with --to")
	case len(b.Signed) == 0:
		s.say("warning: it is not signed, and a cut takes only shards that a key of shards.keys in channels/product.yaml signed; the same command with --key adds the signature")
	}
}

// onPlatforms writes platforms for people.
func onPlatforms(platforms []string) string {
	if len(platforms) == 0 {
		return "no platform of its own"
	}
	return strings.Join(platforms, ", ")
}
