package cli

import "github.com/relctl/relctl/pkg/release"

// printSkipped tells the newer commits that a plan passes over, for want of checks that passed.
func printSkipped(s IO, p *release.Plan) {
	if len(p.Skipped) == 0 {
		return
	}
	s.print("\n%s\n", s.paint("1", "Passed over"))
	for _, c := range p.Skipped {
		s.print("  %s  %s: %s\n", release.Short(c.Commit), plain(c.Subject), plain(c.Reason))
	}
	if more := p.SkippedCount - len(p.Skipped); more > 0 {
		s.print("  and %d more\n", more)
	}
}
