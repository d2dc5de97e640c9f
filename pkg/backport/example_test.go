package backport_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"

	"github.com/relctl/relctl/pkg/backport"
	"github.com/relctl/relctl/pkg/git"
)

// maintained makes a repository whose line is behind main by a feature and two fixes, by git itself.
func maintained(dir string) error {
	const script = `
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1
git init --quiet --initial-branch=main .
git config user.name "Dev One" && git config user.email dev-1@acme.example
printf 'a\nb\nc\n' >orders.txt && git add . && git commit --quiet -m "feat: orders"
git branch release/2.4
printf 'a\nb\nc\nd\n' >orders.txt && git commit --quiet -a -m "feat: orders by day"
printf 'a\nb\nc\nD\n' >orders.txt && git commit --quiet -a -m "fix: orders of a day are sorted"
echo 1 >limit.txt && git add . && git commit --quiet -m "fix: limit bodies"
`
	cmd := exec.Command("sh", "-ec", script)
	cmd.Dir = dir
	return cmd.Run()
}

// Will main's fixes apply to the line? Nothing is picked to find out.
func ExampleForecasts() {
	if err := forecast(context.Background()); err != nil {
		fmt.Println(err)
	}
	// Output:
	// fix: limit bodies: applies
	// fix: orders of a day are sorted: conflicts in orders.txt (content)
}

func forecast(ctx context.Context) (err error) {
	dir, err := os.MkdirTemp("", "example-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	if err := maintained(dir); err != nil {
		return err
	}
	repo, err := git.Open(ctx, dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, repo.Close()) }()
	forecaster, err := repo.Forecaster(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, forecaster.Close()) }()

	line, err := repo.Resolve(ctx, "refs/heads/release/2.4")
	if err != nil {
		return err
	}
	var subjects []string
	var requests []backport.Request
	for c, err := range repo.Log(ctx, git.LogOptions{To: []string{"refs/heads/main"}, Not: []string{line}}) {
		if err != nil {
			return err
		}
		if subject, _, _ := strings.Cut(c.Message, "\n"); strings.HasPrefix(subject, "fix:") {
			change, err := backport.NewChange(ctx, repo, c.ID)
			if err != nil {
				return err
			}
			subjects, requests = append(subjects, subject), append(requests, backport.Request{Change: change, Onto: line})
		}
	}
	found, err := backport.Forecasts(ctx, repo, forecaster, requests, backport.Options{})
	if err != nil {
		return err
	}
	for i, f := range found {
		fmt.Printf("%s: %s", subjects[i], f.Outcome)
		for _, file := range f.Files {
			fmt.Printf(" in %s (%s)", file.Path, file.Kind)
		}
		fmt.Println()
	}
	return nil
}
