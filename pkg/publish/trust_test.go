package publish_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/relctl/relctl/pkg/publish"
)

func TestPutReplacesOnlyWhatDiffers(t *testing.T) {
	t.Parallel()
	d := publish.Directory{Root: t.TempDir()}
	put := func(data string) os.FileInfo {
		t.Helper()
		err := d.Put(t.Context(), []publish.Named{{Name: "trust/1.root.json", Data: []byte("root")}, {Name: "trust/timestamp.json", Data: []byte(data)}})
		if err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(filepath.Join(d.Root, "trust", "1.root.json"))
		if err != nil {
			t.Fatal(err)
		}
		return info
	}
	first := put("one")
	if again := put("two"); !os.SameFile(first, again) {
		t.Error("a file with the same bytes was written again")
	}
	if data, err := os.ReadFile(filepath.Join(d.Root, "trust", "timestamp.json")); err != nil || string(data) != "two" {
		t.Errorf("timestamp is %q, %v", data, err)
	}
	if left, err := filepath.Glob(filepath.Join(d.Root, "trust", ".put-*")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}
