package verify_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/relctl/relctl/pkg/release"
	"github.com/relctl/relctl/pkg/verify"
)

func TestUnpackLaysOutEveryFileWithItsMode(t *testing.T) {
	f := sample(t)
	for i := range f.manifest.Files {
		if f.manifest.Files[i].Path == "artifacts/acme" {
			f.manifest.Files[i].Mode = "0755"
		}
	}
	f.content["docs/empty.md"] = nil
	f.manifest.Files = append(f.manifest.Files, describe("docs/empty.md", nil))
	f.seal(t)
	data, dst := f.bytes(t), filepath.Join(t.TempDir(), "acme")
	if _, err := verify.Unpack(t.Context(), bytes.NewReader(data), int64(len(data)), dst, f.policy()); err != nil {
		t.Fatal(err)
	}
	for path, want := range f.content {
		got, err := os.ReadFile(filepath.Join(dst, filepath.FromSlash(path)))
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s: %v", path, err)
		}
	}
	info, err := os.Stat(filepath.Join(dst, "artifacts", "acme"))
	if err != nil || info.Mode().Perm() != 0o755 {
		t.Errorf("the program has mode %v, %v", info.Mode(), err)
	}
	if _, err := verify.Unpack(t.Context(), bytes.NewReader(data), int64(len(data)), dst, f.policy()); err == nil {
		t.Error("unpacked over a folder that is there")
	}
}

// swapping is a medium that shows other bytes from its nth read of the payload on.
type swapping struct {
	io.ReaderAt
	at    int64
	reads int
	limit int
}

func (s *swapping) ReadAt(p []byte, off int64) (int, error) {
	n, err := s.ReaderAt.ReadAt(p, off)
	if off <= s.at && s.at < off+int64(n) {
		if s.reads++; s.reads > s.limit {
			p[s.at-off] ^= 1
		}
	}
	return n, err
}

func TestAFileSwappedBetweenCheckAndUseIsCaught(t *testing.T) {
	f := sample(t)
	data := f.bytes(t)
	for _, content := range []string{"program program", `"sequence": 7`} {
		dir := t.TempDir()
		medium := &swapping{ReaderAt: bytes.NewReader(data), at: int64(bytes.Index(data, []byte(content))), limit: 1}
		_, err := verify.Unpack(t.Context(), medium, int64(len(data)), filepath.Join(dir, "out"), f.policy())
		var no *verify.Refusal
		if !errors.As(err, &no) || no.Code != verify.CodeFileDigest {
			t.Errorf("%s: error %v", content, err)
		}
		if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
			t.Errorf("%s: left behind: %v, %v", content, left, err)
		}
		if medium.reads < 2 {
			t.Errorf("%s: read %d times, so nothing was swapped", content, medium.reads)
		}
	}
}

func TestCancellingLeavesNothing(t *testing.T) {
	f := sample(t)
	data, dir := f.bytes(t), t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := verify.Unpack(ctx, bytes.NewReader(data), int64(len(data)), filepath.Join(dir, "out"), f.policy()); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func FuzzBundle(f *testing.F) {
	good := fixed(f)
	data := good.bytes(f)
	f.Add(data)
	f.Add(data[:2048])
	for _, a := range attacks {
		x := fixed(f)
		a.change(f, x)
		f.Add(x.bytes(f))
	}
	addCorpus(f, false)
	f.Fuzz(func(t *testing.T, b []byte) {
		rep, err := verify.Bundle(t.Context(), bytes.NewReader(b), int64(len(b)), good.policy())
		if err == nil && rep.Release == "" {
			t.Error("genuine without a release")
		}
	})
}

func FuzzSignedManifest(f *testing.F) {
	good := fixed(f)
	f.Add(good.raw)
	for _, a := range attacks {
		x := fixed(f)
		a.change(f, x)
		f.Add(x.raw)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		if len(raw) > 64<<10 {
			return
		}
		x := *good
		x.raw, x.signatures = raw, map[string][]byte{x.signer.name(): x.signer.sign(t, raw)}
		code, rep := check(t, x.bytes(t), x.policy())
		if code != "" {
			return
		}
		m, err := release.DecodeManifest(raw)
		if err != nil || rep.Release != release.Digest(raw) || len(m.Files) != len(x.content) {
			t.Fatalf("genuine: %+v, %v", rep, err)
		}
		for _, file := range m.Files {
			if hex.EncodeToString(sum(x.content[file.Path])) != file.SHA256 {
				t.Errorf("genuine, and %s is not what release.json says", file.Path)
			}
		}
	})
}

func ExampleBundle() {
	_, err := verify.Bundle(context.Background(), bytes.NewReader(nil), 0, verify.Policy{})
	fmt.Println(err)
	// Output: no key to verify with: a bundle cannot vouch for itself
}
