package pipeline_test

import (
	"fmt"
	"log"

	"github.com/relctl/relctl/pkg/pipeline"
)

func ExampleWrite() {
	files, err := pipeline.Write("github", pipeline.Options{
		Command: "relctl ci github", Product: "acme", Branch: "main", Keys: []string{"channels/keys/release.pub"}, Threshold: 1,
		Channels: []pipeline.Channel{{Name: "lts-2.4", LTS: true}}, Version: "v1.2.3",
	})
	if err != nil {
		log.Fatal(err)
	}
	for _, f := range files {
		fmt.Println(f.Path)
	}
	// Output:
	// .github/workflows/release-plan.yml
	// .github/workflows/release.yml
}
