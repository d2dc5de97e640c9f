// Package doctor looks a repository and a machine over for what would keep relctl from releasing, before it does.
package doctor

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/relctl/relctl/pkg/git"
	"github.com/relctl/relctl/pkg/project"
)

// Status is how bad a finding is.
type Status string

// A problem keeps a command from doing its work; a warning will, or makes its result worse.
const (
	OK      Status = "ok"
	Warning Status = "warning"
	Problem Status = "problem"
)

// Finding is what was seen about one subject.
type Finding struct {
	Status Status `json:"status"`
	// Subject is what was looked at, such as git, remote, or the name of a channel.
	Subject string `json:"subject"`
	Text    string `json:"text"`
	// Remedy is what to do, "" if nothing is to be done.
	Remedy string `json:"remedy,omitempty"`
}

// Options say what is looked at.
type Options struct {
	// Dir lies in the repository.
	Dir string
	// Remote to work with; "" takes origin, or the only one there is.
	Remote string
	// Probe pushes a branch relctl/doctor and deletes it, and stages a file in each store and discards it, which shows rules
	// of servers that nothing else does.
	Probe bool
	// Goreleaser is the path of the program, "" for the one on the PATH.
	Goreleaser string
	Now        time.Time
}

// Failed reports whether a finding is a problem.
func Failed(list []Finding) bool {
	for _, f := range list {
		if f.Status == Problem {
			return true
		}
	}
	return false
}

// Examine looks over the machine, the clone, the remote, the channel files and what they name, in that order. What
// cannot be looked at is a finding too; an error is only that of a context that ended.
func Examine(ctx context.Context, opts Options) ([]Finding, error) {
	d := &examination{opts: opts}
	d.all(ctx)
	return d.findings, ctx.Err()
}

type examination struct {
	opts     Options
	repo     *git.Repo
	remote   string
	project  *project.Project
	findings []Finding
}

func (d *examination) add(status Status, subject, remedy, format string, args ...any) {
	d.findings = append(d.findings, Finding{status, subject, fmt.Sprintf(format, args...), remedy})
}

func (d *examination) ok(subject, format string, args ...any) {
	d.add(OK, subject, "", format, args...)
}

// failed is a finding made of an error and its hint.
func (d *examination) failed(status Status, subject string, err error) {
	var hint interface{ Hint() string }
	remedy := ""
	if errors.As(err, &hint) {
		remedy = hint.Hint()
	}
	d.add(status, subject, remedy, "%s", err)
}

// all goes on for as long as what comes next can be looked at.
func (d *examination) all(ctx context.Context) {
	repo, err := git.Open(ctx, d.opts.Dir)
	if err != nil {
		d.failed(Problem, "repository", err)
		return
	}
	defer func() { _ = repo.Close() }()
	d.repo = repo
	whole := d.clone(ctx)
	if !d.reach(ctx) || !whole {
		return
	}
	d.project, err = project.Open(ctx, d.opts.Dir, project.OpenOptions{Remote: d.opts.Remote, Act: true})
	if err != nil {
		d.failed(Problem, "channels", err)
		return
	}
	d.clock(ctx)
	d.push(ctx)
	d.policy(ctx)
	d.signing()
	d.people(ctx)
	d.stores(ctx)
	d.build(ctx)
	d.docs(ctx)
	d.trust(ctx)
	d.record(ctx)
}

// clone looks at what this clone is, and reports whether its history is whole.
func (d *examination) clone(ctx context.Context) bool {
	if name, email, err := d.repo.Identity(ctx); err != nil {
		d.failed(Problem, "git", err)
	} else {
		d.ok("git", "events and tags are made by %s <%s>", name, email)
	}
	shallow, err := d.repo.Shallow()
	switch {
	case err != nil:
		d.failed(Problem, "clone", err)
	case shallow:
		d.add(Problem, "clone", "git fetch --unshallow; in a CI job, check out with fetch-depth: 0", "it ends early (depth 1, or so): which change is in which release cannot be told from it")
	default:
		d.ok("clone", "it has the whole history")
		return true
	}
	return false
}

// reach looks whether the remote answers, and brings the clone up to date.
func (d *examination) reach(ctx context.Context) bool {
	var err error
	if d.remote, err = project.ChooseRemote(ctx, d.repo, project.OpenOptions{Remote: d.opts.Remote, Act: true}); err != nil {
		d.failed(Problem, "remote", err)
		return false
	}
	refs, err := d.repo.LsRemote(ctx, d.remote)
	if err != nil {
		d.failed(Problem, "remote", err)
		return false
	}
	if refs.Head == "" {
		d.add(Problem, "remote", "say which branch is the default one, in the settings of the server", "%s does not say which branch is its default", d.remote)
		return false
	}
	d.ok("remote", "%s answers, its default branch is %s", d.remote, strings.TrimPrefix(refs.Head, "refs/heads/"))
	return true
}
