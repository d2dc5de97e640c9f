package history

import (
	"cmp"
	"context"
	"slices"

	"github.com/relctl/relctl/pkg/git"
)

// inverses tells reverts that undo what they name from those that say so and do something else.
type inverses struct {
	repo *git.Repo
	git  *git.Forecaster // from the first question on
}

func (v *inverses) close() error {
	if v.git == nil {
		return nil
	}
	return v.git.Close()
}

// undoes reports whether a commit does to the tree before it what git revert does with the targets, and nothing else.
func (v *inverses) undoes(ctx context.Context, u *unit, targets []*unit) (bool, error) {
	if len(u.commit.Parents) == 0 {
		return false, nil
	}
	if v.git == nil {
		var err error
		if v.git, err = v.repo.Forecaster(ctx); err != nil {
			return false, err
		}
	}
	targets = slices.SortedFunc(slices.Values(targets), func(a, b *unit) int { return cmp.Compare(a.order, b.order) }) // newest first
	at := u.commit.Parents[0]
	for _, t := range targets {
		try := git.Try{Commit: t.commit.ID, Revert: true, Onto: at}
		if t.merge() {
			try.Parent = t.commit.Parents[0]
		}
		out, err := v.git.Picks(ctx, []git.Try{try})
		if err != nil || !out[0].Clean {
			return false, err
		}
		at = out[0].Tree
	}
	return at == u.commit.Tree, nil
}
