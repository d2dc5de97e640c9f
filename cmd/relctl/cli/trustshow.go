package cli

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/relctl/relctl/pkg/ledger"
	"github.com/relctl/relctl/pkg/project"
	"github.com/relctl/relctl/pkg/release"
	"github.com/relctl/relctl/pkg/trust"
)

const trustStatusSchema = "https://relctl.dev/schema/trust-status/v1"

// trustStatus is what `relctl trust status --json` prints.
type trustStatus struct {
	Schema  string `json:"schema"`
	Product string `json:"product"`
	// Root is the number of the newest root, 0 before there is one.
	Root uint64 `json:"root"`
	// Fingerprint is the sha256 of the newest root's file, as people read it to each other.
	Fingerprint string `json:"fingerprint,omitempty"`
	// Issued is when the newest timestamp was signed.
	Issued time.Time           `json:"issued,omitzero"`
	Roles  []trust.Expiry      `json:"roles"`
	Keys   map[string]roleKeys `json:"keys"`
	// Requests wait for signatures.
	Requests []ledger.TrustRequest `json:"requests"`
	// Problems keep clients from accepting the newest metadata.
	Problems []string               `json:"problems"`
	Warnings []project.TrustWarning `json:"warnings"`
	// Outdated are channels whose standing is to be signed anew.
	Outdated []string `json:"outdated"`

	// order is that of the roles, for people.
	order []string
}

// roleKeys are who may sign for a role.
type roleKeys struct {
	Threshold int `json:"threshold"`
	// Keys are the ids that relctl key generate prints, TUF those in the metadata, in the same order.
	Keys []string `json:"keys"`
	TUF  []string `json:"tuf_key_ids"`
}

func newTrustStatus(s IO) *cobra.Command {
	var remote *string
	var asJSON *bool
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Show what expires when, what waits for signatures, and what is to be done",
		Example: `  relctl trust status
  relctl trust status --json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			st, err := readTrustStatus(cmd, s, *remote)
			if err != nil {
				return err
			}
			if *asJSON {
				return s.json(st)
			}
			printTrustStatus(s, st)
			return nil
		},
	}
	remote, asJSON = addRemote(cmd), addJSON(cmd)
	return cmd
}

func readTrustStatus(cmd *cobra.Command, s IO, remote string) (*trustStatus, error) {
	ctx := cmd.Context()
	p, err := look(ctx, cmd, remote)
	if err != nil {
		return nil, err
	}
	repo, err := p.TrustRepository(ctx)
	if err != nil {
		return nil, err
	}
	st := &trustStatus{
		Schema: trustStatusSchema, Product: p.Policy.Product.Name, Roles: []trust.Expiry{}, Keys: map[string]roleKeys{},
		Requests: []ledger.TrustRequest{}, Problems: []string{}, Warnings: []project.TrustWarning{}, Outdated: []string{},
	}
	if p.State.Trust != nil {
		st.Requests = append(st.Requests, p.State.Trust.Requests...)
	}
	if repo.IsZero() {
		return st, nil
	}
	root, _ := repo.File(release.RoleRoot)
	st.Root, st.Fingerprint, st.Issued = root.Version, release.Fingerprint(root.Data), repo.Issued()
	st.order = repo.KnownRoles()
	st.Roles = repo.Expiries(s.now(), p.TrustLife)
	for _, role := range repo.KnownRoles() {
		keys, _ := repo.Keys(role)
		rk := roleKeys{Threshold: keys.Threshold, Keys: []string{}, TUF: []string{}}
		for id := range keys.Names {
			rk.TUF = append(rk.TUF, id)
		}
		slices.SortFunc(rk.TUF, func(a, b string) int { return strings.Compare(keys.Names[a], keys.Names[b]) })
		for _, id := range rk.TUF {
			rk.Keys = append(rk.Keys, keys.Names[id])
		}
		st.Keys[role] = rk
	}
	for _, err := range repo.Problems() {
		st.Problems = append(st.Problems, err.Error())
	}
	st.Warnings = append(st.Warnings, p.TrustWarnings(repo, s.now())...)
	outdated, err := p.Outdated(ctx, repo, s.now())
	st.Outdated = append(st.Outdated, outdated...)
	return st, err
}

func printTrustStatus(s IO, st *trustStatus) {
	if st.Root == 0 {
		s.print("%s has no root of trust yet\n", plain(st.Product))
		printRequests(s, st)
		return
	}
	s.print("%s, root %d, fingerprint %s\n", s.paint("1", plain(st.Product)), st.Root, st.Fingerprint)
	if !st.Issued.IsZero() {
		s.print("newest vouched for at %s\n", minute(st.Issued))
	}
	s.print("\n")
	rows := [][]string{{"ROLE", "VERSION", "KEYS", "EXPIRES", "LEFT"}}
	for _, e := range st.Roles {
		keys := st.Keys[e.Role]
		rows = append(rows, []string{e.Role, fmt.Sprint(e.Version), fmt.Sprintf("%d of %d", keys.Threshold, len(keys.Keys)), e.Expires.Format(time.DateOnly), release.Count(e.Days, "day")})
	}
	table(s, s.Out, rows)
	for _, text := range st.Problems {
		s.print("  not ready: %s\n", plain(text))
	}
	for _, w := range st.Warnings {
		s.print("  %s: %s\n", plain(w.Text), w.Hint)
	}
	for _, channel := range st.Outdated {
		s.print("  the standing of %s says less than is known: relctl trust standing %s\n", channel, channel)
	}
	printRequests(s, st)
}

func printRequests(s IO, st *trustStatus) {
	for _, q := range st.Requests {
		s.print("  request %d waits for signatures since %s: %s\n", q.Event, q.Time.Format(time.DateOnly), strings.Join(q.Roles, ", "))
	}
}

func newTrustShow(s IO) *cobra.Command {
	var remote *string
	cmd := &cobra.Command{
		Use:   "show [role]",
		Short: "Show the keys of every role, or the metadata of one",
		Example: `  relctl trust show
  relctl trust show root > root.json        the newest root, as it is published`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 {
				return showRole(cmd, s, *remote, args[0])
			}
			st, err := readTrustStatus(cmd, s, *remote)
			if err != nil {
				return err
			}
			if st.Root == 0 {
				return &project.NoTrustError{}
			}
			rows := [][]string{{"ROLE", "MUST SIGN", "KEY", "ID IN TUF"}}
			for _, role := range st.order {
				keys := st.Keys[role]
				for i, name := range keys.Keys {
					rows = append(rows, []string{role, fmt.Sprintf("%d of %d", keys.Threshold, len(keys.Keys)), name[:24], keys.TUF[i][:24]})
				}
			}
			table(s, s.Out, rows)
			return nil
		},
	}
	remote = addRemote(cmd)
	return cmd
}

func showRole(cmd *cobra.Command, s IO, remote, role string) error {
	p, err := look(cmd.Context(), cmd, remote)
	if err != nil {
		return err
	}
	repo, err := p.TrustRepository(cmd.Context())
	if err != nil {
		return err
	}
	f, ok := repo.File(role)
	if !ok {
		return usagef("it has "+strings.Join(repo.Roles(), ", "), "there is no metadata of role %q", plain(role))
	}
	_, err = s.Out.Write(f.Data)
	return err
}
