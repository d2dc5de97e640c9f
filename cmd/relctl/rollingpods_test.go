package main

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"path"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
)

const rollingDeployment = `apiVersion: apps/v1
kind: Deployment
metadata: {name: acme}
spec:
  selector: {matchLabels: {app: acme}}
  template:
    metadata: {labels: {app: acme}}
    spec: {containers: [{name: acme, image: "registry.example/acme@sha256:1111111111111111111111111111111111111111111111111111111111111111"}]}
`

// A release with the same images says its version, and restarts no pod. Only another image does. What is rendered anew
// is the same byte by byte.
func TestOnlyAnotherImageRestartsPods(t *testing.T) {
	t.Parallel()
	s := newStory(t, 1)
	advance := act{what: "advance", ring: none, release: none}
	s.write("clone-0/deploy/base/kustomization.yaml", "resources: [service.yaml, deployment.yaml]\n", 0o644)
	next := func(deployment string) (manifests string, spec any) {
		s.write("clone-0/deploy/base/deployment.yaml", deployment, 0o644)
		s.commit("fix: more")
		s.commits++
		s.release(crash{})
		s.pass(time.Minute)
		s.do(advance, crash{})
		return s.rendered(0)
	}
	first, pods := next(rollingDeployment)
	if !strings.Contains(first, s.versions()[0].String()) || pods == nil {
		t.Fatalf("the first release is not to be seen in\n%s", first)
	}
	second, same := next(rollingDeployment)
	if !strings.Contains(second, s.versions()[1].String()) || !reflect.DeepEqual(pods, same) {
		t.Errorf("a version makes of\n%v\nthis:\n%v", pods, same)
	}
	s.do(act{what: "reject", ring: none, release: 1}, crash{}) // it makes room
	if _, other := next(strings.ReplaceAll(rollingDeployment, "1111", "2222")); reflect.DeepEqual(pods, other) {
		t.Errorf("another image changes nothing in\n%v", other)
	}
	s.do(act{what: "rollback", ring: 0, release: 0}, crash{})
	if back, _ := s.rendered(0); back != first {
		t.Errorf("the first release was\n%s\nand is\n%s", first, back)
	}
	tree := s.gitIn(s.bare, "rev-parse", "relctl/deploy^{tree}")
	s.gitIn(s.bare, "update-ref", "-d", "refs/heads/relctl/deploy")
	s.do(advance, crash{})
	if anew := s.gitIn(s.bare, "rev-parse", "relctl/deploy^{tree}"); anew != tree {
		t.Errorf("the deploy branch made anew is %s, not %s", anew, tree)
	}
}

// rendered are the manifests of a ring's cell, and the spec of its Deployment with the template of its pods.
func (s *story) rendered(ring int) (manifests string, spec any) {
	s.t.Helper()
	data, err := fs.ReadFile(s.deployBranch(), path.Join("rendered", modelRingName(ring), modelCellName(ring), "manifests.yaml"))
	s.must(err)
	for d := yaml.NewDecoder(bytes.NewReader(data)); ; {
		var object map[string]any
		if err := d.Decode(&object); errors.Is(err, io.EOF) {
			return string(data), spec
		} else if err != nil {
			s.t.Fatal(err)
		}
		if object["kind"] == "Deployment" {
			spec = object["spec"]
		}
	}
}
