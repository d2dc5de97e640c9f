package verify

import (
	"context"
	"io"
	"strings"

	"github.com/relctl/relctl/pkg/bundle"
	"github.com/relctl/relctl/pkg/release"
)

// Read verifies a bundle as [Site.Verify] does and returns one of its files, of at most limit bytes. There are bytes only
// if the bundle is what the vendor released and whole, whatever else the error says of it: that it is stale or withdrawn
// ([Refusal.Genuine]), or not for this site ([Refusal.ForOthers]). A release without the file gives neither bytes nor an
// error.
func (s *Site) Read(ctx context.Context, r io.ReaderAt, size int64, name string, limit int64, o Options) ([]byte, *Report, error) {
	rep, a, m, err := s.judge(ctx, r, size, o)
	if a == nil {
		return nil, rep, err
	}
	data, failed := readListed(a, m, name, limit)
	if failed != nil {
		return nil, rep, failed
	}
	return data, rep, err
}

// Read verifies a bundle by keys, as [Bundle] does, and returns one of its files, of at most limit bytes; nil if the
// release does not have it.
func Read(ctx context.Context, r io.ReaderAt, size int64, name string, limit int64, p Policy) ([]byte, *Report, error) {
	rep, a, m, err := verify(ctx, r, size, p)
	if err != nil {
		return nil, rep, err
	}
	data, err := readListed(a, m, name, limit)
	return data, rep, err
}

// readListed reads a file once more after all were hashed, and so holds it against its digest again.
func readListed(a *bundle.Archive, m *release.Manifest, name string, limit int64) ([]byte, error) {
	listed, ok := m.File(name)
	if !ok {
		return nil, nil
	}
	data, err := a.ReadFile(name, limit)
	if err != nil {
		return nil, err
	}
	if digest := strings.TrimPrefix(release.Digest(data), "sha256:"); digest != listed.SHA256 {
		return nil, digestRefusal(listed, digest)
	}
	return data, nil
}
