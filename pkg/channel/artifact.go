package channel

import (
	"fmt"
	"strings"
)

// ociScheme begins the address of a repository in a registry, as Flux writes it.
const ociScheme = "oci://"

// Artifacts returns the registry and the path in it where Flux finds signed artifacts of the rings, "" if it reads the
// deploy branch.
func (d *ProductDeploy) Artifacts() (registry, repository string) {
	if at, ok := strings.CutPrefix(d.Repository, ociScheme); ok {
		registry, repository, _ = strings.Cut(at, "/")
	}
	return registry, repository
}

// checkDeployURL admits every address of a git repository, and of a registry those without a tag.
func checkDeployURL(s string) error {
	if err := checkText(s); err != nil {
		return err
	}
	if at, ok := strings.CutPrefix(s, ociScheme); ok && (!registry.MatchString(at) || !strings.Contains(at, "/")) {
		return fmt.Errorf("%.80q is not a repository of a registry such as oci://registry.acme.example/acme/deploy, without a tag", s)
	}
	return nil
}

// checkDeploy checks that artifacts have what Flux verifies them with.
func (d *document) checkDeploy(p *ProductDeploy) {
	registry, _ := p.Artifacts()
	switch {
	case registry == "" && len(p.Keys) > 0:
		d.failAt("deploy.keys", "keys sign artifacts in a registry, and the repository is none; it would begin with oci://")
	case registry == "":
	case len(p.Keys) == 0:
		d.failAt("deploy.repository", "artifacts in a registry are signed: give the key keys with the public keys, such as [channels/keys/deploy.pub]")
	case p.Engine != "" && p.Engine != "flux":
		d.failAt("deploy.engine", "artifacts in a registry are for flux, %s reads a git repository", p.Engine)
	}
}
