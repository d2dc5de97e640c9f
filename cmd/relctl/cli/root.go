// Package cli is the command line of relctl: one file a command, its flags, what it prints, and the exit codes.
package cli

import (
	"context"
	"errors"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"

	"github.com/relctl/relctl/internal/nearest"
)

// Run executes relctl with args, as they follow the program's name, and returns its exit code.
func Run(ctx context.Context, args []string, s IO) int {
	root := newRoot(s)
	root.SetArgs(args)
	return report(s, root.ExecuteContext(ctx))
}

func newRoot(s IO) *cobra.Command {
	root := &cobra.Command{
		Use:   "relctl",
		Short: "Ship one repository two ways: rolling to your service, signed LTS bundles to your customers",
		Long: `relctl ships one repository two ways: rolling, ring by ring, to the service that you run,
and as signed, self-contained LTS bundles to customers who run it themselves.`,
		Example: `  relctl demo                        see the whole story on a sample product, offline
  relctl channels                    what this repository ships
  relctl plan lts-2.4                what a cut would do, and why
  relctl cut lts-2.4 --key release.key
  relctl verify --key release.pub acme-2.4.7.bundle`,
		Version:       Version(),
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return cmd.Help()
		},
	}
	root.SetIn(s.In)
	root.SetOut(s.Out)
	root.SetErr(s.Err)
	root.SetHelpTemplate(helpTemplate)
	root.SetUsageTemplate(usageTemplate)
	root.SetVersionTemplate("relctl {{.Version}}\n")
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return usagef("see "+cmd.CommandPath()+" --help", "%s", err)
	})
	root.PersistentFlags().StringP("repo", "C", ".", "run in the repository that holds this `folder`")
	group(root, "Start here", newDemo(s), newInit(s), newDoctor(s), newCI(s), newChannels(s), newStatus(s), newSite(s))
	group(root, "Release to customers",
		newPlan(s), newBuild(s), newCut(s), newOpen(s), newAdopt(s), newApprove(s), newWaive(s), newAbandon(s), newRebuild(s), newBundle(s), newVerify(s),
		newPublish(s), newPull(s), newMirror(s))
	group(root, "Run the service",
		newPromote(s), newAdvance(s), newRollback(s), newHold(s), newResume(s), newReject(s), newExonerate(s), newFreeze(s), newThaw(s),
		newDeploy(s), newObserve(s), newGate(s), newSLO(s), newTimeline(s))
	group(root, "Know every change", newWhere(s), newBackports(s), newBackport(s), newChanges(s), newChangelog(s))
	group(root, "Tell operators", newDocs(s), newFacts(s), newUpgrade(s))
	group(root, "What customers may believe",
		newKey(s), newTrust(s), newStanding(s), newWithdraw(s), newFloor(s), newEOL(s), newVEX(s))
	const formats = "Record and formats"
	root.SetCompletionCommandGroupID(formats)
	group(root, formats, newLedger(s), newSchema(s), newReference(s), newMan(s), newVersion(s))
	wrapArgs(root)
	complete(root)
	return root
}

// group adds commands under a heading of the help.
func group(root *cobra.Command, title string, commands ...*cobra.Command) {
	root.AddGroup(&cobra.Group{ID: title, Title: title})
	for _, cmd := range commands {
		cmd.GroupID = title
		root.AddCommand(cmd)
	}
}

// commandNames are the commands below one that its help lists.
func commandNames(cmd *cobra.Command) []string {
	var names []string
	for _, sub := range cmd.Commands() {
		if sub.IsAvailableCommand() {
			names = append(names, sub.Name())
		}
	}
	return names
}

// wrapArgs makes a wrong number of arguments or an unknown command a usage error with a hint.
func wrapArgs(cmd *cobra.Command) {
	check := cmd.Args
	if cmd.HasSubCommands() {
		if check == nil {
			check = cobra.NoArgs
		}
		if cmd.Run == nil && cmd.RunE == nil { // cobra looks at no arguments of such a command
			cmd.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
		}
	}
	cmd.Args = func(cmd *cobra.Command, args []string) error {
		if check == nil {
			return nil
		}
		err := check(cmd, args)
		var usage *usageError
		if err == nil || errors.As(err, &usage) {
			return err
		}
		h := "see " + cmd.CommandPath() + " --help"
		if cmd.HasSubCommands() && len(args) > 0 {
			if near := nearest.Word(args[0], commandNames(cmd)); near != "" {
				h = "did you mean " + cmd.CommandPath() + " " + near + "?"
			}
			return usagef(h, "%s has no command %q", cmd.CommandPath(), plain(args[0]))
		}
		return usagef(h, "%s", err)
	}
	for _, sub := range cmd.Commands() {
		wrapArgs(sub)
	}
}

// exactly asks for arguments by name: exactly("channel") makes "relctl plan" say which one is missing.
func exactly(names ...string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		switch {
		case len(args) < len(names):
			return usagef("usage: "+cmd.UseLine(), "%s needs a %s", cmd.CommandPath(), strings.Join(names[len(args):], " and a "))
		case len(args) > len(names):
			return usagef("usage: "+cmd.UseLine(), "%s takes no argument %q", cmd.CommandPath(), plain(args[len(names)]))
		}
		return nil
	}
}

// Version returns the version of this program, from the linker or the module.
func Version() string {
	if programVersion != "" {
		return programVersion
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(devel)"
}

// programVersion is set by -ldflags "-X github.com/relctl/relctl/cmd/relctl/cli.programVersion=…".
var programVersion string

func newVersion(s IO) *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Print the version of relctl", Args: cobra.NoArgs,
		Run: func(*cobra.Command, []string) { s.print("relctl %s\n", Version()) },
	}
}
