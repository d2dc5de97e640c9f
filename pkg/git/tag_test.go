package git_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/relctl/relctl/pkg/git"
	"github.com/relctl/relctl/pkg/internal/gittest"
)

func TestTagTellsAnnotatedFromLightweight(t *testing.T) {
	r := gittest.New(t)
	head := r.Commit("feat: one")
	object := r.Tag("v1.0.0")
	r.LightTag("v1.0.1")
	r.Git("tag", "tree", "HEAD^{tree}")
	repo := open(t, r.Dir)
	got, err := repo.Tag(t.Context(), "v1.0.0")
	if want := (git.Tag{Name: "v1.0.0", Object: object, Commit: head, Message: "v1.0.0\n", Annotated: true}); err != nil || *got != want {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
	got, err = repo.Tag(t.Context(), "v1.0.1")
	if want := (git.Tag{Name: "v1.0.1", Object: head, Commit: head}); err != nil || *got != want {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
	for _, name := range []string{"v2", "tree", "heads/main"} {
		if got, err := repo.Tag(t.Context(), name); !errors.Is(err, git.ErrNotFound) {
			t.Errorf("%s: got %+v, %v", name, got, err)
		}
	}
}

func TestCreatedTagsKeepTheirMessageAndNeverReplace(t *testing.T) {
	r := gittest.New(t)
	head := r.Commit("feat: one")
	r.Git("branch", "v1.0.0") // named like the tag
	repo := open(t, r.Dir)
	const text = "acme 1.0.0\n\n# kept\n\n\nRelease: sha256:00\n"
	object, err := repo.CreateTag(t.Context(), "v1.0.0", head, text)
	if err != nil {
		t.Fatal(err)
	}
	got, err := repo.Tag(t.Context(), "v1.0.0")
	if err != nil || got.Message != text || got.Object != object || got.Commit != head || !got.Annotated {
		t.Errorf("got %+v, %v", got, err)
	}
	if _, err := repo.CreateTag(t.Context(), "v1.0.0", head, "other\n"); err == nil || !strings.Contains(err.Error(), "already exists") {
		t.Errorf("second tag: %v", err)
	}
	for _, name := range []string{"-d", "HEAD", "a b", "", "a..b"} {
		if _, err := repo.CreateTag(t.Context(), name, head, text); err == nil {
			t.Errorf("tag %q was made", name)
		}
	}
	if _, err := repo.CreateTag(t.Context(), "v9", strings.Repeat("1", 40), text); !errors.Is(err, git.ErrNotFound) {
		t.Errorf("tag of nothing: %v", err)
	}
}

func TestTagsAreSignedAsConfigured(t *testing.T) {
	for _, setting := range []string{"tag.gpgSign", "tag.forceSignAnnotated"} {
		t.Run(setting, func(t *testing.T) {
			r := gittest.New(t)
			head := r.Commit("feat: one")
			r.SignWith(gittest.SSHKey(t, "ci-1"))
			r.Git("config", "tag.gpgSign", "false")
			r.Git("config", setting, "true")
			repo := open(t, r.Dir)
			const text = "acme 1.0.0\n\nRelease: sha256:00\n"
			object, err := repo.CreateTag(t.Context(), "v1.0.0", head, text)
			if err != nil {
				t.Fatal(err)
			}
			if raw := r.Git("cat-file", "tag", object); !strings.Contains(raw, "-----BEGIN SSH SIGNATURE-----") {
				t.Errorf("not signed:\n%s", raw)
			}
			if got, err := repo.Tag(t.Context(), "v1.0.0"); err != nil || got.Message != text {
				t.Errorf("message is %q, %v", got.Message, err)
			}
		})
	}
}

func TestATagThatCannotBeSignedIsNotMade(t *testing.T) {
	r := gittest.New(t)
	head := r.Commit("feat: one")
	r.SignWith(gittest.SSHKey(t, "ci-1"))
	r.Git("config", "user.signingKey", "/nowhere/key")
	repo := open(t, r.Dir)
	_, err := repo.CreateTag(t.Context(), "v1", head, "x\n")
	var sign *git.SignError
	if !errors.As(err, &sign) || !strings.Contains(sign.Hint(), "gpg.format") {
		t.Errorf("error is %v", err)
	}
	if _, err := repo.Tag(t.Context(), "v1"); !errors.Is(err, git.ErrNotFound) {
		t.Errorf("the tag is there: %v", err)
	}
}

func TestDeleteTagSparesATagThatMoved(t *testing.T) {
	r := gittest.New(t)
	head := r.Commit("feat: one")
	object := r.Tag("v1")
	repo := open(t, r.Dir)
	for _, wrong := range []string{head, "", object[:10]} {
		if err := repo.DeleteTag(t.Context(), "v1", wrong); err == nil {
			t.Errorf("deleted a tag that is not at %q", wrong)
		}
	}
	if err := repo.DeleteTag(t.Context(), "v1", object); err != nil {
		t.Fatal(err)
	}
	if _, err := repo.Tag(t.Context(), "v1"); !errors.Is(err, git.ErrNotFound) {
		t.Errorf("still there: %v", err)
	}
}
