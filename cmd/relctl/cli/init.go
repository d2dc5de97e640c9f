package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/relctl/relctl/internal/durable"
	"github.com/relctl/relctl/pkg/channel"
	"github.com/relctl/relctl/pkg/git"
	"github.com/relctl/relctl/pkg/history"
	"github.com/relctl/relctl/pkg/project"
	"github.com/relctl/relctl/pkg/release"
	"github.com/relctl/relctl/pkg/scaffold"
)

func newInit(s IO) *cobra.Command {
	var remote *string
	var lines []string
	var dryRun bool
	cmd := &cobra.Command{
		Use:   "init",
		Short: "Propose channel files for a repository that has none",
		Long: `init looks at the branches and tags of the remote and at the files of its default branch, and writes channel files that
say what it found: a rolling channel for the default branch, an LTS channel for each of the newest maintained branches
with a release, how the product is built. Every choice is explained in the file and yours to change. Nothing is
committed, and nothing that is there is overwritten.`,
		Example: `  relctl init --dry-run             print the files
  relctl init
  relctl init --line 2.4 --line 2.2`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var asked []release.Line
			for _, text := range lines {
				l, err := release.ParseLine(text)
				if err != nil {
					return usagef("a line is named as in --line 2.4", "%s", err)
				}
				asked = append(asked, l)
			}
			repo, err := git.Open(cmd.Context(), repoFlag(cmd))
			if err != nil {
				return err
			}
			if _, err := os.Lstat(filepath.Join(repo.Top(), "channels")); err == nil {
				return usagef("relctl doctor checks it; relctl schema channel explains every key", "the repository has a folder channels already")
			}
			found, err := survey(cmd.Context(), s, repo, *remote)
			if err != nil {
				return err
			}
			p, err := scaffold.Propose(*found, asked)
			if err != nil {
				return err
			}
			for _, l := range asked {
				if !slices.ContainsFunc(p.Lines, func(has scaffold.Line) bool { return has.Line == l }) {
					return usagef("name it as a branch that the remote has, such as release/"+l.String(), "the remote has no branch for the line %s", l)
				}
			}
			return propose(s, repo, p, dryRun)
		},
	}
	remote = addRemote(cmd)
	cmd.Flags().StringArrayVar(&lines, "line", nil, "make a channel for this `line`, such as 2.4 (repeatable; default: the newest with a release)")
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "print the files, write nothing")
	return cmd
}

// survey reads what a proposal is made from. Branches and tags are those of the remote, or, if it does not answer, those
// that this clone knows.
func survey(ctx context.Context, s IO, repo *git.Repo, name string) (*scaffold.Repository, error) {
	remote, err := project.ChooseRemote(ctx, repo, project.OpenOptions{Remote: name, Act: true})
	if err != nil {
		return nil, err
	}
	address, err := repo.RemoteURL(ctx, remote)
	if err != nil {
		return nil, err
	}
	found := &scaffold.Repository{Name: path.Base(filepath.ToSlash(strings.TrimRight(address, "/")))}
	if found.Default, err = repo.DefaultBranch(ctx, remote); err != nil {
		return nil, err
	}
	heads, tags := "refs/heads/", "refs/tags/"
	refs := func(prefix string) ([]git.Ref, error) { return repo.Refs(ctx, prefix) }
	if there, err := repo.LsRemote(ctx, remote); err == nil {
		refs = func(prefix string) ([]git.Ref, error) { return there.Refs(prefix), nil }
	} else {
		s.say("warning: %s does not answer, so this is what the clone knows of it", remote)
		heads = "refs/remotes/" + remote + "/"
	}
	if found.Branches, err = names(refs, heads); err != nil {
		return nil, err
	}
	if found.Tags, err = names(refs, tags); err != nil {
		return nil, err
	}
	commit, err := repo.Resolve(ctx, "refs/remotes/"+remote+"/"+found.Default)
	if err != nil {
		return nil, usagef("git fetch "+remote, "this clone does not have %s of %s", found.Default, remote)
	}
	found.Conventional, err = conventional(ctx, repo, commit)
	if err != nil {
		return nil, err
	}
	found.Files, err = repo.FS(ctx, commit)
	return found, err
}

// names are the names of refs below a prefix, without it.
func names(refs func(string) ([]git.Ref, error), prefix string) ([]string, error) {
	list, err := refs(prefix)
	var out []string
	for _, r := range list {
		out = append(out, strings.TrimPrefix(r.Name, prefix))
	}
	return out, err
}

// subjects is how many commits show whether a repository writes conventional commits.
const subjects = 200

// conventional reports whether most of the newest commits are conventional.
func conventional(ctx context.Context, repo *git.Repo, head string) (bool, error) {
	n, good := 0, 0
	for c, err := range repo.Log(ctx, git.LogOptions{To: []string{head}, NoMerges: true}) {
		if err != nil {
			return false, err
		}
		if history.Parse(c.Message).Problem == "" {
			good++
		}
		if n++; n == subjects {
			break
		}
	}
	return good*10 >= n*7, nil
}

// propose says what was found, and writes or prints the files.
func propose(s IO, repo *git.Repo, p *scaffold.Proposal, dryRun bool) error {
	s.say("found")
	s.say("  product  %s", p.Product)
	for _, l := range p.Lines {
		s.say("  line     %s, branch %s, %s", l.Line, plain(l.Branch), lastRelease(l))
	}
	if len(p.Lines) == 0 {
		s.say("  line     none: no branch is called like release/2.4")
	}
	if len(p.Others) > 0 {
		var names []string
		for _, l := range p.Others {
			names = append(names, l.String())
		}
		s.say("  left     %s: %s; relctl init --line %s takes one in", release.Count(len(names), "line"), some(names, 4), names[0])
	}
	s.say("  tags     %s", plain(p.Tag))
	s.say("  build    %s", plain(p.Build.String()))
	if p.CI != "" {
		s.say("  jobs     %s", p.CI)
	}
	if err := checked(p); err != nil {
		return err
	}
	for _, f := range p.Files {
		if dryRun {
			s.print("# %s\n%s\n", f.Path, f.Data)
			continue
		}
		to := filepath.Join(repo.Top(), filepath.FromSlash(f.Path))
		if err := durable.Write(to, f.Data, 0o644); err != nil {
			return err
		}
		s.print("wrote %s\n", f.Path)
	}
	if !dryRun {
		s.say("%s", strings.TrimSpace(nextSteps(p)))
	}
	return nil
}

// checked reads the proposal as relctl will read it from the default branch.
func checked(p *scaffold.Proposal) error {
	dir, err := os.MkdirTemp("", "relctl-init-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	for _, f := range p.Files {
		if err := durable.Write(filepath.Join(dir, filepath.FromSlash(f.Path)), f.Data, 0o644); err != nil {
			return err
		}
	}
	var wrong channel.Errors
	_, err = channel.Load(os.DirFS(dir))
	if errors.As(err, &wrong) {
		return fmt.Errorf("what was found makes no valid channel files; write them by hand (relctl schema channel): %w", err)
	}
	return err
}

func lastRelease(l scaffold.Line) string {
	if len(l.Releases) == 0 {
		return "no release"
	}
	return fmt.Sprintf("%s, the last is %s", release.Count(len(l.Releases), "release"), l.Releases[0])
}

// nextSteps are the commands that lead to the first release.
func nextSteps(p *scaffold.Proposal) string {
	var b strings.Builder
	step := 0
	add := func(format string, args ...any) {
		step++
		fmt.Fprintf(&b, "  %d. %s\n", step, fmt.Sprintf(format, args...))
	}
	b.WriteString("next\n")
	add("read the files; every choice has its reason beside it")
	add("relctl key generate --out ../keys && mkdir -p channels/keys && cp ../keys/release.pub channels/keys/")
	add("git add channels && git commit -m 'ci: release with relctl' && git push")
	if len(p.Lines) == 0 {
		add("git push origin %s:refs/heads/release/1.0, and again: relctl init --line 1.0", p.Default)
		return b.String()
	}
	l := p.Lines[0]
	if len(l.Releases) > 0 {
		add("relctl adopt %s   takes over what was released before", l.Channel)
	}
	add("relctl plan %s    what a release would be, and why", l.Channel)
	add("relctl doctor         what else stands in the way")
	return b.String()
}
