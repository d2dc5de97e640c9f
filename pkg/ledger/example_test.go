package ledger_test

import (
	"fmt"
	"time"

	"github.com/relctl/relctl/pkg/ledger"
	"github.com/relctl/relctl/pkg/release"
)

func ExampleEvent_Summary() {
	freeze := ledger.Event{Type: ledger.TypeFreeze, Reason: "trade fair", Freeze: &ledger.Freeze{
		Name: "fair", Rings: []string{"multi-tenant"}, Until: time.Date(2026, 4, 24, 18, 0, 0, 0, time.UTC),
	}}
	back := ledger.Event{Type: ledger.TypeRollback, Reason: "orders fail", Rollback: &ledger.Rollback{
		Ring: "canary", From: release.MustVersion("2026.302.2"), To: release.MustVersion("2026.302.1"),
	}}
	fmt.Println(freeze.Summary())
	fmt.Println(back.Summary())
	// Output:
	// fair of ring multi-tenant until 2026-04-24T18:00:00Z: trade fair
	// canary from 2026.302.2 to 2026.302.1: orders fail
}
