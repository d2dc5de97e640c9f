package bundle

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// Source is a file to be written.
type Source struct {
	Name string
	// Mode is "0644" or "0755".
	Mode string
	// Size in bytes; the file must have exactly that many.
	Size int64
	// SHA256 in lower-case hex is held against what was written; "" is not.
	SHA256 string
	Open   func() (io.ReadCloser, error)
}

// Memory is a source of data that nobody may run.
func Memory(name string, data []byte) Source {
	return Source{Name: name, Mode: "0644", Size: int64(len(data)), Open: func() (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(data)), nil
	}}
}

const copyBuffer = 1 << 20

// Write writes a bundle of the files, in whatever order they are given, with one timestamp in whole seconds. Equal
// input gives equal bytes. It stops at the first name that no bundle may carry, and at a file that is not what its
// Source says.
func Write(w io.Writer, mtime time.Time, files []Source) error {
	return write(w, mtime, files, checkEntries)
}

// write writes an archive whose table of contents check accepts.
func write(w io.Writer, mtime time.Time, files []Source, check func([]Entry) error) error {
	files = slices.Clone(files)
	slices.SortFunc(files, func(a, b Source) int { return compare(a.Name, b.Name) })
	entries := make([]Entry, len(files))
	for i, f := range files {
		entries[i] = Entry{Name: f.Name, Mode: f.Mode, Size: f.Size}
	}
	if err := check(entries); err != nil {
		return err
	}
	buf := make([]byte, copyBuffer)
	for i, f := range files {
		if err := writeEntry(w, entries[i], mtime, f, buf); err != nil {
			return err
		}
	}
	_, err := w.Write(make([]byte, 2*blockSize))
	return err
}

// writeEntry writes a header, a payload and its padding.
func writeEntry(w io.Writer, e Entry, mtime time.Time, f Source, buf []byte) error {
	h, err := encode(e, mtime)
	if err != nil {
		return err
	}
	if _, err := w.Write(h); err != nil {
		return err
	}
	if err := writePayload(w, f, buf); err != nil {
		return fmt.Errorf("%s: %w", f.Name, err)
	}
	_, err = w.Write(make([]byte, e.padding()))
	return err
}

func writePayload(w io.Writer, f Source, buf []byte) error {
	r, err := f.Open()
	if err != nil {
		return err
	}
	h := sha256.New()
	// One byte more than announced shows a file that has grown.
	n, err := io.CopyBuffer(struct{ io.Writer }{io.MultiWriter(w, h)}, struct{ io.Reader }{io.LimitReader(r, f.Size)}, buf)
	if err == nil && n == f.Size {
		var extra [1]byte
		if m, _ := io.ReadFull(r, extra[:]); m > 0 {
			err = errors.New("the file is longer than it was")
		}
	}
	if err := errors.Join(err, r.Close()); err != nil {
		return err
	}
	if n != f.Size {
		return fmt.Errorf("the file has %d bytes, not %d", n, f.Size)
	}
	if sum := hex.EncodeToString(h.Sum(nil)); f.SHA256 != "" && sum != f.SHA256 {
		return fmt.Errorf("the file's sha256 is %s, not %s", sum, f.SHA256)
	}
	return nil
}

// checkEntries holds a sorted table of contents against the rules of the format.
func checkEntries(entries []Entry) error {
	for _, e := range entries {
		if err := checkName(e.Name); err != nil {
			return &FormatError{Code: CodeName, Name: e.Name, Text: err.Error()}
		}
	}
	if len(entries) == 0 || rank(entries[0].Name) != 0 {
		return &FormatError{Code: CodeOrder, Text: "release.json is not the first file"}
	}
	return checkTable(entries)
}

// checkTable holds a table of contents against what bundles and trust updates have in common.
func checkTable(entries []Entry) error {
	signatures, trust := 0, 0
	folded := make(map[string]string, len(entries))
	for i, e := range entries {
		if i > 0 && compare(entries[i-1].Name, e.Name) >= 0 {
			code := CodeOrder
			if entries[i-1].Name == e.Name {
				code = CodeDuplicate
			}
			return &FormatError{Code: code, Name: e.Name, Text: fmt.Sprintf("stands after %q", entries[i-1].Name)}
		}
		if e.Size < 0 || e.Size > limit(e.Name) {
			return &FormatError{Code: CodeSize, Name: e.Name, Text: fmt.Sprintf("%d bytes, at most %d are allowed", e.Size, limit(e.Name))}
		}
		if e.Mode != "0644" && e.Mode != "0755" || e.Mode == "0755" && IsEnvelope(e.Name) {
			return &FormatError{Code: CodeHeader, Name: e.Name, Text: fmt.Sprintf("mode %q", e.Mode)}
		}
		low := strings.ToLower(e.Name)
		if other, ok := folded[low]; ok {
			return &FormatError{Code: CodeDuplicate, Name: e.Name, Text: fmt.Sprintf("differs from %q only in case", other)}
		}
		folded[low] = e.Name
		switch rank(e.Name) {
		case 1:
			signatures++
		case 2:
			trust++
		}
	}
	if signatures > MaxSignatures {
		return &FormatError{Code: CodeCount, Text: fmt.Sprintf("%d signatures, at most %d are allowed", signatures, MaxSignatures)}
	}
	if trust > MaxTrustFiles {
		return &FormatError{Code: CodeCount, Text: fmt.Sprintf("%d trust files, at most %d are allowed", trust, MaxTrustFiles)}
	}
	return checkFolders(folded)
}

// checkFolders refuses a name that is a file and a folder at once.
func checkFolders(folded map[string]string) error {
	for low, name := range folded {
		for i := strings.LastIndexByte(low, '/'); i > 0; i = strings.LastIndexByte(low[:i], '/') {
			if other, ok := folded[low[:i]]; ok {
				return &FormatError{Code: CodeDuplicate, Name: other, Text: fmt.Sprintf("is also a folder of %q", name)}
			}
		}
	}
	return nil
}
