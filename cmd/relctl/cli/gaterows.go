package cli

import (
	"strings"
	"text/tabwriter"

	"github.com/relctl/relctl/pkg/channel"
	"github.com/relctl/relctl/pkg/release"
)

// gateRows lists the gates of a channel and of its rings.
func gateRows(ch *channel.Channel) []gateRow {
	rows := []gateRow{}
	for _, g := range ch.Gates {
		kind, asks := describeGate(g)
		rows = append(rows, gateRow{Name: g.Name, When: string(g.When), Kind: kind, Asks: asks})
	}
	for _, r := range ch.Rings {
		for _, g := range r.Gates {
			kind, asks := describeGate(g)
			rows = append(rows, gateRow{Name: g.Name, When: "leaving ring " + r.Name, Kind: kind, Asks: asks})
		}
	}
	return rows
}

// describeGate says of what kind a gate is, and what it asks.
func describeGate(g channel.Gate) (kind, asks string) {
	switch {
	case g.Approval != nil:
		return "approval", release.Count(max(g.Approval.Count, 1), "approval") + " of role " + g.Approval.Role
	case g.Prometheus != nil:
		return "prometheus", g.Prometheus.Pass + " of " + g.Prometheus.Query
	case g.GitOps != nil && g.GitOps.File != "":
		return "gitops", "objects in " + g.GitOps.File
	case g.GitOps != nil:
		return "gitops", strings.Join(g.GitOps.Command, " ")
	}
	return "command", strings.Join(g.Command, " ")
}

// table writes rows in columns.
func (s IO) table(write func(row func(cells ...string))) error {
	w := tabwriter.NewWriter(s.Out, 0, 0, 2, ' ', 0)
	write(func(cells ...string) { _, _ = w.Write([]byte(strings.Join(cells, "\t") + "\n")) })
	return w.Flush()
}
