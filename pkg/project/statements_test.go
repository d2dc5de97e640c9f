package project_test

import (
	"strings"
	"testing"

	"github.com/relctl/relctl/pkg/ledger"
	"github.com/relctl/relctl/pkg/project"
	"github.com/relctl/relctl/pkg/release"
)

func TestTwinsAreTheReleasesOfOtherChannelsOfTheSameCommit(t *testing.T) {
	t.Parallel()
	of := func(version, digit string, withdrawn uint64) ledger.Release {
		return ledger.Release{Version: release.MustVersion(version), Commit: strings.Repeat(digit, 40), Withdrawn: withdrawn}
	}
	p := &project.Project{State: &ledger.State{Channels: map[string]*ledger.Channel{
		"rolling": {Releases: []ledger.Release{of("2026.302.1", "a", 0), of("2026.302.2", "b", 0)}},
		"lts-2.4": {Releases: []ledger.Release{of("2.4.0", "a", 7)}},
		"lts-2.6": {Releases: []ledger.Release{of("2.6.0", "a", 0), of("2.6.1", "c", 0)}},
	}}}
	for version, want := range map[string]string{"2026.302.1": "lts-2.6 2.6.0", "2026.302.2": "", "2026.302.3": ""} {
		got := ""
		for _, twin := range p.Twins("rolling", release.MustVersion(version)) {
			got += twin.Channel + " " + twin.Version.String()
		}
		if got != want {
			t.Errorf("%s: %q, want %q", version, got, want)
		}
	}
}
