package publish

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"path/filepath"
	"strings"
	"time"

	"github.com/relctl/relctl/internal/disk"
	"github.com/relctl/relctl/pkg/release"
)

// Probe brings a small set into a store and takes it back, which shows whether the store would take a release. Nothing of
// it is ever visible.
func Probe(ctx context.Context, store Store) (err error) {
	dir, err := disk.MkdirTemp("", "relctl-probe-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, disk.RemoveAll(dir)) }()
	const name = "artifacts/probe"
	data := []byte("a probe of relctl doctor\n")
	file := filepath.Join(dir, filepath.FromSlash(name))
	if err := errors.Join(disk.MkdirAll(filepath.Dir(file), 0o755), disk.WriteFile(file, data, 0o600)); err != nil {
		return err
	}
	var plan [32]byte // of its own, beside others who probe
	if _, err := rand.Read(plan[:]); err != nil {
		return err
	}
	m := &release.Manifest{
		Schema: release.ManifestSchema, Product: "probe", Channel: "probe", Kind: release.Rolling, Version: release.MustVersion("0.0.0"),
		Sequence: 1, Commit: strings.Repeat("0", 40), SourceDate: time.Unix(0, 0).UTC(), Plan: "sha256:" + hex.EncodeToString(plan[:]),
		Files: []release.File{{Path: name, MediaType: release.MediaTypeText, Mode: "0644", Size: int64(len(data)), SHA256: strings.TrimPrefix(release.Digest(data), "sha256:")}},
	}
	raw, err := release.Encode(m)
	if err != nil {
		return err
	}
	err = store.Stage(ctx, Set{Plan: m.Plan, Dir: dir, Manifest: m, Raw: raw})
	return errors.Join(err, store.Discard(context.WithoutCancel(ctx), m.Plan))
}
