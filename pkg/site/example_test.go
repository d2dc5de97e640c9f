package site_test

import (
	"fmt"

	"github.com/relctl/relctl/pkg/site"
)

// A site of one page, which links to a page that is not there.
func ExampleBuild() {
	built, err := site.Build(site.Site{
		Product: "acme", Version: "2.4.7", Channel: "lts-2.4",
		Pages: []site.Page{{Path: "install.md", Markdown: []byte("# Install\n\nFirst see [the requirements](requirements.md).\n")}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, f := range built.Files {
		if f.Path == "install.html" || f.Path == "single.html" {
			fmt.Println(f.Path)
		}
	}
	for _, p := range built.Problems {
		fmt.Printf("%s:%d: %s\n", p.File, p.Line, p.Text)
	}
	// Output:
	// install.html
	// single.html
	// install.md:3: the link "requirements.md" leads to requirements.md, which does not exist
}
