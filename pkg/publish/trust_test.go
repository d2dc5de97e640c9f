package publish_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/relctl/relctl/pkg/publish"
	"github.com/relctl/relctl/pkg/release"
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

func TestABundleIsReplacedInOneStepOrNotAtAll(t *testing.T) {
	t.Parallel()
	d := publish.Directory{Root: t.TempDir()}
	v := release.MustVersion("2.4.7")
	old := filepath.Join(d.Path("lts-2.4", v), "acme-2.4.7.bundle")
	fresh := filepath.Join(t.TempDir(), "acme-2.4.7.bundle")
	for path, data := range map[string]string{old: "older trust", fresh: "today's trust"} {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := d.PutBundle(t.Context(), "lts-2.4", v, filepath.Join(t.TempDir(), "acme-2.4.7.bundle")); err == nil {
		t.Error("a bundle that does not exist was put")
	}
	if err := d.PutBundle(t.Context(), "lts-2.4", release.MustVersion("2.4.8"), fresh); err == nil {
		t.Error("a bundle was put where no release is")
	}
	if data, err := os.ReadFile(old); err != nil || string(data) != "older trust" {
		t.Errorf("after what failed it is %q, %v", data, err)
	}
	if err := d.PutBundle(t.Context(), "lts-2.4", v, fresh); err != nil {
		t.Fatal(err)
	}
	if data, err := os.ReadFile(old); err != nil || string(data) != "today's trust" {
		t.Errorf("it is %q, %v", data, err)
	}
	if left, err := os.ReadDir(filepath.Join(d.Root, ".staging")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}
