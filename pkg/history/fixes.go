package history

// Fixes returns the fixes that stand at the snapshot (see [Known.Fix]), newest first.
func (s *Snapshot) Fixes() []*Known {
	ix := s.ix
	var out []*Known
	for k := len(ix.nodes) - 1; k >= 0; k-- {
		i := int32(k) //nolint:gosec // far below 2^31 commits
		if n := &ix.nodes[i]; n.typ != "fix" && n.typ != "security" && len(n.cves) == 0 {
			continue
		}
		if ix.isUnit(i) && len(ix.origins[i]) == 0 && standing(ix.stateOf(s.line, i)) {
			out = append(out, ix.known(i))
		}
	}
	return out
}
