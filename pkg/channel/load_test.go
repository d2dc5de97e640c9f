package channel_test

import (
	"errors"
	"io/fs"
	"os"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/relctl/relctl/pkg/channel"
	"github.com/relctl/relctl/pkg/release"
)

const qaKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFYVlY9Ko+O4CWQpdH9e1pLBSuvD+YWYQWPyyl5ebAeO qa-1@acme.example"

const product = `name: acme
build: {command: [./hack/build.sh, --all], output: dist}
images:
  - name: acmed
    repository: service/acmed
    base: "oci:deploy/base@sha256:2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"
    binaries: [acmed, acmectl]
    entrypoint: [/usr/local/bin/acmed, --foreground]
    cmd: [serve]
    env: [GOMAXPROCS=2, EMPTY=]
    user: "1000:1000"
    labels: {org.opencontainers.image.vendor: Acme}
    ports: [8080/tcp]
    files:
      - {from: deploy/ca.pem, to: /etc/ssl/certs/ca.pem, mode: "0644"}
stores:
  - {directory: ../store}
  - {registry: registry.acme.example/acme}
signing: {keys: [channels/keys/release.pub]}
roles:
  qa:
    - {name: qa-1, ssh: "` + qaKey + `"}
    - {name: qa-2, openpgp: channels/keys/qa-2.asc}
docs: {operator: docs/operator}
deploy: {base: deploy/base, engine: argocd, repository: "https://acme.example/deploy.git", branch: relctl/deploy}
`

const lts = `kind: lts
line: "2.4"
branch: release/2.4
tag: "v{version}"
accept: [fix, perf, security, docs]
source: rolling
soak: {ring: multi-tenant, for: 72h}
gates:
  - {name: qa, approval: {role: qa}}
  - {name: e2e, when: built, command: [./hack/e2e.sh], timeout: 30m}
support: {maintenance: 2027-03-01, eol: 2028-03-01}
upgrade: {from: ">=2.2.0"}
`

const rolling = `kind: rolling
branch: main
version: {scheme: calver, format: YYYY.MDD.N}   # 2026.103.1
rings:
  - {name: dogfood, cells: [internal]}
  - {name: canary, soak: 2h, cells: [eu-1], gates: [{name: errors, prometheus: {query: "rate(errors[5m])", pass: "value < 0.01"}}]}
  - {name: multi-tenant, soak: 24h, cells: [eu-2, us-1]}
freeze:
  - {name: year-end, from: 2026-12-20, to: 2027-01-04, timezone: Europe/Berlin}
deploy: {engine: argocd}
`

// watched has the keys of gates that look at a running service, and both forms of freezes.
const watched = `kind: rolling
branch: main
rings:
  - name: canary
    soak: 2h
    gap: 10m
    cells: [eu-1]
    gates:
      - name: errors
        timeout: 20s
        prometheus:
          server: https://mimir.example/prometheus
          query: sum(rate(errors{ring="{ring}",version="{version}"}[5m]))
          control: sum(rate(errors{ring="{ring}",version="{previous}"}[5m]))
          pass: candidate <= 1.5 * control + 1e-3
          window: 30m
          step: 1m
          traffic: {query: "sum(increase(requests[30m]))", least: "100"}
      - {name: synced, timeout: 1m, gitops: {command: [kubectl, get, applications, -o, json], names: [argocd/acme-eu-1]}}
      - {name: dumped, gitops: {file: status/flux.json}}
freeze:
  - {name: year-end, from: 2026-12-20, to: 2027-01-04, timezone: Europe/Berlin}
  - {name: nights, weekdays: [mon, tue, wed, thu], start: "18:00", end: "07:30", timezone: Europe/Berlin}
  - {name: weekend, weekdays: [sat, sun]}
`

func TestGatesThatLookAtAServiceLoad(t *testing.T) {
	set, err := channel.Load(tree("product.yaml", product, "watched.yaml", watched))
	if err != nil {
		t.Fatal(err)
	}
	ch, err := set.Channel("watched")
	if err != nil {
		t.Fatal(err)
	}
	minutes := func(n time.Duration) channel.Duration { return channel.Duration(n * time.Minute) }
	want := []channel.Ring{{Name: "canary", Soak: minutes(120), Gap: minutes(10), Cells: []string{"eu-1"}, Gates: []channel.Gate{
		{Name: "errors", Timeout: channel.Duration(20 * time.Second), Prometheus: &channel.Prometheus{
			Server:  "https://mimir.example/prometheus",
			Query:   `sum(rate(errors{ring="{ring}",version="{version}"}[5m]))`,
			Control: `sum(rate(errors{ring="{ring}",version="{previous}"}[5m]))`,
			Pass:    "candidate <= 1.5 * control + 1e-3",
			Window:  minutes(30), Step: minutes(1),
			Traffic: &channel.Traffic{Query: "sum(increase(requests[30m]))", Least: "100"},
		}},
		{Name: "synced", Timeout: minutes(1), GitOps: &channel.GitOps{Command: []string{"kubectl", "get", "applications", "-o", "json"}, Names: []string{"argocd/acme-eu-1"}}},
		{Name: "dumped", GitOps: &channel.GitOps{File: "status/flux.json"}},
	}}}
	if diff := cmp.Diff(want, ch.Rings); diff != "" {
		t.Errorf("rings (-want +got):\n%s", diff)
	}
	freezes := []channel.Freeze{
		{Name: "year-end", From: day(t, "2026-12-20"), To: day(t, "2027-01-04"), Timezone: "Europe/Berlin"},
		{Name: "nights", Weekdays: []string{"mon", "tue", "wed", "thu"}, Start: "18:00", End: "07:30", Timezone: "Europe/Berlin"},
		{Name: "weekend", Weekdays: []string{"sat", "sun"}, Timezone: "UTC"},
	}
	if diff := cmp.Diff(freezes, ch.Freeze, cmpopts.EquateComparable(channel.Date{})); diff != "" {
		t.Errorf("freezes (-want +got):\n%s", diff)
	}
}

// tree is a repository's root with the files given in pairs of name and content.
func tree(files ...string) fstest.MapFS {
	out := fstest.MapFS{}
	for i := 0; i < len(files); i += 2 {
		out["channels/"+files[i]] = &fstest.MapFile{Data: []byte(files[i+1])}
	}
	return out
}

func whole() fstest.MapFS {
	return tree("product.yaml", product, "lts-2.4.yaml", lts, "rolling.yaml", rolling)
}

func TestLoadReadsEveryKey(t *testing.T) {
	fsys := whole()
	fsys["channels/keys/release.pub"] = &fstest.MapFile{Data: []byte("key")}
	fsys["channels/README.md"] = &fstest.MapFile{Data: []byte("about")}
	fsys["channels/.lts-2.4.yaml.swp"] = &fstest.MapFile{Data: []byte("junk")}
	set, err := channel.Load(fsys)
	if err != nil {
		t.Fatal(err)
	}
	wantProduct := channel.Product{
		Name:   "acme",
		Build:  &channel.Build{Command: []string{"./hack/build.sh", "--all"}, Output: "dist"},
		Stores: []channel.Store{{Directory: "../store"}, {Registry: "registry.acme.example/acme"}},
		Images: []channel.Image{{
			Name: "acmed", Repository: "service/acmed", Base: "oci:deploy/base@sha256:2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae",
			Binaries: []string{"acmed", "acmectl"}, Entrypoint: []string{"/usr/local/bin/acmed", "--foreground"}, Cmd: []string{"serve"},
			Env: []string{"GOMAXPROCS=2", "EMPTY="}, User: "1000:1000", Labels: map[string]string{"org.opencontainers.image.vendor": "Acme"},
			Ports: []string{"8080/tcp"}, Files: []channel.ImageFile{{From: "deploy/ca.pem", To: "/etc/ssl/certs/ca.pem", Mode: "0644"}},
		}},
		Signing: channel.Signing{
			Keys: []string{"channels/keys/release.pub"}, Threshold: 1,
		},
		Roles: map[string][]channel.Signer{"qa": {{Name: "qa-1", SSH: qaKey}, {Name: "qa-2", OpenPGP: "channels/keys/qa-2.asc"}}},
		Docs:  channel.Docs{Operator: "docs/operator"},
		Deploy: &channel.ProductDeploy{
			Base: "deploy/base", Engine: "argocd", Repository: "https://acme.example/deploy.git", Branch: "relctl/deploy",
		},
	}
	if diff := cmp.Diff(wantProduct, set.Product); diff != "" {
		t.Errorf("product.yaml (-want +got):\n%s", diff)
	}
	line, _ := release.ParseLine("2.4")
	want := []*channel.Channel{{
		Name: "lts-2.4", Kind: release.LTS, Line: line, Branch: "release/2.4", Tag: "v{version}",
		Accept: []string{"fix", "perf", "security", "docs"}, Source: "rolling",
		Soak: &channel.Soak{Ring: "multi-tenant", For: channel.Duration(72 * time.Hour)},
		Gates: []channel.Gate{
			{Name: "qa", When: release.Planned, Approval: &channel.Approval{Role: "qa", Count: 1}},
			{Name: "e2e", When: release.Built, Command: []string{"./hack/e2e.sh"}, Timeout: channel.Duration(30 * time.Minute)},
		},
		Support: &channel.Support{Maintenance: day(t, "2027-03-01"), EOL: day(t, "2028-03-01")},
		Upgrade: &channel.Upgrade{From: ">=2.2.0"},
	}, {
		Name: "rolling", Kind: release.Rolling, Branch: "main",
		Version: channel.Scheme{Scheme: channel.CalVer, Format: channel.CalVerFormat},
		Rings: []channel.Ring{
			{Name: "dogfood", Cells: []string{"internal"}},
			{Name: "canary", Soak: channel.Duration(2 * time.Hour), Cells: []string{"eu-1"}, Gates: []channel.Gate{
				{Name: "errors", Prometheus: &channel.Prometheus{Query: "rate(errors[5m])", Pass: "value < 0.01"}},
			}},
			{Name: "multi-tenant", Soak: channel.Duration(24 * time.Hour), Cells: []string{"eu-2", "us-1"}},
		},
		Freeze: []channel.Freeze{{Name: "year-end", From: day(t, "2026-12-20"), To: day(t, "2027-01-04"), Timezone: "Europe/Berlin"}},
		Deploy: &channel.Deploy{Engine: "argocd"},
	}}
	if diff := cmp.Diff(want, set.Channels, cmpopts.EquateComparable(release.Line{}, channel.Date{})); diff != "" {
		t.Errorf("channels (-want +got):\n%s", diff)
	}
	files := []string{"channels/keys/release.pub", "channels/lts-2.4.yaml", "channels/product.yaml", "channels/rolling.yaml"}
	if diff := cmp.Diff(files, set.Files); diff != "" {
		t.Errorf("files that were read (-want +got):\n%s", diff)
	}
}

func day(t *testing.T, s string) channel.Date {
	t.Helper()
	d, err := channel.ParseDate(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestWhatAFileLeavesOutHasDefaults(t *testing.T) {
	set, err := channel.Load(tree(
		"product.yaml", "name: acme\nimages: [{name: acmed}]\n",
		"lts.yaml", "kind: lts\nline: '3'\nbranch: three\n",
		"next.yaml", "kind: rolling\nbranch: main\n",
		"lts-2.yaml", "kind: lts\nline: '2'\nbranch: two\n",
		"today.yaml", "kind: rolling\nbranch: main\nversion: {scheme: calver}\nfreeze: [{name: x, from: 2026-01-01, to: 2026-01-01}]\n",
	))
	if err != nil {
		t.Fatal(err)
	}
	if got := set.Product.Goreleaser; got != ".goreleaser.yaml" {
		t.Errorf("goreleaser = %q", got)
	}
	want := channel.Image{Name: "acmed", Repository: "acmed", Base: "scratch", Binaries: []string{"acmed"}}
	if diff := cmp.Diff([]channel.Image{want}, set.Product.Images); diff != "" {
		t.Errorf("image (-want +got):\n%s", diff)
	}
	if got := set.Product.Signing.Threshold; got != 0 {
		t.Errorf("threshold without keys = %d", got)
	}
	var names []string
	for _, c := range set.Channels {
		names = append(names, c.Name)
	}
	if got := strings.Join(names, " "); got != "lts lts-2 next today" {
		t.Errorf("channels are in the order %s", got)
	}
	if got := set.Channels[0].Tag; got != "v{version}" {
		t.Errorf("tag of an lts channel = %q", got)
	}
	next, today := set.Channels[2], set.Channels[3]
	if next.Tag != "" || next.Version.Scheme != channel.SemVer || next.Version.Format != "" {
		t.Errorf("rolling channel = %+v", next)
	}
	if today.Version.Format != channel.CalVerFormat || today.Freeze[0].Timezone != "UTC" {
		t.Errorf("calendar channel = %+v", today)
	}
}

func TestChannelNotFoundNamesTheNearest(t *testing.T) {
	set, err := channel.Load(whole())
	if err != nil {
		t.Fatal(err)
	}
	if c, err := set.Channel("lts-2.4"); err != nil || c.Name != "lts-2.4" {
		t.Fatalf("Channel(lts-2.4) = %v, %v", c, err)
	}
	for asked, hint := range map[string]string{
		"lts-2.5": "did you mean lts-2.4?",
		"roling":  "did you mean rolling?",
		"LTS-2.4": "did you mean lts-2.4?",
		"nightly": "the channels are lts-2.4, rolling",
		"":        "the channels are lts-2.4, rolling",
	} {
		c, err := set.Channel(asked)
		var missing *channel.NotFoundError
		if c != nil || !errors.As(err, &missing) || missing.Hint() != hint {
			t.Errorf("Channel(%q) = %v, %v; want the hint %q", asked, c, err, hint)
		}
	}
}

func TestNoChannelFilesIsAnErrorOfItsOwn(t *testing.T) {
	for name, fsys := range map[string]fs.FS{
		"empty repository":  fstest.MapFS{},
		"empty folder":      tree("README.md", "nothing yet"),
		"a real empty root": os.DirFS(t.TempDir()),
	} {
		_, err := channel.Load(fsys)
		var hinted interface{ Hint() string }
		if !errors.Is(err, channel.ErrNone) || !errors.As(err, &hinted) || !strings.Contains(hinted.Hint(), "channels/product.yaml") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := channel.Load(tree("lts-2.4.yaml", lts)); errors.Is(err, channel.ErrNone) || err == nil {
		t.Errorf("channels without product.yaml: %v", err)
	}
}

func TestTagsAndRefs(t *testing.T) {
	c := &channel.Channel{Branch: "release/2.4", Tag: "acme/v{version}-lts"}
	v := release.MustVersion("2.4.7-rc.1")
	if got := c.TagName(v); got != "acme/v2.4.7-rc.1-lts" {
		t.Errorf("TagName = %s", got)
	}
	if got, ok := c.ParseTag(c.TagName(v)); !ok || got != v {
		t.Errorf("ParseTag(TagName(%s)) = %s, %v", v, got, ok)
	}
	for _, tag := range []string{"", "v2.4.7", "acme/v2.4.7", "acme/v-lts", "acme/v2.4-lts", "acme/vv2.4.7-lts", "acme/v2.4.7-lts ", "acme/v2.4.7+b-lts"} {
		if got, ok := c.ParseTag(tag); ok {
			t.Errorf("ParseTag(%q) = %s", tag, got)
		}
	}
	if got := c.Ref(); got != "refs/heads/release/2.4" {
		t.Errorf("Ref = %s", got)
	}
	untagged := &channel.Channel{}
	if got := untagged.TagName(v); got != "" {
		t.Errorf("a channel without tags names its tag %q", got)
	}
	if _, ok := untagged.ParseTag("2.4.7"); ok {
		t.Error("a channel without tags owns one")
	}
}
