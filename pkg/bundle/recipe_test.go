package bundle_test

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/relctl/relctl/pkg/bundle"
	"github.com/relctl/relctl/pkg/release"
)

func TestTheRecipeInTheBundleIsTheOneThatThePageShows(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/verify-offline.md")
	if err != nil {
		t.Fatal(err)
	}
	want := "```sh\n" + bundle.Recipe("acme-2.4.3.bundle", "cosign.pub", "acme 2.4.3") + "\n```\n"
	if !strings.Contains(string(page), want) {
		t.Errorf("docs/verify-offline.md does not show:\n%s", want)
	}
	if text := bundle.VerifyRecipe(&release.Manifest{Product: "acme", Version: release.MustVersion("2.4.3")}); !bytes.Contains(text, []byte(want)) {
		t.Errorf("VERIFY.md does not hold it:\n%s", text)
	}
}
