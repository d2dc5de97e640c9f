package publish_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/relctl/relctl/pkg/publish"
)

func TestWhatKilledRunsLeftOfFilesIsSweptAfterADay(t *testing.T) {
	t.Parallel()
	d := publish.Directory{Root: t.TempDir()}
	staging := filepath.Join(d.Root, ".staging")
	if err := os.MkdirAll(staging, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, age := range map[string]time.Duration{"put-old": 25 * time.Hour, "put-new": time.Hour, "other": 25 * time.Hour} {
		if err := os.WriteFile(filepath.Join(staging, name), []byte("half"), 0o600); err != nil {
			t.Fatal(err)
		}
		when := time.Now().Add(-age)
		if err := os.Chtimes(filepath.Join(staging, name), when, when); err != nil {
			t.Fatal(err)
		}
	}
	if err := d.Put(t.Context(), []publish.Named{{Name: "trust/timestamp.json", Data: []byte("{}")}}); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]bool{".staging/put-old": false, ".staging/put-new": true, ".staging/other": true, "trust/timestamp.json": true} {
		if _, err := os.Stat(filepath.Join(d.Root, name)); (err == nil) != want {
			t.Errorf("%s: there is %v, want %v", name, err == nil, want)
		}
	}
	if list, err := os.ReadDir(filepath.Join(d.Root, "trust")); err != nil || len(list) != 1 {
		t.Errorf("%v, %v", list, err)
	}
}
