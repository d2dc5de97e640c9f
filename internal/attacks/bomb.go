package attacks

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/relctl/relctl/internal/trusttest"
	"github.com/relctl/relctl/pkg/bundle"
	"github.com/relctl/relctl/pkg/verify"
)

// huge is a size that no reader must believe.
const huge = 3 << 30

// bombs are small files that ask for much memory, time or disk.
func bombs() []Attack {
	all := slices.Concat(claims(), packed(), jsonBombs())
	s := newSample()
	entries := read(s.bundle())
	for i := range 20400 {
		entries = append(entries, entry{name: fmt.Sprintf("docs/z%05d", i)})
	}
	return append(all, s.both(RowBombs, "more files than a bundle may have", bundle.CodeCount, write(entries)))
}

// claims are headers that promise gigabytes.
func claims() []Attack {
	var all []Attack
	s := newSample()
	claim := func(row, name, code, file, text string, size int64) {
		entries := read(s.bundle())
		at := find(entries, file)
		entries[at].claim = text
		a := s.both(row, name, code, write(entries))
		if size > 0 {
			head := write(entries[:at])
			a.Bad = slices.Concat(head[:len(head)-2*block], entries[at].header())
			a.Size = int64(len(a.Bad)) + size + 2*block
		}
		all = append(all, a)
	}
	octal := fmt.Sprintf("%011o", huge)
	binaryText := func(n uint64) string {
		b := make([]byte, 12)
		binary.BigEndian.PutUint64(b[4:], n)
		b[0] = 0x80
		return string(b)
	}
	claim(RowOversized, "release.json of 3 GiB", bundle.CodeSize, "release.json", octal, huge)
	claim(RowOversized, "signature of 3 GiB", bundle.CodeSize, s.key.StockName(), octal, huge)
	claim(RowOversized, "timestamp of 3 GiB", bundle.CodeSize, "trust/timestamp.json", octal, huge)
	claim(RowOversized, "list of checksums of 3 GiB", verify.CodeFileSize, "SHA256SUMS", octal, huge)
	claim(RowBombs, "program of 3 GiB that is there", verify.CodeFileSize, "artifacts/acme", octal, huge)
	claim(RowBombs, "program of 3 GiB that is not there", bundle.CodeTruncated, "artifacts/acme", octal, 0)
	claim(RowBombs, "size beyond 8 GiB in binary", bundle.CodeHeader, "artifacts/acme", binaryText(1<<62), 0)
	claim(RowBombs, "size that wraps around", bundle.CodeHeader, "artifacts/acme", binaryText(1<<63|(1<<63-1)), 0)
	claim(RowBombs, "size below zero", bundle.CodeHeader, "artifacts/acme", "-0000000001", 0)
	claim(RowBombs, "size in another spelling", bundle.CodeHeader, "artifacts/acme", "        15 ", 0)

	many := newSample()
	for i := range bundle.MaxSignatures {
		many.signatures[trusttest.NewKey(fmt.Sprintf("stranger %d", i)).StockName()] = []byte("{}")
	}
	all = append(all, many.both(RowOversized, "more signatures than a bundle may have", bundle.CodeCount, write(entriesOf(many, nil))))
	files := map[string][]byte{}
	for i := range bundle.MaxTrustFiles {
		files[fmt.Sprintf("trust/a%03d.json", i)] = []byte("{}")
	}
	all = append(all, s.both(RowOversized, "more trust files than a bundle may have", bundle.CodeCount, write(entriesOf(s, files))))
	files = map[string][]byte{}
	for i := range 4 {
		files[fmt.Sprintf("trust/a%d.json", i)] = make([]byte, bundle.MaxTrustBytes/4+1)
	}
	large := s.both(RowOversized, "more bytes of trust than are read", bundle.CodeSize, write(entriesOf(s, files)))
	large.Keys = nil // a key does not look at them
	return append(all, large)
}

// entriesOf are the files of a sample's bundle, and more, in the order of their names in each group.
func entriesOf(s *sample, trust map[string][]byte) []entry {
	var entries []entry
	add := func(files map[string][]byte) {
		var names []string
		for name := range files {
			names = append(names, name)
		}
		slices.Sort(names)
		for _, name := range names {
			entries = append(entries, entry{name: name, data: files[name]})
		}
	}
	add(map[string][]byte{"release.json": s.release.Raw})
	add(s.signatures)
	all := map[string][]byte{}
	for name, data := range s.vendor.Files(channel) {
		all["trust/"+name] = data
	}
	for name, data := range trust {
		all[name] = data
	}
	add(all)
	for _, e := range read(newSample().bundle()) {
		if !bundle.IsEnvelope(e.name) {
			entries = append(entries, e)
		}
	}
	return entries
}

// packed are trust updates that become large.
func packed() []Attack {
	v := trusttest.Lasting()
	good := v.Update(channel)
	add := func(row, name, code string, bad []byte) Attack {
		return Attack{Row: row, Name: name, Code: code, Exit: exit(code), Bad: bad, Good: good, Site: site(v)}
	}
	zeros := squeeze(make([]byte, 128<<20))
	head := entry{name: "trust/timestamp.json", claim: fmt.Sprintf("%011o", huge)}.header()
	return []Attack{
		add(RowBombs, "update that unpacks to 128 MiB", bundle.CodeSize, zeros),
		add(RowBombs, "update of two streams", bundle.CodeTrailing, slices.Concat(good, zeros)),
		add(RowBombs, "update that promises a file of 3 GiB", bundle.CodeSize, squeeze(slices.Concat(head, make([]byte, 2*block)))),
		add(RowBombs, "update packed twice", bundle.CodeHeader, squeeze(good)),
		add(RowOversized, "update of 5 MiB", bundle.CodeSize, slices.Concat(good, make([]byte, 5<<20))),
		add(RowArchive, "update with a file that is no metadata", bundle.CodeName, squeeze(write([]entry{{name: "docs/evil", data: []byte("evil")}}))),
		add(RowNames, "update with a name that leads out", bundle.CodeName, squeeze(write([]entry{{name: "trust/../../evil.json", data: []byte("{}")}}))),
		add(RowTypes, "update with a link", bundle.CodeHeader, squeeze(write([]entry{{name: "trust/timestamp.json", kind: '2', link: "/etc/passwd"}}))),
		add(RowStripped, "update without a file", bundle.CodeCount, squeeze(make([]byte, 2*block))),
	}
}

func squeeze(data []byte) []byte {
	var out bytes.Buffer
	z, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	check(err)
	_, err = io.Copy(z, bytes.NewReader(data))
	check(err)
	check(z.Close())
	return out.Bytes()
}

// jsonBombs are documents that cost much more to read than they have bytes.
func jsonBombs() []Attack {
	var all []Attack
	documents := func(size int) map[string]string {
		var keys strings.Builder
		for i := 0; keys.Len() < size-20; i++ {
			fmt.Fprintf(&keys, `"%x":0,`, i)
		}
		return map[string]string{
			"nested without end":    strings.Repeat("[", size),
			"of empty objects":      `{"a":[` + strings.Repeat("{},", size/3-4) + `{}]}`,
			"of countless keys":     "{" + keys.String() + `"z":0}`,
			"of one endless number": `{"a":` + strings.Repeat("9", size-10) + "}",
		}
	}
	for name, text := range documents(60 << 10) {
		v := trusttest.Lasting()
		files := v.Files(channel)
		files["timestamp.json"] = []byte(text)
		all = append(all, Attack{Row: RowBombs, Name: "timestamp " + name, Code: verify.CodeTrustForm, Exit: 4,
			Bad: trusttest.Bundle(v.Channel(channel).Releases[2], files), Good: v.Bundle(channel, "2.4.7"), Site: site(v)})
	}
	for name, text := range documents(500 << 10) {
		v := trusttest.Lasting()
		files := v.Files(channel)
		files["2.root.json"] = []byte(text)
		all = append(all, Attack{Row: RowBombs, Name: "root " + name, Code: verify.CodeTrustForm, Exit: 4,
			Bad: trusttest.Bundle(v.Channel(channel).Releases[2], files), Good: v.Bundle(channel, "2.4.7"), Site: site(v)})
	}
	for name, text := range documents(bundle.MaxSignatureBytes) {
		s := newSample()
		s.signatures[s.key.StockName()] = []byte(text)
		all = append(all, s.attack(RowBombs, "signature "+name, verify.CodeSignatureForm, s.bundle()))
	}
	slices.SortFunc(all, func(a, b Attack) int { return strings.Compare(a.Name, b.Name) })
	return all
}
