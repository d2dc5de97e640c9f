package cli

import (
	"context"
	"fmt"
	"os"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/relctl/relctl/pkg/fact"
	"github.com/relctl/relctl/pkg/handbook"
	"github.com/relctl/relctl/pkg/project"
	"github.com/relctl/relctl/pkg/release"
)

func newFacts(s IO) *cobra.Command {
	var remote *string
	var asJSON *bool
	var kinds []string
	cmd := &cobra.Command{
		Use:   "facts [release, branch, commit, bundle or folder]",
		Short: "Tell what operators care about at a commit: configuration, migrations, alerts",
		Long: `facts reads what operators care about at a commit: configuration keys with their defaults, flags, environment variables,
migrations with the locks they take, custom resources, API operations, ports, images, resources, alerts and the metrics
they use, runbooks, error codes and feature flags. docs.facts in channels/product.yaml says where they are. Without an
argument it reads the working tree, by the channel files that stand there.

A release carries its facts: those of a bundle, or of the folder that it was unpacked into, need no repository.`,
		Example: `  relctl facts
  relctl facts 2.4.7 --kind config --kind alert
  relctl facts acme-2.4.7.bundle
  relctl facts main --json > facts.json`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			wanted, err := factKinds(kinds)
			if err != nil {
				return err
			}
			f := factFinder{IO: s, cmd: cmd, remote: remote}
			set, err := f.set(cmd.Context(), args)
			if err != nil {
				return err
			}
			set.Facts = ofKinds(set.Facts, wanted, func(f fact.Fact) fact.Kind { return f.Kind })
			if *asJSON {
				return s.json(set)
			}
			return printFacts(s, set)
		},
	}
	remote, asJSON = addRemote(cmd), addJSON(cmd)
	addKinds(cmd, &kinds)
	cmd.AddCommand(newFactsDiff(s), newFactsFeatures(s))
	return cmd
}

func addKinds(cmd *cobra.Command, kinds *[]string) {
	cmd.Flags().StringSliceVar(kinds, "kind", nil, "only facts of this `kind`, such as config or alert")
}

// factKinds checks the kinds that the command line names; none stands for all.
func factKinds(names []string) (map[fact.Kind]bool, error) {
	wanted := map[fact.Kind]bool{}
	var all []string
	for _, k := range fact.Kinds {
		all = append(all, string(k))
		wanted[k] = len(names) == 0
	}
	for _, name := range names {
		if _, ok := wanted[fact.Kind(name)]; !ok {
			return nil, usagef("the kinds are "+strings.Join(all, ", "), "there are no facts of kind %q", plain(name))
		}
		wanted[fact.Kind(name)] = true
	}
	return wanted, nil
}

func ofKinds[T any](list []T, wanted map[fact.Kind]bool, kind func(T) fact.Kind) []T {
	out := []T{}
	for _, one := range list {
		if wanted[kind(one)] {
			out = append(out, one)
		}
	}
	return out
}

// factFinder finds sets of facts by what the command line calls them.
type factFinder struct {
	IO
	cmd     *cobra.Command
	remote  *string
	project *project.Project
}

// set returns the facts of the one argument, or of the working tree.
func (f *factFinder) set(ctx context.Context, args []string) (*fact.Set, error) {
	if len(args) == 1 {
		return f.named(ctx, args[0])
	}
	p, err := f.open(ctx)
	if err != nil {
		return nil, err
	}
	f.say("the facts are those of the working tree")
	set, err := handbook.New(p).TreeFacts(ctx)
	if err == nil {
		f.sayMissing("the working tree", set)
	}
	return set, err
}

// named returns the facts of a file with facts, of a release that lies here, or of a commit.
func (f *factFinder) named(ctx context.Context, name string) (*fact.Set, error) {
	if strings.HasSuffix(name, ".json") {
		data, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		set, err := fact.Decode(data)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		return set, nil
	}
	if set, found, err := releaseFacts(name); found {
		if err == nil {
			f.say("the facts are those that %s says of itself; relverify says whether it is genuine", plain(name))
		}
		return set, err
	}
	p, err := f.open(ctx)
	if err != nil {
		return nil, err
	}
	set, err := handbook.New(p).Facts(ctx, name)
	if err == nil {
		f.sayMissing(name, set)
	}
	return set, err
}

func (f *factFinder) open(ctx context.Context) (*project.Project, error) {
	if f.project != nil {
		return f.project, nil
	}
	var err error
	f.project, err = look(ctx, f.cmd, *f.remote)
	return f.project, err
}

// sayMissing tells of sources that name nothing, which a mistake in their path looks like.
func (f *factFinder) sayMissing(name string, set *fact.Set) {
	for _, m := range set.Missing {
		f.say("%s has nothing at %s (%s)", plain(name), plain(m.Path), m.Kind)
	}
}

func printFacts(s IO, set *fact.Set) error {
	w := tabwriter.NewWriter(s.Out, 0, 0, 2, ' ', 0)
	for _, f := range set.Facts {
		_, _ = fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", f.Kind, plain(f.Name), plain(details(f.Attributes)), plain(f.Where()))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	s.say("%s", release.Count(len(set.Facts), "fact"))
	return nil
}

// details are the attributes that a line has room for.
func details(a fact.Attributes) string {
	var parts []string
	add := func(name, v string) {
		if v != "" {
			parts = append(parts, strings.TrimSpace(name+" "+v))
		}
	}
	add("", a.Type)
	if a.Required {
		add("", "required")
	}
	if a.Default != nil {
		add("default", orQuotes(*a.Default))
	}
	add("one of", strings.Join(a.Enum, ", "))
	add("", a.Value)
	add("", a.State)
	add("", strings.Join(a.Destructive, ", "))
	if a.Lock != "" {
		add("lock", string(a.Lock))
		if !a.Reversible {
			add("", "no way back")
		}
	}
	add("", a.Severity)
	add("for", a.For)
	add("uses", strings.Join(a.Metrics, ", "))
	add("versions", strings.Join(a.Versions, ", "))
	if a.Deprecated != "" {
		add("", "deprecated")
	}
	text := []rune(strings.Join(parts, "; "))
	if len(text) > 90 {
		return string(text[:89]) + "…"
	}
	return string(text)
}

func orQuotes(s string) string {
	if s == "" {
		return `""`
	}
	return s
}
