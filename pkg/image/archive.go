package image

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// archive is the files of a layout in one file, by name.
type archive map[string]section

var _ fs.FS = archive(nil)

// section is where a file lies in an archive.
type section struct {
	*io.SectionReader
	info fs.FileInfo
}

// readArchive finds the files in an archive. It admits plain files only, each name once.
func readArchive(file *os.File) (archive, error) {
	out := archive{}
	for entries := tar.NewReader(file); ; {
		h, err := entries.Next()
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return nil, err
		}
		_, twice := out[h.Name]
		switch {
		case h.Typeflag != tar.TypeReg:
			return nil, fmt.Errorf("%q is no plain file", h.Name)
		case twice:
			return nil, fmt.Errorf("the file %q stands there twice", h.Name)
		case len(out) == maxFiles:
			return nil, fmt.Errorf("there are more than %d files", maxFiles)
		}
		start, err := file.Seek(0, io.SeekCurrent)
		if err != nil {
			return nil, err
		}
		out[h.Name] = section{io.NewSectionReader(file, start, h.Size), h.FileInfo()}
	}
}

// Open opens a file; each call reads for itself.
func (a archive) Open(name string) (fs.File, error) {
	s, ok := a[name]
	if !ok {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	return section{io.NewSectionReader(s.SectionReader, 0, s.Size()), s.info}, nil
}

func (s section) Stat() (fs.FileInfo, error) { return s.info, nil }

func (s section) Close() error { return nil }
