package bundle

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"github.com/relctl/relctl/pkg/release"
)

// The codes of a [FormatError], stable over versions.
const (
	CodeTruncated = "bundle-truncated" // it ends too early
	CodeTrailing  = "bundle-trailing"  // it goes on after its end
	CodeHeader    = "bundle-header"    // a header that is not the one encoding of what it says
	CodePadding   = "bundle-padding"   // bytes between files that are not zero
	CodeName      = "bundle-name"      // a name that no bundle may carry
	CodeOrder     = "bundle-order"     // files out of order, or release.json not first
	CodeDuplicate = "bundle-duplicate" // two files of one name, or of names that are one on some systems
	CodeSize      = "bundle-size"      // a file larger than its kind may be
	CodeCount     = "bundle-count"     // too many files, or signatures
)

// FormatError is a file that is no bundle, or not written the one way that bundles are.
type FormatError struct {
	Code string
	// Name of the entry, as far as it could be read, or "".
	Name string
	Text string
}

func (e *FormatError) Error() string {
	if e.Name == "" {
		return "not a bundle as relctl writes it: " + e.Text
	}
	return fmt.Sprintf("not a bundle as relctl writes it: %.300q: %s", e.Name, e.Text)
}

// maxEntries bounds the table of contents.
const maxEntries = release.MaxFiles + MaxSignatures + MaxTrustFiles + 1

// Archive is an opened bundle: its table of contents was read and holds, its payload was not looked at.
type Archive struct {
	r       io.ReaderAt
	entries []Entry
	mtime   time.Time
}

// OpenFile opens the bundle at path. The archive reads from the file until end closes it; after an error it is closed.
func OpenFile(path string) (a *Archive, end func() error, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, err
	}
	info, err := f.Stat()
	if err == nil {
		a, err = Open(f, info.Size())
	}
	if err != nil {
		return nil, nil, errors.Join(err, f.Close())
	}
	return a, f.Close, nil
}

// Open reads the table of contents of a bundle of size bytes.
func Open(r io.ReaderAt, size int64) (*Archive, error) {
	a, err := table(r, size)
	if err != nil {
		return nil, err
	}
	return a, checkEntries(a.entries)
}

// table reads a table of contents without judging what it holds as a whole.
func table(r io.ReaderAt, size int64) (*Archive, error) {
	a := &Archive{r: r}
	block := make([]byte, blockSize)
	for at := int64(0); ; {
		if err := readAt(r, block, at, size); err != nil {
			return nil, err
		}
		if allZero(block) {
			if err := checkEnd(r, at, size); err != nil {
				return nil, err
			}
			break
		}
		e, err := a.header(block, at)
		if err != nil {
			return nil, err
		}
		next := e.Offset + e.Size + e.padding()
		if next > size-2*blockSize {
			return nil, &FormatError{Code: CodeTruncated, Name: e.Name, Text: "the file ends before its payload does"}
		}
		if len(a.entries) == maxEntries {
			return nil, &FormatError{Code: CodeCount, Text: fmt.Sprintf("more than %d files", maxEntries)}
		}
		a.entries = append(a.entries, e)
		at = next
	}
	return a, nil
}

// header decodes one header and holds its encoding against the one that it must have.
func (a *Archive) header(block []byte, at int64) (Entry, error) {
	e, mtime, err := decode(block)
	if err != nil {
		return e, &FormatError{Code: CodeHeader, Name: text(block[:100]), Text: err.Error()}
	}
	if err := checkName(e.Name); err != nil {
		return e, &FormatError{Code: CodeName, Name: e.Name, Text: err.Error()}
	}
	if e.Size > limit(e.Name) {
		return e, &FormatError{Code: CodeSize, Name: e.Name, Text: fmt.Sprintf("%d bytes, at most %d are allowed", e.Size, limit(e.Name))}
	}
	if at == 0 {
		a.mtime = mtime
	}
	want, err := encode(e, a.mtime)
	if err != nil || !bytes.Equal(want, block) {
		return e, &FormatError{Code: CodeHeader, Name: e.Name, Text: "its header is not the canonical one (link, owner, time, extension or checksum)"}
	}
	e.Offset = at + blockSize
	return e, nil
}

// checkEnd wants two zero blocks and nothing after them.
func checkEnd(r io.ReaderAt, at, size int64) error {
	block := make([]byte, blockSize)
	if err := readAt(r, block, at+blockSize, size); err != nil {
		return err
	}
	if !allZero(block) {
		return &FormatError{Code: CodeTrailing, Text: "one empty block is followed by another file"}
	}
	if size != at+2*blockSize {
		return &FormatError{Code: CodeTrailing, Text: fmt.Sprintf("%d bytes after the end", size-at-2*blockSize)}
	}
	return nil
}

func readAt(r io.ReaderAt, block []byte, at, size int64) error {
	if at+int64(len(block)) > size {
		return &FormatError{Code: CodeTruncated, Text: "the file ends too early"}
	}
	n, err := r.ReadAt(block, at)
	if n == len(block) {
		return nil
	}
	if err == nil || errors.Is(err, io.EOF) {
		return &FormatError{Code: CodeTruncated, Text: "the file ends too early"}
	}
	return err
}

func allZero(b []byte) bool {
	for _, x := range b {
		if x != 0 {
			return false
		}
	}
	return true
}

// Entries returns the table of contents, in the order of the bundle.
func (a *Archive) Entries() []Entry { return slices.Clone(a.entries) }

// ModTime returns the one timestamp of the bundle.
func (a *Archive) ModTime() time.Time { return a.mtime }

// Find returns the entry of a name.
func (a *Archive) Find(name string) (Entry, bool) {
	i := slices.IndexFunc(a.entries, func(e Entry) bool { return e.Name == name })
	if i < 0 {
		return Entry{}, false
	}
	return a.entries[i], true
}

// Open returns the payload of an entry.
func (a *Archive) Open(e Entry) *io.SectionReader { return io.NewSectionReader(a.r, e.Offset, e.Size) }

// ReadFile returns the payload of a small file, of at most limit bytes.
func (a *Archive) ReadFile(name string, limit int64) ([]byte, error) {
	e, ok := a.Find(name)
	if !ok {
		return nil, fmt.Errorf("the bundle has no %s", name)
	}
	if e.Size > limit {
		return nil, &FormatError{Code: CodeSize, Name: name, Text: fmt.Sprintf("%d bytes, at most %d are read", e.Size, limit)}
	}
	data := make([]byte, e.Size)
	if _, err := io.ReadFull(a.Open(e), data); err != nil {
		return nil, err
	}
	return data, a.CheckPadding(e)
}

// CheckPadding reads the bytes after an entry's payload, which must be zero.
func (a *Archive) CheckPadding(e Entry) error {
	pad := make([]byte, e.padding())
	if len(pad) == 0 {
		return nil
	}
	if _, err := io.ReadFull(io.NewSectionReader(a.r, e.Offset+e.Size, int64(len(pad))), pad); err != nil {
		return err
	}
	if !allZero(pad) {
		return &FormatError{Code: CodePadding, Name: e.Name, Text: "the bytes after it are not zero"}
	}
	return nil
}
