package history_test

import (
	"os"
	"testing"

	"github.com/relctl/relctl/pkg/internal/gittest"
)

func TestZZ(t *testing.T) {
	os.RemoveAll("/tmp/acc/synth.git")
	if _, err := gittest.WriteSynthetic(t.Context(), "/tmp/acc/synth.git", gittest.SyntheticOptions{Commits: 200000, Lines: 5, Picks: 2000, Seed: 5}); err != nil {
		t.Fatal(err)
	}
}
