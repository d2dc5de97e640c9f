package handbook_test

import (
	"context"
	"fmt"
	"os"

	"github.com/relctl/relctl/pkg/handbook"
	"github.com/relctl/relctl/pkg/project"
	"github.com/relctl/relctl/testdata/acme"
)

// The pages that operators of the sample product get with a release of its LTS line.
func ExampleHandbook_Docs() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "acme-")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = os.RemoveAll(dir) }()
	sample, err := acme.Replay(ctx, dir)
	if err != nil {
		fmt.Println(err)
		return
	}
	p, err := project.Open(ctx, sample.Repo, project.OpenOptions{})
	if err != nil {
		fmt.Println(err)
		return
	}
	docs, err := handbook.New(p).Docs(ctx, "2.4.2")
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, page := range docs.Site.Pages {
		fmt.Println(page.Path)
	}
	// Output:
	// backup.md
	// install.md
	// runbooks/acme-down.md
	// runbooks/orders-failing.md
	// troubleshoot.md
	// upgrade.md
	// changelog.md
}
