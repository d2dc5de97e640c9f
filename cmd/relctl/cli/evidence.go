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
	for _, alike := range alike(p.Evidence) {
		for _, e := range alike {
			s.print("  %-21s  %s  %s\n", strings.ReplaceAll(string(e.Grade), "-", " "), release.Short(e.Commit), plain(e.Subject))
		}
		e := alike[0]
		if text := e.Reason + rests(e); text != "" {
			s.print("  %-21s  %s\n", "", plain(text))
		}
		if text := plan.Lacks(e); text != "" && stops {
			s.print("  %-21s  it %s\n", "", text)
		}
	}
}

// alike groups evidence of which all but the change is the same, in the order of the first of each group.
func alike(list []release.Evidence) [][]release.Evidence {
	var out [][]release.Evidence
	at := map[string]int{}
	for _, e := range list {
		key := strings.Join([]string{string(e.Grade), e.Reason, rests(e), plan.Lacks(e)}, "\n")
		i, ok := at[key]
		if !ok {
			i, at[key] = len(out), len(out)
			out = append(out, nil)
		}
		out[i] = append(out[i], e)
	}
	return out
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
