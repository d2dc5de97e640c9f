package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/goccy/go-yaml"
	"github.com/rogpeppe/go-internal/testscript"
)

// gitlabJob is the part of a job of GitLab CI that it is run from.
type gitlabJob struct {
	Extends      string
	Variables    map[string]string
	Needs        []string
	BeforeScript *[]string `yaml:"before_script"`
	Script       []string
	Artifacts    struct {
		Paths   []string
		Reports struct{ Dotenv string }
	}
}

// cmdGitLab runs a job of GitLab CI as a runner does: in a clone of one commit of remote.git, with the variables of the
// job, of its pipeline and of the dotenv files of the jobs that it needs: gitlab file job [variable=value…]. A value that
// begins with @ is the content of a file. "ref=<ref>" is what the pipeline is for.
func cmdGitLab(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) < 2 {
		ts.Fatalf("usage: [!] gitlab file job [variable=value…]")
	}
	var jobs map[string]gitlabJob
	ts.Check(yaml.Unmarshal([]byte(ts.ReadFile(args[0])), &jobs))
	job, ok := jobs[args[1]]
	if !ok {
		ts.Fatalf("%s has no job %s", args[0], args[1])
	}
	job = job.with(jobs)
	home := filepath.Join(ts.Getenv("WORK"), "gitlab")
	dir := filepath.Join(home, "builds-"+args[1])
	ts.Check(errors.Join(os.RemoveAll(dir), os.MkdirAll(dir, 0o755)))
	env := map[string]string{"GITLAB_CI": "true", "CI_BUILDS_DIR": home, "CI_JOB_ID": args[1], "CI_PROJECT_URL": "file://" + filepath.Join(ts.Getenv("WORK"), "remote"), "ref": "refs/heads/main"}
	for _, need := range job.Needs {
		ts.Check(os.CopyFS(dir, os.DirFS(filepath.Join(home, "artifacts", need))))
		data, err := os.ReadFile(filepath.Join(home, "dotenv", need))
		if !errors.Is(err, fs.ErrNotExist) {
			ts.Check(err)
		}
		setLines(env, strings.Split(string(data), "\n")...)
	}
	for _, a := range args[2:] {
		name, value, _ := strings.Cut(a, "=")
		if file, ok := strings.CutPrefix(value, "@"); ok {
			value = strings.TrimSuffix(ts.ReadFile(file), "\n")
		}
		env[name] = value
	}
	for range 2 { // a variable may name another one
		for name, value := range job.Variables {
			env[name] = os.Expand(value, func(v string) string { return env[v] })
		}
	}
	if env["GIT_STRATEGY"] != "none" {
		gitlabCheckout(ts, dir, env)
	}
	words := []string{"-C", dir}
	for _, name := range slices.Sorted(maps.Keys(env)) {
		words = append(words, name+"="+env[name])
	}
	var script strings.Builder
	for _, line := range slices.Concat(*job.BeforeScript, job.Script) {
		script.WriteString(line + "\n")
	}
	err := ts.Exec("env", append(words, "bash", "-e", "-o", "pipefail", "-c", script.String())...)
	if (err != nil) != neg {
		ts.Fatalf("job %s: %v", args[1], err)
	}
	job.keep(ts, dir, home, args[1])
}

// setLines adds lines such as NAME=value.
func setLines(env map[string]string, lines ...string) {
	for _, line := range lines {
		if name, value, ok := strings.Cut(line, "="); ok {
			env[name] = value
		}
	}
}

// with is the job with what it inherits.
func (j gitlabJob) with(jobs map[string]gitlabJob) gitlabJob {
	if j.Extends == "" {
		return j
	}
	from := jobs[j.Extends].with(jobs)
	variables := map[string]string{}
	maps.Copy(variables, from.Variables)
	maps.Copy(variables, j.Variables)
	j.Variables = variables
	if j.BeforeScript == nil {
		j.BeforeScript = from.BeforeScript
	}
	return j
}

// gitlabCheckout fetches what a pipeline is for, and nothing else.
func gitlabCheckout(ts *testscript.TestScript, dir string, env map[string]string) {
	if env["GIT_DEPTH"] != "0" {
		ts.Fatalf("a shallow clone")
	}
	git := func(args ...string) { ts.Check(ts.Exec("git", append([]string{"-C", dir}, args...)...)) }
	git("init", "--quiet", ".")
	git("remote", "add", "origin", filepath.Join(ts.Getenv("WORK"), "remote.git"))
	git("fetch", "--quiet", "origin", "+"+env["ref"]+":refs/pipelines/1")
	git("checkout", "--quiet", "--force", "--detach", "refs/pipelines/1")
	sha, err := os.ReadFile(filepath.Join(dir, ".git", "HEAD"))
	ts.Check(err)
	env["CI_COMMIT_SHA"] = strings.TrimSpace(string(sha))
}

// keep puts the artifacts of a job where others find them.
func (j gitlabJob) keep(ts *testscript.TestScript, dir, home, name string) {
	to := filepath.Join(home, "artifacts", name)
	ts.Check(errors.Join(os.RemoveAll(to), os.MkdirAll(to, 0o755), os.MkdirAll(filepath.Join(home, "dotenv"), 0o755)))
	for _, path := range j.Artifacts.Paths {
		from := filepath.Join(dir, path)
		info, err := os.Stat(from)
		switch {
		case errors.Is(err, fs.ErrNotExist):
		case err == nil && info.IsDir():
			ts.Check(os.CopyFS(filepath.Join(to, path), os.DirFS(from)))
		default:
			data, err := os.ReadFile(from)
			ts.Check(errors.Join(err, os.WriteFile(filepath.Join(to, path), data, 0o644)))
		}
	}
	if file := j.Artifacts.Reports.Dotenv; file != "" {
		data, err := os.ReadFile(filepath.Join(dir, file))
		if errors.Is(err, fs.ErrNotExist) {
			return // the job did not come that far
		}
		ts.Check(errors.Join(err, os.WriteFile(filepath.Join(home, "dotenv", name), data, 0o644)))
	}
}

// cmdForge starts a server that keeps the notes of a merge request as GitLab's API does, sets FORGE to its address, and
// writes all notes to the file $WORK/notes.json after each change.
func cmdForge(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) > 0 {
		ts.Fatalf("usage: forge")
	}
	type note struct {
		ID   int    `json:"id"`
		Body string `json:"body"`
	}
	var mu sync.Mutex
	notes := []note{{1, "looks good to me"}}
	const at = "/projects/7/merge_requests/3/notes"
	file := ts.MkAbs("notes.json")
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		rest, ok := strings.CutPrefix(r.URL.Path, at)
		switch id, _ := strconv.Atoi(strings.TrimPrefix(rest, "/")); {
		case !ok || r.Header.Get("PRIVATE-TOKEN") != "secret":
			http.Error(w, "no", http.StatusForbidden)
			return
		case r.Method == http.MethodPost && rest == "":
			notes = append(notes, note{len(notes) + 1, r.FormValue("body")})
		case r.Method == http.MethodPut && id > 0 && id <= len(notes):
			notes[id-1].Body = r.FormValue("body")
		case r.Method != http.MethodGet:
			http.Error(w, fmt.Sprintf("%s %s", r.Method, r.URL.Path), http.StatusNotFound)
			return
		}
		data, err := json.Marshal(notes)
		if err == nil {
			err = os.WriteFile(file, data, 0o644)
		}
		if err == nil {
			_, err = w.Write(data)
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
		}
	}))
	ts.Defer(server.Close)
	ts.Setenv("FORGE", server.URL)
}
