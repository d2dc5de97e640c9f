package bundle

import (
	"compress/gzip"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// WriteTrust writes a trust update: gzip of the bundle's canonical ustar, with names below trust/ only, sorted. Equal
// input gives equal bytes.
func WriteTrust(w io.Writer, mtime time.Time, files []Source) error {
	files = slices.SortedFunc(slices.Values(files), func(a, b Source) int { return strings.Compare(a.Name, b.Name) })
	total := int64(0)
	for i, f := range files {
		switch {
		case rank(f.Name) != 2:
			return &FormatError{Code: CodeName, Name: f.Name, Text: "a trust update holds nothing but trust"}
		case i > 0 && files[i-1].Name == f.Name:
			return &FormatError{Code: CodeDuplicate, Name: f.Name, Text: "stands there twice"}
		}
		total += f.Size
	}
	if len(files) > MaxTrustFiles || total > MaxTrustBytes {
		return &FormatError{Code: CodeCount, Text: fmt.Sprintf("%d trust files of %d bytes, at most %d of %d are allowed", len(files), total, MaxTrustFiles, MaxTrustBytes)}
	}
	z, err := gzip.NewWriterLevel(w, gzip.BestCompression)
	if err != nil {
		return err
	}
	buf := make([]byte, copyBuffer)
	for _, f := range files {
		e := Entry{Name: f.Name, Mode: f.Mode, Size: f.Size}
		if err := writeEntry(z, e, mtime, f, buf); err != nil {
			return err
		}
	}
	if _, err := z.Write(make([]byte, 2*blockSize)); err != nil {
		return err
	}
	return z.Close()
}
