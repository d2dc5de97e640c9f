package publish

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"path/filepath"
	"strings"

	"github.com/minio/minio-go/v7"
	"golang.org/x/sync/errgroup"

	"github.com/relctl/relctl/pkg/release"
)

// atOnce is how many transfers run at the same time.
const atOnce = 4

// maxSignature bounds a signature's file.
const maxSignature = 1 << 20

// each calls f for every file, some at a time.
func each(ctx context.Context, files []release.File, f func(ctx context.Context, file release.File) error) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(atOnce)
	for _, file := range files {
		group.Go(func() error { return f(ctx, file) })
	}
	return group.Wait()
}

func (b *Bucket) stagedFile(plan string, f release.File) string {
	return b.staging(plan) + "files/" + f.SHA256
}

// Stage implements [Store].
func (b *Bucket) Stage(ctx context.Context, s Set) error {
	if done, err := b.check(ctx, s); done || err != nil {
		return err
	}
	if err := checkFiles(s); err != nil {
		return fmt.Errorf("stage in %s: %w", b, err)
	}
	err := each(ctx, s.Manifest.Files, func(ctx context.Context, f release.File) error {
		return b.send(ctx, b.stagedFile(s.Plan, f), filepath.Join(s.Dir, filepath.FromSlash(f.Path)), f)
	})
	if err != nil {
		return err
	}
	if err := b.put(ctx, b.staging(s.Plan)+release.ManifestName, s.Raw, true); err != nil {
		return err
	}
	return mustHold(ctx, b, b.Retry, func() (bool, error) { return b.check(ctx, s) })
}

// mustHold looks whether a store has what was staged there: ours, or that of another run, which was first and must be ours.
func mustHold(ctx context.Context, store Store, retry Retry, check func() (bool, error)) error {
	done, err := retry.seen(ctx, check)
	if err == nil && !done {
		err = fmt.Errorf("%s holds nothing of the plan that was staged there just now; run the same command again", store)
	}
	return err
}

// check reports whether s is staged or visible already; its signatures are added to the set that is staged.
func (b *Bucket) check(ctx context.Context, s Set) (bool, error) {
	staged, visible, err := holdsSet(ctx, b, s)
	if err != nil || !staged {
		return visible, err
	}
	for name, data := range s.Signatures {
		if err := b.put(ctx, b.staging(s.Plan)+name, data, true); err != nil {
			return false, err
		}
	}
	return true, nil
}

// holdsSet reports whether s is staged, or visible already. Another set is a [*DifferError].
func holdsSet(ctx context.Context, store Store, s Set) (staged, visible bool, err error) {
	have, err := store.Staged(ctx, s.Plan)
	if err != nil {
		return false, false, err
	}
	if have != nil {
		if !bytes.Equal(have.Raw, s.Raw) {
			return false, false, compare(store.String(), have.Manifest, s.Manifest)
		}
		return true, false, nil
	}
	raw, err := store.Released(ctx, s.Manifest.Channel, s.Manifest.Version)
	if err != nil || raw == nil || bytes.Equal(raw, s.Raw) {
		return false, raw != nil, err
	}
	m, err := release.DecodeManifest(raw)
	if err != nil {
		return false, false, fmt.Errorf("%s: %w", store.Location(s.Manifest.Channel, s.Manifest.Version), err)
	}
	return false, false, compare(store.String(), m, s.Manifest)
}

// Staged implements [Store].
func (b *Bucket) Staged(ctx context.Context, plan string) (*Staged, error) {
	raw, err := b.read(ctx, b.staging(plan)+release.ManifestName, release.MaxManifestBytes)
	if err != nil || raw == nil {
		return nil, err
	}
	m, err := release.DecodeManifest(raw)
	if err != nil {
		return nil, fmt.Errorf("%s of %s: %w", b.staging(plan)+release.ManifestName, b, err)
	}
	b.staged.put(plan, m)
	signatures, err := b.signatures(ctx, b.staging(plan))
	return &Staged{Manifest: m, Raw: raw, Signatures: signatures}, err
}

// signatures reads those that lie in a folder.
func (b *Bucket) signatures(ctx context.Context, folder string) (map[string][]byte, error) {
	names, err := b.list(ctx, folder+release.ManifestName+".")
	if err != nil {
		return nil, err
	}
	out := map[string][]byte{}
	for _, n := range names {
		if !strings.HasSuffix(n, ".sigstore.json") {
			continue
		}
		data, err := b.read(ctx, n, maxSignature)
		if err != nil {
			return nil, err
		}
		if data != nil {
			out[path.Base(n)] = data
		}
	}
	return out, nil
}

// Open implements [Store].
func (b *Bucket) Open(ctx context.Context, plan, name string) (io.ReadCloser, error) {
	m := b.staged.get(plan)
	if m == nil {
		staged, err := b.Staged(ctx, plan)
		if err != nil {
			return nil, err
		}
		if staged != nil {
			m = staged.Manifest
		}
	}
	if m != nil {
		if f, ok := find(m, name); ok {
			return b.open(ctx, b.stagedFile(plan, f), f)
		}
	}
	return nil, &fs.PathError{Op: "open", Path: b.String() + ": " + name, Err: fs.ErrNotExist}
}

// Reveal implements [Store].
func (b *Bucket) Reveal(ctx context.Context, plan string, m *release.Manifest, bundle string) error {
	return reveal(ctx, b, b.Retry, plan, m, func(staged *Staged) error { return b.show(ctx, plan, staged, bundle) })
}

// reveal makes a staged set visible with show, does nothing if it is visible, and gives way to another run that does it
// at the same time.
func reveal(ctx context.Context, store Store, retry Retry, plan string, m *release.Manifest, show func(*Staged) error) error {
	staged, err := store.Staged(ctx, plan)
	if err != nil {
		return err
	}
	if staged != nil {
		err = show(staged)
	}
	var raw []byte
	_, rerr := retry.seen(ctx, func() (there bool, rerr error) {
		raw, rerr = store.Released(ctx, m.Channel, m.Version)
		return raw != nil || err != nil, rerr
	})
	switch {
	case rerr != nil:
		return errors.Join(err, rerr)
	case raw != nil && (staged == nil || bytes.Equal(raw, staged.Raw)):
		return store.Discard(ctx, plan) // it is there, whoever put it there
	case err == nil && raw != nil:
		err = &RemoteError{Store: store.String(), Op: "publish", Name: m.Version.String(), Tries: 1, Err: &CorruptError{Name: release.ManifestName, Want: release.Digest(staged.Raw), Got: release.Digest(raw)}}
	case err == nil:
		err = fmt.Errorf("%s holds neither the staged files of %s %s nor the release", store, m.Channel, m.Version)
	}
	return err
}

func (b *Bucket) show(ctx context.Context, plan string, staged *Staged, bundle string) error {
	m := staged.Manifest
	to := shown(m.Channel, m.Version) + "/"
	// A version that is visible with other bytes stays as it is.
	if raw, err := b.Released(ctx, m.Channel, m.Version); err != nil || raw != nil && !bytes.Equal(raw, staged.Raw) {
		return errors.Join(err, b.taken(m, raw))
	}
	err := each(ctx, m.Files, func(ctx context.Context, f release.File) error {
		return b.copy(ctx, to+f.Path, b.stagedFile(plan, f), f)
	})
	if err != nil {
		return err
	}
	for name, data := range staged.Signatures {
		if err := b.put(ctx, to+name, data, false); err != nil {
			return err
		}
	}
	if bundle != "" {
		if err := b.sendBundle(ctx, m.Channel, m.Version, bundle); err != nil {
			return err
		}
	}
	return b.put(ctx, to+release.ManifestName, staged.Raw, true)
}

func (b *Bucket) taken(m *release.Manifest, raw []byte) error {
	if raw == nil {
		return nil
	}
	return fmt.Errorf("%s shows another release under that version, %s", b.Location(m.Channel, m.Version), release.Digest(raw))
}

func (b *Bucket) sendBundle(ctx context.Context, channel string, v release.Version, file string) error {
	size, digest, err := sum(file)
	if err != nil {
		return err
	}
	f := release.File{Path: filepath.Base(file), MediaType: release.MediaTypeBinary, Size: size, SHA256: digest}
	return b.send(ctx, shown(channel, v)+"/"+f.Path, file, f)
}

// Discard implements [Store]. What is staged ceases to be a set first.
func (b *Bucket) Discard(ctx context.Context, plan string) error {
	b.staged.drop(plan)
	if err := b.remove(ctx, b.staging(plan)+release.ManifestName); err != nil {
		return err
	}
	names, err := b.list(ctx, b.staging(plan))
	if err != nil {
		return err
	}
	for _, n := range names {
		if err := b.remove(ctx, n); err != nil {
			return err
		}
	}
	return b.abort(ctx, b.staging(plan))
}

// Released implements [Store].
func (b *Bucket) Released(ctx context.Context, channel string, v release.Version) ([]byte, error) {
	return b.read(ctx, shown(channel, v)+"/"+release.ManifestName, release.MaxManifestBytes)
}

// OpenReleased implements [Store].
func (b *Bucket) OpenReleased(ctx context.Context, channel string, v release.Version, name string) (io.ReadCloser, error) {
	at := shown(channel, v)
	m, err := b.manifest(ctx, channel, v)
	if err != nil {
		return nil, err
	}
	if m != nil {
		if f, ok := find(m, name); ok {
			return b.open(ctx, at+"/"+name, f)
		}
		f, err := b.beside(ctx, at+"/"+name)
		if err != nil {
			return nil, err
		}
		if f != nil {
			return b.open(ctx, at+"/"+name, *f)
		}
	}
	return nil, &fs.PathError{Op: "open", Path: b.Location(channel, v) + "/" + name, Err: fs.ErrNotExist}
}

// manifest returns the release.json of a visible release, decoded, or nil.
func (b *Bucket) manifest(ctx context.Context, channel string, v release.Version) (*release.Manifest, error) {
	at := shown(channel, v)
	if m := b.staged.get(at); m != nil {
		return m, nil
	}
	raw, err := b.Released(ctx, channel, v)
	if err != nil || raw == nil {
		return nil, err
	}
	m, err := release.DecodeManifest(raw)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", b.Location(channel, v), err)
	}
	b.staged.put(at, m)
	return m, nil
}

// beside describes what lies beside the files of a release, a bundle, or returns nil.
func (b *Bucket) beside(ctx context.Context, name string) (*release.File, error) {
	var f *release.File
	err := b.do(ctx, "look for", name, func(ctx context.Context, c minio.Core) error {
		info, err := c.StatObject(ctx, b.Name, b.key(name), minio.StatObjectOptions{})
		if missing(err) {
			return nil
		}
		f = &release.File{Path: path.Base(name), Size: info.Size, SHA256: info.UserMetadata[sumKey]}
		return err
	})
	return f, err
}

// Signatures implements [Store].
func (b *Bucket) Signatures(ctx context.Context, channel string, v release.Version) (map[string][]byte, error) {
	return b.signatures(ctx, shown(channel, v)+"/")
}

// Put implements [Store].
func (b *Bucket) Put(ctx context.Context, files []Named) error {
	for _, f := range files {
		there, err := b.holds(ctx, f.Name, int64(len(f.Data)), strings.TrimPrefix(release.Digest(f.Data), "sha256:"))
		if err == nil && !there {
			err = b.put(ctx, f.Name, f.Data, false)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// Get implements [Store].
func (b *Bucket) Get(ctx context.Context, name string) ([]byte, error) {
	return b.read(ctx, name, release.MaxMetadataBytes)
}

// PutBundle implements [Store].
func (b *Bucket) PutBundle(ctx context.Context, channel string, v release.Version, file string) error {
	raw, err := b.Released(ctx, channel, v)
	if err != nil {
		return err
	}
	if raw == nil {
		return fmt.Errorf("%s holds no release %s %s to put a bundle beside", b, channel, v)
	}
	return b.sendBundle(ctx, channel, v, file)
}
