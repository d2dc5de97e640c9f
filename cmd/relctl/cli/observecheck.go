package cli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/relctl/relctl/pkg/ledger"
	"github.com/relctl/relctl/pkg/project"
	"github.com/relctl/relctl/pkg/release"
)

func newObserveCheck(s IO) *cobra.Command {
	var check, status, details string
	var remote *string
	var asJSON *bool
	var dryRun bool
	cmd := &cobra.Command{
		Use:   "check <commit>",
		Short: "Record the result of a CI check of a commit",
		Long: `check records that a check of a commit passed or failed; the newest result of a check counts. A rolling channel with the
key checks releases only commits whose checks all passed. If channels/product.yaml has the role "ci" the event is signed,
so git must be configured to sign, and counts if the key stands under that role.`,
		Example: `  relctl observe check "$GITHUB_SHA" --check unit --status pass
  relctl observe check 3f2a9c1e70 --check e2e --status fail --details https://ci.acme.example/runs/4711`,
		Args: exactly("commit"),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx := cmd.Context()
			if status != string(release.Pass) && status != string(release.Fail) {
				return usagef("give --status pass or --status fail", "a check passes or fails, it is not %q", plain(status))
			}
			p, err := actAt(ctx, cmd, s, *remote)
			if err != nil {
				return err
			}
			commit, err := p.Repo.Expand(ctx, strings.ToLower(args[0]))
			if err != nil {
				return err
			}
			sayUnknownCheck(s, p, check)
			e := ledger.Event{Type: ledger.TypeObserve, Observe: &ledger.Observe{
				Kind: ledger.ObserveCheck, Status: release.Status(status), Commit: commit, Check: check, Details: details,
			}}
			what := fmt.Sprintf("check %s of %s: %s", plain(check), release.Short(commit), status)
			if dryRun {
				if err := p.State.Try(&e, s.now()); err != nil {
					return err
				}
				if *asJSON {
					return s.json(e.Observe)
				}
				s.print("%s would be recorded\n", what)
				return nil
			}
			rec, err := p.Append(ctx, func(*ledger.State) (*ledger.Event, error) {
				draft := e
				return &draft, nil
			})
			if err != nil {
				return err
			}
			return recorded(s, *asJSON, rec, "%s", what)
		},
	}
	remote, asJSON = addRemote(cmd), addJSON(cmd)
	cmd.Flags().StringVar(&check, "check", "", "the `name` of the check, as in the channel's key checks")
	cmd.Flags().StringVar(&status, "status", "", "how it ended: `pass or fail`")
	cmd.Flags().StringVar(&details, "details", "", "the `address` of a page about it")
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "show what would be recorded, and stop")
	mustRequire(cmd, "check")
	mustRequire(cmd, "status")
	return cmd
}

// sayUnknownCheck tells of a check that no channel asks for: it may be mistyped.
func sayUnknownCheck(s IO, p *project.Project, check string) {
	var asked []string
	for _, ch := range p.Policy.Channels {
		asked = append(asked, ch.Checks...)
	}
	if slices.Contains(asked, check) {
		return
	}
	slices.Sort(asked)
	known := "none does"
	if len(asked) > 0 {
		known = "they ask for " + strings.Join(slices.Compact(asked), ", ")
	}
	s.say("note: no channel asks for the check %s; %s", plain(check), plain(known))
}
