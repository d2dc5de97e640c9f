package backport

import (
	"context"

	"github.com/relctl/relctl/pkg/git"
)

// Change is what is taken to a line as a whole: a commit, a merge with its mainline, or several of them in order.
type Change struct {
	// ID is the full id of the commit that names the change.
	ID string
	// Picks in the order in which they are applied.
	Picks []git.Pick
}

// NewChange makes one change of commits in order, which is named by the last. A merge is taken as what it brought to its
// first parent.
func NewChange(ctx context.Context, repo *git.Repo, commits ...string) (Change, error) {
	var c Change
	for _, id := range commits {
		commit, err := repo.Commit(ctx, id)
		if err != nil {
			return Change{}, err
		}
		p := git.Pick{Commit: id}
		if len(commit.Parents) > 1 {
			p.Parent = commit.Parents[0]
		}
		c.Picks = append(c.Picks, p)
	}
	if len(c.Picks) > 0 {
		c.ID = c.Picks[len(c.Picks)-1].Commit
	}
	return c, nil
}
