// Package handbook has what the commits of a project tell those who run the product: the facts that its sources hold, notes
// about what changes between releases, upgrade guides, runbooks that alerts lead to, weaknesses, and the pages of the
// documentation made of all that.
package handbook

import (
	"github.com/relctl/relctl/pkg/fact"
	"github.com/relctl/relctl/pkg/project"
)

// Handbook reads the commits of a project. It remembers the facts that it gathered.
type Handbook struct {
	*project.Project
	gathered map[string]*fact.Set
}

// New returns the handbook of a project.
func New(p *project.Project) *Handbook {
	return &Handbook{Project: p, gathered: map[string]*fact.Set{}}
}
