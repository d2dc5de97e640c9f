package project

import (
	"context"
	"fmt"
	"io/fs"

	"github.com/relctl/relctl/pkg/git"
	"github.com/relctl/relctl/pkg/ledger"
)

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
