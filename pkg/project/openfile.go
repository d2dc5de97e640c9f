package project

import (
	"context"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/relctl/relctl/pkg/channel"
	"github.com/relctl/relctl/pkg/git"
)

// propose writes the channel file, onto the tree of the default branch.
func (o *Opening) propose(ctx context.Context, p *Project) error {
	o.Base = p.Policy.Commit
	texts := []string{o.scaffold()}
	if like := p.sibling(o.Source); like != nil {
		data, err := fs.ReadFile(p.Policy.FS, "channels/"+like.Name+".yaml")
		if err != nil {
			return err
		}
		texts = []string{o.derive(string(data)), o.scaffold()}
	}
	tree, err := p.Repo.Tree(o.Base)
	if err != nil {
		return err
	}
	for _, text := range texts {
		o.Text = text
		if o.tree, err = p.Repo.WriteFile(tree, o.File, []byte(text)); err != nil {
			return err
		}
		if err = o.check(ctx, p); err == nil {
			return nil // what was taken from another line may not fit; then the plain file does
		}
	}
	return err
}

// check reads all channel files with the new one among them.
func (o *Opening) check(ctx context.Context, p *Project) error {
	draft, err := o.commit(ctx, p, git.SignNever)
	if err != nil {
		return err
	}
	files, err := p.Repo.FS(ctx, draft)
	if err != nil {
		return err
	}
	_, err = channel.Load(files)
	return err
}

// commit makes the commit that proposes the channel file.
func (o *Opening) commit(ctx context.Context, p *Project, sign git.SignMode) (string, error) {
	return p.Repo.CommitTree(ctx, git.CommitOptions{
		Tree: o.tree, Parents: []string{o.Base}, Sign: sign,
		Message: fmt.Sprintf("ci: open %s at %s %s\n", o.Channel, o.Source, o.Version),
	})
}

func (o *Opening) head() string {
	return fmt.Sprintf("# %s, opened at %s %s.\nkind: lts\nline: %q\nbranch: %s\n", o.Line, o.Source, o.Version, o.Line, o.Branch)
}

// scaffold is a channel file with nothing but what a line needs.
func (o *Opening) scaffold() string {
	text := o.head() + "tag: \"v{version}\"\naccept: [fix, perf, security, docs]\nsource: " + o.Source + "\n"
	if o.rules.Ring != "" && o.rules.For != 0 {
		text += fmt.Sprintf("soak: {ring: %s, for: %s}\n", o.rules.Ring, o.rules.For)
	}
	return text + supportNote
}

const supportNote = "# support: {maintenance: …, eol: …}   say how long customers can count on the line\n"

// derive takes the rules of another line over, but for what is its own.
func (o *Opening) derive(text string) string {
	var b strings.Builder
	b.WriteString(o.head())
	skip := true // also what stands before the first key
	for line := range strings.Lines(text) {
		if c := line[0]; c != ' ' && c != '\t' && c != '-' && c != '#' && c != '\n' && c != '\r' {
			key, _, _ := strings.Cut(line, ":")
			skip = slices.Contains([]string{"kind", "line", "branch", "support"}, key)
		}
		if !skip {
			b.WriteString(line)
		}
	}
	return strings.TrimRight(b.String(), "\n") + "\n" + supportNote
}
