package main

import (
	"debug/elf"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// build makes relverify as a release does.
func build(path string) ([]byte, error) {
	cmd := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w", "-o", path, ".")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH=amd64")
	return cmd.CombinedOutput()
}

func TestTheVerifierIsSmallAndStatic(t *testing.T) {
	path := filepath.Join(t.TempDir(), "relverify")
	if out, err := build(path); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	const limit = 8 << 20
	if info.Size() > limit {
		t.Errorf("relverify has %d bytes, more than %d", info.Size(), limit)
	}
	f, err := elf.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	for _, p := range f.Progs {
		if p.Type == elf.PT_INTERP || p.Type == elf.PT_DYNAMIC {
			t.Errorf("relverify is linked dynamically: %v", p.Type)
		}
	}
}
