package main

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/rogpeppe/go-internal/testscript"
)

// workflow is the part of a workflow of GitHub Actions that its jobs are run from.
type workflow struct {
	Permissions map[string]string
	Jobs        map[string]struct {
		If          string
		Permissions map[string]string
		Strategy    struct{ Matrix map[string][]string }
		Outputs     map[string]string
		Steps       []workflowStep
	}
}

type workflowStep struct {
	ID, Name, If, Uses, Run string
	Env, With               map[string]string
}

// workflowRun is one run of a job on a machine of its own.
type workflowRun struct {
	ts     *testscript.TestScript
	home   string // what all jobs of a workflow share: artifacts and outputs
	dir    string // the checkout
	temp   string
	values map[string]string
}

// cmdWorkflow runs a job of a workflow as GitHub does: it follows its steps in a fresh clone of remote.git, runs their
// commands with bash and what they say of the environment, and carries artifacts and outputs from job to job:
// workflow file job [expression=value…]. A value that begins with @ is the content of a file. "merge=<ref>" checks that
// ref out, as for a pull request.
func cmdWorkflow(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) < 2 {
		ts.Fatalf("usage: [!] workflow file job [expression=value…]")
	}
	var w workflow
	ts.Check(yaml.Unmarshal([]byte(ts.ReadFile(args[0])), &w))
	job, ok := w.Jobs[args[1]]
	if !ok {
		ts.Fatalf("%s has no job %s", args[0], args[1])
	}
	if len(w.Permissions) > 0 || len(job.Permissions) == 0 {
		ts.Fatalf("job %s does not name its own permissions", args[1])
	}
	r := newWorkflowRun(ts, args)
	if !r.holds(job.If) {
		ts.Logf("job %s is skipped", args[1])
		if !neg {
			ts.Fatalf("job %s is skipped by its condition", args[1])
		}
		return
	}
	var failed error
	for _, s := range job.Steps {
		if failed != nil && !strings.Contains(s.If, "!cancelled()") || !r.holds(s.If) {
			continue
		}
		switch {
		case s.Run != "":
			failed = errors.Join(failed, r.run(s))
		default:
			r.use(s)
		}
	}
	if (failed != nil) != neg {
		ts.Fatalf("job %s: %v", args[1], failed)
	}
	var lines []string
	for _, name := range slices.Sorted(maps.Keys(job.Outputs)) {
		lines = append(lines, "needs."+args[1]+".outputs."+name+"="+r.expand(job.Outputs[name]))
	}
	ts.Check(os.WriteFile(filepath.Join(r.home, "outputs", args[1]), []byte(strings.Join(lines, "\n")), 0o644))
}

func newWorkflowRun(ts *testscript.TestScript, args []string) *workflowRun {
	r := &workflowRun{ts: ts, home: filepath.Join(ts.Getenv("WORK"), "github"), values: map[string]string{"github.token": "token", "github.actor": "dev"}}
	ts.Check(os.MkdirAll(filepath.Join(r.home, "outputs"), 0o755))
	r.dir = filepath.Join(r.home, "work-"+args[1])
	r.temp = filepath.Join(r.home, "temp-"+args[1])
	ts.Check(errors.Join(os.RemoveAll(r.dir), os.RemoveAll(r.temp), os.MkdirAll(r.dir, 0o755), os.MkdirAll(r.temp, 0o755)))
	r.values["runner.temp"] = r.temp
	done, err := filepath.Glob(filepath.Join(r.home, "outputs", "*"))
	ts.Check(err)
	for _, file := range done {
		r.learn("", ts.ReadFile(file))
	}
	for _, a := range args[2:] {
		name, value, _ := strings.Cut(a, "=")
		if file, ok := strings.CutPrefix(value, "@"); ok {
			value = strings.TrimSuffix(ts.ReadFile(file), "\n")
		}
		r.values[name] = value
	}
	return r
}

// learn takes values from lines.
func (r *workflowRun) learn(prefix, lines string) {
	for line := range strings.Lines(lines) {
		if name, value, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "="); ok {
			r.values[prefix+name] = value
		}
	}
}

var expression = regexp.MustCompile(`\$\{\{ *(.*?) *\}\}`)

// expand replaces expressions by their values.
func (r *workflowRun) expand(text string) string {
	return expression.ReplaceAllStringFunc(text, func(e string) string {
		return r.value(expression.FindStringSubmatch(e)[1])
	})
}

// value is that of an expression: a name, a text in quotes, or the first of several that is not empty. A secret or an
// output that is not there is empty; any other name must be known.
func (r *workflowRun) value(e string) string {
	for one := range strings.SplitSeq(e, " || ") {
		one = strings.TrimSpace(one)
		v, known := r.values[one]
		if strings.HasPrefix(one, "'") {
			v, known = strings.Trim(one, "'"), true
		}
		if !known && !strings.HasPrefix(one, "secrets.") && !strings.Contains(one, ".outputs.") && !strings.HasPrefix(one, "github.event.") {
			r.ts.Fatalf("the test says nothing of the expression %q", one)
		}
		if v != "" {
			return v
		}
	}
	return ""
}

// holds evaluates a condition: comparisons, joined by &&.
func (r *workflowRun) holds(condition string) bool {
	if m := expression.FindStringSubmatch(condition); m != nil {
		condition = m[1]
	}
	for term := range strings.SplitSeq(condition, " && ") {
		if term = strings.TrimSpace(term); term == "" || term == "!cancelled()" {
			continue
		}
		left, right, not := strings.Cut(term, " != ")
		if !not {
			left, right, _ = strings.Cut(term, " == ")
		}
		if (r.value(left) == r.value(right)) == not {
			return false
		}
	}
	return true
}

// run runs the commands of a step.
func (r *workflowRun) run(s workflowStep) error {
	file := func(name string) string { return filepath.Join(r.temp, name) }
	outputs := file("output-" + s.ID)
	env := map[string]string{
		"GITHUB_ACTIONS": "true", "GITHUB_OUTPUT": outputs, "GITHUB_STEP_SUMMARY": file("summary.md"), "GITHUB_PATH": file("path"),
		"RUNNER_TEMP": r.temp, "GITHUB_BASE_REF": r.values["github.base_ref"], "GITHUB_SHA": r.values["github.sha"],
	}
	for name, value := range s.Env {
		env[name] = r.expand(value)
	}
	paths, err := os.ReadFile(file("path"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	path := strings.ReplaceAll(string(paths), "\n", string(os.PathListSeparator)) + r.ts.Getenv("PATH")
	words := []string{"-C", r.dir, "PATH=" + path}
	for _, name := range slices.Sorted(maps.Keys(env)) {
		words = append(words, name+"="+env[name])
	}
	script := file("script.sh")
	if err := os.WriteFile(script, []byte(r.expand(s.Run)), 0o644); err != nil {
		return err
	}
	r.ts.Logf("step %s", s.Name)
	err = r.ts.Exec("env", append(words, "bash", "-e", script)...)
	if made, rerr := os.ReadFile(outputs); rerr == nil && s.ID != "" {
		r.learn("steps."+s.ID+".outputs.", string(made))
	}
	return err
}

// use does what an action does of GitHub's own.
func (r *workflowRun) use(s workflowStep) {
	artifact := filepath.Join(r.home, "artifacts", r.expand(s.With["name"]))
	path := r.expand(s.With["path"])
	if path != "" && !filepath.IsAbs(path) {
		path = filepath.Join(r.dir, path)
	}
	switch s.Uses {
	case "actions/checkout@v5":
		if s.With["fetch-depth"] != "0" {
			r.ts.Fatalf("a shallow clone")
		}
		r.clone()
	case "actions/setup-go@v6":
		r.ts.Check(r.ts.Exec("go", "version"))
	case "actions/upload-artifact@v4":
		info, err := os.Stat(path)
		if errors.Is(err, fs.ErrNotExist) && s.With["if-no-files-found"] != "error" {
			return
		}
		r.ts.Check(err)
		r.ts.Check(os.RemoveAll(artifact))
		r.ts.Check(os.MkdirAll(artifact, 0o755))
		if info.IsDir() {
			r.ts.Check(os.CopyFS(artifact, os.DirFS(path)))
			return
		}
		data, err := os.ReadFile(path)
		r.ts.Check(err)
		r.ts.Check(os.WriteFile(filepath.Join(artifact, filepath.Base(path)), data, 0o644))
	case "actions/download-artifact@v5":
		r.ts.Check(os.MkdirAll(path, 0o755))
		r.ts.Check(os.CopyFS(path, os.DirFS(artifact)))
	default:
		r.ts.Fatalf("the test does not know the action %s", s.Uses)
	}
}

// clone checks out as actions/checkout does: all branches and tags, and the merge of a pull request if there is one.
func (r *workflowRun) clone() {
	git := func(args ...string) { r.ts.Check(r.ts.Exec("git", append([]string{"-C", r.dir}, args...)...)) }
	git("clone", "--quiet", filepath.Join(r.ts.Getenv("WORK"), "remote.git"), ".")
	if merge := r.values["merge"]; merge != "" {
		git("fetch", "--quiet", "origin", fmt.Sprintf("+%s:refs/remotes/pull/merge", merge))
		git("checkout", "--quiet", "--detach", "refs/remotes/pull/merge")
		sha, err := os.ReadFile(filepath.Join(r.dir, ".git", "HEAD"))
		r.ts.Check(err)
		r.values["github.sha"] = strings.TrimSpace(string(sha))
	}
}
