package build

import (
	"archive/tar"
	"archive/zip"
	"compress/bzip2"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"strings"
)

// member is one regular file inside an archive.
type member struct {
	name string
	size int64
	data io.Reader
}

// readable reports whether members can look into an archive of this name.
func readable(name string) bool {
	name = strings.ToLower(name)
	for _, end := range []string{".zip", ".tar", ".tar.bz2", ".tar.gz", ".tgz"} {
		if strings.HasSuffix(name, end) {
			return true
		}
	}
	return false
}

// members calls visit for every regular file of an archive in order. Those that are not readable have none.
func members(file string, visit func(member) error) error {
	name := strings.ToLower(file)
	if strings.HasSuffix(name, ".zip") {
		return zipMembers(file, visit)
	}
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	switch {
	case strings.HasSuffix(name, ".tar"):
		return tarMembers(f, visit)
	case strings.HasSuffix(name, ".tar.bz2"):
		return tarMembers(bzip2.NewReader(f), visit)
	case strings.HasSuffix(name, ".tar.gz"), strings.HasSuffix(name, ".tgz"):
		z, err := gzip.NewReader(f)
		if err != nil {
			return err
		}
		return tarMembers(z, visit)
	}
	return nil
}

func tarMembers(r io.Reader, visit func(member) error) error {
	t := tar.NewReader(r)
	for {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if h.Typeflag != tar.TypeReg {
			continue
		}
		if err := visit(member{name: h.Name, size: h.Size, data: t}); err != nil {
			return err
		}
	}
}

func zipMembers(file string, visit func(member) error) error {
	z, err := zip.OpenReader(file)
	if err != nil {
		return err
	}
	defer func() { _ = z.Close() }()
	for _, f := range z.File {
		if !f.Mode().IsRegular() {
			continue
		}
		if err := visitZip(f, visit); err != nil {
			return err
		}
	}
	return nil
}

func visitZip(f *zip.File, visit func(member) error) error {
	r, err := f.Open()
	if err != nil {
		return err
	}
	defer func() { _ = r.Close() }()
	return visit(member{name: f.Name, size: int64(f.UncompressedSize64), data: r}) //nolint:gosec // compared, never allocated
}
