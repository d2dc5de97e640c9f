package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/relctl/relctl/internal/durable"
	"github.com/relctl/relctl/pkg/cut"
	"github.com/relctl/relctl/pkg/project"
	"github.com/relctl/relctl/pkg/release"
	"github.com/relctl/relctl/pkg/trust"
)

func newTrustSign(s IO) *cobra.Command {
	var keys []string
	var passwordFile string
	var yes bool
	cmd := &cobra.Command{
		Use:   "sign <request>",
		Short: "Sign a request, on a machine without network and without the repository",
		Long: `sign reads a request file, says in words what it would have you sign, asks, signs all that your keys may sign, checks its
own signatures, and writes them into the file. The words come from the metadata itself. Whether the root that the request
builds on is yours, you see from its fingerprint. It needs neither network nor repository.`,
		Example: `  relctl trust sign request.json              only say what it is
  relctl trust sign request.json --key anna.key`,
		Args: exactly("request"),
		RunE: func(cmd *cobra.Command, args []string) error {
			req, p, err := readRequest(args[0])
			if err != nil {
				return err
			}
			words, err := p.Words()
			if err != nil {
				return err
			}
			words = append([]string{"a request, " + baseOf(p)}, words...)
			if len(keys) == 0 {
				printWords(s, words)
				printWants(s, p.Wants())
				return nil
			}
			signers, err := loadTrustKeys(cmd.Context(), s, keys, passwordFile)
			if err != nil {
				return err
			}
			for i, k := range signers {
				roles, err := p.Signable(k)
				if err != nil {
					return err
				}
				words = append(words, keys[i]+" signs "+orNothing(roles))
				if len(roles) == 0 {
					return usagef("relctl trust sign "+args[0]+" shows which keys can sign", "%s has signed already, or may sign nothing of this", keys[i])
				}
			}
			if err := confirm(s, yes, words); err != nil {
				return err
			}
			for i, k := range signers {
				roles, err := p.Sign(cmd.Context(), k)
				if err != nil {
					return err
				}
				s.print("%s signed %s\n", keys[i], strings.Join(roles, ", "))
			}
			if err := writeRequest(args[0], req, p); err != nil {
				return err
			}
			wants := p.Wants()
			printWants(s, wants)
			if wants == nil {
				s.print("all signatures are there; next: relctl trust collect %s\n", filepath.Base(args[0]))
			}
			return nil
		},
	}
	addTrustKeys(cmd, &keys, &passwordFile)
	cmd.Flags().BoolVar(&yes, "yes", false, "sign without asking")
	return cmd
}

// baseOf says what a request builds on.
func baseOf(p *trust.Proposal) string {
	root, ok := p.Base().File(release.RoleRoot)
	if !ok {
		return "the first of its root"
	}
	return fmt.Sprintf("on root %d, fingerprint %s", root.Version, release.Fingerprint(root.Data))
}

// readRequest reads a request file, of a bearable size.
func readRequest(path string) (*trust.Request, *trust.Proposal, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, err
	}
	defer func() { _ = f.Close() }()
	data, err := io.ReadAll(io.LimitReader(f, trust.MaxRequestBytes+1))
	if err != nil {
		return nil, nil, err
	}
	req, p, err := trust.DecodeRequest(data)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", path, err)
	}
	return req, p, nil
}

// writeRequest puts the signatures into a request file, in one step.
func writeRequest(path string, old *trust.Request, p *trust.Proposal) error {
	req, err := p.Request()
	if err != nil {
		return err
	}
	req.Product, req.Event, req.Created = old.Product, old.Event, old.Created
	data, err := release.Encode(req)
	if err != nil {
		return err
	}
	return durable.Write(path, data, 0o644)
}

func newTrustCollect(s IO) *cobra.Command {
	var f trustFlags
	cmd := &cobra.Command{
		Use:   "collect <request>...",
		Short: "Take in the signatures of all copies of a request",
		Long: `collect merges the copies of a request that were signed, holds them against the request in the ledger and, when every role
has the signatures that it needs, records the metadata. With the keys of snapshot and timestamp it is published at once.`,
		Example: `  relctl trust collect from-anna/request.json from-bert/request.json
  relctl trust collect request.json --key snapshot.key --key timestamp.key`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			var copies []*trust.Proposal
			event := uint64(0)
			for _, path := range args {
				req, p, err := readRequest(path)
				if err != nil {
					return err
				}
				if event != 0 && req.Event != event {
					return usagef("collect one request at a time", "%s is request %d, not %d", path, req.Event, event)
				}
				event = req.Event
				copies = append(copies, p)
			}
			p, c, err := f.change(cmd, s)
			if err != nil {
				return err
			}
			if c.Reason == "" {
				c.Reason = fmt.Sprintf("request %d is signed", event)
			}
			res, err := p.CollectTrust(cmd.Context(), event, copies, c)
			if err != nil {
				return err
			}
			var released []*cut.Result
			var waiting error
			if res.Wants == nil && !f.dryRun {
				released, waiting = cut.FinishWaiting(cmd.Context(), p, c, tell(s))
			}
			return errors.Join(f.report(s, res, released...), waiting)
		},
	}
	f.remote, f.json = addRemote(cmd), addJSON(cmd)
	addTrustKeys(cmd, &f.keys, &f.passwordFile)
	cmd.Flags().StringArrayVar(&f.stores, "store", nil, "publish in this `store` instead of the policy's stores (repeatable)")
	cmd.Flags().BoolVar(&f.dryRun, "dry-run", false, "say what would be taken in, record nothing")
	return cmd
}

func newTrustRefresh(s IO) *cobra.Command {
	var f trustFlags
	cmd := &cobra.Command{
		Use:   "refresh",
		Short: "Vouch that this is the newest: sign snapshot and timestamp, publish, finish waiting releases",
		Long: `refresh is the reconciler's job, by a schedule of its own, once a day or more often. It signs snapshot and timestamp where
something changed or the last timestamp is older than 12 hours, publishes trust/ and channels/ in every store, and makes
visible what was cut and waited for it. It names the channels whose standing is to be signed anew. Run again, it changes
nothing. With a channel's key it also lists that channel's new releases; with --out a list whose keys are elsewhere becomes a
request.`,
		Example: `  relctl trust refresh --key snapshot.key --key timestamp.key
  relctl trust refresh                                  publish again what is signed already`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return runRefresh(cmd, s, &f) },
	}
	addTrustFlags(cmd, &f)
	return cmd
}

// sayOutdated names the channels whose standing is to be signed anew: a withdrawal, or a release that changed which upgrades
// lose a fix, reaches customers only then.
func sayOutdated(ctx context.Context, s IO, p *project.Project) error {
	repo, err := p.TrustRepository(ctx)
	if err != nil {
		return err
	}
	outdated, err := p.Outdated(ctx, repo, s.now())
	for _, channel := range outdated {
		s.say("the standing of %s says less than is known: relctl trust standing %s", channel, channel)
	}
	return err
}

func runRefresh(cmd *cobra.Command, s IO, f *trustFlags) error {
	ctx := cmd.Context()
	p, c, err := f.change(cmd, s)
	if err != nil {
		return err
	}
	if c.Reason == "" {
		c.Reason = "relctl trust refresh"
	}
	res, err := p.RefreshTrust(ctx, c)
	if err != nil {
		return err
	}
	var released []*cut.Result
	var waiting error
	if !f.dryRun {
		if released, waiting = cut.FinishWaiting(ctx, p, c, tell(s)); waiting == nil && res.Wants != nil && res.Request == nil {
			waiting = &project.TrustWaitError{What: "trust", Wants: res.Wants, Remedy: "relctl trust refresh --key <file>, by whoever holds these keys"}
		}
	}
	switch {
	case *f.json:
		err = s.json(trustReport{Schema: trustReportSchema, TrustResult: res, Released: released, DryRun: f.dryRun})
	case f.dryRun:
		s.print("would sign %s; this was a dry run\n", orNothing(res.Roles))
		printWants(s, res.Wants)
	case res.Request != nil:
		return errors.Join(f.report(s, res, released...), waiting)
	case waiting != nil:
		if len(res.Roles) > 0 {
			s.print("ledger %d: signed %s\n", res.Event, strings.Join(res.Roles, ", "))
		}
	case res.Event == 0:
		s.print("trust is up to date\n")
		printSigned(s, res, released)
	default:
		printSigned(s, res, released)
	}
	return errors.Join(err, waiting, sayOutdated(ctx, s, p))
}

func orNothing(roles []string) string {
	if len(roles) == 0 {
		return "nothing"
	}
	return strings.Join(roles, ", ")
}
