package browsertest

import (
	"embed"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

//go:embed validator/package.json validator/package-lock.json
var validator embed.FS

// Validate holds all pages of folders against the HTML standard, with html-validate as npm gives it. Where CI is not set the
// test is skipped: only there does one fetch anything.
func Validate(t *testing.T, folders ...string) {
	t.Helper()
	modules := npm(t, validator, "validator")
	if modules == "" {
		t.Skip("html-validate is fetched by npm where CI is set")
	}
	config := filepath.Join(t.TempDir(), "standard.json")
	if err := os.WriteFile(config, []byte(`{"root": true, "extends": ["html-validate:standard", "html-validate:a11y"]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	args := []string{"--config", config, "--max-warnings", "0"}
	for _, folder := range folders {
		args = append(args, folder+"/**/*.html")
	}
	out, err := exec.CommandContext(t.Context(), filepath.Join(modules, ".bin", "html-validate"), args...).CombinedOutput()
	if err != nil {
		t.Errorf("html-validate: %v\n%.8000s", err, out)
	}
}
