package cli

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/relctl/relctl/pkg/channel"
	"github.com/relctl/relctl/pkg/cut"
	"github.com/relctl/relctl/pkg/release"
	"github.com/relctl/relctl/pkg/rollout"
	"github.com/relctl/relctl/pkg/site"
)

// job is the job of a CI system that a command runs in: what it learns beside what a person reads.
type job struct {
	// github is true in a job of GitHub Actions, which marks errors at the lines that they are about.
	github bool
	// outputs is the file that hands values to later steps and summary the one with the job's page, both of GitHub.
	outputs, summary string
	// dotenv is a file of variables for later jobs, as GitLab reads them.
	dotenv string
}

// jobHere reads from the environment what job this is.
func jobHere() job {
	j := job{dotenv: os.Getenv("RELCTL_OUTPUT")}
	if os.Getenv("GITHUB_ACTIONS") == "true" {
		j.github, j.outputs, j.summary = true, os.Getenv("GITHUB_OUTPUT"), os.Getenv("GITHUB_STEP_SUMMARY")
	}
	return j
}

// output is a value for later steps and jobs.
type output struct{ name, value string }

// tell hands over values and a page about them, to whoever of the job wants them.
func (j job) tell(values []output, page string) error {
	var lines, variables strings.Builder
	for _, o := range values {
		fmt.Fprintf(&lines, "%s=%s\n", o.name, plain(o.value))
		fmt.Fprintf(&variables, "RELCTL_%s=%s\n", strings.ToUpper(o.name), plain(o.value))
	}
	return errors.Join(extend(j.outputs, lines.String()), extend(j.dotenv, variables.String()), extend(j.summary, page))
}

// extend appends to a file of the job.
func extend(path, text string) error {
	if path == "" || text == "" {
		return nil
	}
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return fmt.Errorf("hand over to later steps: %w", err)
	}
	_, err = f.WriteString(text)
	return errors.Join(err, f.Close())
}

// annotate marks an error in the job's log, at the lines that it is about.
func (j job) annotate(s IO, err error) {
	if !j.github {
		return
	}
	places := placesOf(err)
	if len(places) == 0 {
		text := err.Error()
		if h := hint(err); h != "" {
			text += "\nhint: " + h
		}
		places = []site.Problem{{Text: text}}
	}
	for _, p := range places {
		at := "title=relctl"
		if p.File != "" {
			at = "file=" + property(p.File) + ",line=" + strconv.Itoa(max(p.Line, 1)) + "," + at
		}
		s.say("::error %s::%s", at, message(plainLines(p.Text)))
	}
}

// placesOf finds the places that an error is about.
func placesOf(err error) []site.Problem {
	var out []site.Problem
	var wrong channel.Errors
	if errors.As(err, &wrong) {
		for _, e := range wrong {
			out = append(out, site.Problem{File: e.File, Line: e.Line, Text: e.Message})
		}
	}
	var docs *site.ProblemsError
	if errors.As(err, &docs) {
		out = append(out, docs.Problems...)
	}
	return out
}

// message and property write text as workflow commands want it.
// https://docs.github.com/actions/reference/workflow-commands-for-github-actions
func message(text string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A").Replace(text)
}

func property(text string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C").Replace(plain(text))
}

// planned tells the job about a plan.
func (j job) planned(p *release.Plan) error {
	in := p.Inputs
	page := ciChannel{Channel: in.Channel, Plan: p}
	var b strings.Builder
	fmt.Fprintf(&b, "## %s\n", cell(in.Product))
	page.markdown(&b, false)
	return j.tell([]output{
		{"channel", in.Channel}, {"version", in.Version.String()}, {"tag", in.Tag}, {"commit", in.Commit}, {"digest", p.Digest},
		{"changes", strconv.Itoa(len(p.Changes))}, {"blocked", strconv.FormatBool(len(release.Blocking(p.Verdicts)) > 0)},
	}, b.String())
}

// released tells the job about a cut.
func (j job) released(res *cut.Result) error {
	m := res.Manifest
	var b strings.Builder
	fmt.Fprintf(&b, "## %s %s %s\n\n| | |\n|---|---|\n| Commit | %s |\n| release.json | %s |\n", cell(m.Product), cell(m.Channel), m.Version, m.Commit, res.Digest)
	for _, at := range res.Stores {
		fmt.Fprintf(&b, "| Store | %s |\n", cell(at))
	}
	for _, image := range res.Images {
		fmt.Fprintf(&b, "| Image | %s |\n", cell(image))
	}
	if res.DryRun {
		b.WriteString("\nThis was a dry run: nothing was signed or published.\n")
	}
	return j.tell([]output{
		{"channel", m.Channel}, {"version", m.Version.String()}, {"tag", m.Tag}, {"commit", m.Commit}, {"release", res.Digest},
		{"bundle", res.Bundle}, {"dir", res.Dir},
	}, b.String())
}

// rolled tells the job about rings.
func (j job) rolled(name string, out *rollout.Result, dryRun bool) error {
	var b strings.Builder
	fmt.Fprintf(&b, "## Rings of %s\n\n", cell(name))
	for i := range out.Events {
		word := "Recorded"
		if dryRun {
			word = "Would record"
		}
		fmt.Fprintf(&b, "- %s: %s %s\n", word, out.Events[i].Type, cell(out.Events[i].Summary()))
	}
	b.WriteString("\n| Ring | Runs | Next |\n|---|---|---|\n")
	for _, d := range out.Decisions {
		runs := "nothing"
		if !d.Runs.IsZero() {
			runs = d.Runs.String()
		}
		fmt.Fprintf(&b, "| %s | %s | %s: %s |\n", cell(d.Ring), runs, cell(string(d.Action)), cell(d.Reason))
	}
	return j.tell([]output{
		{"channel", name}, {"events", strconv.Itoa(len(out.Events))}, {"deploys", strconv.Itoa(len(out.Deploys))},
	}, b.String())
}
