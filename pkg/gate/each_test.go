package gate_test

import (
	"context"
	"strings"
	"testing"

	"github.com/relctl/relctl/pkg/gate"
	"github.com/relctl/relctl/pkg/release"
)

// says is an observer that gives one answer.
type says gate.CommandRecord

func (a says) Observe(context.Context, gate.Subject) gate.Record {
	c := gate.CommandRecord(a)
	return gate.Record{Schema: gate.RecordSchema, At: noon, Command: &c}
}

func TestEachCellMustPass(t *testing.T) {
	t.Parallel()
	good, bad := says{Argv: []string{"a"}, Said: "well"}, says{Argv: []string{"a"}, Exit: 1, Said: "sick"}
	unknown, broken := says{Argv: []string{"a"}, Exit: gate.ExitNoData, Said: "who knows"}, says{Argv: []string{"a"}, Failure: "no such file"}
	for name, c := range map[string]struct {
		cells  gate.Each
		status release.Status
		reason string
	}{
		"all well":                    {gate.Each{{"eu-1", good}, {"eu-2", good}}, release.Pass, "eu-1: well; and 1 more"},
		"one well":                    {gate.Each{{"eu-1", good}}, release.Pass, "eu-1: well"},
		"one sick":                    {gate.Each{{"eu-1", good}, {"eu-2", bad}, {"us-1", good}}, release.Fail, "eu-2: sick"},
		"sick says more than unknown": {gate.Each{{"eu-1", unknown}, {"eu-2", broken}, {"us-1", bad}}, release.Fail, "us-1: sick"},
		"unknown is no pass":          {gate.Each{{"eu-1", good}, {"eu-2", unknown}}, release.NoData, "eu-2: who knows"},
		"a failure is no pass":        {gate.Each{{"eu-1", unknown}, {"eu-2", broken}}, release.Errored, "eu-2: no such file"},
		"nobody to ask":               {gate.Each{}, release.Errored, "no cell to ask"},
		"cells do not hold cells":     {gate.Each{{"eu-1", gate.Each{{"eu-2", good}}}}, release.Errored, "cannot hold cells"},
	} {
		v := gate.Recorded(c.cells, nil).Evaluate(t.Context(), subject)
		if v.Status != c.status || !strings.Contains(v.Reason, c.reason) {
			t.Errorf("%s: %s %q, want %s %q", name, v.Status, v.Reason, c.status, c.reason)
		}
		_, again, err := gate.Replay(v.Record)
		if err != nil || again.Status != v.Status || again.Reason != v.Reason {
			t.Errorf("%s: replayed to %+v, %v", name, again, err)
		}
	}
}
