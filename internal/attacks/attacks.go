// Package attacks makes the corpus of attacks on a customer: for every row of what an offline verifier refuses, bundles
// and trust updates that must be refused, each by its reason, and a good twin of each that must be accepted. The same
// bytes come out of every run, but where RSA signs. They are not kept as files: package trusttest and this one are what
// there is to review, and
//
//	go run ./internal/attacks/generate /tmp/corpus
//
// writes them out, to try another verifier on them. testdata/attacks/README.md lists them.
package attacks

import (
	"fmt"

	"github.com/relctl/relctl/internal/trusttest"
	"github.com/relctl/relctl/pkg/verify"
)

// The rows of what an offline verifier refuses, in its order.
const (
	RowInside      = "trust or policy taken from inside the bundle"
	RowOversized   = "oversized metadata"
	RowStripped    = "stripped, unknown or downgraded signature"
	RowSigner      = "wrong signer, one key counted twice"
	RowRotated     = "unrotated or revoked key"
	RowJSON        = "JSON with duplicate keys, trailing bytes, bad UTF-8, huge numbers"
	RowMixed       = "files of another release mixed in"
	RowOther       = "other product or channel"
	RowLower       = "lower sequence, or below the security floor"
	RowEquivocates = "same sequence with another digest (equivocation)"
	RowStale       = "stale, withdrawn or end-of-life"
	RowStop        = "a skipped required stop"
	RowVolumes     = "volumes missing, repeated, foreign, out of order"
	RowNames       = "`..`, absolute, drive, ADS and reserved names"
	RowCollisions  = "case-fold and Unicode collisions, control and bidi characters, trailing dots"
	RowTypes       = "links, devices, FIFOs, sparse, setuid, xattrs"
	RowArchive     = "duplicate entries, PAX overrides, non-zero padding, trailing data"
	RowBombs       = "decompression bombs"
	RowAltered     = "truncated, extended, altered"
	RowLists       = "missing or unlisted files"
	RowDeltas      = "wrong delta base, patch output beyond its size"
	RowSwapped     = "file swapped between check and use"
	RowCrash       = "crash while unpacking"
	RowClock       = "clock behind the newest signed time, or far ahead: a warning"
	RowMedium      = "the medium is never modified"
)

// Rows are all rows. Some have no bundle that shows them: Tests says what holds these.
var Rows = []string{
	RowInside, RowOversized, RowStripped, RowSigner, RowRotated, RowJSON, RowMixed, RowOther, RowLower, RowEquivocates, RowStale,
	RowStop, RowVolumes, RowNames, RowCollisions, RowTypes, RowArchive, RowBombs, RowAltered, RowLists, RowDeltas, RowSwapped,
	RowCrash, RowClock, RowMedium,
}

// Tests are, by their row, the tests of what no file alone can show.
var Tests = map[string][]string{
	RowSwapped: {"pkg/verify: TestAFileSwappedBetweenCheckAndUseIsCaught", "cmd/relverify: TestABundleThatChangesWhileItIsUnpacked"},
	RowCrash:   {"cmd/relverify: TestKilledWhileUnpacking"},
	RowMedium:  {"cmd/relverify: TestEveryAttackIsRefusedByTheProgram", "cmd/relverify/cli: TestAReadOnlyMediumIsReadAndLeftAlone"},
	RowAltered: {"pkg/verify: TestAnyFlippedByteOfABundleIsRefused", "pkg/verify: TestTruncatedAndExtendedBundlesAreRefused"},
	RowTypes:   {"pkg/bundle: TestNoByteOfAHeaderIsWithoutMeaning"},
}

// Missing are the rows about what does not exist yet, with the reason.
var Missing = map[string]string{
	RowVolumes: "bundles have no volumes; a release.json that asks for them is refused as `manifest-critical`",
	RowDeltas:  "bundles have no deltas; a release.json that asks for them is refused as `manifest-critical`",
}

// Attack is one deceit and its good twin. It is judged by a site if it has one, by keys if it has them, and by both, with
// the same answer, if it has both.
type Attack struct {
	Row, Name string
	// Code is the reason, Exit what relverify exits with: 4, 7, or 0 for a warning.
	Code string
	Exit int
	// Bad and Good are bundles or trust updates.
	Bad, Good []byte
	// Size is that of the file with Bad at its beginning and nothing after it, 0 if that is all.
	Size int64
	// Site says how the site is set up, nil for none.
	Site *trusttest.Case
	// Keys are public keys in PEM, Threshold how many must have signed, 0 for 1.
	Keys      [][]byte
	Threshold int
}

// All returns the corpus, in the order of the rows.
func All() []Attack {
	byRow := map[string][]Attack{}
	for _, list := range [][]Attack{sites(), signatures(), contents(), archives(), bombs()} {
		for _, a := range list {
			byRow[a.Row] = append(byRow[a.Row], a)
		}
	}
	var all []Attack
	for _, row := range Rows {
		all = append(all, byRow[row]...)
	}
	return all
}

// exit is relverify's for a reason.
func exit(code string) int {
	switch code {
	case verify.CodeClockAhead, verify.CodeClockBehind:
		return 0
	case verify.CodeStale, verify.CodeExpired, verify.CodeOutdated, verify.CodeWithdrawn, verify.CodeEnded:
		return 7
	}
	return 4
}

// name is that of a file, by what it is.
func name(base string, update bool) string {
	if update {
		return base + ".trust"
	}
	return base + ".bundle"
}

// IsUpdate tells an attack by a trust update.
func (a Attack) IsUpdate() bool { return !trusttest.IsBundle(a.Good) }

// BadName is the name of Bad in [Attack.Files].
func (a Attack) BadName() string { return name("bad", a.IsUpdate()) }

// GoodName is that of Good.
func (a Attack) GoodName() string { return name("good", a.IsUpdate()) }

// BeforeName is that of what the site has seen as the nth, from 0.
func (a Attack) BeforeName(n int) string {
	return name(fmt.Sprintf("before-%d", n+1), !trusttest.IsBundle(a.Site.Before[n]))
}

// KeyName is that of the nth key, from 0.
func KeyName(n int) string { return fmt.Sprintf("key-%d.pub", n+1) }

// Files are all files of an attack by their names. Bad may have to be made longer, to Size.
func (a Attack) Files() map[string][]byte {
	files := map[string][]byte{a.BadName(): a.Bad, a.GoodName(): a.Good}
	for i, key := range a.Keys {
		files[KeyName(i)] = key
	}
	if a.Site != nil {
		files["root.json"] = a.Site.Root
		for i, data := range a.Site.Before {
			files[a.BeforeName(i)] = data
		}
	}
	return files
}
