package doctor

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/relctl/relctl/pkg/build"
	"github.com/relctl/relctl/pkg/channel"
	"github.com/relctl/relctl/pkg/git"
	"github.com/relctl/relctl/pkg/handbook"
	"github.com/relctl/relctl/pkg/plan"
	"github.com/relctl/relctl/pkg/publish"
	"github.com/relctl/relctl/pkg/release"
	"github.com/relctl/relctl/pkg/sign"
)

// policy looks whether every channel has its branch, and whether the ledger knows its releases.
func (d *examination) policy(ctx context.Context) {
	p := d.project.Policy
	d.ok("channels", "%s on %s: %s", release.Count(len(p.Channels), "channel"), p.Branch, strings.Join(channelNames(p), ", "))
	for _, ch := range p.Channels {
		ref := plan.RemoteRef(d.remote, ch.Branch)
		if _, err := d.repo.Resolve(ctx, ref); err != nil {
			d.failed(Problem, ch.Name, &plan.BranchError{Channel: ch.Name, Branch: ch.Branch, Ref: ref, Remote: d.remote})
			continue
		}
		found, err := d.project.Adoptable(ctx, ch)
		switch {
		case err != nil:
			d.failed(Warning, ch.Name, err)
		case len(found) > 0:
			d.add(Warning, ch.Name, "relctl adopt "+ch.Name, "%s of its line are not in the ledger, the last is %s",
				release.Count(len(found), "tag"), found[len(found)-1].Version)
		default:
			d.ok(ch.Name, "branch %s is there", ch.Branch)
		}
	}
}

func channelNames(p *plan.Policy) []string {
	var names []string
	for _, ch := range p.Channels {
		names = append(names, ch.Name)
	}
	return names
}

// signing looks whether the keys that make a release are there and can do it.
func (d *examination) signing() {
	s := d.project.Policy.Product.Signing
	if len(s.Keys) == 0 {
		d.add(Problem, "keys", "relctl key generate, then signing: {keys: [channels/keys/release.pub]} in channels/product.yaml", "no key signs releases")
		return
	}
	good := 0
	for _, path := range s.Keys {
		data, err := fs.ReadFile(d.project.Policy.FS, path)
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, git.ErrNotFound) {
			d.add(Problem, "keys", "relctl key generate, then commit the public half as "+path, "%s, which channels/product.yaml names, is not on %s", path, d.project.Policy.Branch)
			continue
		}
		if err == nil {
			_, err = sign.ParsePublic(data)
		}
		if err != nil {
			d.failed(Problem, "keys", fmt.Errorf("%s: %w", path, err))
			continue
		}
		good++
	}
	if good == len(s.Keys) {
		d.ok("keys", "%s, %d must sign", release.Count(good, "key"), s.Threshold)
	}
}

// people looks whether git would sign as somebody who has a role.
func (d *examination) people(ctx context.Context) {
	roles, err := d.project.Keyrings()
	if err != nil {
		d.failed(Problem, "roles", err)
		return
	}
	if len(roles) == 0 {
		return
	}
	if _, err := exec.LookPath("ssh-keygen"); err != nil && usesSSH(d.project.Policy.Product.Roles) {
		d.add(Problem, "roles", "install OpenSSH's client", "ssh-keygen is not on the PATH, and signatures of roles cannot be checked without it")
		return
	}
	tree, err := d.repo.Tree(d.project.Policy.Commit)
	if err != nil {
		d.failed(Warning, "roles", err)
		return
	}
	id, err := d.repo.CommitTree(ctx, git.CommitOptions{Tree: tree, Message: "which role has this key?\n", Sign: git.SignAlways})
	if err != nil {
		d.failed(Warning, "roles", err)
		return
	}
	var mine []string
	for role, keys := range roles {
		if who, err := d.repo.VerifyCommit(ctx, id, keys); err == nil {
			mine = append(mine, role+" as "+who.Name)
		}
	}
	if slices.Sort(mine); len(mine) == 0 {
		d.add(Warning, "roles", "set user.signingkey, or let somebody add your key under roles in channels/product.yaml", "git signs with a key that has no role")
		return
	}
	d.ok("roles", "git signs for %s", strings.Join(mine, ", "))
}

func usesSSH(roles map[string][]channel.Signer) bool {
	for _, signers := range roles {
		if slices.ContainsFunc(signers, func(s channel.Signer) bool { return s.SSH != "" }) {
			return true
		}
	}
	return false
}

// stores looks whether a release could be written where the policy wants it.
func (d *examination) stores(ctx context.Context) {
	for _, s := range d.project.Stores() {
		if store, ok := s.(publish.Directory); ok {
			d.folder(store.Root)
		} else {
			d.server(ctx, s)
		}
	}
}

func (d *examination) folder(dir string) {
	there := dir
	for _, err := os.Stat(there); err != nil && filepath.Dir(there) != there; _, err = os.Stat(there) {
		there = filepath.Dir(there)
	}
	f, err := os.CreateTemp(there, ".relctl-doctor-")
	if err != nil {
		d.add(Problem, "store", "make it a folder that you may write, or name another in channels/product.yaml", "nothing can be written to %s: %s", dir, err)
		return
	}
	if err := errors.Join(f.Close(), os.Remove(f.Name())); err != nil {
		d.failed(Warning, "store", err)
		return
	}
	d.ok("store", "%s", dir)
}

func (d *examination) server(ctx context.Context, s publish.Store) {
	if d.opts.Probe {
		if err := publish.Probe(ctx, s); err != nil {
			d.failed(Problem, "store", err)
			return
		}
		d.ok("store", "%s took and gave back a staged file", s)
		return
	}
	if _, err := s.Get(ctx, "trust/timestamp.json"); err != nil {
		d.failed(Problem, "store", err)
		return
	}
	d.ok("store", "%s answers; whether it takes uploads shows with --probe", s)
}

// build looks at the newest commit of every channel: whether what builds it is there, and builds the same twice.
func (d *examination) build(ctx context.Context) {
	seen := map[string]bool{}
	for _, ch := range d.project.Policy.Channels {
		head, err := d.repo.Resolve(ctx, plan.RemoteRef(d.remote, ch.Branch))
		if err != nil {
			continue // the channel's own finding
		}
		tree, err := d.repo.FS(ctx, head)
		if err != nil {
			d.failed(Problem, "build", err)
			return
		}
		for _, f := range d.recipe(tree) {
			f.Text = ch.Branch + ": " + f.Text
			if key := f.Subject + f.Text; !seen[key] {
				seen[key] = true
				d.findings = append(d.findings, f)
			}
		}
		d.contents(ch, tree)
	}
	if _, err := d.project.Builder(d.opts.Goreleaser).Pins(ctx); err != nil {
		d.failed(Problem, "build", err)
	}
}

// recipe looks at how a tree is built.
func (d *examination) recipe(tree fs.FS) []Finding {
	p := d.project.Policy.Product
	if b := p.Build; b != nil {
		script := strings.TrimPrefix(b.Command[0], "./")
		if script == b.Command[0] {
			return []Finding{{Status: OK, Subject: "build", Text: strings.Join(b.Command, " ")}}
		}
		if _, err := fs.Stat(tree, script); err != nil {
			return []Finding{{Problem, "build", script + " is missing", "commit it to this branch too, or correct build.command in channels/product.yaml"}}
		}
		return []Finding{{Status: OK, Subject: "build", Text: strings.Join(b.Command, " ")}}
	}
	path := p.Goreleaser
	data, err := fs.ReadFile(tree, path)
	if err != nil {
		return []Finding{{Problem, "build", path + " is missing", "commit it to this branch too, or correct goreleaser in channels/product.yaml"}}
	}
	var out []Finding
	for _, problem := range build.Lint(data) {
		out = append(out, Finding{Warning, "build", fmt.Sprintf("two builds would differ: %s: %s", problem.Where, problem.What), "write " + problem.Fix})
	}
	if out == nil {
		out = []Finding{{Status: OK, Subject: "build", Text: "goreleaser with " + path}}
	}
	return out
}

// contents looks for files that are not in the repository itself.
func (d *examination) contents(ch *channel.Channel, tree fs.FS) {
	if data, err := fs.ReadFile(tree, ".gitattributes"); err == nil && strings.Contains(string(data), "filter=lfs") {
		if _, err := exec.LookPath("git-lfs"); err != nil {
			d.add(Problem, ch.Name, "install git-lfs", "%s has files in Git LFS, and git-lfs is not on the PATH: a build would get pointers", ch.Branch)
		}
	}
	if data, err := fs.ReadFile(tree, ".gitmodules"); err == nil {
		d.add(Warning, ch.Name, "make sure that this machine may fetch them", "%s has %s, which a build fetches from elsewhere",
			ch.Branch, release.Count(strings.Count(string(data), "[submodule "), "submodule"))
	}
}

// docs looks at the operator's documentation of every line.
func (d *examination) docs(ctx context.Context) {
	if d.project.Policy.Product.Docs.Operator == "" {
		d.add(Warning, "docs", "write docs/operator/install.md, and docs: {operator: docs/operator} in channels/product.yaml", "releases carry no documentation for operators")
		return
	}
	for _, ch := range d.project.Policy.Channels {
		if ch.Kind != release.LTS {
			continue
		}
		ref := plan.RemoteRef(d.remote, ch.Branch)
		if _, err := d.repo.Resolve(ctx, ref); err != nil {
			continue // the channel's own finding
		}
		docs, err := handbook.New(d.project).Docs(ctx, ref)
		switch {
		case err != nil:
			d.failed(Problem, "docs", fmt.Errorf("%s: %w", ch.Branch, err))
		case len(docs.Built.Problems) > 0 || docs.Contract.Err() != nil:
			d.add(Problem, "docs", "relctl docs check "+ch.Branch, "%s has %s", ch.Branch,
				release.Count(len(docs.Built.Problems)+len(docs.Contract.Breaches), "problem"))
		default:
			d.ok("docs", "%s has no problems", ch.Branch)
		}
	}
}

// trust looks at what customers may believe, and for how long.
func (d *examination) trust(ctx context.Context) {
	repo, err := d.project.TrustRepository(ctx)
	if err != nil {
		d.failed(Problem, "trust", err)
		return
	}
	if _, there := repo.File(release.RoleRoot); !there {
		d.ok("trust", "there is no root of trust: customers check releases by a key, and learn of no withdrawal (relctl trust init)")
		return
	}
	warnings := d.project.TrustWarnings(repo, d.opts.Now)
	for _, w := range warnings {
		status := Warning
		if w.Days < 0 {
			status = Problem
		}
		d.add(status, "trust", w.Hint, "%s", strings.TrimPrefix(w.Text, "trust: "))
	}
	outdated, err := d.project.Outdated(ctx, repo, d.opts.Now)
	if err != nil {
		d.failed(Problem, "trust", err)
		return
	}
	for _, name := range outdated {
		d.add(Warning, "trust", "relctl trust standing "+name, "customers of %s are told less than is known", name)
	}
	if len(warnings)+len(outdated) == 0 {
		d.ok("trust", "nothing expires soon")
	}
}
