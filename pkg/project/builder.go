package project

import (
	"context"
	"io/fs"

	"github.com/relctl/relctl/pkg/build"
	"github.com/relctl/relctl/pkg/plan"
)

// Builder makes the artifacts of a commit.
type Builder interface {
	plan.Builder
	Build(ctx context.Context, req build.Request) ([]build.Artifact, error)
	// Split says what each shard of a build of a commit's tree makes.
	Split(ctx context.Context, tree fs.FS, of int) (*build.Split, error)
}

// Builder returns the builder that the policy asks for. goreleaser is the path of that program, "" looks on the PATH.
func (p *Project) Builder(goreleaser string) Builder {
	if b := p.Policy.Product.Build; b != nil {
		return build.Command{Argv: b.Command, Output: b.Output}
	}
	return build.Goreleaser{Program: goreleaser, Config: p.Policy.Product.Goreleaser}
}
