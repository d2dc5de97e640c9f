package pipeline_test

import (
	"os/exec"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"github.com/relctl/relctl/pkg/pipeline"
)

// full is a product with everything that a pipeline can have to do, and names that a shell or YAML could trip over.
var full = pipeline.Options{
	Command: "relctl ci github", Product: "it's acme", Branch: "main", Keys: []string{"channels/keys/a key.pub", "channels/keys/b.pub"}, Threshold: 2,
	Channels: []pipeline.Channel{{Name: "lts-2.4", LTS: true}, {Name: "rolling", Rings: true}},
	Trust:    true, Artifacts: true, Deploy: "https://git.acme.example/deploy.git", Registries: []string{"registry.acme.example", "ghcr.io"}, Bucket: true,
	Folders: []string{"dist/store"}, Secrets: []string{"VAULT_TOKEN"}, Goreleaser: true, Shards: 3, ShardStore: "s3://it's a bucket?region=eu", Version: "v1.2.3", Image: "golang:1.26",
}

// least is a product with one line and nothing else.
var least = pipeline.Options{
	Command: "relctl ci github", Product: "acme", Branch: "main", Keys: []string{"a.pub"}, Threshold: 1, Setup: "hack/the tools.sh",
	Channels: []pipeline.Channel{{Name: "lts-2.4", LTS: true}}, Image: "golang:1.26",
}

func write(t *testing.T, forge string, o pipeline.Options) map[string]string {
	t.Helper()
	files, err := pipeline.Write(forge, o)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, f := range files {
		out[path.Base(f.Path)] = string(f.Data)
		if !pipeline.Ours(f.Data) {
			t.Errorf("%s does not say who wrote it", f.Path)
		}
		if f.Program != (forge == "generic") {
			t.Errorf("%s: executable is %v", f.Path, f.Program)
		}
	}
	return out
}

func TestEveryPipelineIsWellFormed(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]pipeline.Options{"full": full, "least": least} {
		for _, forge := range pipeline.Forges() {
			for file, text := range write(t, forge, o) {
				if strings.Contains(text, "[[") || strings.Contains(text, "<no value>") {
					t.Errorf("%s %s: a template shows:\n%s", name, file, text)
				}
				if forge != "generic" {
					var any map[string]any
					if err := yaml.Unmarshal([]byte(text), &any); err != nil {
						t.Errorf("%s %s: %v", name, file, err)
					}
					continue
				}
				cmd := exec.CommandContext(t.Context(), "sh", "-n")
				cmd.Stdin = strings.NewReader(text)
				if out, err := cmd.CombinedOutput(); err != nil {
					t.Errorf("%s %s: %v: %s", name, file, err, out)
				}
			}
		}
	}
}

func TestJobsWithoutWorkAreLeftOut(t *testing.T) {
	t.Parallel()
	for forge, jobs := range map[string][]string{"github": {"release-schedule.yml"}, "generic": {"advance", "refresh", "build"}} {
		got, all := write(t, forge, least), write(t, forge, full)
		for _, job := range jobs {
			if _, ok := got[job]; ok {
				t.Errorf("%s: %s is there without work", forge, job)
			}
			if _, ok := all[job]; !ok {
				t.Errorf("%s: %s is missing", forge, job)
			}
		}
	}
	gitlab := write(t, "gitlab", least)["relctl.yml"]
	for _, job := range []string{"relctl-advance:", "relctl-refresh:", "relctl-build:", "--from-shards", "RELCTL_CHANNEL_KEY", "RELCTL_REGISTRY"} {
		if strings.Contains(gitlab, job) {
			t.Errorf("gitlab: %s is there without work", job)
		}
	}
	if _, err := pipeline.Write("jenkins", least); err == nil || !strings.Contains(err.Error(), "github, gitlab, generic") {
		t.Errorf("an unknown forge gave %v", err)
	}
}

// What a stranger's pull request runs must not write anything, nor see a secret; what writes must not run it.
func TestAWorkflowGivesEachJobOnlyWhatItNeeds(t *testing.T) {
	t.Parallel()
	var w struct {
		On          map[string]any
		Permissions map[string]string
		Jobs        map[string]struct {
			Environment string
			Permissions map[string]string
			Steps       []struct {
				Uses, Run string
				Env       map[string]string
			}
		}
	}
	want := map[string]string{
		"release-plan.yml plan": "contents=read", "release-plan.yml comment": "pull-requests=write",
		"release.yml plan": "contents=read", "release.yml build": "contents=read packages=write", "release.yml cut": "contents=write packages=write", "release.yml verify": "contents=read",
		"release-schedule.yml advance": "contents=write", "release-schedule.yml refresh": "contents=write packages=write",
	}
	for file, text := range write(t, "github", full) {
		w.Jobs, w.On = nil, nil
		if err := yaml.Unmarshal([]byte(text), &w); err != nil {
			t.Fatal(err)
		}
		if _, bad := w.On["pull_request_target"]; bad || len(w.Permissions) > 0 {
			t.Errorf("%s allows more than its jobs need", file)
		}
		for name, job := range w.Jobs {
			var got []string
			for what, how := range job.Permissions {
				got = append(got, what+"="+how)
			}
			slices.Sort(got)
			if got := strings.Join(got, " "); got != want[file+" "+name] {
				t.Errorf("%s %s may %q, want %q", file, name, got, want[file+" "+name])
			}
			secret := false
			for _, s := range job.Steps {
				if strings.Contains(s.Run, "${{") {
					t.Errorf("%s %s: an expression stands in a script, where its value could be code", file, name)
				}
				if s.Uses != "" && !strings.HasPrefix(s.Uses, "actions/") {
					t.Errorf("%s %s uses %s, which is not GitHub's own", file, name, s.Uses)
				}
				for _, value := range s.Env {
					secret = secret || strings.Contains(value, "secrets.")
				}
			}
			if secret && got[0] == "contents=read" && name != "build" { // which signs its part, in an environment of its own
				t.Errorf("%s %s only reads, and gets secrets", file, name)
			}
			if want := map[string]string{"cut": "release", "build": "release-build"}[name]; job.Environment != want {
				t.Errorf("%s %s: environment %q", file, name, job.Environment)
			}
		}
	}
}
