package scaffold_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/relctl/relctl/pkg/channel"
	"github.com/relctl/relctl/pkg/release"
	"github.com/relctl/relctl/pkg/scaffold"
)

func propose(t *testing.T, r scaffold.Repository, lines ...string) *scaffold.Proposal {
	t.Helper()
	if r.Default == "" {
		r.Default = "main"
	}
	if r.Files == nil {
		r.Files = fstest.MapFS{}
	}
	var asked []release.Line
	for _, text := range lines {
		l, err := release.ParseLine(text)
		if err != nil {
			t.Fatal(err)
		}
		asked = append(asked, l)
	}
	p, err := scaffold.Propose(r, asked)
	if err != nil {
		t.Fatal(err)
	}
	fsys := fstest.MapFS{}
	for _, f := range p.Files {
		fsys[f.Path] = &fstest.MapFile{Data: f.Data}
	}
	if _, err := channel.Load(fsys); err != nil {
		t.Fatalf("relctl does not read what is proposed: %v", err)
	}
	return p
}

func TestBranchesOfLinesAreKnownByHowProjectsNameThem(t *testing.T) {
	for branch, want := range map[string]string{
		"release/2.4": "2.4", "release-2.4": "2.4", "releases/v2.4": "2.4", "rel-2.4": "2.4", "release-2.4.x": "2.4", "v2.4.x": "2.4", "2.4": "2.4",
		"2.4-stable": "2.4", "16-3-stable": "16.3", "stable-2.4": "2.4", "stable/2.4": "2.4", "maint-1": "1", "v7.x": "7", "3.x": "3", "branch-4.1": "4.1",
		"support/2.4": "2.4", "lts/2.4": "2.4", "release-2": "2", "release-branch-2.4": "2.4",
		"main": "", "release-2.4.6": "", "fix-2": "", "feature/2.4": "", "release/next": "", "dependabot/go_modules/release-1.29": "", "4667": "",
		"release/02.4": "", "release-2.4-fix": "", "v2-api": "", "release/99999999999.1": "",
	} {
		p := propose(t, scaffold.Repository{Branches: []string{"main", branch}})
		got := ""
		if len(p.Lines) > 0 {
			got = p.Lines[0].String()
		}
		if got != want {
			t.Errorf("%s is line %q, want %q", branch, got, want)
		}
	}
}

func TestTheFormOfTagsIsThatOfMostReleasesOfTheLines(t *testing.T) {
	for _, c := range []struct{ tags, want string }{
		{"v2.4.0 v2.4.1 helm-2.4.1", "v{version}"},
		{"2.4.0 2.4.1 v0.9.0", "{version}"},
		{"app/v2.4.0 app/v2.4.1 lib/v1.0.0 lib/v1.1.0 lib/v1.2.0", "app/v{version}"},
		{"release-2.4.0", "release-{version}"},
		{"v2.4.0-rc.1 v2.4.0", "v{version}"},
		{"nightly latest 2024-01-02", "v{version}"},
		{"", "v{version}"},
	} {
		p := propose(t, scaffold.Repository{Branches: []string{"release/2.4"}, Tags: strings.Fields(c.tags)})
		if p.Tag != c.want {
			t.Errorf("%s: %s, want %s", c.tags, p.Tag, c.want)
		}
	}
}

func TestTheNewestLinesWithAReleaseGetAChannel(t *testing.T) {
	r := scaffold.Repository{Tags: []string{"v1.0.0", "v1.1.0", "v1.2.0", "v1.2.1", "v1.2.1-rc.1", "v1.3.0"}}
	for minor := range 5 {
		r.Branches = append(r.Branches, fmt.Sprintf("release/1.%d", minor))
	}
	say := func(p *scaffold.Proposal) string {
		var names []string
		for _, l := range p.Lines {
			names = append(names, l.Channel)
		}
		return strings.Join(names, " ")
	}
	p := propose(t, r)
	if got := say(p); got != "lts-1.3 lts-1.2 lts-1.1" || len(p.Others) != 2 {
		t.Errorf("%s, and left %v", got, p.Others)
	}
	if r := p.Lines[1].Releases; len(r) != 2 || r[0].String() != "1.2.1" {
		t.Errorf("releases of 1.2: %v", r)
	}
	if got := say(propose(t, r, "1.4", "1.0")); got != "lts-1.4 lts-1.0" {
		t.Error(got)
	}
	r.Branches = append(r.Branches, "release/1")
	if got := say(propose(t, r)); got != "lts-1.3 lts-1.2 lts-1.1" {
		t.Errorf("a line that holds the others: %s", got)
	}
}

func TestHowItIsBuiltIsSeenInItsFiles(t *testing.T) {
	main, lib := &fstest.MapFile{Data: []byte("package main\n")}, &fstest.MapFile{Data: []byte("package lib\n")}
	empty := &fstest.MapFile{}
	for _, c := range []struct {
		files fstest.MapFS
		want  string
	}{
		{fstest.MapFS{".goreleaser.yml": empty, "go.mod": empty, "main.go": main}, "goreleaser, .goreleaser.yml"},
		{fstest.MapFS{"go.mod": empty, "main.go": main, "cmd/b/b.go": main, "cmd/lib/l.go": lib}, "go build -trimpath -buildvcs=false -o dist/ ./ ./cmd/b"},
		{fstest.MapFS{"go.mod": empty, "gen.go": &fstest.MapFile{Data: []byte("//go:build ignore\n\npackage main\n")}, "lib.go": lib, "Makefile": empty}, "make dist (a guess)"},
		{fstest.MapFS{"package.json": empty}, "npm run build (a guess)"},
		{fstest.MapFS{}, "make dist (a guess)"},
	} {
		if got := propose(t, scaffold.Repository{Files: c.files}).Build.String(); got != c.want {
			t.Errorf("%s, want %s", got, c.want)
		}
	}
}

func TestNamesOfRepositoriesBecomeNamesOfProducts(t *testing.T) {
	for in, want := range map[string]string{"Acme Server.git": "acme-server", "argo-cd": "argo-cd", "4711": "4711", "null": "null", "": "product", "..": "product", "日本": "product", strings.Repeat("x", 100): strings.Repeat("x", 60)} {
		if got := propose(t, scaffold.Repository{Name: in}).Product; got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}
