package git_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/relctl/relctl/pkg/git"
	"github.com/relctl/relctl/pkg/internal/gittest"
)

// More than fit into one exchange, in any mix: each gets the answer that it gets by itself.
func TestManySignaturesAreVerifiedAsEachByItself(t *testing.T) {
	t.Parallel()
	r := gittest.New(t)
	unsigned := r.Commit("feat: unsigned")
	qa, other := gittest.SSHKey(t, "qa-1"), gittest.SSHKey(t, "qa-2")
	r.SignWith(qa)
	signed := r.Commit("approve: one")
	r.SignWith(other)
	byOther := r.Commit("approve: by another")
	altered := rewrite(t, r, signed, func(s string) string { return strings.Replace(s, "one", "two", 1) })
	repo, keys := open(t, r.Dir), keyring(t, git.Signer{Name: "qa-1", SSH: qa.Public})
	var claims []git.Claim
	for i := range 450 {
		claims = append(claims, git.Claim{Commit: []string{signed, unsigned, byOther, altered}[i%4], Keys: keys})
	}
	claims = append(claims, git.Claim{Commit: byOther, Keys: keyring(t, git.Signer{Name: "qa-2", SSH: other.Public})})
	got, err := repo.VerifyCommits(t.Context(), claims)
	if err != nil || len(got) != len(claims) {
		t.Fatalf("%d answers, %v", len(got), err)
	}
	for i, c := range claims {
		want, err := repo.VerifyCommit(t.Context(), c.Commit, c.Keys)
		if got[i] != want || (got[i].Name == "") != (err != nil) {
			t.Errorf("claim %d: got %+v, want %+v, %v", i, got[i], want, err)
		}
	}
	if got[0].Name != "qa-1" || got[len(got)-1].Name != "qa-2" {
		t.Errorf("signed by %+v and %+v", got[0], got[len(got)-1])
	}
	for missing, want := range map[string]string{strings.Repeat("1", 40): "", r.Git("rev-parse", signed+"^{tree}"): "is a tree", "HEAD": "not a full commit id"} {
		_, err := repo.VerifyCommits(t.Context(), append(claims[:3:3], git.Claim{Commit: missing, Keys: keys}))
		if err == nil || !strings.Contains(fmt.Sprint(err), want) || want == "" && !errors.Is(err, git.ErrNotFound) {
			t.Errorf("%s: %v", missing, err)
		}
	}
	if none, err := repo.VerifyCommits(t.Context(), nil); err != nil || len(none) != 0 {
		t.Errorf("of nothing: %v, %v", none, err)
	}
}
