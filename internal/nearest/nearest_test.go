package nearest_test

import (
	"strings"
	"testing"

	"github.com/relctl/relctl/internal/nearest"
)

func TestASlipIsFoundAndOtherWordsAreNot(t *testing.T) {
	known := []string{"kind", "line", "branch", "tag", "accept", "source", "soak", "gates", "support", "upgrade"}
	for typed, want := range map[string]string{
		"brnach": "branch", "Branch": "branch", "branches": "branch", "accepts": "accept", "gate": "gates", "supprot": "support",
		"knid": "kind", "lien": "line", "upgrades": "upgrade", "tga": "tag", "xyz": "", "purpose": "", "": "", "owner": "", strings.Repeat("x", 1000): "",
	} {
		if got := nearest.Word(typed, known); got != want {
			t.Errorf("Word(%q) = %q, want %q", typed, got, want)
		}
	}
}
