// Package deps holds the import graph of the module against its design.
package deps

import (
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/relctl/relctl/"

// table says what each package may import of this module, beside pkg/release and pkg/internal. Stages meet only in
// pkg/project, in what takes a project (pkg/handbook, pkg/cut and pkg/rollout), and in the command line.
var table = map[string][]string{
	"pkg/release":               {},
	"pkg/channel":               {"internal/nearest"},
	"pkg/git":                   {"internal/disk"},
	"pkg/gate":                  {},
	"pkg/slo":                   {},
	"pkg/version":               {},
	"pkg/sign":                  {},
	"pkg/attest":                {},
	"pkg/bundle":                {},
	"pkg/publish":               {"internal/disk", "internal/durable", "pkg/internal/ociremote"},
	"pkg/image":                 {"internal/disk", "pkg/internal/ociremote"},
	"pkg/changelog":             {},
	"pkg/fact":                  {},
	"pkg/site":                  {},
	"pkg/scaffold":              {},
	"pkg/doctor":                {"pkg/build", "pkg/channel", "pkg/git", "pkg/handbook", "pkg/ledger", "pkg/plan", "pkg/project", "pkg/publish", "pkg/sign"},
	"pkg/portal":                {"pkg/site", "pkg/timeline", "pkg/upgrade"},
	"pkg/fact/contract":         {"pkg/fact"},
	"pkg/fact/extract":          {"pkg/channel", "pkg/fact"},
	"pkg/guide":                 {"pkg/changelog", "pkg/fact", "pkg/upgrade"},
	"pkg/history":               {"internal/disk", "pkg/git"},
	"pkg/ledger":                {"internal/disk", "pkg/git"},
	"pkg/ring":                  {"pkg/channel", "pkg/gate", "pkg/ledger"},
	"pkg/timeline":              {"pkg/ledger"},
	"pkg/build":                 {"internal/disk", "pkg/git"},
	"pkg/backport":              {"pkg/git", "pkg/history"},
	"pkg/deploy":                {"pkg/git"},
	"pkg/pipeline":              {},
	"pkg/plan":                  {"pkg/channel", "pkg/git", "pkg/history", "pkg/version", "pkg/ledger", "pkg/gate"},
	"pkg/upgrade":               {},
	"pkg/carry":                 {"internal/disk", "pkg/bundle", "pkg/image", "pkg/publish"},
	"pkg/trust":                 {"pkg/sign"},
	"pkg/verify":                {"internal/durable", "pkg/bundle", "pkg/internal/filelock", "pkg/upgrade"},
	"pkg/update":                {"internal/durable", "pkg/verify"},
	"pkg/project":               {"internal/disk", "internal/durable", "pkg/backport", "pkg/build", "pkg/channel", "pkg/gate", "pkg/git", "pkg/history", "pkg/ledger", "pkg/plan", "pkg/publish", "pkg/ring", "pkg/sign", "pkg/trust"},
	"pkg/handbook":              {"internal/disk", "pkg/attest", "pkg/changelog", "pkg/channel", "pkg/fact", "pkg/fact/contract", "pkg/fact/extract", "pkg/gate", "pkg/git", "pkg/guide", "pkg/history", "pkg/ledger", "pkg/plan", "pkg/project", "pkg/site", "pkg/upgrade"},
	"pkg/cut":                   {"internal/disk", "internal/durable", "pkg/attest", "pkg/build", "pkg/bundle", "pkg/changelog", "pkg/channel", "pkg/fact", "pkg/gate", "pkg/git", "pkg/guide", "pkg/handbook", "pkg/image", "pkg/internal/filelock", "pkg/ledger", "pkg/plan", "pkg/project", "pkg/publish", "pkg/sign", "pkg/site", "pkg/trust"},
	"pkg/rollout":               {"pkg/channel", "pkg/deploy", "pkg/gate", "pkg/git", "pkg/ledger", "pkg/project", "pkg/publish", "pkg/ring"},
	"internal/durable":          {"internal/disk"},
	"internal/disk":             {},
	"internal/nearest":          {},
	"internal/tool":             {},
	"internal/prometheustest":   {},
	"internal/keytest":          {"pkg/sign"},
	"internal/trusttest":        {"pkg/bundle"},
	"internal/attacks":          {"internal/trusttest", "pkg/bundle", "pkg/verify"},
	"internal/attacks/generate": {"internal/attacks"},
	"internal/rehearsal":        {}, // tests only
	"internal/s3test":           {"internal/tool"},
	"internal/accuracy":         {"pkg/git", "pkg/history"},
	"testdata/acme":             {},
	"cmd/relverify":             {"cmd/relverify/cli"},
	"cmd/relverify/cli":         {"pkg/fact", "pkg/verify"},
	"cmd/relctl":                {"cmd/relctl/cli"},
	"cmd/relctl/cli":            {"*"},
	"pkg/internal/deps":         {},
	"pkg/internal/proc":         {},
	"pkg/internal/filelock":     {"internal/disk"},

	"pkg/internal/ociremote": {},
}

// golist runs go list in the module's root and returns its lines.
func golist(t *testing.T, args ...string) []string {
	t.Helper()
	cmd := exec.Command("go", append([]string{"list"}, args...)...)
	cmd.Dir = filepath.Join("..", "..", "..")
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list %v: %v", args, err)
	}
	return strings.Split(strings.TrimSpace(string(out)), "\n")
}

func TestPackagesImportOnlyWhatTheDesignAllows(t *testing.T) {
	seen := map[string]bool{}
	for _, line := range golist(t, "-f", `{{.ImportPath}} {{join .Imports " "}}`, "./...", "./testdata/acme") {
		words := strings.Fields(line)
		name := strings.TrimPrefix(words[0], module)
		if strings.HasPrefix(name, "pkg/internal/") && strings.HasSuffix(name, "test") {
			continue // helpers of tests
		}
		allowed, ok := table[name]
		if !ok {
			t.Errorf("%s is not in the table: give it a row, or another home", name)
			continue
		}
		seen[name] = true
		for _, imported := range words[1:] {
			path, ours := strings.CutPrefix(imported, module)
			if !ours || path == "pkg/release" || path == "pkg/internal/proc" || slices.Contains(allowed, path) || slices.Contains(allowed, "*") {
				continue
			}
			t.Errorf("%s imports %s, which the design does not allow", name, path)
		}
	}
	for name := range table {
		if !seen[name] && !strings.HasPrefix(name, "pkg/internal/deps") {
			t.Errorf("%s is in the table and does not exist", name)
		}
	}
}

func TestNothingButItsRoomTouchesGitOrCosign(t *testing.T) {
	rooms := map[string]string{
		"github.com/go-git/go-git/":       "pkg/git",
		"github.com/sigstore/cosign/":     "pkg/sign",
		"github.com/sigstore/sigstore-go": "pkg/sign",
	}
	for _, line := range golist(t, "-f", `{{.ImportPath}} {{join .Imports " "}}`, "./...") {
		words := strings.Fields(line)
		name := strings.TrimPrefix(words[0], module)
		for _, imported := range words[1:] {
			for prefix, room := range rooms {
				if strings.HasPrefix(imported, prefix) && name != room {
					t.Errorf("%s imports %s, which only %s may", name, imported, room)
				}
			}
		}
	}
}

func TestRelverifyCarriesNoNetworkCode(t *testing.T) {
	deps := golist(t, "-deps", "./cmd/relverify")
	for _, bad := range []string{"net/http", "crypto/tls", "os/exec", "github.com/sigstore/sigstore-go", "github.com/sigstore/cosign", "github.com/go-git", "github.com/spf13/cobra"} {
		for _, dep := range deps {
			if dep == bad || strings.HasPrefix(dep, bad+"/") {
				t.Errorf("relverify depends on %s", dep)
			}
		}
	}
	if !slices.Contains(deps, module+"pkg/verify") {
		t.Error("go list shows no pkg/verify, so this test looked at the wrong thing")
	}
}

// A product links pkg/update into itself: what comes along beside the standard library is what relverify has.
func TestTheClientForProductsIsAsLightAsTheVerifier(t *testing.T) {
	deps := func(path string) []string {
		return golist(t, "-deps", "-f", "{{if not .Standard}}{{.ImportPath}}{{end}}", path)
	}
	light := deps("./cmd/relverify")
	for _, dep := range deps("./pkg/update") {
		if !slices.Contains(light, dep) && dep != module+"pkg/update" {
			t.Errorf("pkg/update depends on %s, which relverify does without", dep)
		}
	}
}

func TestTheLibraryDoesNotInheritTheTools(t *testing.T) {
	for _, line := range golist(t, "-m", "all") {
		for _, tool := range []string{"github.com/goreleaser/goreleaser", "github.com/golangci/golangci-lint"} {
			if strings.HasPrefix(line, tool) {
				t.Errorf("go.mod brings in %s, which belongs to tools/go.mod", line)
			}
		}
	}
}
