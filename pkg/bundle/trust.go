package bundle

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/relctl/relctl/pkg/release"
)

// CodeGzip is the code of a trust update that is not one gzip stream.
const CodeGzip = "trust-gzip"

// TrustFiles returns the envelope's trust metadata by its name below trust/, at most [MaxTrustBytes] in all.
func (a *Archive) TrustFiles() (map[string][]byte, error) {
	files := map[string][]byte{}
	total := int64(0)
	for _, e := range a.entries {
		name, ok := strings.CutPrefix(e.Name, release.TrustDir)
		if !ok {
			continue
		}
		if total += e.Size; total > MaxTrustBytes {
			return nil, &FormatError{Code: CodeSize, Name: e.Name, Text: fmt.Sprintf("with it the trust metadata has more than %d bytes", MaxTrustBytes)}
		}
		data, err := a.ReadFile(e.Name, MaxTrustBytes)
		if err != nil {
			return nil, err
		}
		files[name] = data
	}
	return files, nil
}

// WriteTrust writes a trust update: the archive of a bundle that holds only trust/…, in gzip. Equal input gives equal
// bytes.
func WriteTrust(w io.Writer, mtime time.Time, files []Source) error {
	z, err := gzip.NewWriterLevel(w, gzip.BestCompression)
	if err != nil {
		return err
	}
	if err := write(z, mtime, files, checkTrust); err != nil {
		return err
	}
	return z.Close()
}

// ReadTrust reads a trust update of at most [MaxTrustBytes], packed and unpacked alike, into memory. The error is a
// [*FormatError] unless reading failed.
func ReadTrust(r io.Reader) (map[string][]byte, error) {
	packed, err := readLimited(r)
	if err != nil {
		return nil, err
	}
	in := bytes.NewReader(packed)
	z, err := gzip.NewReader(in)
	if err != nil {
		return nil, &FormatError{Code: CodeGzip, Text: "it is not in gzip form"}
	}
	z.Multistream(false)
	data, err := readLimited(z)
	var format *FormatError
	switch {
	case errors.As(err, &format):
		return nil, err
	case err != nil:
		return nil, &FormatError{Code: CodeGzip, Text: "it is damaged: " + err.Error()}
	case in.Len() > 0:
		return nil, &FormatError{Code: CodeTrailing, Text: fmt.Sprintf("%d bytes after the end", in.Len())}
	}
	a, err := table(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, err
	}
	if err := checkTrust(a.entries); err != nil {
		return nil, err
	}
	return a.TrustFiles()
}

func readLimited(r io.Reader) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, MaxTrustBytes+1))
	if err == nil && len(data) > MaxTrustBytes {
		err = &FormatError{Code: CodeSize, Text: fmt.Sprintf("more than %d bytes", MaxTrustBytes)}
	}
	return data, err
}

// checkTrust holds the table of contents of a trust update against the rules.
func checkTrust(entries []Entry) error {
	if len(entries) == 0 {
		return &FormatError{Code: CodeCount, Text: "it holds no file"}
	}
	for _, e := range entries {
		if !trustName.MatchString(e.Name) {
			return &FormatError{Code: CodeName, Name: e.Name, Text: "a trust update holds only trust metadata"}
		}
	}
	return checkTable(entries)
}
