package gate_test

import (
	"context"
	"errors"
	"testing"

	"github.com/relctl/relctl/pkg/gate"
	"github.com/relctl/relctl/pkg/release"
)

func TestApprovalNeedsSoManyEvents(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		count  int
		events []uint64
		err    error
		want   release.Status
	}{
		{0, nil, nil, release.Fail},
		{0, []uint64{4}, nil, release.Pass},
		{2, []uint64{4}, nil, release.Fail},
		{2, []uint64{4, 9}, nil, release.Pass},
		{2, []uint64{4, 4}, nil, release.Fail}, // one event counts once
		{1, []uint64{4}, errors.New("ledger event 5: bad object"), release.Errored},
	} {
		g := gate.Approval{Role: "qa", Count: c.count, Hint: "relctl approve", Find: func(context.Context, gate.Subject) ([]uint64, string, error) {
			return c.events, "what was found", c.err
		}}
		v := ask(t, g)
		reason := "what was found"
		if c.err != nil {
			reason = c.err.Error()
		}
		expect(t, v, c.want, reason)
		if (v.Hint != "") != (c.want == release.Fail) {
			t.Errorf("%s with the hint %q", v.Status, v.Hint)
		}
	}
}

func TestCommandsLeaveRecords(t *testing.T) {
	t.Parallel()
	expect(t, ask(t, script(t, "echo fine")), release.Pass, "fine")
	expect(t, ask(t, script(t, "echo broken; exit 1")), release.Fail, "broken")
	expect(t, ask(t, script(t, "exit 75")), release.NoData, "no data")
	expect(t, ask(t, script(t, "kill -9 $$")), release.Errored, "killed")
}
