package trust

import (
	"context"
	"errors"
	"time"

	"github.com/theupdateframework/go-tuf/v2/metadata"

	"github.com/relctl/relctl/pkg/release"
)

// Refresh makes the snapshot, where it is behind, and the timestamp, which vouches at a time that this is the newest
// there is. It returns the new files; what keys it lacked, it says as wants, and the files before those stand. Both
// roles are signed on one machine, since the timestamp names the snapshot's very bytes.
func (r *Repository) Refresh(ctx context.Context, opts Options, issued time.Time, signers []Signer) (files []File, wants []Want, err error) {
	if r.IsZero() || r.targets() == nil {
		return nil, nil, errors.New("there is no root and no targets yet")
	}
	now := r
	if r.snapshotBehind() {
		if files, now, wants, err = now.online(ctx, release.RoleSnapshot, r.snapshot(opts), signers); err != nil || wants != nil {
			return nil, wants, err
		}
	}
	last, _, wants, err := now.online(ctx, release.RoleTimestamp, now.timestamp(opts, issued), signers)
	return append(files, last...), wants, err
}

// online signs a document of one role and takes it in.
func (r *Repository) online(ctx context.Context, role string, doc document, signers []Signer) ([]File, *Repository, []Want, error) {
	p := &Proposal{base: r, docs: map[string]document{role: doc}}
	for _, s := range signers {
		if _, err := p.Sign(ctx, s); err != nil {
			return nil, nil, nil, err
		}
	}
	if wants := p.Wants(); wants != nil {
		return nil, nil, wants, nil
	}
	files, _, err := p.Files()
	if err != nil {
		return nil, nil, nil, err
	}
	next, err := r.With(files, nil)
	return files, next, nil, err
}

// snapshotBehind reports whether the snapshot does not list all there is, or is not signed by the keys that count.
func (r *Repository) snapshotBehind() bool {
	snap, _ := r.docs[release.RoleSnapshot].(*snapshotMeta)
	if snap == nil || verify(r.root(), r.targets(), release.RoleSnapshot, snap) != nil {
		return true
	}
	for _, role := range r.signedRoles() {
		if !lists(snap.Signed.Meta, r.files[role]) {
			return true
		}
	}
	return false
}

func (r *Repository) snapshot(opts Options) document {
	snap := metadata.Snapshot(opts.Expires(release.RoleSnapshot))
	snap.Signed.Version = int64(opts.Version) //nolint:gosec // the number of an event
	snap.Signed.Meta = map[string]*metadata.MetaFiles{}
	for _, role := range r.signedRoles() {
		snap.Signed.Meta[role+".json"] = entry(r.files[role])
	}
	return snap
}

func (r *Repository) timestamp(opts Options, issued time.Time) document {
	ts := metadata.Timestamp(opts.Expires(release.RoleTimestamp))
	ts.Signed.Version = int64(opts.Version) //nolint:gosec // the number of an event
	if before := r.Issued(); issued.Before(before) {
		issued = before // a clock that went back takes nothing back
	}
	ts.Signed.UnrecognizedFields = map[string]any{issuedField: issued.UTC().Truncate(time.Second).Format(time.RFC3339)}
	ts.Signed.Meta = map[string]*metadata.MetaFiles{release.RoleSnapshot + ".json": entry(r.files[release.RoleSnapshot])}
	return ts
}

func entry(f File) *metadata.MetaFiles {
	return &metadata.MetaFiles{Version: int64(f.Version), Length: int64(len(f.Data)), Hashes: metadata.Hashes{"sha256": digest(f.Data)}} //nolint:gosec // the number of an event
}

// Fresh reports whether timestamp and snapshot say all there is to say, and did so at or after a moment.
func (r *Repository) Fresh(since time.Time) bool {
	return len(r.Problems()) == 0 && !r.Issued().Before(since)
}
