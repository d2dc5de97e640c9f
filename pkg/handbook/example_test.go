package handbook_test

import (
	"context"
	"fmt"

	"github.com/relctl/relctl/pkg/handbook"
	"github.com/relctl/relctl/pkg/internal/cuttest"
	"github.com/relctl/relctl/pkg/project"
)

// The pages that operators of the sample product get with a release of its LTS line.
func ExampleHandbook_Docs() {
	ctx := context.Background()
	repo, remove := cuttest.Sample()
	defer remove()
	p, err := project.Open(ctx, repo, project.OpenOptions{})
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
