package cli

import (
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	relverify "github.com/relctl/relctl/cmd/relverify/cli"
	"github.com/relctl/relctl/pkg/changelog"
	"github.com/relctl/relctl/pkg/channel"
	"github.com/relctl/relctl/pkg/cut"
	"github.com/relctl/relctl/pkg/deploy"
	"github.com/relctl/relctl/pkg/fact"
	"github.com/relctl/relctl/pkg/gate"
	"github.com/relctl/relctl/pkg/guide"
	"github.com/relctl/relctl/pkg/ledger"
	"github.com/relctl/relctl/pkg/portal"
	"github.com/relctl/relctl/pkg/project"
	"github.com/relctl/relctl/pkg/release"
	"github.com/relctl/relctl/pkg/timeline"
	"github.com/relctl/relctl/pkg/trust"
	"github.com/relctl/relctl/pkg/verify"
)

// schemas are the published formats by name.
var schemas = map[string]func() ([]byte, error){
	channel.SchemaChannel: func() ([]byte, error) { return channel.Schema(channel.SchemaChannel) },
	channel.SchemaProduct: func() ([]byte, error) { return channel.Schema(channel.SchemaProduct) },
	"plan":                describe("plan", "The plan of a cut", release.Plan{}),
	"build":               describe("build", "What relctl build --json prints", cut.Built{}),
	"shard":               describe("shard", "What a machine signs of a part of a build, shard.json", cut.ShardDocument{}),
	"rebuild":             describe("rebuild", "What relctl rebuild --json prints", cut.Rebuilt{}),
	"release":             describe("release", "The manifest of a release, release.json", release.Manifest{}),
	"event":               describe("event", "An event of the ledger", ledger.Event{}),
	"ledger-log":          describe("ledger-log", "What relctl ledger log --json prints, and relctl ledger endorse --dry-run --json", ledgerLog{}),
	"carried":             describe("carried", "What relctl publish and relctl mirror print with --json", carried{}),
	"pulled":              describe("pulled", "What relctl pull prints with --json", pulled{}),
	"ci-comment":          describe("ci-comment", "What relctl ci comment --json prints", ciComment{}),
	"changes":             describe("changes", "The changes of releases, changes.json", changelog.Document{}),
	"backport":            describe("backport", "What relctl backport --json prints", backportReport{}),
	"backports":           describe("backports", "What relctl backports --json prints", backportsReport{}),
	"deploy-diff":         describe("deploy-diff", "What relctl deploy diff --json prints", deployDiff{}),
	"deployed":            describe("deployed", "What a cell runs, relctl.json on the deploy branch", deploy.Deployed{}),
	"docs":                describe("docs", "What relctl docs build and check print with --json", docsReport{}),
	"portal":              describe("portal", "What relctl site build --json prints", portal.Model{}),
	"docs-note":           describe("docs-note", "What relctl docs note --json prints", notesReport{}),
	"upgrade-guide":       describe("upgrade-guide", "What relctl docs guide --json prints", guide.Guide{}),
	"standing":            describe("standing", "What customers of a line are told, channels/<channel>.json", release.Standing{}),
	"status":              describe("status", "What relctl status --json prints", project.Status{}),
	"trust-report":        describe("trust-report", "What the commands that change trust print with --json", trustReport{}),
	"trust-request":       describe("trust-request", "A request for signatures of trust", trust.Request{}),
	"trust-status":        describe("trust-status", "What relctl trust status --json prints", trustStatus{}),
	"timeline":            describe("timeline", "What relctl timeline --json prints", timeline.Document{}),
	"doctor":              describe("doctor", "What relctl doctor --json prints", doctorReport{}),
	"facts":               describe("facts", "What operators care about at a commit, docs/facts.json", fact.Set{}),
	"facts-diff":          describe("facts-diff", "What relctl facts diff --json prints", factsDiff{}),
	"facts-features":      describe("facts-features", "What relctl facts features --json prints", factsFeatures{}),
	"open":                describe("open", "What relctl open --json prints", openReport{}),
	"upgrade-check":       describe("upgrade-check", "What relctl upgrade check --json prints", upgradeReport{}),
	"upgrade-path":        describe("upgrade-path", "What relctl upgrade path --json prints", pathReport{}),
	"where":               describe("where", "What relctl where --json prints", whereReport{}),
	"rollout":             describe("rollout", "What the commands about rings print with --json", rolloutReport{}),
	"gate-record":         describe("gate-record", "What a gate asked and was answered", gate.Record{}),
	"gate-replay":         describe("gate-replay", "What relctl gate replay --json prints", replayReport{}),
	"refused":             describe("refused", "What gates were told when they refused, as it is kept in dist/relctl", project.Refused{}),
	"gate-list":           describe("gate-list", "What relctl gate list --json prints", gateList{}),
	"site":                describe("site", "What a site trusts and demands, site.json", verify.SiteConfig{}),
	"site-state":          describe("site-state", "What a site has seen, state.json", verify.State{}),
	"site-export":         describe("site-export", "What relverify export writes", verify.Export{}),
	"site-report":         describe("site-report", "What relverify status and report print with --json", verify.SiteReport{}),
	"site-history":        describe("site-history", "What relverify history --json prints", verify.History{}),
	"site-path":           describe("site-path", "What relverify path --json prints", verify.Way{}),
	"config-check":        describe("config-check", "What relverify check-config --json prints", relverify.ConfigCheck{}),
	"bundle-list":         describe("bundle-list", "What relverify <folder> --json prints", verify.Listing{}),
	"verification":        describe("verification", "The report of a verification", verify.Report{}),
}

func describe(name, title string, v any) func() ([]byte, error) {
	return func() ([]byte, error) { return channel.Describe(name, title, v, nil) }
}

func newSchema(s IO) *cobra.Command {
	names := slices.Sorted(maps.Keys(schemas))
	return &cobra.Command{
		Use:   "schema <name>",
		Short: "Print the JSON Schema of a format",
		Long:  "schema prints the JSON Schema of one of the formats that relctl reads or writes: " + strings.Join(names, ", ") + ".",
		Example: `  relctl schema channel > channel.schema.json    for your editor
  relctl schema release`,
		Args:      exactly("name"),
		ValidArgs: names,
		RunE: func(_ *cobra.Command, args []string) error {
			make, ok := schemas[args[0]]
			if !ok {
				return usagef("it has "+strings.Join(names, ", "), "relctl has no schema %q", plain(args[0]))
			}
			data, err := make()
			if err != nil {
				return err
			}
			_, err = s.Out.Write(data)
			return err
		},
	}
}
