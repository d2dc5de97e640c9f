package attacks

import (
	"bytes"
	"fmt"
	"io"
	"slices"

	"github.com/relctl/relctl/internal/trusttest"
	"github.com/relctl/relctl/pkg/bundle"
)

const block = 512

// entry is one file of an archive, good or bad. The zero value of a field but name is what a good bundle has.
type entry struct {
	name string
	data []byte
	// mode in seven octal digits, kind is ustar's type flag.
	mode string
	kind byte
	link string
	// claim is the size in the header if it is not that of data, as the field's text.
	claim string
	// pad is the byte after the payload.
	pad byte
	// twist changes the header before its checksum is made.
	twist func(header []byte)
}

// header makes the 512 bytes before a payload. It is written from the description of ustar, not by what it tests.
func (e entry) header() []byte {
	h := make([]byte, block)
	text := func(at int, s string) { copy(h[at:], s) }
	or := func(s, other string) string {
		if s == "" {
			return other
		}
		return s
	}
	name, prefix := e.name, ""
	for i := len(name) - 1; len(e.name) > 100 && i > 0; i-- {
		if e.name[i] == '/' && len(e.name)-i-1 <= 100 && i <= 155 {
			prefix, name = e.name[:i], e.name[i+1:]
			break
		}
	}
	text(0, name)
	text(100, or(e.mode, "0000644"))
	text(108, "0000000")
	text(116, "0000000")
	text(124, or(e.claim, fmt.Sprintf("%011o", len(e.data))))
	text(136, fmt.Sprintf("%011o", trusttest.Start.Unix()))
	h[156] = '0'
	if e.kind != 0 {
		h[156] = e.kind
	}
	text(157, e.link)
	text(257, "ustar\x0000")
	text(329, "0000000")
	text(337, "0000000")
	text(345, prefix)
	if e.twist != nil {
		e.twist(h)
	}
	text(148, "        ")
	sum := 0
	for _, b := range h {
		sum += int(b)
	}
	text(148, fmt.Sprintf("%06o\x00 ", sum))
	return h
}

// write makes an archive of entries as they stand, and its end.
func write(entries []entry) []byte {
	var out bytes.Buffer
	for _, e := range entries {
		out.Write(e.header())
		out.Write(e.data)
		out.Write(bytes.Repeat([]byte{e.pad}, (block-len(e.data)%block)%block))
	}
	out.Write(make([]byte, 2*block))
	return out.Bytes()
}

// read takes a good bundle apart.
func read(good []byte) []entry {
	a, err := bundle.Open(bytes.NewReader(good), int64(len(good)))
	check(err)
	var entries []entry
	for _, e := range a.Entries() {
		data, err := io.ReadAll(a.Open(e))
		check(err)
		entries = append(entries, entry{name: e.Name, data: data})
	}
	return entries
}

// find is the place of a file that is there.
func find(entries []entry, name string) int {
	i := slices.IndexFunc(entries, func(e entry) bool { return e.name == name })
	if i < 0 {
		panic("no " + name)
	}
	return i
}

// check stops a generator that cannot go on.
func check(err error) {
	if err != nil {
		panic(err)
	}
}
