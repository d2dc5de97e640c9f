package contract_test

import (
	"strings"
	"testing"

	"github.com/relctl/relctl/pkg/fact"
	"github.com/relctl/relctl/pkg/fact/contract"
	"github.com/relctl/relctl/pkg/release"
)

func one(kind fact.Kind, name string, a fact.Attributes) fact.Fact {
	return fact.Fact{Kind: kind, Name: name, Attributes: a, Path: "f.yaml", Line: 1}
}

func set(facts ...fact.Fact) *fact.Set {
	fact.Sort(facts)
	return &fact.Set{Schema: fact.Schema, Product: "acme", Facts: facts}
}

const runbooks = "docs/operator/runbooks/"

// product is a commit; what is added counts too.
func product(more ...fact.Fact) *fact.Set {
	type a = fact.Attributes
	return set(append(more,
		one(fact.Config, "data_dir", a{}), one(fact.Config, "server.listen", a{RenamedFrom: []string{"server.address"}}), one(fact.Config, "labels.*", a{}),
		one(fact.Flag, "acmed --config", a{Type: "string"}), one(fact.Flag, "acmed --verbose", a{Type: "bool"}), one(fact.Flag, "acmed --shutdown-timeout", a{Type: "duration"}),
		one(fact.Flag, "acme --server", a{}), one(fact.Flag, "acme-put --force", a{Type: "bool"}),
		one(fact.Command, "acme items", a{}), one(fact.Command, "acme put", a{}), one(fact.Command, "acme trust status", a{}), one(fact.Command, "acme trust init", a{}),
		one(fact.Env, "ACME_CONFIG", a{}),
		one(fact.Metric, "acme_items", a{}), one(fact.Metric, "acme_wait_seconds", a{Type: "histogram"}), one(fact.Metric, "go_goroutines", a{}),
		one(fact.Recording, "job:acme_items:sum", a{Metrics: []string{"acme_items"}}),
		one(fact.Migration, "0001", a{Statements: []string{"creates view acme_orders_by_day"}}),
		one(fact.Runbook, runbooks+"down.md", a{Anchors: []string{"what-to-do"}}),
	)...)
}

// breaches judges the product with one runbook page.
func breaches(in contract.Input, page string) string {
	in.Folder = "docs/operator"
	in.Runbooks = map[string][]byte{runbooks + "down.md": []byte(page)}
	var b strings.Builder
	for _, one := range contract.Check(in) {
		if one.Line == 0 || one.File == "" {
			b.WriteString("no place: ")
		}
		b.WriteString(one.Text + "\n")
	}
	return b.String()
}

func TestNamesInRunbooksMustExist(t *testing.T) {
	t.Parallel()
	before := set(one(fact.Config, "low_stock", fact.Attributes{}), one(fact.Command, "acme orders", fact.Attributes{}), one(fact.Flag, "acmed --queue-length", fact.Attributes{}), one(fact.Metric, "acme_queue_length", fact.Attributes{}))
	before.Version = release.MustVersion("2.4.2")
	for _, c := range []struct{ says, text, want string }{
		{"what exists", "`data_dir`, `server.listen: x`, `--config=x`, `acmed -verbose --config /etc/x`, `acme items`, `acme --server http://x put a 'b c' 3 --force`, `$ACME_CONFIG`, `acme_items`, `labels.team`", ""},
		{"commands of a group", "`acme trust status` and `acme trust <command>` and `acme help`", ""},
		{"a histogram has several series", "`rate(acme_wait_seconds_bucket{le=\"1\"}[5m])`, `acme_wait_seconds_sum`, `job:acme_items:sum > 1`", ""},
		{"what other programs have", "`kubectl logs --previous deploy/x`, `--previous`, `systemctl restart acmed`, `df -h`, `psql --set X=1`, `node_load1`, `go_threads`, `kubectl.kubernetes.io/x`, `items.json`, `HTTP_PROXY`, `POD_NAME`", ""},
		{"what stands in a folder or is a placeholder", "`/var/lib/acme`, `/etc/acme/acme.yaml`, `acme-0`, `acme <anything>`, `acme 2.4.7`, `deploy/acme`, `acme_backup`, `acme_orders_by_day`", ""},
		{"prose is not code", "run acme itemz with --confg, low_stock and acme_item", ""},
		{"a command that does not exist", "`acme itemz`", "acme has no command itemz; did you mean items?\n"},
		{"one of a group", "`acme trust rotate`", "acme has no command trust\n"},
		{"a command that is gone, behind sudo and kubectl", "```sh\nsudo -u acme acme orders | grep x\nkubectl exec deploy/acme -- acme orders\n```", "acme has no command orders; 2.4.2 has it\nacme has no command orders; 2.4.2 has it\n"},
		{"a prompt, a variable and two commands in a line", "```console\n$ A=1 acme items && acme lists # acme nothing\nacme is well\n```", "acme has no command lists\nacme has no command is\n"},
		{"flags of a program", "`acmed --confg x`, `acmed --nothing`, `acme items --force`, `acme put --nothing`", "acme put has no flag --nothing\nacmed has no flag --confg; did you mean --config?\nacmed has no flag --nothing\n"},
		{"a flag alone", "`--shutdown-timeut` `--queue-length=3` `--other`", "the flag --queue-length does not exist; 2.4.2 has it\nthere is no flag --shutdown-timeut; did you mean --shutdown-timeout?\n"},
		{"keys", "`low_stock`, `server.address`, `data_dirr: /x`, `server.timeout`", "the configuration key low_stock does not exist; 2.4.2 has it\nthe configuration key server.address does not exist; it is called server.listen now\n" +
			"there is no configuration key data_dirr; did you mean data_dir?\nthere is no configuration key server.timeout\n"},
		{"keys in a block", "```yaml\nlow_stock: 3\ndata_dir: /x\n```", "the configuration key low_stock does not exist; 2.4.2 has it\n"},
		{"variables", "`ACME_CONFG` and `ACME_OTHER=1`", "the product reads no variable ACME_CONFG; did you mean ACME_CONFIG?\nthe product reads no variable ACME_OTHER\n"},
		{"metrics", "`acme_queue_length`, `acme_wait_second`, ``sum(rate(acme_lost_total[5m])) by (acme_site)``", "the metric acme_queue_length does not exist; 2.4.2 has it\nthe product does not export the metric acme_lost_total\nthere is no metric acme_wait_second; did you mean acme_wait_seconds?\n"},
		{"a block that is none of ours", "```go\nacme itemz\n```\n\n    acme itemz\n", ""},
	} {
		got := strings.Split(breaches(contract.Input{Facts: product(), Releases: []*fact.Set{before}}, c.text), "\n")
		want := strings.Split(c.want, "\n")
		if strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Errorf("%s:\n%swant:\n%s", c.says, strings.Join(got, "\n"), c.want)
		}
	}
}

func TestAlertsLeadToRunbooksAndAskForWhatIsExported(t *testing.T) {
	t.Parallel()
	alert := func(url string, metrics ...string) fact.Fact {
		return one(fact.Alert, "Down", fact.Attributes{RunbookURL: url, Metrics: metrics})
	}
	other := one(fact.Runbook, runbooks+"db/down.md", fact.Attributes{})
	outside := one(fact.Runbook, "hack/notes.md", fact.Attributes{})
	for _, c := range []struct {
		says string
		more []fact.Fact
		want string
	}{
		{"an address of a site", []fact.Fact{alert("https://docs.acme.example/operator/runbooks/down")}, ""},
		{"a page of Markdown with a section", []fact.Fact{alert("https://git.example/acme/blob/main/docs/operator/runbooks/Down.md#What-to-do")}, ""},
		{"a folder", []fact.Fact{alert("https://x.example/runbooks/down/")}, ""},
		{"more of the path decides", []fact.Fact{alert("https://x.example/runbooks/db/down"), other}, ""},
		{"a name that two have", []fact.Fact{alert("down"), other}, "the runbook_url of Down, down, leads to several runbooks; give more of the path\n"},
		{"no address", []fact.Fact{alert("")}, "the alert Down has no runbook_url\n"},
		{"nowhere", []fact.Fact{alert("https://x.example/runbooks/up")}, "the runbook_url of Down, https://x.example/runbooks/up, leads to no runbook of this commit\n"},
		{"a section that is not there", []fact.Fact{alert("https://x.example/down#then")}, "the runbook of Down, docs/operator/runbooks/down.md, has no section #then\n"},
		{"a page that does not ship", []fact.Fact{alert("https://x.example/notes"), outside}, "the runbook of Down, hack/notes.md, does not ship: it is not in the folder that docs.operator names\n"},
		{"metrics", []fact.Fact{alert("x/down", "up", "acme_items", "acme_wait_seconds_count", "job:acme_items:sum", "acme_item", "node_load1")}, "the alert Down uses the metric acme_item, which the product does not export; did you mean acme_items?\n" +
			"the alert Down uses the metric node_load1, which the product does not export; if another program does, name it in docs.external of channels/product.yaml\n"},
		{"a recording rule", []fact.Fact{one(fact.Recording, "a:b", fact.Attributes{Metrics: []string{"acme_lost"}})}, "the recording a:b uses the metric acme_lost, which the product does not export; if another program does, name it in docs.external of channels/product.yaml\n"},
	} {
		if got := breaches(contract.Input{Facts: product(c.more...)}, ""); got != c.want {
			t.Errorf("%s:\n%swant:\n%s", c.says, got, c.want)
		}
	}
	in := contract.Input{Facts: product(alert("", "node_load1")), External: []string{"Down", "node_*", "acme itemz", "--confg", "ACME_*"}}
	if got := breaches(in, "`acme itemz`, `acmed --confg`, `ACME_X`"); got != "" {
		t.Errorf("what is said to exist elsewhere is told:\n%s", got)
	}
}

func TestWhatHasNoFactsIsNotAskedFor(t *testing.T) {
	t.Parallel()
	s := set(one(fact.Alert, "Down", fact.Attributes{RunbookURL: "x/down", Metrics: []string{"lost"}}), one(fact.Runbook, runbooks+"down.md", fact.Attributes{}))
	if got := breaches(contract.Input{Facts: s}, "`acme itemz --confg`, `ACME_X`, `data_dir`, `rate(acme_lost[5m])`"); got != "" {
		t.Error(got)
	}
}

// FuzzRunbook reads pages from anybody who may commit.
func FuzzRunbook(f *testing.F) {
	f.Add("`acme items` ``a`b`` ```\n```sh\nsudo -u x acme put \"a\\\" 'b' <c> --force=1 ; $(acme items)\n```\n")
	s := product()
	f.Fuzz(func(t *testing.T, page string) {
		for _, one := range contract.Check(contract.Input{Facts: s, Runbooks: map[string][]byte{runbooks + "down.md": []byte(page)}}) {
			if one.Line < 1 || one.Line > strings.Count(page, "\n")+1 || strings.Contains(one.Text, "\n") {
				t.Errorf("%+v", one)
			}
		}
	})
}
