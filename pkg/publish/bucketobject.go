package publish

import (
	"bytes"
	"context"
	"crypto/md5" //nolint:gosec // the protocol's checksum of parts
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"strings"

	"github.com/minio/minio-go/v7"

	"github.com/relctl/relctl/pkg/release"
)

// sumKey is the name under which an object carries its sha256, so that a look at it tells what it holds.
const sumKey = "Relctl-Sha256"

// do makes one request, or more of them.
func (b *Bucket) do(ctx context.Context, op, name string, f func(ctx context.Context, c minio.Core) error) error {
	c, err := b.client()
	if err != nil {
		return err
	}
	return b.Retry.do(ctx, b.String(), op, name, func(ctx context.Context) error { return f(ctx, c) })
}

// missing reports whether an object is not there. A bucket that is not there is a failure.
func missing(err error) bool {
	var refused minio.ErrorResponse
	return errors.As(err, &refused) && refused.StatusCode == http.StatusNotFound && refused.Code != minio.NoSuchBucket
}

// holds reports whether an object is there with a size and a sha256.
func (b *Bucket) holds(ctx context.Context, name string, size int64, digest string) (bool, error) {
	var there bool
	err := b.do(ctx, "look for", name, func(ctx context.Context, c minio.Core) error {
		info, err := c.StatObject(ctx, b.Name, b.key(name), minio.StatObjectOptions{})
		there = err == nil && info.Size == size && info.UserMetadata[sumKey] == digest
		if missing(err) {
			return nil
		}
		return err
	})
	return there, err
}

// read returns a small object, or nil.
func (b *Bucket) read(ctx context.Context, name string, limit int64) ([]byte, error) {
	var data []byte
	err := b.do(ctx, "read", name, func(ctx context.Context, c minio.Core) error {
		r, info, header, err := c.GetObject(ctx, b.Name, b.key(name), minio.GetObjectOptions{})
		if missing(err) {
			data = nil
			return nil
		}
		if err != nil {
			return err
		}
		defer func() { _ = r.Close() }()
		if info.Size > limit {
			return &CorruptError{Name: name, Want: fmt.Sprintf("at most %d bytes", limit), Got: fmt.Sprint(info.Size)}
		}
		data, err = io.ReadAll(io.LimitReader(r, limit+1))
		if err != nil {
			return err
		}
		want := header.Get("X-Amz-Meta-" + sumKey)
		if got := strings.TrimPrefix(release.Digest(data), "sha256:"); want != "" && got != want {
			return &CorruptError{Name: name, Want: "sha256 " + want, Got: got}
		}
		return nil
	})
	return data, err
}

// open opens an object that holds a file of a manifest. Where the connection breaks it goes on from there.
func (b *Bucket) open(ctx context.Context, name string, f release.File) (io.ReadCloser, error) {
	r := &resumed{ctx: ctx, left: b.Retry.attempts(), retry: b.Retry, open: func(ctx context.Context, offset int64) (io.ReadCloser, error) {
		var body io.ReadCloser
		err := b.do(ctx, "read", name, func(_ context.Context, c minio.Core) error {
			opts := minio.GetObjectOptions{}
			if offset > 0 {
				if err := opts.SetRange(offset, 0); err != nil {
					return err
				}
			}
			r, _, _, err := c.GetObject(ctx, b.Name, b.key(name), opts)
			if missing(err) {
				return &fs.PathError{Op: "open", Path: b.String() + ": " + name, Err: fs.ErrNotExist}
			}
			body = r
			return err
		})
		return body, err
	}}
	if err := r.reopen(); err != nil {
		return nil, err
	}
	return check(r, f), nil
}

// put writes a small object of JSON. If once is set and it is there already, it stays.
func (b *Bucket) put(ctx context.Context, name string, data []byte, once bool) error {
	return b.do(ctx, "write", name, func(ctx context.Context, c minio.Core) error {
		opts := minio.PutObjectOptions{
			ContentType: release.MediaTypeJSON, SendContentMd5: true, DisableMultipart: true,
			UserMetadata: map[string]string{sumKey: strings.TrimPrefix(release.Digest(data), "sha256:")},
		}
		if once {
			opts.SetMatchETagExcept("*")
		}
		_, err := c.Client.PutObject(ctx, b.Name, b.key(name), bytes.NewReader(data), int64(len(data)), opts)
		if once && status(err) == http.StatusPreconditionFailed {
			return nil
		}
		return err
	})
}

const (
	// largestCopy is the most that a server copies in one request.
	largestCopy = 5 << 30
	defaultPart = 16 << 20
	mostParts   = 10_000
)

// send uploads a file, in parts if it is large, unless the object is there with these bytes. A file that was sent half
// by an earlier run goes on where that ended.
func (b *Bucket) send(ctx context.Context, name, path string, f release.File) error {
	there, err := b.holds(ctx, name, f.Size, f.SHA256)
	if err != nil || there {
		return err
	}
	in, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }()
	part := b.PartSize
	if part <= 0 {
		part = defaultPart
	}
	opts := minio.PutObjectOptions{ContentType: f.MediaType, UserMetadata: map[string]string{sumKey: f.SHA256}}
	if f.Size > part {
		err = b.sendParts(ctx, name, in, f, max(part, (f.Size+mostParts-1)/mostParts), opts)
	} else {
		err = b.do(ctx, "write", name, func(ctx context.Context, c minio.Core) error {
			opts.SendContentMd5, opts.DisableMultipart = true, true
			_, err := c.Client.PutObject(ctx, b.Name, b.key(name), io.NewSectionReader(in, 0, f.Size), f.Size, opts)
			return err
		})
	}
	if err != nil {
		return err
	}
	there, err = b.Retry.seen(ctx, func() (bool, error) { return b.holds(ctx, name, f.Size, f.SHA256) })
	if err == nil && !there {
		err = &RemoteError{Store: b.String(), Op: "write", Name: name, Tries: 1, Err: &CorruptError{Name: name, Want: fmt.Sprintf("%d bytes", f.Size), Got: "something else, or nothing"}}
	}
	return err
}

// sendParts uploads a file in parts, of which an earlier run may have sent some.
func (b *Bucket) sendParts(ctx context.Context, name string, in io.ReaderAt, f release.File, size int64, opts minio.PutObjectOptions) error {
	upload, have, err := b.resume(ctx, name)
	if err == nil && upload == "" {
		err = b.do(ctx, "write", name, func(ctx context.Context, c minio.Core) error {
			upload, err = c.NewMultipartUpload(ctx, b.Name, b.key(name), opts)
			return err
		})
	}
	if err != nil {
		return err
	}
	var parts []minio.CompletePart
	for offset, number := int64(0), 1; offset < f.Size; offset, number = offset+size, number+1 {
		section := io.NewSectionReader(in, offset, min(size, f.Size-offset))
		h := md5.New() //nolint:gosec // see above
		if _, err := io.Copy(h, section); err != nil {
			return err
		}
		digest := h.Sum(nil)
		if p, ok := have[number]; ok && p.Size == section.Size() && strings.Trim(p.ETag, `"`) == hex.EncodeToString(digest) {
			parts = append(parts, minio.CompletePart{PartNumber: number, ETag: p.ETag})
			continue
		}
		err := b.do(ctx, "write", fmt.Sprintf("part %d of %s", number, name), func(ctx context.Context, c minio.Core) error {
			if _, err := section.Seek(0, io.SeekStart); err != nil {
				return err
			}
			p, err := c.PutObjectPart(ctx, b.Name, b.key(name), upload, number, section, section.Size(), minio.PutObjectPartOptions{Md5Base64: base64.StdEncoding.EncodeToString(digest)})
			if err == nil {
				parts = append(parts, minio.CompletePart{PartNumber: number, ETag: p.ETag})
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	return b.do(ctx, "write", name, func(ctx context.Context, c minio.Core) error {
		_, err := c.CompleteMultipartUpload(ctx, b.Name, b.key(name), upload, parts, minio.PutObjectOptions{})
		return err
	})
}

// resume finds what an earlier run has sent of an object: the upload and its parts, or "".
func (b *Bucket) resume(ctx context.Context, name string) (upload string, have map[int]minio.ObjectPart, err error) {
	err = b.do(ctx, "look for", name, func(ctx context.Context, c minio.Core) error {
		upload, have = "", map[int]minio.ObjectPart{}
		list, err := c.ListMultipartUploads(ctx, b.Name, b.key(name), "", "", "", 1000)
		if err != nil {
			return err
		}
		for _, u := range list.Uploads {
			if u.Key == b.key(name) {
				upload = u.UploadID
			}
		}
		for marker := 0; upload != ""; {
			parts, err := c.ListObjectParts(ctx, b.Name, b.key(name), upload, marker, 1000)
			if err != nil {
				return err
			}
			for _, p := range parts.ObjectParts {
				have[p.PartNumber] = p
			}
			if !parts.IsTruncated || parts.NextPartNumberMarker <= marker {
				return nil
			}
			marker = parts.NextPartNumberMarker
		}
		return nil
	})
	return upload, have, err
}

// copy has the server copy an object, unless the copy is there.
func (b *Bucket) copy(ctx context.Context, to, from string, f release.File) error {
	there, err := b.holds(ctx, to, f.Size, f.SHA256)
	if err != nil || there {
		return err
	}
	return b.do(ctx, "copy", to, func(ctx context.Context, c minio.Core) error {
		if f.Size <= largestCopy {
			_, err := c.CopyObject(ctx, b.Name, b.key(from), b.Name, b.key(to), nil, minio.CopySrcOptions{}, minio.PutObjectOptions{})
			return err
		}
		_, err := c.ComposeObject(ctx, minio.CopyDestOptions{Bucket: b.Name, Object: b.key(to)}, minio.CopySrcOptions{Bucket: b.Name, Object: b.key(from)})
		return err
	})
}

// list returns the names of objects that begin with prefix.
func (b *Bucket) list(ctx context.Context, prefix string) ([]string, error) {
	var names []string
	root := b.key("") + "/"
	if root == "/" {
		root = ""
	}
	err := b.do(ctx, "list", prefix, func(ctx context.Context, c minio.Core) error {
		names = nil
		ctx, cancel := context.WithCancel(ctx)
		defer cancel() // ends the listing if it is left early
		for o := range c.Client.ListObjects(ctx, b.Name, minio.ListObjectsOptions{Prefix: root + prefix, Recursive: true}) {
			if o.Err != nil {
				return o.Err
			}
			names = append(names, strings.TrimPrefix(o.Key, root))
		}
		return ctx.Err()
	})
	return names, err
}

func (b *Bucket) remove(ctx context.Context, name string) error {
	return b.do(ctx, "remove", name, func(ctx context.Context, c minio.Core) error {
		err := c.RemoveObject(ctx, b.Name, b.key(name), minio.RemoveObjectOptions{})
		if missing(err) {
			return nil
		}
		return err
	})
}

// abort removes the parts of uploads that were not finished.
func (b *Bucket) abort(ctx context.Context, prefix string) error {
	return b.do(ctx, "remove", prefix, func(ctx context.Context, c minio.Core) error {
		list, err := c.ListMultipartUploads(ctx, b.Name, b.key(prefix)+"/", "", "", "", 1000)
		for _, u := range list.Uploads {
			if err := c.AbortMultipartUpload(ctx, b.Name, u.Key, u.UploadID); err != nil && !missing(err) {
				return err
			}
		}
		return err
	})
}
