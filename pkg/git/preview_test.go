package git_test

import (
	"path/filepath"
	"testing"

	"github.com/relctl/relctl/pkg/git"
	"github.com/relctl/relctl/pkg/internal/gittest"
)

func TestAPreviewMovesOneBranchAndNothingElse(t *testing.T) {
	t.Parallel()
	w := gittest.New(t)
	w.Commit("feat: begin", "a", "1")
	base := w.Head()
	w.Tag("v1.0.0")
	w.Branch("release/1.0")
	w.Checkout("main")
	w.Push()
	w.Git("fetch", "--quiet", "origin")
	w.Commit("fix: one more", "a", "2")
	head := w.Head()
	repo, err := git.Open(t.Context(), w.Dir)
	if err != nil {
		t.Fatal(err)
	}
	dst := filepath.Join(t.TempDir(), "preview")
	if err := repo.Preview(t.Context(), dst, "origin", "main", head); err != nil {
		t.Fatal(err)
	}
	preview, err := git.Open(t.Context(), dst)
	if err != nil {
		t.Fatal(err)
	}
	for ref, want := range map[string]string{"refs/remotes/origin/main": head, "refs/remotes/origin/release/1.0": base} {
		if got, err := preview.Resolve(t.Context(), ref); err != nil || got != want {
			t.Errorf("%s stands at %s (%v), want %s", ref, got, err, want)
		}
	}
	if tag, err := preview.Tag(t.Context(), "v1.0.0"); err != nil || tag.Commit != base {
		t.Errorf("the tag is %+v, %v", tag, err)
	}
	if got := w.Git("rev-parse", "refs/remotes/origin/main"); got != base {
		t.Errorf("the clone's own ref moved to %s", got)
	}
	if err := repo.Preview(t.Context(), filepath.Join(t.TempDir(), "none"), "origin", "main", "1234"); err == nil {
		t.Error("a commit that is not there was taken")
	}
}
