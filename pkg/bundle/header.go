package bundle

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

const blockSize = 512

// Entry is one file of a bundle.
type Entry struct {
	Name string
	// Mode is "0644" or "0755".
	Mode string
	Size int64
	// Offset of the payload in the bundle.
	Offset int64
}

// padding is the number of zero bytes after the payload.
func (e Entry) padding() int64 { return (blockSize - e.Size%blockSize) % blockSize }

// split divides a name into ustar's prefix and name at the last possible slash; ok is false if it does not fit.
func split(name string) (prefix, rest string, ok bool) {
	if len(name) <= 100 {
		return "", name, true
	}
	for i := min(len(name)-2, 155); i > 0; i-- {
		if name[i] == '/' && len(name)-i-1 <= 100 {
			return name[:i], name[i+1:], true
		}
	}
	return "", "", false
}

// encode returns the one header that an entry can have.
func encode(e Entry, mtime time.Time) ([]byte, error) {
	prefix, name, ok := split(e.Name)
	if !ok {
		return nil, fmt.Errorf("name %q does not fit a ustar header", e.Name)
	}
	h := make([]byte, blockSize)
	copy(h[0:100], name)
	copy(h[100:108], "000"+e.Mode+"\x00")
	copy(h[108:116], "0000000\x00")
	copy(h[116:124], "0000000\x00")
	copy(h[124:136], fmt.Sprintf("%011o\x00", e.Size))
	copy(h[136:148], fmt.Sprintf("%011o\x00", mtime.Unix()))
	copy(h[148:156], "        ")
	h[156] = '0'
	copy(h[257:265], "ustar\x0000")
	copy(h[329:337], "0000000\x00")
	copy(h[337:345], "0000000\x00")
	copy(h[345:500], prefix)
	sum := 0
	for _, b := range h {
		sum += int(b)
	}
	copy(h[148:156], fmt.Sprintf("%06o\x00 ", sum))
	return h, nil
}

// decode reads what a header says, without judging it: the caller encodes the result again and compares.
func decode(h []byte) (Entry, time.Time, error) {
	name := text(h[0:100])
	if prefix := text(h[345:500]); prefix != "" {
		name = prefix + "/" + name
	}
	size, err := octal(h[124:136])
	if err != nil {
		return Entry{}, time.Time{}, fmt.Errorf("size: %w", err)
	}
	mtime, err := octal(h[136:148])
	if err != nil {
		return Entry{}, time.Time{}, fmt.Errorf("time: %w", err)
	}
	mode := strings.TrimPrefix(text(h[100:108]), "000")
	if mode != "0644" && mode != "0755" {
		return Entry{}, time.Time{}, fmt.Errorf("mode %q is neither 0644 nor 0755", mode)
	}
	return Entry{Name: name, Mode: mode, Size: size}, time.Unix(mtime, 0).UTC(), nil
}

// text is the part of a field before its first NUL.
func text(field []byte) string {
	s, _, _ := strings.Cut(string(field), "\x00")
	return s
}

func octal(field []byte) (int64, error) {
	s := text(field)
	n, err := strconv.ParseInt(s, 8, 64)
	if err != nil || n < 0 {
		return 0, fmt.Errorf("%q is no octal number", s)
	}
	return n, nil
}
