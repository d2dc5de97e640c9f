package acme

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Service is what the sample's policy lacks to run a service where there is neither Prometheus nor a registry.
type Service struct {
	// Store is the folder in which releases are published, relative to the repository.
	Store string
	// Metrics is the file in which the gate of the ring canary looks for lost orders: a line for each version, such as
	// "2026.601.1 0.2", in percent.
	Metrics string
	// Roles hold who signs what; "qa" approves what no soak can prove. With none, nobody signs.
	Roles []Role
}

// Role is a role of channels/product.yaml.
type Role struct {
	Name    string
	Signers []Signer
}

// Signer is one who signs for a role.
type Signer struct {
	Name string
	// SSH is a public key, as ssh-keygen writes it.
	SSH string
}

const (
	rollingFile = "channels/rolling.yaml"
	lineFile    = "channels/lts-2.4.yaml"
	ordersGate  = "hack/gates/orders.sh"
	migration   = "deploy/base/migration.yaml"

	withPrometheus = `{name: orders-failing, prometheus: {query: "sum(rate(acme_orders_failed_total[10m]))", pass: "value < 0.01"}}`
	withCommand    = `{name: orders, command: [./` + ordersGate + `], timeout: 30s}`
	soakAlone      = "soak: {ring: multi-tenant, for: 72h}"
	soakOrApproval = "soak: {ring: multi-tenant, for: 72h, approval: {role: qa}}"
)

// ordersScript takes the path of the metrics.
const ordersScript = `#!/bin/sh
# A gate: fewer than 1 %% of the orders may be lost.
set -eu
lost=$(awk -v version="$RELCTL_VERSION" '$1 == version { print $2 }' '%s')
if test -z "$lost"; then
	echo "nobody counted the orders of $RELCTL_VERSION"
	exit 75 # no data
fi
echo "$lost %% of the orders are lost with $RELCTL_VERSION"
awk -v lost="$lost" 'BEGIN { exit !(lost < 1) }'
`

// ConfigureService writes a service into the channel files of a working tree on main: a store, an image of the programs,
// a gate that a script answers, and who signs. Committing and pushing them is left to the caller.
func ConfigureService(repo string, s Service) error {
	if strings.ContainsAny(s.Metrics, "'\n") {
		return fmt.Errorf("a quote in the path %s would end the gate's script early", s.Metrics)
	}
	script := filepath.Join(repo, filepath.FromSlash(ordersGate))
	if err := os.WriteFile(script, fmt.Appendf(nil, ordersScript, s.Metrics), 0o755); err != nil {
		return err
	}
	if err := replace(repo, rollingFile, withPrometheus, withCommand); err != nil {
		return err
	}
	if len(s.Roles) > 0 {
		if err := replace(repo, lineFile, soakAlone, soakOrApproval); err != nil {
			return err
		}
	}
	if err := replace(repo, migration, "command: [/acme,", "command: [/usr/local/bin/acme,"); err != nil { // as images have it
		return err
	}
	return appendTo(repo, productFile, s.yaml())
}

// yaml is what the service adds to channels/product.yaml.
func (s Service) yaml() []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "\nstores: [{directory: %q}]\n", s.Store)
	b.WriteString("images:\n  - {name: acme, repository: registry.example/acme, binaries: [acmed, acme]}\n")
	if len(s.Roles) > 0 {
		b.WriteString("roles:\n")
	}
	for _, r := range s.Roles {
		fmt.Fprintf(&b, "  %s:\n", r.Name)
		for _, who := range r.Signers {
			fmt.Fprintf(&b, "    - {name: %s, ssh: %q}\n", who.Name, who.SSH)
		}
	}
	return b.Bytes()
}

func appendTo(repo, name string, more []byte) error {
	file := filepath.Join(repo, filepath.FromSlash(name))
	data, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	return os.WriteFile(file, append(data, more...), 0o644)
}

// replace writes new in the place of the text old, which must be there once.
func replace(repo, name, old, new string) error {
	file := filepath.Join(repo, filepath.FromSlash(name))
	data, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	if n := bytes.Count(data, []byte(old)); n != 1 {
		return fmt.Errorf("%s has %q %d times, not once", name, old, n)
	}
	return os.WriteFile(file, bytes.Replace(data, []byte(old), []byte(new), 1), 0o644)
}

// Hasty makes the service answer before an order is on the disk: faster, and wrong. It is on no branch of the sample;
// whoever shows a bad release applies it to a working tree, of main or of the line 2.4.
func Hasty(repo string) error {
	return replace(repo, "internal/orders/orders.go", "\treturn b.journal.Sync()\n", "\treturn nil\n")
}
