package publish

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/relctl/relctl/internal/disk"
	"github.com/relctl/relctl/internal/durable"
	"github.com/relctl/relctl/pkg/release"
)

// Directory is a store in a folder, to be served by any web server or carried on a disk.
type Directory struct {
	// Root is made if it does not exist.
	Root string
}

func (d Directory) String() string { return d.Root }

// short is the name of a plan's folder: its digest without "sha256:".
func short(plan string) string { return strings.TrimPrefix(plan, "sha256:") }

func (d Directory) staging(plan string) string { return filepath.Join(d.Root, ".staging", short(plan)) }

// incomplete is the beginning of the names under which a plan's files are gathered.
func incomplete(plan string) string { return "incomplete-" + short(plan) + "-" }

// Path returns the folder in which a release is visible once it is revealed.
func (d Directory) Path(channel string, v release.Version) string {
	return filepath.Join(d.Root, "releases", channel, v.String())
}

// Location is the folder of [Directory.Path].
func (d Directory) Location(channel string, v release.Version) string { return d.Path(channel, v) }

// Stage copies s into the store, hashing what it writes, or finds that the same set is staged already. A staged set
// that differs is a [*DifferError]; nothing of s is left behind on any error.
func (d Directory) Stage(ctx context.Context, s Set) error {
	if done, err := d.check(ctx, s); done || err != nil {
		return err
	}
	parent := filepath.Join(d.Root, ".staging")
	if err := disk.MkdirAll(parent, 0o755); err != nil {
		return fmt.Errorf("stage in %s: %w", d.Root, err)
	}
	tmp, err := disk.MkdirTemp(parent, incomplete(s.Plan))
	if err != nil {
		return fmt.Errorf("stage in %s: %w", d.Root, err)
	}
	defer func() { _ = disk.RemoveAll(tmp) }()
	if err := disk.Chmod(tmp, 0o755); err != nil {
		return err
	}
	for _, f := range s.Manifest.Files {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := copyFile(filepath.Join(tmp, filepath.FromSlash(f.Path)), filepath.Join(s.Dir, filepath.FromSlash(f.Path)), f); err != nil {
			return fmt.Errorf("stage %s in %s: %w", f.Path, d.Root, err)
		}
	}
	if err := writeFile(filepath.Join(tmp, release.ManifestName), s.Raw); err != nil {
		return fmt.Errorf("stage in %s: %w", d.Root, err)
	}
	for name, data := range s.Signatures {
		if err := writeFile(filepath.Join(tmp, name), data); err != nil {
			return fmt.Errorf("stage in %s: %w", d.Root, err)
		}
	}
	if err := syncTree(tmp); err != nil {
		return fmt.Errorf("stage in %s: %w", d.Root, err)
	}
	if err := disk.Rename(tmp, d.staging(s.Plan)); err != nil {
		// Another run was first: its set must be ours.
		if done, cerr := d.check(ctx, s); done || cerr != nil {
			return cerr
		}
		return fmt.Errorf("stage in %s: %w", d.Root, err)
	}
	return durable.SyncDir(parent)
}

// check reports whether s is staged or visible already; its signatures are added to the set that is.
func (d Directory) check(ctx context.Context, s Set) (bool, error) {
	staged, err := d.Staged(ctx, s.Plan)
	if err != nil {
		return false, err
	}
	if staged == nil {
		raw, err := d.Released(ctx, s.Manifest.Channel, s.Manifest.Version)
		if err != nil || raw == nil {
			return false, err
		}
		if !bytes.Equal(raw, s.Raw) {
			m, err := release.DecodeManifest(raw)
			if err != nil {
				return false, fmt.Errorf("%s: %w", d.Path(s.Manifest.Channel, s.Manifest.Version), err)
			}
			return false, compare(d.Root, m, s.Manifest)
		}
		return true, nil
	}
	if !bytes.Equal(staged.Raw, s.Raw) {
		return false, compare(d.Root, staged.Manifest, s.Manifest)
	}
	for name, data := range s.Signatures {
		if err := d.AddSignature(ctx, s.Plan, name, data); err != nil {
			return false, err
		}
	}
	return true, nil
}

// Staged returns what the store holds of a plan, or nil.
func (d Directory) Staged(_ context.Context, plan string) (*Staged, error) {
	dir := d.staging(plan)
	raw, err := readLimited(filepath.Join(dir, release.ManifestName), release.MaxManifestBytes)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil //nolint:nilnil // nothing staged is an answer
	}
	if err != nil {
		return nil, fmt.Errorf("read staging: %w", err)
	}
	m, err := release.DecodeManifest(raw)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Join(dir, release.ManifestName), err)
	}
	names, err := filepath.Glob(filepath.Join(dir, release.ManifestName+".*.sigstore.json"))
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		return nil, nil //nolint:nilnil // the set became visible before its signatures were listed
	}
	st := &Staged{Manifest: m, Raw: raw, Signatures: map[string][]byte{}}
	for _, n := range names {
		st.Signatures[filepath.Base(n)], err = readLimited(n, 1<<20)
		if errors.Is(err, fs.ErrNotExist) {
			return nil, nil //nolint:nilnil // the set became visible while it was read, and is not staged any more
		}
		if err != nil {
			return nil, fmt.Errorf("read staging: %w", err)
		}
	}
	return st, nil
}

// AddSignature puts one more signature beside a staged release.json. A signer's file is written once; a later one of
// the same signer is ignored, since both say the same.
func (d Directory) AddSignature(_ context.Context, plan, name string, data []byte) error {
	path := filepath.Join(d.staging(plan), name)
	tmp, err := disk.CreateTemp(filepath.Join(d.Root, ".staging"), incomplete(plan))
	if err != nil {
		return fmt.Errorf("add a signature in %s: %w", d.Root, err)
	}
	defer func() { _ = disk.Remove(tmp.Name()) }()
	_, err = tmp.Write(data)
	err = errors.Join(err, tmp.Chmod(0o644), tmp.Sync(), tmp.Close())
	if err == nil {
		err = disk.Link(tmp.Name(), path)
	}
	if errors.Is(err, fs.ErrNotExist) {
		if _, serr := os.Stat(d.staging(plan)); errors.Is(serr, fs.ErrNotExist) {
			return nil // the set became visible meanwhile, with the signatures that it needs
		}
	}
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("add a signature in %s: %w", d.Root, err)
	}
	return nil
}

// Open opens a staged file.
func (d Directory) Open(_ context.Context, plan, path string) (io.ReadCloser, error) {
	return os.Open(filepath.Join(d.staging(plan), filepath.FromSlash(path)))
}

// Released returns the release.json of a visible release, or nil.
func (d Directory) Released(_ context.Context, channel string, v release.Version) ([]byte, error) {
	raw, err := readLimited(filepath.Join(d.Path(channel, v), release.ManifestName), release.MaxManifestBytes)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return raw, err
}

// Reveal makes a staged release visible in one rename, with the file bundle, if it is not "", beside its files. It does
// nothing if that release is visible already, and gives way to another run that reveals it at the same time.
func (d Directory) Reveal(ctx context.Context, plan string, m *release.Manifest, bundle string) error {
	staged, err := d.Staged(ctx, plan)
	if err != nil {
		return err
	}
	if staged != nil {
		err = d.reveal(ctx, plan, m, bundle)
		if err == nil {
			return nil
		}
	}
	raw, rerr := d.Released(ctx, m.Channel, m.Version)
	switch {
	case rerr != nil:
		return errors.Join(err, rerr)
	case raw != nil && (staged == nil || bytes.Equal(raw, staged.Raw)):
		return nil // it is there, whoever put it there
	case err == nil:
		err = fmt.Errorf("%s holds neither the staged files of %s %s nor the release", d.Root, m.Channel, m.Version)
	}
	return err
}

func (d Directory) reveal(ctx context.Context, plan string, m *release.Manifest, bundle string) error {
	dst := d.Path(m.Channel, m.Version)
	if bundle != "" {
		// It is complete before it gets its name in the set: what a killed run leaves must not become visible.
		tmp := filepath.Join(d.Root, ".staging", incomplete(plan)+rand.Text())
		if err := copyFile(tmp, bundle, release.File{Mode: "0644", Size: -1}); err != nil {
			return fmt.Errorf("publish the bundle in %s: %w", d.Root, err)
		}
		if err := disk.Rename(tmp, filepath.Join(d.staging(plan), filepath.Base(bundle))); err != nil {
			_ = disk.Remove(tmp)
			return fmt.Errorf("publish the bundle in %s: %w", d.Root, err)
		}
	}
	if err := disk.MkdirAll(filepath.Dir(dst), 0o755); err != nil {
		return fmt.Errorf("publish in %s: %w", d.Root, err)
	}
	if err := disk.Rename(d.staging(plan), dst); err != nil {
		return fmt.Errorf("publish %s %s in %s: %w", m.Channel, m.Version, d.Root, err)
	}
	return errors.Join(durable.SyncDir(filepath.Dir(dst)), d.Discard(ctx, plan))
}

// Discard removes what is staged of a plan, and what killed runs left of it.
func (d Directory) Discard(_ context.Context, plan string) error {
	left, err := filepath.Glob(filepath.Join(d.Root, ".staging", incomplete(plan)+"*"))
	for _, dir := range append(left, d.staging(plan)) {
		err = errors.Join(err, disk.RemoveAll(dir))
	}
	if serr := durable.SyncDir(filepath.Join(d.Root, ".staging")); !errors.Is(serr, fs.ErrNotExist) {
		err = errors.Join(err, serr)
	}
	return err
}

// copyFile writes dst from src through a temporary name and checks size and sha256 of what it wrote against f, unless
// f.Size is negative.
func copyFile(dst, src string, f release.File) (err error) {
	in, err := os.Open(src)
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }()
	if err := disk.MkdirAll(filepath.Dir(dst), 0o755); err != nil {
		return err
	}
	mode := fs.FileMode(0o644)
	if f.Mode == "0755" {
		mode = 0o755
	}
	tmp := dst + ".tmp"
	out, err := disk.OpenFile(tmp, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, mode)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = disk.Remove(tmp)
		}
	}()
	h := sha256.New()
	n, err := io.Copy(io.MultiWriter(out, h), in)
	err = errors.Join(err, out.Chmod(mode), out.Sync(), out.Close())
	if err != nil {
		return err
	}
	if f.Size >= 0 && (n != f.Size || hex.EncodeToString(h.Sum(nil)) != f.SHA256) {
		return fmt.Errorf("%s changed since it was built", src)
	}
	return disk.Rename(tmp, dst)
}

func writeFile(path string, data []byte) error {
	f, err := disk.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	return errors.Join(err, f.Chmod(0o644), f.Sync(), f.Close())
}

func readLimited(path string, limit int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && int64(len(data)) > limit {
		err = fmt.Errorf("%s is larger than %d bytes", path, limit)
	}
	return data, err
}

// syncTree makes every folder below root readable for all and durable; its files were synced as they were written.
func syncTree(root string) error {
	var dirs []string
	err := filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		if err == nil && e.IsDir() {
			dirs = append(dirs, path)
		}
		return err
	})
	for _, dir := range dirs {
		err = errors.Join(err, disk.Chmod(dir, 0o755), durable.SyncDir(dir))
	}
	return err
}
