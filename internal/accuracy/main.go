// Command accuracy measures on a real clone how well relctl finds out which change of main a commit of a release branch
// carries, against oracles that share no code with it: the trailers of git cherry-pick -x, which are hidden from it,
// git cherry, and git log --cherry-mark.
//
//	git clone https://github.com/example/product && cd product
//	git fetch origin '+refs/pull/*/head:refs/pull/*/head'      # finds the trailers that squash merges dropped
//	go run ./internal/accuracy --repo ../product --main refs/remotes/origin/main \
//	    --line refs/remotes/origin/release/2.5 --line refs/remotes/origin/release/2.4 --markdown
//
// A branch may have commits of which no oracle knows the truth. So a sample of the disagreements is printed with the
// subjects of both commits, for a person to explain. The same clone always gives the same report.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"

	"github.com/relctl/relctl/pkg/git"
	"github.com/relctl/relctl/pkg/history"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// options are the command line.
type options struct {
	repo, main string
	lines      []string
	sample     int
	markdown   bool
}

func parse(args []string, stderr io.Writer) (*options, error) {
	o := &options{}
	f := flag.NewFlagSet("accuracy", flag.ContinueOnError)
	f.SetOutput(stderr)
	f.StringVar(&o.repo, "repo", ".", "the clone, in this `folder`")
	f.StringVar(&o.main, "main", "", "the full `ref` of the main branch")
	f.Func("line", "the full `ref` of a release branch, the newest first (repeatable)", func(ref string) error {
		o.lines = append(o.lines, ref)
		return nil
	})
	f.IntVar(&o.sample, "sample", 50, "show at most this `number` of disagreements")
	f.BoolVar(&o.markdown, "markdown", false, "print Markdown")
	if err := f.Parse(args); err != nil {
		return nil, err
	}
	if o.main == "" || len(o.lines) == 0 || f.NArg() > 0 {
		return nil, errors.New("give --main and at least one --line")
	}
	for _, ref := range append([]string{o.main}, o.lines...) {
		if !strings.HasPrefix(ref, "refs/") {
			return nil, fmt.Errorf("%q is not a full ref name such as refs/remotes/origin/main", ref)
		}
	}
	return o, nil
}

// run is the program; it returns the exit code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	o, err := parse(args, stderr)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	if err != nil {
		print(stderr, "accuracy: %s\n", err)
		return 2
	}
	if err := o.report(ctx, stdout, index); err != nil {
		print(stderr, "accuracy: %s\n", err)
		return 1
	}
	return 0
}

// index is the detector of relctl.
func index(ctx context.Context, o *options, hideTrailers bool) (Detector, error) {
	repo, err := git.Open(ctx, o.repo)
	if err != nil {
		return nil, err
	}
	defer func() { _ = repo.Close() }() // it was only read
	opts := history.IndexOptions{Main: history.Line{Name: o.main, Ref: o.main}, HideTrailers: hideTrailers}
	for _, ref := range o.lines {
		opts.Lines = append(opts.Lines, history.Line{Name: ref, Ref: ref})
	}
	return history.Load(ctx, repo, opts)
}

// report measures a detector and writes what came out.
func (o *options) report(ctx context.Context, w io.Writer, open func(ctx context.Context, o *options, hideTrailers bool) (Detector, error)) error {
	c := clone{o.repo}
	shallow, err := c.one(ctx, "rev-parse", "--is-shallow-repository")
	if err != nil {
		return err
	}
	if shallow != "false" {
		return fmt.Errorf("%s is a shallow clone, on which every oracle is wrong: git fetch --unshallow", o.repo)
	}
	m := &measurement{clone: c, Result: Result{Main: o.main}}
	if m.branches, err = c.read(ctx, o.main, o.lines); err != nil {
		return err
	}
	if m.known, err = c.known(ctx, m.branches); err != nil {
		return err
	}
	if m.open, err = open(ctx, o, false); err != nil {
		return err
	}
	if m.blind, err = open(ctx, o, true); err != nil {
		return err
	}
	if err := m.measure(ctx); err != nil {
		return err
	}
	shown := sample(m.Disagreements, o.sample)
	if err := m.addTwins(ctx, shown); err != nil {
		return err
	}
	for _, t := range m.tables(shown) {
		if o.markdown {
			t.markdown(w)
		} else {
			t.plain(w)
		}
	}
	return nil
}
