package history_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"

	"github.com/relctl/relctl/pkg/git"
	"github.com/relctl/relctl/pkg/history"
	"github.com/relctl/relctl/pkg/release"
)

// Two fixes are on main. One was picked to the line 2.4 and released there.
func ExampleLoad() {
	dir, err := os.MkdirTemp("", "example-")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir) //nolint:errcheck // a temporary folder
	script := exec.Command("sh", "-ec", `
		git init --quiet --initial-branch=main .
		git config user.name "Dev One"
		git config user.email dev-1@acme.example
		git commit --quiet --allow-empty -m "feat: begin"
		git branch release/2.4
		echo 1 >one && git add one && git commit --quiet -m "fix: count empty orders (#11)"
		echo 2 >two && git add two && git commit --quiet -m "fix: close idle connections (#12)"
		git checkout --quiet release/2.4
		git cherry-pick -x main~1 >pick.log
		git tag v2.4.1`)
	script.Dir, script.Stderr = dir, os.Stderr
	if err := script.Run(); err != nil {
		panic(err)
	}

	ctx := context.Background()
	repo, err := git.Open(ctx, dir)
	if err != nil {
		panic(err)
	}
	defer repo.Close() //nolint:errcheck // nothing was written
	tag, err := repo.Resolve(ctx, "refs/tags/v2.4.1")
	if err != nil {
		panic(err)
	}
	ix, err := history.Load(ctx, repo, history.IndexOptions{
		Main: history.Line{Name: "edge", Ref: "refs/heads/main"},
		Lines: []history.Line{{
			Name: "lts-2.4", Ref: "refs/heads/release/2.4",
			Releases: []history.Released{{Version: release.MustVersion("2.4.1"), Commit: tag}},
		}},
	})
	if err != nil {
		panic(err)
	}
	for _, c := range ix.Changes() {
		s := ix.State(c, "lts-2.4")
		fmt.Printf("#%d %s: %s", c.PR, c.Subject, s.Presence)
		if s.Presence == history.Present {
			fmt.Printf(" since %s by %s (%s)", s.Since, s.By, s.Confidence)
		}
		fmt.Println()
	}
	// Unordered output:
	// #12 close idle connections: missing
	// #11 count empty orders: present since 2.4.1 by trailer (certain)
}
