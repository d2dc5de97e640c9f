package attacks

import (
	"slices"
	"strings"

	"github.com/relctl/relctl/internal/trusttest"
	"github.com/relctl/relctl/pkg/bundle"
	"github.com/relctl/relctl/pkg/release"
	"github.com/relctl/relctl/pkg/verify"
)

// contents are bundles of good form whose files, or whose release.json, are wrong.
func contents() []Attack {
	all := slices.Concat(statements(), changedFiles())
	key := trusttest.NewKey("acme stock")

	s := newSample()
	below := s.vendor.Channel(channel).Releases[0]
	s.signatures = map[string][]byte{key.StockName(): key.Stock(below.Raw)}
	all = append(all, s.attack(RowLower, "version below the lowest that is asked for", verify.CodeMinVersion, trusttest.Signed(below, nil, s.signatures)))

	s = newSample()
	s.vendor.AddChannel("lts-2.6", "2.6")
	other := s.vendor.Release("lts-2.6", "2.6.0")
	s.signatures = map[string][]byte{key.StockName(): key.Stock(other.Raw)}
	all = append(all, s.attack(RowOther, "bundle of another channel", verify.CodeChannel, trusttest.Signed(other, nil, s.signatures)))

	s = newSample()
	s.release.Manifest.Product = "other"
	s.release.Seal()
	s.sign()
	all = append(all, s.both(RowOther, "bundle of another product", verify.CodeProduct, s.bundle()))

	s = newSample()
	s.release.Manifest.SourceDate = s.release.Manifest.SourceDate.AddDate(0, 0, 1)
	s.release.Seal()
	s.sign()
	s.release.Manifest.SourceDate = trusttest.Start
	return append(all, s.both(RowAltered, "archive with another date than release.json", verify.CodeTimestamp, s.bundle()))
}

// statements are the ones in which release.json says what it must not, and every key has signed it.
func statements() []Attack {
	var all []Attack
	add := func(row, name, code string, change func(raw string) string) {
		s := newSample()
		s.release.Raw = []byte(change(string(s.release.Raw)))
		s.sign()
		all = append(all, s.both(row, name, code, s.bundle()))
	}
	swap := func(from, to string) func(string) string {
		return func(raw string) string { return string(replace([]byte(raw), from, to)) }
	}
	add(RowJSON, "release.json with a key twice", verify.CodeManifest, swap(`"product": "acme",`, `"product": "evil", "product": "acme",`))
	add(RowJSON, "release.json with a key in two cases", verify.CodeManifest, swap(`"product": "acme",`, `"Product": "evil", "product": "acme",`))
	add(RowJSON, "bytes after release.json", verify.CodeManifest, func(raw string) string { return raw + "{}" })
	add(RowJSON, "release.json that is not text", verify.CodeManifest, swap(`"product": "acme"`, "\"product\": \"ac\xffme\""))
	add(RowJSON, "a number of release.json beyond all readers", verify.CodeManifest, swap(`"sequence": 3`, `"sequence": 3e400`))
	add(RowJSON, "a fraction for a number of release.json", verify.CodeManifest, swap(`"sequence": 3`, `"sequence": 3.0000000000000000001`))
	add(RowJSON, "release.json nested without end", verify.CodeManifest, func(string) string { return `{"a":` + strings.Repeat("[", 1<<20) })
	for _, field := range []string{"volumes", "deltas"} {
		add(map[string]string{"volumes": RowVolumes, "deltas": RowDeltas}[field], "release.json that asks for "+field, verify.CodeCritical,
			swap(`"product": "acme",`, `"critical": ["`+field+`"], "product": "acme",`))
	}

	s := newSample()
	s.release.Raw = replace(s.release.Raw, `"sequence": 3`, `"sequence": 9`)
	all = append(all, s.attack(RowAltered, "release.json altered", verify.CodeSignatureDigest, s.bundle()))
	bySite := s.both(RowAltered, "release.json altered, for a site", verify.CodeUnlisted, s.bundle())
	bySite.Keys = nil
	return append(all, bySite)
}

// changedFiles are the ones in which a file is not what release.json says.
func changedFiles() []Attack {
	var all []Attack
	add := func(row, name, code string, change func(entries []entry) []entry) {
		s := newSample()
		all = append(all, s.both(row, name, code, write(change(read(s.bundle())))))
	}
	edit := func(name string, change func(e *entry)) func([]entry) []entry {
		return func(entries []entry) []entry {
			change(&entries[find(entries, name)])
			return entries
		}
	}
	add(RowAltered, "a file altered", verify.CodeFileDigest, edit("artifacts/acme", func(e *entry) { e.data[0] ^= 1 }))
	add(RowAltered, "a file shortened", verify.CodeFileSize, edit("artifacts/acme", func(e *entry) { e.data = e.data[1:] }))
	add(RowAltered, "a file extended", verify.CodeFileSize, edit("artifacts/acme", func(e *entry) { e.data = append(e.data, 0) }))
	add(RowAltered, "a document made a program", verify.CodeFileMode, edit("docs/install.md", func(e *entry) { e.mode = "0000755" }))
	add(RowMixed, "the program of the release before", verify.CodeFileDigest, edit("artifacts/acme", func(e *entry) { e.data = []byte("program 2.4.6") }))
	add(RowMixed, "the list of checksums of the release before", verify.CodeSums, edit(release.SumsName, func(e *entry) {
		e.data = trusttest.Lasting().Channel(channel).Releases[1].Files[release.SumsName]
	}))
	add(RowLists, "a listed file left out", verify.CodeFileMissing, func(entries []entry) []entry {
		at := find(entries, "docs/install.md")
		return slices.Delete(entries, at, at+1)
	})
	add(RowLists, "a file that nobody listed", verify.CodeFileUnlisted, func(entries []entry) []entry {
		return append(entries, entry{name: "docs/run-me.md", data: []byte("# run this\n")})
	})
	add(RowLists, "a release without files", verify.CodeFileMissing, func(entries []entry) []entry {
		return slices.DeleteFunc(entries, func(e entry) bool { return !bundle.IsEnvelope(e.name) })
	})
	return all
}
