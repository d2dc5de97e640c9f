package project

import (
	"context"

	"github.com/relctl/relctl/internal/disk"
)

// Scripts returns the files of the policy for gate commands. Remove them after use.
func (p *Project) Scripts() *Scripts { return &Scripts{project: p} }

// Scripts lays out the policy's files for gate commands, at most once a run and only if a gate asks for them.
type Scripts struct {
	project *Project
	tmp     string
}

// Dir is the folder in which gate commands run.
func (s *Scripts) Dir(ctx context.Context) (string, error) {
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

// Remove removes what was laid out.
func (s *Scripts) Remove() {
	if s.tmp != "" {
		_ = disk.RemoveAll(s.tmp) // a scratch folder
	}
}
