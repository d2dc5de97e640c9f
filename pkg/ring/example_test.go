package ring_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/relctl/relctl/pkg/release"
	"github.com/relctl/relctl/pkg/ring"
)

func ExampleModel_Decide() {
	s := newService(&testing.T{}, policy())
	s.cut("2026.302.1")
	s.advance()
	s.answer("canary", "errors", release.Pass, "0.001")
	s.pass(80 * time.Minute)
	s.cut("2026.302.2")
	s.advance()
	for _, d := range s.Decide() {
		fmt.Println(d)
	}
	// Output:
	// dogfood: up-to-date: runs 2026.302.2
	// canary: wait until 2026-03-02 10:00 UTC: 2026.302.2 is next, but 2026.302.1 has not gone on to all yet
	// all: wait until 2026-03-02 10:00 UTC: soak of 2026.302.1: healthy in canary for 1h20m of 2h
}

func ExampleModel_Rollback() {
	s := newService(&testing.T{}, policy())
	s.cut("2026.302.1")
	s.advance()
	_, err := s.Rollback("canary", release.Version{}, "orders fail", false)
	fmt.Println(err)
	fmt.Println(err.(*ring.Refusal).Hint()) //nolint:errorlint,forcetypeassert // an example
	// Output:
	// ring canary ran no older release to which it could go back
	// relctl reject rolling 2026.302.1 --reason '…' keeps it out of further rings
	// relctl cut rolling, with the fault mended, and promote that
}
