package rollout

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/relctl/relctl/pkg/deploy"
	"github.com/relctl/relctl/pkg/git"
	"github.com/relctl/relctl/pkg/project"
)

// deployBranch is the branch with what is deployed: in the repository that the policy names, or else, as for artifacts in
// a registry, on the project's remote. A repository that no remote of this clone stands for is used by its address.
func deployBranch(ctx context.Context, p *project.Project) (*deploy.Branch, error) {
	d := p.Policy.Product.Deploy
	if d == nil {
		return deploy.NewBranch(p.Repo, p.Remote, ""), nil
	}
	if registry, _ := d.Artifacts(); registry != "" {
		return deploy.NewBranch(p.Repo, p.Remote, d.Branch), nil
	}
	remote, err := deployRemote(ctx, p, d.Repository)
	if err != nil {
		return nil, err
	}
	if remote == "" && d.Repository != "" {
		return deploy.NewBranchAt(p.Repo, d.Repository, d.Branch), nil
	}
	return deploy.NewBranch(p.Repo, cmp.Or(remote, p.Remote), d.Branch), nil
}

// deployRemote returns the name of the remote that stands for an address, the project's own if it does, "" for none.
func deployRemote(ctx context.Context, p *project.Project, address string) (string, error) {
	if address == "" {
		return p.Remote, nil
	}
	places, err := placesOf(ctx, p, address)
	if err != nil {
		return "", err
	}
	names, err := p.Repo.Remotes(ctx)
	if err != nil {
		return "", err
	}
	found := ""
	for _, name := range names {
		url, err := p.Repo.RemoteURL(ctx, name)
		if err != nil {
			return "", err
		}
		is, err := placesOf(ctx, p, url)
		if err != nil {
			return "", err
		}
		if (is[0] == places[0] || is[1] == places[1]) && (found == "" || name == p.Remote) {
			found = name
		}
	}
	return found, nil
}

// places are where an address leads as it is written, and as git reads it with what url.*.insteadOf says.
func placesOf(ctx context.Context, p *project.Project, address string) ([2]string, error) {
	read, err := p.Repo.Address(ctx, address)
	return [2]string{place(address), place(read)}, err
}

// place is what addresses of one repository have in common: https://host/a/b.git, ssh://git@host/a/b and git@host:a/b
// are host/a/b. Ports tell servers apart only where both addresses have one.
func place(address string) string {
	if u, err := url.Parse(address); err == nil && u.Host != "" {
		return hostOf(u) + "/" + trimmed(u.Path)
	}
	head, path, scp := strings.Cut(address, ":")
	if _, host, ok := strings.Cut(head, "@"); scp && ok && !strings.Contains(head, "/") {
		return strings.ToLower(host) + "/" + trimmed(path)
	}
	return "/" + trimmed(strings.TrimPrefix(address, "file://"))
}

func hostOf(u *url.URL) string {
	host := strings.ToLower(u.Hostname())
	if port := u.Port(); port != "" && u.Scheme != "ssh" {
		host += ":" + port
	}
	return host
}

func trimmed(path string) string {
	return strings.TrimSuffix(strings.Trim(path, "/"), ".git")
}

// readDeployBranch is the branch for reading. What was fetched last counts on the project's remote; another repository
// is asked, since nothing else in this clone fetches it.
func readDeployBranch(ctx context.Context, p *project.Project) (*deploy.Branch, error) {
	b, err := deployBranch(ctx, p)
	if err != nil || b.Remote() == p.Remote {
		return b, err
	}
	return b, reached(p, b, b.Fetch(ctx))
}

// reached tells of a deploy repository that cannot be read what it is.
func reached(p *project.Project, b *deploy.Branch, err error) error {
	var failed *git.FetchError
	if b.Remote() == p.Remote || !errors.As(err, &failed) {
		return err
	}
	return &DeployRepositoryError{Repository: failed.Remote, Remote: p.Remote, Err: err}
}

// DeployRepositoryError is a repository for manifests that cannot be read.
type DeployRepositoryError struct {
	// Repository is its address, or the name of the remote that stands for it; Remote is the product's own.
	Repository, Remote string
	Err                error
}

func (e *DeployRepositoryError) Error() string {
	return fmt.Sprintf("deploy.repository of channels/product.yaml cannot be read: %v", e.Err)
}
func (e *DeployRepositoryError) Unwrap() error { return e.Err }

// Hint says how to try by hand, and how to name another way to it.
func (e *DeployRepositoryError) Hint() string {
	return fmt.Sprintf("check it with git ls-remote %s; if this machine reaches it by another address, or if it is the repository of %s: git config url.<that address>.insteadOf %s",
		e.Repository, e.Remote, e.Repository)
}
