package cli

import (
	"github.com/spf13/cobra"

	"github.com/relctl/relctl/pkg/fact"
	"github.com/relctl/relctl/pkg/release"
)

const factsDiffSchema = "https://relctl.dev/schema/facts-diff/v1"

// factsDiff is the answer of `relctl facts diff --json`.
type factsDiff struct {
	Schema string   `json:"schema"`
	From   factsRef `json:"from"`
	To     factsRef `json:"to"`
	// Changes are sorted: breaking ones, those that ask for action, notices.
	Changes []fact.Change `json:"changes"`
}

// factsRef says whose facts they are.
type factsRef struct {
	Name    string          `json:"name"`
	Version release.Version `json:"version,omitzero"`
	Commit  string          `json:"commit,omitempty"`
}

func newFactsDiff(s IO) *cobra.Command {
	var remote *string
	var asJSON *bool
	var kinds []string
	cmd := &cobra.Command{
		Use:   "diff <from> <to>",
		Short: "Tell what an operator has to know between two releases",
		Long: `diff compares the facts of two releases, branches or commits, or what releases carry: two bundles, folders that they were
unpacked into, or their files docs/facts.json, for which no repository is needed. Each change is breaking (what worked fails unless somebody acts), an action (it behaves differently, or
somebody should prepare) or a notice. Other words for the same and another order are no change.

A key counts as renamed where the schema says so: "x-renamed-from", or "@renamed-from old.key" in a comment.`,
		Example: `  relctl facts diff 2.4.6 2.4.7
  relctl facts diff 2.4.7 main --kind config
  relctl facts diff acme-2.4.6.bundle acme-2.4.7.bundle
  relctl facts diff old/docs/facts.json new/docs/facts.json --json`,
		Args: exactly("release to compare from", "release to compare to"),
		RunE: func(cmd *cobra.Command, args []string) error {
			wanted, err := factKinds(kinds)
			if err != nil {
				return err
			}
			f := factFinder{IO: s, cmd: cmd, remote: remote}
			from, err := f.named(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			to, err := f.named(cmd.Context(), args[1])
			if err != nil {
				return err
			}
			changes := ofKinds(fact.Diff(from, to), wanted, func(c fact.Change) fact.Kind { return c.Kind })
			if *asJSON {
				return s.json(factsDiff{
					Schema: factsDiffSchema, Changes: changes,
					From: factsRef{args[0], from.Version, from.Commit}, To: factsRef{args[1], to.Version, to.Commit},
				})
			}
			printFactsDiff(s, changes)
			return nil
		},
	}
	remote, asJSON = addRemote(cmd), addJSON(cmd)
	addKinds(cmd, &kinds)
	return cmd
}

var impactTitles = map[fact.Impact]string{fact.Breaking: "Breaking", fact.Action: "Action", fact.Notice: "Notice"}

func printFactsDiff(s IO, changes []fact.Change) {
	if len(changes) == 0 {
		s.print("nothing changed that operators care about\n")
		return
	}
	for i, c := range changes {
		if i == 0 || changes[i-1].Impact != c.Impact {
			if i > 0 {
				s.print("\n")
			}
			s.print("%s\n", s.paint("1", impactTitles[c.Impact]))
		}
		s.print("  %-9s  %s\n", c.Kind, plain(c.Text))
	}
}
