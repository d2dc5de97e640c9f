package cut

import (
	"context"
	"fmt"
	"io/fs"
	"path/filepath"

	"github.com/relctl/relctl/internal/disk"
	"github.com/relctl/relctl/pkg/build"
	"github.com/relctl/relctl/pkg/git"
	"github.com/relctl/relctl/pkg/ledger"
	"github.com/relctl/relctl/pkg/publish"
)

// Builder returns the builder that the policy asks for. goreleaser is the path of that program, "" looks on the PATH.
func (p *Project) Builder(goreleaser string) Builder {
	if b := p.Policy.Product.Build; b != nil {
		return build.Command{Argv: b.Command, Output: b.Output}
	}
	return build.Goreleaser{Program: goreleaser, Config: p.Policy.Product.Goreleaser}
}

// Stores returns the stores that the policy lists; a relative folder lies in the working tree's root.
func (p *Project) Stores() []Store {
	var out []Store
	for _, s := range p.Policy.Product.Stores {
		if s.URL != "" {
			if store, err := publish.Parse(s.URL); err == nil { // the policy was checked when it was loaded
				out = append(out, store)
			}
			continue
		}
		if s.Directory == "" {
			continue // a registry, which holds images only
		}
		dir := filepath.FromSlash(s.Directory)
		if !filepath.IsAbs(dir) {
			dir = filepath.Join(p.Repo.Top(), dir)
		}
		out = append(out, publish.Directory{Root: dir})
	}
	return out
}

// StoreError is a policy without a store.
type StoreError struct{}

func (*StoreError) Error() string { return "there is no store to publish the release in" }

// Hint says how to name one.
func (*StoreError) Hint() string {
	return "add one to channels/product.yaml (stores: [{directory: ../store}]), or give --store with a folder, oci://… or s3://…"
}

// Keyring returns the keys of a role, with OpenPGP keys read from where the channel files were read.
func (p *Project) Keyring(role string) (git.Keyring, error) {
	var signers []git.Signer
	for _, s := range p.Policy.Product.Roles[role] {
		k := git.Signer{Name: s.Name, SSH: s.SSH}
		if s.OpenPGP != "" {
			data, err := fs.ReadFile(p.Policy.FS, s.OpenPGP)
			if err != nil {
				return git.Keyring{}, fmt.Errorf("role %s: %w", role, err)
			}
			k.OpenPGP = string(data)
		}
		signers = append(signers, k)
	}
	return git.ParseSigners(signers)
}

// Append records what draft decides on the newest state, with other refs, all or none. An event that needs a role must
// be signed by a key of it: otherwise the error is a [*ledger.SignerError], and nothing is recorded.
func (p *Project) Append(ctx context.Context, draft func(*ledger.State) (*ledger.Event, error), refs ...git.Update) (*ledger.Recorded, error) {
	roles, err := p.Keyrings()
	if err != nil {
		return nil, err
	}
	return p.Ledger.Append(ctx, draft, ledger.AppendOptions{Roles: roles, Refs: refs})
}

// Keyrings returns the keys of all roles.
func (p *Project) Keyrings() (map[string]git.Keyring, error) {
	out := map[string]git.Keyring{}
	for role := range p.Policy.Product.Roles {
		k, err := p.Keyring(role)
		if err != nil {
			return nil, err
		}
		out[role] = k
	}
	return out, nil
}

// scripts lays out the policy's files for gate commands, at most once a run and only if a gate asks for them.
type scripts struct {
	project *Project
	tmp     string
}

func (s *scripts) dir(ctx context.Context) (string, error) {
	if s.project.Policy.Commit == "" {
		return s.project.Repo.Top(), nil
	}
	if s.tmp != "" {
		return s.tmp, nil
	}
	tmp, err := disk.MkdirTemp("", "relctl-policy-")
	if err != nil {
		return "", err
	}
	s.tmp = tmp
	return tmp, s.project.Repo.Export(ctx, s.project.Policy.Commit, tmp)
}

func (s *scripts) remove() {
	if s.tmp != "" {
		_ = disk.RemoveAll(s.tmp) // a scratch folder
	}
}
