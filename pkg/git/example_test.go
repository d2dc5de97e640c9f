package git_test

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/relctl/relctl/pkg/git"
)

// sample makes a repository with two commits and a tag, by git itself.
func sample(dir string) error {
	const script = `
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1
git init --quiet --initial-branch=main .
git config user.name "Dev One" && git config user.email dev-1@acme.example
mkdir channels && echo "kind: lts" >channels/lts-2.4.yaml
git add . && git commit --quiet -m "feat: serve over TLS"
git tag -a -m v2.4.0 v2.4.0
git commit --quiet --allow-empty -m "fix: close idle connections"
`
	cmd := exec.Command("sh", "-ec", script)
	cmd.Dir = dir
	return cmd.Run()
}

func Example() {
	if err := sinceTag(); err != nil {
		fmt.Println(err)
	}
	// Output:
	// since v2.4.0: fix: close idle connections by Dev One <dev-1@acme.example>
	// at v2.4.0: kind: lts
}

func sinceTag() error {
	dir, err := os.MkdirTemp("", "example-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	if err := sample(dir); err != nil {
		return err
	}

	ctx := context.Background()
	repo, err := git.Open(ctx, filepath.Join(dir, "channels")) // any folder of the clone
	if err != nil {
		return err
	}
	defer func() { _ = repo.Close() }()

	tag, err := repo.Tag(ctx, "v2.4.0")
	if err != nil {
		return err
	}
	for c, err := range repo.Log(ctx, git.LogOptions{To: []string{"refs/heads/main"}, Not: []string{tag.Commit}}) {
		if err != nil {
			return err
		}
		fmt.Println("since", tag.Name+":", strings.TrimSpace(c.Message), "by", c.Author)
	}

	files, err := repo.FS(ctx, tag.Commit)
	if err != nil {
		return err
	}
	data, err := fs.ReadFile(files, "channels/lts-2.4.yaml")
	if err != nil {
		return err
	}
	fmt.Printf("at %s: %s", tag.Name, data)
	return nil
}

func ExampleHashBlob() {
	fmt.Println(git.HashBlob([]byte("kind: lts\n")))
	// Output: 583f11c1b6a175d1ec9652eadd262afb1794b7f1
}

func ExampleParseSigners() {
	_, err := git.ParseSigners([]git.Signer{{Name: "qa-1"}})
	fmt.Println(err)
	// Output: signer qa-1: needs either an SSH or an OpenPGP key
}
