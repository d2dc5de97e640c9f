package deploy

import (
	"fmt"
	"slices"
	"strings"

	"github.com/relctl/relctl/pkg/release"
)

// Trailers of commits on the deploy branch.
const (
	TrailerChannel = "Relctl-Channel"
	TrailerVersion = "Relctl-Version"
	TrailerRelease = "Relctl-Release"
	TrailerEvent   = "Relctl-Event"
)

// Message is what a commit on the deploy branch says.
type Message struct {
	Product, Channel string
	// Ring and Version say what moved; without them the commit brings the engine's objects up to date.
	Ring    string
	Version release.Version
	// Release is the digest of release.json, "sha256:…".
	Release string
	// Event is the number of the ledger's event that decided it, 0 for none.
	Event uint64
	// Reason, such as a rollback's, one line.
	Reason string
	// Diffs of the cells.
	Diffs []Diff
}

// String returns the message: subject, what changes cell by cell, trailers.
func (m *Message) String() string {
	var b strings.Builder
	if m.Ring == "" {
		fmt.Fprintf(&b, "deploy: %s, the objects of the engine\n", m.Product)
	} else {
		fmt.Fprintf(&b, "deploy(%s): %s %s\n", m.Ring, m.Product, m.Version)
	}
	if reason := strings.Join(strings.Fields(m.Reason), " "); reason != "" {
		fmt.Fprintf(&b, "\n%s\n", reason)
	}
	if len(m.Diffs) > 0 {
		b.WriteString("\n")
	}
	for i := range m.Diffs {
		fmt.Fprintf(&b, "%s\n", m.Diffs[i].Summary())
	}
	if images := m.images(); len(images) > 0 {
		fmt.Fprintf(&b, "\n%s\n", strings.Join(images, "\n"))
	}
	fmt.Fprintf(&b, "\n%s: %s\n", TrailerChannel, m.Channel)
	if m.Ring != "" {
		fmt.Fprintf(&b, "%s: %s\n%s: %s\n", TrailerVersion, m.Version, TrailerRelease, m.Release)
	}
	if m.Event > 0 {
		fmt.Fprintf(&b, "%s: %d\n", TrailerEvent, m.Event)
	}
	return b.String()
}

// images lists what changes from which image to which, once for all cells.
func (m *Message) images() []string {
	var out []string
	for _, d := range m.Diffs {
		for _, i := range d.Images {
			line := i.String()
			if !slices.Contains(out, line) {
				out = append(out, line)
			}
		}
	}
	return out
}
