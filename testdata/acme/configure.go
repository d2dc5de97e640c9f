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
	pagesAlone  = "docs: {operator: docs/operator}"
	withFacts   = `docs:
  operator: docs/operator
  facts:
    - {kind: config, schema: config/schema.json}
    - {kind: flags, files: [cmd/acme/main.go], scope: acme, pattern: '\[(?P<name>--\w+) [A-Z]+\]'}
    - {kind: commands, files: [cmd/acme/main.go], scope: acme, pattern: '(?m)^  (?P<name>[a-z]+) .*?  (?P<text>[a-z].*)$'}
    - {kind: migrations, files: ["migrations/*.sql"], dialect: postgres}
    - {kind: manifests, files: ["deploy/base/*.yaml"]}
    - {kind: rules, files: ["deploy/alerts/*.yaml"]}
    - {kind: metrics, files: ["internal/**/*.go"], pattern: 'metrics\.(?P<type>Counter|Gauge)\("(?P<name>\w+)", "(?P<text>[^"]*)"'}
    - {kind: runbooks, files: ["docs/operator/runbooks/*.md"]}
    - {kind: messages, files: ["docs/operator/troubleshoot.md"]}`
)

// Configure writes a policy, and where the facts are, into the channel files of a working tree on main. Committing and pushing them is left to
// the caller.
func Configure(repo string, p Policy) error {
	key := filepath.Join(repo, filepath.FromSlash(keyFile))
	if err := os.MkdirAll(filepath.Dir(key), 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(key, p.PublicKey, 0o644); err != nil {
		return err
	}
	if err := replace(repo, productFile, pagesAlone, withFacts); err != nil {
		return err
	}
	if !p.Goreleaser {
		return nil
	}
	return replace(repo, productFile, "\n"+withScript+"\n", "\n"+withTool+"\n")
}
