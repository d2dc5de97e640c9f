package git_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/relctl/relctl/pkg/git"
	"github.com/relctl/relctl/pkg/internal/gittest"
)

func TestRefsAreFoundUnderTheirVeryName(t *testing.T) {
	r := gittest.New(t)
	first := r.Commit("feat: one")
	r.Git("tag", "main", first)                         // a tag named like the branch
	r.Git("branch", "refs/heads/ghost", first)          // refs/heads/refs/heads/ghost
	r.Git("branch", first[:40][:39]+"f", first)         // a branch named like a commit id
	r.Git("update-ref", "refs/tags/refs/tags/x", first) // what git's search would find for refs/tags/x
	second := r.Commit("feat: two")
	r.Git("branch", "release/2.4", second)
	repo := open(t, r.Dir)
	for name, want := range map[string]string{
		"refs/heads/main": second, "refs/tags/main": first, "refs/heads/release/2.4": second, first: first,
	} {
		if got, err := repo.Resolve(t.Context(), name); err != nil || got != want {
			t.Errorf("%s is %q, %v, want %s", name, got, err, want)
		}
	}
	for _, name := range []string{
		"refs/heads/ghost", "refs/tags/x", "refs/heads/release", "refs/heads/release/2.4/x", "refs/heads/none",
		first[:39] + "f", strings.Repeat("0", 40),
	} {
		if got, err := repo.Resolve(t.Context(), name); !errors.Is(err, git.ErrNotFound) {
			t.Errorf("%s is %q, %v, want ErrNotFound", name, got, err)
		}
	}
	for _, name := range []string{
		"main", "HEAD", "origin/main", "", "refs/", "refs/heads", "refs/heads/", "refs/heads/../x", "refs/heads/a b", "refs/heads/-x^", "refs/heads/a..b",
		"refs/heads/x.lock", "refs/heads/.x", "refs/heads/x\n", "refs/heads/@{1}", first[:12], "-v", "refs/heads/main^{tree}", strings.ToUpper(first),
	} {
		if got, err := repo.Resolve(t.Context(), name); err == nil || errors.Is(err, git.ErrNotFound) {
			t.Errorf("%q is %q, %v, want an error about the name", name, got, err)
		}
	}
}

func TestPackedAndLooseRefsAreTheSame(t *testing.T) {
	r := gittest.New(t)
	r.Commit("feat: one")
	old := r.Tag("v1")
	r.Git("tag", "-a", "-m", "nested", "nested", "v1")
	r.LightTag("light")
	r.Git("tag", "blob", r.GitIn([]byte("key\n"), "hash-object", "-w", "--stdin"))
	repo := open(t, r.Dir)
	check := func(what string) {
		t.Helper()
		refs, err := repo.Refs(t.Context(), "refs/tags/")
		if err != nil {
			t.Fatal(err)
		}
		nested := r.Git("rev-parse", "refs/tags/nested")
		blob := r.Git("rev-parse", "refs/tags/blob")
		want := []git.Ref{
			{Name: "refs/tags/blob", ID: blob}, {Name: "refs/tags/light", ID: r.Head(), Commit: r.Head()},
			{Name: "refs/tags/nested", ID: nested, Commit: r.Head()}, {Name: "refs/tags/v1", ID: old, Commit: r.Head()},
		}
		if len(refs) != len(want) {
			t.Fatalf("%s: got %v", what, refs)
		}
		for i := range want {
			if refs[i] != want[i] {
				t.Errorf("%s: got %v, want %v", what, refs[i], want[i])
			}
			got, err := repo.Resolve(t.Context(), want[i].Name)
			if got != want[i].Commit || (err == nil) != (want[i].Commit != "") {
				t.Errorf("%s: %s is %q, %v", what, want[i].Name, got, err)
			}
		}
	}
	check("loose")
	r.Git("pack-refs", "--all")
	r.Git("gc", "--quiet")
	check("packed")
	r.Git("tag", "-d", "light") // leaves a change in packed-refs
	r.LightTag("light")
	check("packed and loose")
}

func TestRefsBelowAPrefixOnly(t *testing.T) {
	r := gittest.New(t)
	r.Commit("feat: one")
	r.Branch("release/2.4")
	r.Branch("release-old")
	repo := open(t, r.Dir)
	refs, err := repo.Refs(t.Context(), "refs/heads/release/")
	if err != nil || len(refs) != 1 || refs[0].Name != "refs/heads/release/2.4" {
		t.Errorf("got %v, %v", refs, err)
	}
	if refs, err := repo.Refs(t.Context(), "refs/tags/"); err != nil || len(refs) != 0 {
		t.Errorf("no tags: %v, %v", refs, err)
	}
	for _, bad := range []string{"", "release/", "refs/heads", "--format=x/"} {
		if _, err := repo.Refs(t.Context(), bad); err == nil {
			t.Errorf("prefix %q was accepted", bad)
		}
	}
}

func TestManyTagsArePeeledInOneGo(t *testing.T) {
	r := gittest.New(t)
	head := r.Commit("feat: one")
	var script strings.Builder
	const n = 700 // more than fits into one exchange with cat-file
	for i := range n {
		name := "refs/tags/v0.0." + strings.Repeat("1", i%3+1) + string(rune('a'+i%26)) + strings.Repeat("x", i/26)
		script.WriteString("tag " + strings.TrimPrefix(name, "refs/tags/") + "\nfrom " + head + "\ntagger QA <qa-1@acme.example> 1767603600 +0000\ndata 1\nx\n")
	}
	r.GitIn([]byte(script.String()), "fast-import", "--quiet")
	refs, err := open(t, r.Dir).Refs(t.Context(), "refs/tags/")
	if err != nil || len(refs) != n {
		t.Fatalf("%d refs, %v", len(refs), err)
	}
	for _, ref := range refs {
		if ref.Commit != head || ref.ID == head {
			t.Fatalf("got %+v", ref)
		}
	}
}

func TestUpdateRefMovesOnlyFromWhereItWas(t *testing.T) {
	r := gittest.New(t)
	first, second := r.Commit("feat: one"), r.Commit("feat: two")
	repo := open(t, r.Dir)
	const name = "refs/relctl/x"
	ctx := t.Context()
	if err := repo.UpdateRef(ctx, name, first, second); err == nil {
		t.Error("moved a ref that does not exist")
	}
	if err := repo.UpdateRef(ctx, name, first, ""); err != nil {
		t.Fatal(err)
	}
	if err := repo.UpdateRef(ctx, name, second, ""); err == nil {
		t.Error("created a ref that exists")
	}
	if err := repo.UpdateRef(ctx, name, second, second); err == nil {
		t.Error("moved a ref from elsewhere")
	}
	if err := repo.UpdateRef(ctx, name, second, first); err != nil {
		t.Error(err)
	}
	if got, err := repo.Resolve(ctx, name); err != nil || got != second {
		t.Errorf("ref is %q, %v", got, err)
	}
	if err := repo.UpdateRef(ctx, "x", second, ""); err == nil {
		t.Error("accepted a short name")
	}
}

func TestLookingARefUpDoesNotRunHooks(t *testing.T) {
	r := gittest.New(t)
	head := r.Commit("feat: one")
	mark := filepath.Join(t.TempDir(), "ran")
	hook := filepath.Join(r.Dir, ".git", "hooks", "reference-transaction")
	if err := os.MkdirAll(filepath.Dir(hook), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(hook, []byte("#!/bin/sh\ntouch '"+mark+"'\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := open(t, r.Dir).UpdateRef(t.Context(), "refs/relctl/x", head, ""); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(mark); err == nil {
		t.Error("a hook of the clone ran")
	}
}
