package cli

import (
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/relctl/relctl/pkg/build"
	"github.com/relctl/relctl/pkg/cut"
	"github.com/relctl/relctl/pkg/project"
	"github.com/relctl/relctl/pkg/publish"
	"github.com/relctl/relctl/pkg/release"
)

type cutFlags struct {
	keys         []string
	trustKeys    []string
	passwordFile string
	stores       []string
	remote       *string
	json         *bool
	opts         cut.Options
}

func newCut(s IO) *cobra.Command {
	var f cutFlags
	cmd := &cobra.Command{
		Use:   "cut <channel>",
		Short: "Make a release: build, attest, sign, tag, bundle, publish",
		Long: `cut turns the plan of a channel into a release. Nothing is visible before the commit point, one atomic push of tag
and ledger; everything rolls forward after it. A cut that died is finished by running the same command again: it takes
up its reservation and redoes only what is missing.

Once the product has a root of trust (relctl trust), a release becomes visible when trust lists it: by the key of the
channel and those of snapshot and timestamp, given with --trust-key. Without them it waits (exit 8) for relctl trust
refresh, or for another run of the same command.

A key is a file in cosign's format, or stands in a key service (awskms://…, gcpkms://…, azurekms://…, hashivault://…, or
any for which a sigstore-kms-… program is on the PATH), or on a hardware token (pkcs11:…, in builds with cgo). The
password of a file comes from --password-file, from RELCTL_PASSWORD or COSIGN_PASSWORD, or from a prompt; services and
tokens take their credentials from where their own programs do.`,
		Example: `  relctl cut lts-2.4 --key release.key
  relctl cut lts-2.4 --key awskms:///alias/release
  relctl cut lts-2.4 --key release.key --plan sha256:…   exactly the plan that was reviewed
  relctl cut lts-2.4 --key release.key --pre rc          a release candidate
  relctl cut lts-2.4 --key release.key --from-shards 6   what six machines built with relctl build
  relctl cut lts-2.4 --dry-run                           build all of it, publish nothing`,
		Args: exactly("channel"),
		RunE: func(cmd *cobra.Command, args []string) error { return runCut(cmd, s, &f, args[0]) },
	}
	f.remote, f.json = addRemote(cmd), addJSON(cmd)
	addPrometheus(cmd)
	cmd.Flags().StringArrayVar(&f.keys, "key", nil, "sign with this `key`, a file or a reference to a service or token (repeatable)")
	cmd.Flags().StringArrayVar(&f.trustKeys, "trust-key", nil, "sign trust with this `key`: the channel's, those of snapshot and timestamp (repeatable)")
	cmd.Flags().StringVar(&f.passwordFile, "password-file", "", "read the keys' password from the first line of this `file`")
	cmd.Flags().StringArrayVar(&f.stores, "store", nil, "publish in this `store`, a folder, oci://… or s3://…, instead of the policy's (repeatable)")
	cmd.Flags().StringVar(&f.opts.Pre, "pre", "", "cut a pre-release with this `name`, such as rc")
	cmd.Flags().StringVar(&f.opts.Plan, "plan", "", "cut exactly the plan with this `digest`, or stop")
	cmd.Flags().StringVar(&f.opts.Goreleaser, "goreleaser", "", "`path` of the goreleaser program (default: from the PATH)")
	cmd.Flags().IntVar(&f.opts.Shards, "from-shards", 0, "take the build from the `number` of shards that relctl build staged, instead of building")
	cmd.Flags().BoolVar(&f.opts.DryRun, "dry-run", false, "stop before anything is reserved, signed or published")
	return cmd
}

func runCut(cmd *cobra.Command, s IO, f *cutFlags, name string) error {
	ctx := cmd.Context()
	if f.opts.Plan != "" {
		if err := release.CheckDigest(f.opts.Plan); err != nil {
			return usagef("take the digest from relctl plan "+name, "--plan: %s", err)
		}
	}
	if cmd.Flags().Changed("from-shards") && (f.opts.Shards < 1 || f.opts.Shards > build.MaxShards) {
		return usagef("give the number of shards, such as --from-shards 6 after relctl build --shard 1/6 to 6/6", "--from-shards %d: there can be 1 to %d", f.opts.Shards, build.MaxShards)
	}
	p, err := actAt(ctx, cmd, s, *f.remote)
	if err != nil {
		return err
	}
	ch, err := p.Policy.Channel(name)
	if err != nil {
		return err
	}
	if err := p.CheckPushed(ctx, ch); err != nil {
		return err
	}
	if !f.opts.DryRun {
		if f.opts.Signers, err = loadKeys(ctx, s, f.keys, f.passwordFile); err != nil {
			return err
		}
		if f.opts.TrustKeys, err = loadTrustKeys(ctx, s, f.trustKeys, f.passwordFile); err != nil {
			return err
		}
	}
	if f.opts.Stores, err = openStores(f.stores); err != nil {
		return err
	}
	f.opts.Now = s.now()
	f.opts.Progress = tell(s)
	res, err := cut.Run(ctx, p, ch, f.opts)
	if res != nil && *f.json {
		if jerr := s.json(res); jerr != nil {
			return jerr
		}
	}
	if err != nil {
		return err
	}
	if !*f.json {
		printResult(s, name, res)
	}
	return jobHere().released(res)
}

// tell prints one line a stage to the talk.
func tell(s IO) func(project.Progress) {
	return func(p project.Progress) {
		if s.Watch != nil {
			s.Watch(p)
		}
		switch p.State {
		case "done":
			s.say("  %-10s %s", p.Stage, plain(p.Text))
		case "kept":
			text := "done by an earlier run"
			if p.Text != "" {
				text = p.Text
			}
			s.say("  %-10s %s", p.Stage, plain(text))
		case "warning":
			s.say("warning: %s", plain(p.Text))
		}
	}
}

// printResult says what there is now and how a customer checks it.
func printResult(s IO, name string, res *cut.Result) {
	m := res.Manifest
	title := fmt.Sprintf("%s %s %s", m.Product, m.Channel, m.Version)
	switch {
	case res.DryRun:
		s.print("%s would be released; this was a dry run\n", s.paint("1", title))
	case res.Released && len(res.Stores) > 0:
		s.print("%s was cut before, and is published\n", s.paint("1", title))
	default:
		s.print("%s is released\n", s.paint("1", title))
	}
	s.print("  release   %s\n", res.Digest)
	s.print("  built in  %s\n", res.Dir)
	bundle := res.Bundle
	printStores(s, res.Stores, m.Channel, m.Version)
	for _, at := range res.Stores {
		if res.Bundle != "" && !publish.IsRemote(at) {
			bundle = filepath.Join(publish.Directory{Root: at}.Path(m.Channel, m.Version), filepath.Base(res.Bundle))
		}
	}
	for _, image := range res.Images {
		s.print("  image     %s\n", plain(image))
	}
	if res.DryRun {
		s.print("\nNext: relctl cut %s --key <file>   takes over what was built\n", name)
		return
	}
	if bundle != "" {
		s.print("  bundle    %s\n\n", bundle)
		s.print("Next: relctl verify --key <public key> %s\n", bundle)
	}
}

// openStores opens the stores that a command line names.
func openStores(addresses []string) ([]project.Store, error) {
	var out []project.Store
	for _, at := range addresses {
		if !publish.IsRemote(at) && at != "" {
			abs, err := filepath.Abs(at)
			if err != nil {
				return nil, err
			}
			at = abs
		}
		store, err := publish.Parse(at)
		if err != nil {
			return nil, usagef(hint(err), "%s", err)
		}
		out = append(out, store)
	}
	return out, nil
}

// printStores says where a release is visible in stores.
func printStores(s IO, addresses []string, channel string, v release.Version) {
	for _, at := range addresses {
		if store, err := publish.Parse(at); err == nil {
			s.print("  store     %s\n", plain(store.Location(channel, v)))
		}
	}
}
