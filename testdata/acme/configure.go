package acme

import (
	"os"
	"path/filepath"
)

// Policy is what the sample's channel files leave open.
type Policy struct {
	// PublicKey is the PEM of the key that signs its releases.
	PublicKey []byte
	// Goreleaser builds with goreleaser instead of the product's own script.
	Goreleaser bool
}

const (
	productFile = "channels/product.yaml"
	keyFile     = "channels/keys/release.pub"
	withScript  = "build: {command: [./hack/build.sh], output: dist}"
	withTool    = "goreleaser: .goreleaser.yaml"
)

// Configure writes a policy into the channel files of a working tree on main. Committing and pushing them is left to
// the caller.
func Configure(repo string, p Policy) error {
	key := filepath.Join(repo, filepath.FromSlash(keyFile))
	if err := os.MkdirAll(filepath.Dir(key), 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(key, p.PublicKey, 0o644); err != nil {
		return err
	}
	if !p.Goreleaser {
		return nil
	}
	return replace(repo, productFile, "\n"+withScript+"\n", "\n"+withTool+"\n")
}
