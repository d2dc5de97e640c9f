package verify

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/relctl/relctl/internal/durable"
	"github.com/relctl/relctl/pkg/bundle"
	"github.com/relctl/relctl/pkg/release"
)

// Unpack verifies a bundle and lays its files out in the new folder dst. They are written beside it first, hashed as
// they are written, made durable, and renamed in one step: a crash, a full disk or a refusal leaves no dst.
func Unpack(ctx context.Context, r io.ReaderAt, size int64, dst string, p Policy) (*Report, error) {
	if err := mustBeNew(dst); err != nil {
		return nil, err
	}
	rep, a, m, err := verify(ctx, r, size, p)
	if err != nil {
		return rep, err
	}
	return rep, layOut(ctx, a, m, rep, dst)
}

func mustBeNew(dst string) error {
	switch _, err := os.Lstat(dst); {
	case err == nil:
		return &PolicyError{Text: dst + " exists already", Remedy: "name a new folder; nothing is ever unpacked over files that are there"}
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	return nil
}

// layOut writes a bundle that was verified into the new folder dst.
func layOut(ctx context.Context, a *bundle.Archive, m *release.Manifest, rep *Report, dst string) error {
	parent := filepath.Dir(filepath.Clean(dst))
	tmp, err := os.MkdirTemp(parent, ".relverify-")
	if err != nil {
		return fmt.Errorf("unpack: %w", err)
	}
	defer func() { _ = os.RemoveAll(tmp) }()
	if err := unpack(ctx, a, m, rep.Release, tmp); err != nil {
		// What was verified a moment ago may have been swapped since.
		err = rep.fail(asRefusal(err))
		rep.conclude()
		return err
	}
	if err := os.Rename(tmp, dst); err != nil {
		return fmt.Errorf("unpack: %w", err)
	}
	return durable.SyncDir(parent)
}

// unpack writes every entry below dir; digest is that of the release.json that was verified.
func unpack(ctx context.Context, a *bundle.Archive, m *release.Manifest, digest, dir string) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer func() { _ = root.Close() }()
	dirs := map[string]bool{".": true}
	for _, e := range a.Entries() {
		if err := ctx.Err(); err != nil {
			return err
		}
		name := filepath.FromSlash(e.Name)
		for d := filepath.Dir(name); !dirs[d]; d = filepath.Dir(d) {
			dirs[d] = true
		}
		if err := root.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			return fmt.Errorf("unpack: %w", err)
		}
		if err := writeEntry(root, name, a, e, m, digest); err != nil {
			return fmt.Errorf("unpack: %w", err)
		}
	}
	for d := range dirs {
		if err := root.Chmod(d, 0o755); err != nil {
			return fmt.Errorf("unpack: %w", err)
		}
		if err := durable.SyncDir(filepath.Join(dir, d)); err != nil {
			return fmt.Errorf("unpack: %w", err)
		}
	}
	return nil
}

func writeEntry(root *os.Root, name string, a *bundle.Archive, e bundle.Entry, m *release.Manifest, digest string) error {
	perm := fs.FileMode(0o644)
	if e.Mode == "0755" {
		perm = 0o755
	}
	f, err := root.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, perm)
	if err != nil {
		return err
	}
	h := sha256.New()
	n, err := io.CopyBuffer(struct{ io.Writer }{io.MultiWriter(f, h)}, struct{ io.Reader }{a.Open(e)}, readBuffer(e.Size))
	if err := errors.Join(err, f.Chmod(perm), f.Sync(), f.Close()); err != nil {
		return err
	}
	sum := hex.EncodeToString(h.Sum(nil))
	switch listed, ok := m.File(e.Name); {
	case ok && (listed.SHA256 != sum || listed.Size != n):
		return digestRefusal(listed, sum)
	case e.Name == release.ManifestName && digest != "sha256:"+sum:
		return refuse(integrity, CodeFileDigest, "release.json was changed while the bundle was being unpacked")
	case !ok && !bundle.IsEnvelope(e.Name):
		return refuse(integrity, CodeFileUnlisted, "%s is in the bundle, and release.json does not list it", e.Name)
	}
	return nil
}
