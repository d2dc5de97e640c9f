package cli

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/relctl/relctl/pkg/cut"
	"github.com/relctl/relctl/pkg/project"
	"github.com/relctl/relctl/pkg/release"
	"github.com/relctl/relctl/pkg/sign"
	"github.com/relctl/relctl/pkg/trust"
)

// trustReport is what the commands about trust print with --json.
type trustReport struct {
	Schema string `json:"schema"`
	*project.TrustResult
	// Released are waiting releases that became visible.
	Released []*cut.Result `json:"released,omitempty"`
	DryRun   bool          `json:"dry_run,omitempty"`
}

const trustReportSchema = "https://relctl.dev/schema/trust-report/v1"

func newTrust(s IO) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "trust",
		Short: "Say whom customers may trust: keys, roles, rotation, ceremonies",
		Long: `trust keeps the TUF metadata by which a customer's site, without network, knows a genuine release from one that is
withdrawn, too old, of another channel, or signed by a key that was stolen. The root's keys and those of <channel>-status
stay offline; a CI job needs the key of its channel, the reconciler those of snapshot and timestamp.

A command that lacks keys opens a request with --out. It travels to machines without network, where relctl trust sign
says in words what is signed; relctl trust collect takes all copies in.`,
		Example: `  relctl trust init --role root=a.pub --role root=b.pub --role root=c.pub --threshold root=2 \
    --role targets=targets.pub --role snapshot=snapshot.pub --role timestamp=timestamp.pub \
    --role lts-2.4=ci.pub --role lts-2.4-status=status.pub --out request.json
  relctl trust sign request.json --key a.key
  relctl trust collect from-anna/request.json from-bert/request.json --key snapshot.key --key timestamp.key
  relctl trust status`,
	}
	cmd.AddCommand(
		newTrustInit(s), newTrustAddKey(s), newTrustRemoveKey(s), newTrustRotateRoot(s), newTrustRevoke(s), newTrustRenew(s), newTrustStanding(s),
		newTrustSign(s), newTrustCollect(s), newTrustRefresh(s), newTrustStatus(s), newTrustShow(s), newTrustExport(s), newTrustKit(s),
	)
	return cmd
}

// trustFlags are those of commands that change trust.
type trustFlags struct {
	keys, stores      []string
	passwordFile, out string
	reason            string
	yes, dryRun       bool
	remote            *string
	json              *bool
}

func addTrustFlags(cmd *cobra.Command, f *trustFlags) {
	f.remote, f.json = addRemote(cmd), addJSON(cmd)
	addTrustKeys(cmd, &f.keys, &f.passwordFile)
	cmd.Flags().StringArrayVar(&f.stores, "store", nil, "use this `store` instead of the policy's stores (repeatable)")
	cmd.Flags().StringVar(&f.out, "out", "", "if keys are missing, open a request and write it to this `file`")
	cmd.Flags().StringVar(&f.reason, "reason", "", "why, in `words`, for the ledger")
	cmd.Flags().BoolVar(&f.yes, "yes", false, "sign without asking")
	cmd.Flags().BoolVar(&f.dryRun, "dry-run", false, "say what would change, sign nothing")
}

func addTrustKeys(cmd *cobra.Command, keys *[]string, passwordFile *string) {
	cmd.Flags().StringArrayVar(keys, "key", nil, "sign with the private key in this `file` (repeatable)")
	cmd.Flags().StringVar(passwordFile, "password-file", "", "read the keys' password from the first line of this `file`")
}

// loadTrustKeys opens private keys for roles of trust.
func loadTrustKeys(ctx context.Context, s IO, files []string, passwordFile string) ([]trust.Signer, error) {
	keys, err := openKeys(ctx, s, files, passwordFile)
	var out []trust.Signer
	for _, k := range keys {
		out = append(out, k)
	}
	return out, err
}

// storesOf are the stores that a command line names, or the policy's.
func storesOf(p *project.Project, dirs []string) ([]project.Store, error) {
	if len(dirs) == 0 {
		return p.Stores(), nil
	}
	return openStores(dirs)
}

// change opens the project and prepares what all changes of trust have in common.
func (f *trustFlags) change(cmd *cobra.Command, s IO) (*project.Project, project.TrustChange, error) {
	c := project.TrustChange{Reason: f.reason, Ask: f.out != "", DryRun: f.dryRun, Now: s.now()}
	if f.out != "" {
		if _, err := os.Lstat(f.out); err == nil {
			return nil, c, usagef("choose another name", "%s exists already", f.out)
		}
	}
	p, err := actAt(cmd.Context(), cmd, s, *f.remote)
	if err != nil {
		return nil, c, err
	}
	if c.Stores, err = storesOf(p, f.stores); err != nil {
		return nil, c, err
	}
	if !f.dryRun {
		c.Keys, err = loadTrustKeys(cmd.Context(), s, f.keys, f.passwordFile)
	}
	if len(f.keys) > 0 {
		c.Confirm = func(words []string) error { return confirm(s, f.yes, words) }
	}
	return p, c, err
}

// run makes a change and says what came of it.
func (f *trustFlags) run(cmd *cobra.Command, s IO, edit func(p *project.Project, repo *trust.Repository, e *trust.Edit) error) error {
	p, c, err := f.change(cmd, s)
	if err != nil {
		return err
	}
	c.Edit = func(repo *trust.Repository, e *trust.Edit) error {
		if repo.IsZero() && cmd.Name() != "init" {
			return &project.NoTrustError{}
		}
		return edit(p, repo, e)
	}
	if c.Reason == "" {
		c.Reason = "relctl trust " + cmd.Name()
	}
	res, err := p.ChangeTrust(cmd.Context(), c)
	if err != nil {
		return err
	}
	return f.report(s, res)
}

// report writes the request file, if there is one, and says what happened and what comes next.
func (f *trustFlags) report(s IO, res *project.TrustResult, released ...*cut.Result) error {
	if res.Request != nil {
		data, err := release.Encode(res.Request)
		if err != nil {
			return err
		}
		if err := writeNew(f.out, data, 0o644); err != nil {
			return err
		}
	}
	if *f.json {
		return s.json(trustReport{Schema: trustReportSchema, TrustResult: res, Released: released, DryRun: f.dryRun})
	}
	switch {
	case f.dryRun:
		s.print("this would change; it was a dry run\n")
		printWords(s, res.Words)
	case res.Request != nil:
		s.print("ledger %d: request %s waits for signatures\n", res.Event, f.out)
		printWants(s, res.Wants)
		s.print("\nNext: relctl trust sign %s --key <file>   on the machines that hold the keys, without network\n      relctl trust collect %s\n", f.out, f.out)
	default:
		printSigned(s, res, released)
	}
	return nil
}

// printSigned says which metadata is new, and what the reconciler has still to do.
func printSigned(s IO, res *project.TrustResult, released []*cut.Result) {
	if res.Event != 0 {
		s.print("ledger %d: signed %s\n", res.Event, strings.Join(res.Roles, ", "))
	}
	for _, store := range res.Stores {
		s.print("  store     %s\n", store)
	}
	for _, r := range released {
		s.print("  released  %s %s\n", r.Manifest.Channel, r.Manifest.Version)
	}
	if res.Wants != nil {
		printWants(s, res.Wants)
		s.print("\nNext: relctl trust refresh --key <file>   by the reconciler, so that customers see it\n")
	}
}

func printWants(s IO, wants []trust.Want) {
	for _, w := range wants {
		s.print("  missing   %s\n", plain(w.String()))
	}
}

func printWords(s IO, words []string) {
	for _, w := range words {
		s.print("  %s\n", plain(w))
	}
}

// confirm says in words what is about to be signed and asks a person.
func confirm(s IO, yes bool, words []string) error {
	s.say("This will be signed:")
	for _, w := range words {
		s.say("  %s", plain(w))
	}
	if yes {
		return nil
	}
	if _, ok := s.terminal(); !ok {
		return usagef("read it, then say --yes", "nobody is there to confirm what is signed")
	}
	_, _ = fmt.Fprint(s.Err, "Sign it? [y/N] ")
	line, err := bufio.NewReader(s.In).ReadString('\n')
	if err != nil && err != io.EOF {
		return err
	}
	if answer := strings.ToLower(strings.TrimSpace(line)); answer != "y" && answer != "yes" {
		return usagef("say y to sign", "nothing was signed")
	}
	return nil
}

// readPublic reads a public key file.
func readPublic(path string) (*sign.Public, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	key, err := sign.ParsePublic(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return key, nil
}

// keyOrName is the id of a key that is named by its file, or the text itself.
func keyOrName(text string) (string, error) {
	if _, err := os.Stat(text); err != nil {
		return strings.ToLower(text), nil //nolint:nilerr // no file, so an id
	}
	key, err := readPublic(text)
	if err != nil {
		return "", err
	}
	return key.ID(), nil
}

// pair splits "root=2".
func pair(flag, text string) (role, value string, err error) {
	role, value, ok := strings.Cut(text, "=")
	if !ok || role == "" || value == "" {
		return "", "", usagef("write it as --"+flag+" root=…", "--%s %q names no role", flag, text)
	}
	return role, value, nil
}

// setThresholds reads flags such as root=2.
func setThresholds(e *trust.Edit, thresholds []string) error {
	for _, t := range thresholds {
		role, value, err := pair("threshold", t)
		if err != nil {
			return err
		}
		n, err := strconv.Atoi(value)
		if err != nil || n < 1 {
			return usagef("write a number such as root=2", "--threshold %q", t)
		}
		if err := e.SetThreshold(role, n); err != nil {
			return err
		}
	}
	return nil
}
