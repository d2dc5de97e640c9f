package history

import "fmt"

// Snapshot is what stood at a commit.
type Snapshot struct {
	ix   *Index
	line *line
}

// At returns what stood at a commit. It is an error if main and the lines do not reach it: nothing is known of it then.
func (ix *Index) At(commit string) (*Snapshot, error) {
	i, ok := ix.find(commit)
	if !ok || !ix.reached(i) {
		return nil, fmt.Errorf("commit %.10s is on none of the branches that were read", commit)
	}
	return &Snapshot{ix: ix, line: ix.lineTo(i)}, nil
}

// Carriers returns the commits by which the snapshot has all that a commit brings, oldest first; it is empty if the
// snapshot lacks a part of it, or if that was taken back.
func (s *Snapshot) Carriers(commit string) []string {
	i, ok := s.ix.find(commit)
	if !ok {
		return nil
	}
	var out []string
	for _, o := range s.ix.rootsOf(i) {
		state := s.ix.stateOf(s.line, o.root)
		if !standing(state) {
			return nil
		}
		out = append(out, state.Commit)
	}
	return out
}
