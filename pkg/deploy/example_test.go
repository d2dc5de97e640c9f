package deploy_test

import (
	"fmt"
	"strings"
	"testing/fstest"

	"github.com/relctl/relctl/pkg/deploy"
	"github.com/relctl/relctl/pkg/release"
)

func Example() {
	source := fstest.MapFS{
		"deploy/base/kustomization.yaml": {Data: []byte("resources: [service.yaml, web.yaml]\n")},
		"deploy/base/service.yaml": {Data: []byte(`apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80}]}
`)},
		"deploy/base/web.yaml": {Data: []byte(`apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: web}]}
`)},
	}
	set, err := deploy.Render(deploy.Input{
		Release: deploy.Release{
			Product: "web", Channel: "rolling", Version: release.MustVersion("2026.103.1"),
			Commit: strings.Repeat("c", 40), Digest: release.Digest([]byte("release.json")),
			Images: []deploy.Image{{Name: "web", Repository: "registry.example/web", Digest: release.Digest([]byte("image"))}},
		},
		Engine: deploy.Flux, Source: source, Base: "deploy/base",
		Ring: deploy.Ring{Name: "canary", Cells: []string{"eu-1"}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	diffs, err := set.Diff(nil) // nothing is deployed yet
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Print(diffs[0].Text())
	// Output:
	// canary/eu-1: nothing -> 2026.103.1
	//   image registry.example/web: none -> sha256:6105d6cc76af
	//   + Deployment web
	//   + Service web
}
