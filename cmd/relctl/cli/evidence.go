package cli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/relctl/relctl/pkg/plan"
	"github.com/relctl/relctl/pkg/release"
)

// printEvidence writes how far each change is proven, where the channel asks for that, and what it lacks if that stops
// the cut.
func printEvidence(s IO, p *release.Plan) {
	if !slices.ContainsFunc(p.Evidence, func(e release.Evidence) bool { return e.Grade != release.GradeNotEvaluated }) {
		return
	}
	stops := slices.ContainsFunc(p.Verdicts, func(v release.Verdict) bool { return v.Gate == plan.GateSoak && v.Blocks() })
	s.print("\n%s\n", s.paint("1", "Evidence"))
	for _, e := range p.Evidence {
		s.print("  %-21s  %s  %s\n", strings.ReplaceAll(string(e.Grade), "-", " "), release.Short(e.Commit), plain(e.Subject))
		if text := e.Reason + rests(e); text != "" {
			s.print("  %-21s  %s\n", "", plain(text))
		}
		if text := plan.Lacks(e); text != "" && stops {
			s.print("  %-21s  %s\n", "", text)
		}
	}
}

// rests names the events of the ledger on which evidence rests.
func rests(e release.Evidence) string {
	var events []uint64
	if e.Soak != nil {
		events = append(events, e.Soak.Events...)
	}
	events = append(events, e.Approvals...)
	if e.Waiver != 0 {
		events = append(events, e.Waiver)
	}
	if len(events) == 0 {
		return ""
	}
	return fmt.Sprintf(" (ledger %s)", strings.Trim(fmt.Sprint(events), "[]"))
}
