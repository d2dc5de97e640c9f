package handbook

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/relctl/relctl/internal/disk"
	"github.com/relctl/relctl/pkg/channel"
	"github.com/relctl/relctl/pkg/fact"
	"github.com/relctl/relctl/pkg/fact/extract"
	"github.com/relctl/relctl/pkg/gate"
	"github.com/relctl/relctl/pkg/internal/proc"
	"github.com/relctl/relctl/pkg/project"
	"github.com/relctl/relctl/pkg/release"
)

// NoFactsError is a policy that names no sources of facts.
type NoFactsError struct{ Product string }

func (e *NoFactsError) Error() string {
	return "channels/product.yaml does not say where the facts about " + e.Product + " are"
}

// Hint shows how to name a source.
func (*NoFactsError) Hint() string {
	return "name sources, for example docs: {facts: [{kind: config, schema: config/schema.json}]}; relctl schema product lists what there is.\n" +
		"The default branch has the say, for all commits; relctl facts without an argument tries what the working tree says"
}

// Facts gathers the facts of a release, a ref or a commit. Sources are those that the policy names.
func (p *Handbook) Facts(ctx context.Context, name string) (*fact.Set, error) {
	found, err := p.FindCommit(ctx, name)
	if err != nil {
		return nil, err
	}
	s, err := p.factsOf(ctx, p.Policy.Product, found.Commit)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	s.Commit, s.Version = found.Commit, found.Version
	return s, nil
}

// TreeFacts gathers the facts of the working tree, by the sources that its own channel files name.
func (p *Handbook) TreeFacts(ctx context.Context) (*fact.Set, error) {
	root, err := os.OpenRoot(p.Repo.Top())
	if err != nil {
		return nil, err
	}
	defer func() { _ = root.Close() }() // only read
	set, err := channel.Load(root.FS())
	if err != nil {
		return nil, err
	}
	return p.gather(ctx, set.Product, root.FS(), &factRun{project: p.Project, dir: p.Repo.Top()})
}

func (p *Handbook) gather(ctx context.Context, product channel.Product, fsys fs.FS, run *factRun) (*fact.Set, error) {
	if len(product.Docs.Facts) == 0 {
		return nil, &NoFactsError{product.Name}
	}
	s, err := extract.Gather(ctx, fsys, product.Docs.Facts, extract.Options{Run: run.run})
	if err == nil {
		s.Product = product.Name
	}
	return s, err
}

// factRun runs the commands that print facts, in a checkout that is made when the first one asks for it.
type factRun struct {
	project     *project.Project
	commit, dir string
	scratch     string
}

// Limits of a command that prints facts.
const (
	factTimeout = 5 * time.Minute
	maxFactText = 16 << 20
)

func (r *factRun) run(ctx context.Context, argv []string) ([]byte, error) {
	dir, err := r.checkout(ctx)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, factTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	out, talk := limited{left: maxFactText}, limited{left: maxFactText}
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, &out, &talk
	cmd.Env = gate.Environ(gate.Subject{Inputs: release.Inputs{Product: r.project.Policy.Product.Name, Commit: r.commit}})
	err = proc.Run(cmd)
	name := strings.Join(argv, " ")
	switch {
	case ctx.Err() != nil:
		return nil, fmt.Errorf("%s: %w", name, ctx.Err())
	case err != nil:
		return nil, &FactCommandError{Command: name, Said: lastLine(talk.Bytes()), Err: err}
	case out.left < 0 || talk.left < 0:
		return nil, fmt.Errorf("%s prints more than %d bytes", name, maxFactText)
	case len(bytes.TrimSpace(out.Bytes())) == 0:
		return talk.Bytes(), nil // Go's flag package prints help there
	}
	return out.Bytes(), nil
}

func lastLine(text []byte) string {
	text = bytes.TrimSpace(text)
	return string(text[bytes.LastIndexByte(text, '\n')+1:])
}

// FactCommandError is a command that did not print facts.
type FactCommandError struct {
	Command, Said string
	Err           error
}

func (e *FactCommandError) Error() string {
	if e.Said == "" {
		return fmt.Sprintf("%s: %v", e.Command, e.Err)
	}
	return fmt.Sprintf("%s: %v: %.200s", e.Command, e.Err, e.Said)
}
func (e *FactCommandError) Unwrap() error { return e.Err }

// Hint says how to see what is wrong.
func (*FactCommandError) Hint() string {
	return "it runs in a fresh checkout of the commit, where nothing is built; files are to be preferred to commands"
}

func (r *factRun) checkout(ctx context.Context) (string, error) {
	if r.dir != "" {
		return r.dir, nil
	}
	scratch, err := disk.MkdirTemp("", "relctl-facts-")
	if err != nil {
		return "", err
	}
	r.scratch = scratch
	if err := r.project.Repo.Checkout(ctx, scratch, r.project.Remote, r.commit); err != nil {
		return "", err
	}
	r.dir = scratch
	return scratch, nil
}

func (r *factRun) remove() {
	if r.scratch != "" {
		_ = disk.RemoveAll(r.scratch) // a scratch folder
	}
}

// limited keeps what is written to it up to a limit; left is negative when there was more.
type limited struct {
	bytes.Buffer
	left int
}

func (l *limited) Write(p []byte) (int, error) {
	if l.left -= len(p); l.left >= 0 {
		l.Buffer.Write(p)
	}
	return len(p), nil
}
