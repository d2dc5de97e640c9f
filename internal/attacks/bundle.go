package attacks

import (
	"archive/tar"
	"bytes"
	"slices"
	"strings"

	"github.com/relctl/relctl/internal/trusttest"
	"github.com/relctl/relctl/pkg/bundle"
)

// archives are bundles of bad form: a good one with an entry more, or with bytes elsewhere than they may be.
func archives() []Attack {
	var all []Attack
	key := newSample()
	add := func(row, name, code string, bad []byte) { all = append(all, key.both(row, name, code, bad)) }
	// with puts entries after a file of a good bundle.
	with := func(row, name, code, after string, more ...entry) {
		entries := read(key.bundle())
		add(row, name, code, write(slices.Insert(entries, find(entries, after)+1, more...)))
	}
	last := "docs/install.md"
	evil := []byte("evil")
	for name, path := range map[string]string{
		"parent folder": "docs/../../evil", "parent folder at the end": "docs/..", "absolute path": "/tmp/evil", "absolute path after two slashes": "//tmp/evil",
		"drive": "C:/evil", "drive and no slash": "C:evil", "backslashes": `docs\..\..\evil`, "network share": `\\host\share\evil`,
		"alternate data stream": "docs/install.md:evil", "stream with its type": "docs/evil::$DATA", "device CON": "docs/CON", "device with an extension": "docs/nul.txt", "device with a space": "docs/nul .txt",
		"device in a folder's place": "docs/aux/evil", "port": "docs/COM1.md", "console": "docs/CONIN$", "dot component": "docs/./evil", "empty component": "docs//evil",
		"home folder": "~/.ssh/authorized_keys", "outside the folders of a release": "bin/sh", "file at the top": "evil", "a second envelope": "trust/../release.json",
		"wildcard": "docs/*", "name of 256 bytes": "docs/" + strings.Repeat("a", 150) + "/" + strings.Repeat("b", 100),
	} {
		with(RowNames, name, bundle.CodeName, last, entry{name: path, data: evil})
	}
	for name, path := range map[string]string{
		"accent in one character": "docs/caf\u00e9.md", "accent in two characters": "docs/cafe\u0301.md", "the sign for kelvin": "docs/\u212aey.md", "wide letters": "docs/\uff45vil",
		"escape sequence": "docs/\x1b[2Jevil", "line break": "docs/evil\nREFUSED", "delete": "docs/evil\x7f", "text turned around": "docs/\u202ednm.live", "isolated text": "docs/\u2066evil",
		"zero width": "docs/ev\u200bil", "not text": "docs/\xff\xfe", "trailing dot": "docs/evil.", "trailing space": "docs/evil ", "leading space": "docs/ evil", "folder with a trailing dot": "docs/evil./x",
	} {
		with(RowCollisions, name, bundle.CodeName, last, entry{name: path, data: evil})
	}
	with(RowCollisions, "names that differ in case", bundle.CodeDuplicate, "artifacts/acme", entry{name: "docs/INSTALL.md", data: evil})
	with(RowCollisions, "a folder that differs in case", bundle.CodeName, last, entry{name: "Docs/install.md", data: evil})
	with(RowCollisions, "a file that is also a folder", bundle.CodeDuplicate, last, entry{name: "docs/install.md/evil", data: evil})

	for name, kind := range map[string]byte{
		"symbolic link": tar.TypeSymlink, "hard link": tar.TypeLink, "character device": tar.TypeChar, "block device": tar.TypeBlock,
		"FIFO": tar.TypeFifo, "folder": tar.TypeDir, "contiguous file": tar.TypeCont, "file of an older tar": 0x01, "GNU sparse file": tar.TypeGNUSparse,
	} {
		with(RowTypes, name, bundle.CodeHeader, last, entry{name: "docs/link", kind: kind, link: "/etc/passwd"})
	}
	with(RowTypes, "symbolic link, and a file through it", bundle.CodeHeader, last, entry{name: "docs/link", kind: tar.TypeSymlink, link: "/tmp"}, entry{name: "docs/link/evil", data: evil})
	with(RowTypes, "hard link to a file outside", bundle.CodeHeader, last, entry{name: "docs/link", kind: tar.TypeLink, link: "../../../../etc/passwd"})
	for name, mode := range map[string]string{"setuid": "0004755", "setgid": "0002755", "sticky": "0001755", "writable for all": "0000666", "no mode": "0000000", "mode that is no number": "rwxr-xr"} {
		with(RowTypes, name, bundle.CodeHeader, last, entry{name: "docs/evil", mode: mode, data: evil})
	}
	for name, twist := range map[string]func(h []byte){
		"owner":                     func(h []byte) { copy(h[108:], "0001750") },
		"owner's name":              func(h []byte) { copy(h[265:], "root") },
		"device numbers":            func(h []byte) { copy(h[329:], "0000001") },
		"another time":              func(h []byte) { copy(h[136:], "00000000001") },
		"bytes after the name":      func(h []byte) { copy(h[20:], "hidden") },
		"GNU's magic":               func(h []byte) { copy(h[257:], "ustar  \x00") },
		"no magic":                  func(h []byte) { clear(h[257:265]) },
		"bytes at the header's end": func(h []byte) { h[511] = 1 },
	} {
		with(RowTypes, name, bundle.CodeHeader, last, entry{name: "docs/evil", data: evil, twist: twist})
	}
	add(RowTypes, "extended attribute", bundle.CodeHeader, stock(key.bundle(), tar.Header{Name: "docs/evil", Format: tar.FormatPAX, PAXRecords: map[string]string{"SCHILY.xattr.security.capability": "x"}}))
	with(RowTypes, "sparse file by PAX", bundle.CodeHeader, last, entry{name: "docs/sparse", kind: tar.TypeXHeader, data: []byte("22 GNU.sparse.major=1\n22 GNU.sparse.minor=0\n")}, entry{name: "docs/zz", data: evil})

	with(RowArchive, "a file twice", bundle.CodeDuplicate, last, entry{name: last, data: evil})
	with(RowArchive, "release.json twice", bundle.CodeDuplicate, "release.json", entry{name: "release.json", data: evil})
	with(RowArchive, "files out of order", bundle.CodeOrder, last, entry{name: "artifacts/zz", data: evil})
	with(RowArchive, "release.json not first", bundle.CodeOrder, last, entry{name: "release.json", data: evil})
	add(RowArchive, "name by PAX", bundle.CodeHeader, stock(key.bundle(), tar.Header{Name: "docs/caf\u00e9.md", Format: tar.FormatPAX}))
	with(RowArchive, "PAX record for all files", bundle.CodeHeader, last, entry{name: "docs/pax_global_header", kind: tar.TypeXGlobalHeader, data: []byte("19 path=/tmp/evil\n")})
	with(RowArchive, "PAX record that renames the next file", bundle.CodeHeader, "artifacts/acme", entry{name: "docs/a", kind: tar.TypeXHeader, data: []byte("19 path=/tmp/evil\n")})
	add(RowArchive, "GNU long name", bundle.CodeHeader, stock(key.bundle(), tar.Header{Name: "docs/" + strings.Repeat("a", 250), Format: tar.FormatGNU}))
	wrong := key.bundle()
	wrong[150] ^= 1
	add(RowArchive, "wrong checksum", bundle.CodeHeader, wrong)

	entries := read(key.bundle())
	entries[find(entries, "artifacts/acme")].pad = 'x'
	add(RowArchive, "bytes between files", bundle.CodePadding, write(entries))
	entries = read(key.bundle())
	entries[0].pad = 'x'
	add(RowArchive, "bytes after release.json, before the next file", bundle.CodePadding, write(entries))
	good := key.bundle()
	add(RowArchive, "bytes after the end", bundle.CodeTrailing, append(bytes.Clone(good), evil...))
	add(RowArchive, "more empty blocks at the end", bundle.CodeTrailing, append(bytes.Clone(good), make([]byte, 8*block)...))
	add(RowArchive, "another bundle after the end", bundle.CodeTrailing, append(bytes.Clone(good), good...))
	add(RowArchive, "a file after one empty block", bundle.CodeTrailing, slices.Concat(good[:len(good)-block], entry{name: "docs/zz"}.header(), make([]byte, 2*block)))
	add(RowArchive, "a bundle in gzip's clothes", bundle.CodeName, append([]byte{0x1f, 0x8c}, good[2:]...))

	add(RowAltered, "no byte at all", bundle.CodeTruncated, nil)
	add(RowAltered, "cut in a header", bundle.CodeTruncated, good[:block-1])
	add(RowAltered, "cut in a file", bundle.CodeTruncated, good[:len(good)/2+7])
	add(RowAltered, "cut before the end", bundle.CodeTruncated, good[:len(good)-2*block])
	add(RowAltered, "cut in the end", bundle.CodeTruncated, good[:len(good)-1])
	add(RowAltered, "something else", bundle.CodeHeader, bytes.Repeat([]byte("This is no bundle. "), 200))
	slices.SortStableFunc(all, func(a, b Attack) int { return strings.Compare(a.Name, b.Name) })
	return all
}

// stock puts an entry, as Go's own writer makes it, at the end of a good bundle.
func stock(good []byte, h tar.Header) []byte {
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	h.Mode, h.ModTime = 0o644, trusttest.Start
	check(w.WriteHeader(&h))
	check(w.Close())
	return slices.Concat(good[:len(good)-2*block], out.Bytes())
}
