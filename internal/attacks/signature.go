package attacks

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"strings"

	"github.com/relctl/relctl/internal/trusttest"
	"github.com/relctl/relctl/pkg/release"
	"github.com/relctl/relctl/pkg/verify"
)

// signatures are the deceits about stock signatures, judged by a key.
func signatures() []Attack {
	var all []Attack
	stranger := trusttest.NewKey("stranger")
	// with replaces the signature of a good release by what change makes of it.
	with := func(row, name, code string, change func(s *sample, good []byte) []byte) {
		s := newSample()
		at := s.key.StockName()
		s.signatures[at] = change(s, bytes.Clone(s.signatures[at]))
		all = append(all, s.attack(row, name, code, s.bundle()))
	}
	swap := func(from, to string) func(*sample, []byte) []byte {
		return func(_ *sample, good []byte) []byte { return replace(good, from, to) }
	}
	none := newSample()
	none.signatures = nil
	all = append(all, none.attack(RowStripped, "no signature", verify.CodeNoSignature, none.bundle()))

	with(RowStripped, "no bytes for a signature", verify.CodeSignatureForm, func(*sample, []byte) []byte { return nil })
	with(RowStripped, "signature of an older format", verify.CodeSignatureForm, swap("v0.3", "v0.1"))
	with(RowStripped, "signature of a format to come", verify.CodeSignatureForm, swap("v0.3", "v0.9"))
	with(RowStripped, "attestation for a signature", verify.CodeSignatureKind, func(s *sample, _ []byte) []byte {
		statement := base64.StdEncoding.EncodeToString(fmt.Appendf(nil, `{"_type":"https://in-toto.io/Statement/v1","subject":[{"name":"release.json","digest":{"sha256":%q}}]}`, strings.TrimPrefix(release.Digest(s.release.Raw), "sha256:")))
		return fmt.Appendf(nil, `{"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json","verificationMaterial":{"publicKey":{"hint":"x"}},"dsseEnvelope":{"payload":%q,"payloadType":"application/vnd.in-toto+json","signatures":[{"sig":%q}]}}`, statement, statement)
	})
	with(RowStripped, "digest by another algorithm", verify.CodeSignatureDigest, swap("SHA2_256", "SHA2_512"))
	with(RowStripped, "signature with an entry of a log that nobody asked", verify.CodeSignatureForm, swap(`"publicKey":{"hint":"test"}`, `"publicKey":{"hint":"test"},"tlogEntries":[{"logIndex":"1"}]`))

	with(RowSigner, "a stranger's signature under the vendor's name", verify.CodeSignatureWrong, func(s *sample, _ []byte) []byte { return stranger.Stock(s.release.Raw) })
	with(RowSigner, "signature over another release.json", verify.CodeSignatureDigest, func(s *sample, _ []byte) []byte { return s.key.Stock([]byte("{}")) })
	with(RowJSON, "signature with a key twice", verify.CodeSignatureForm, swap("{", `{"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json",`))
	with(RowJSON, "bytes after a signature", verify.CodeSignatureForm, func(_ *sample, good []byte) []byte { return append(good, "{}"...) })
	with(RowJSON, "signature that is not text", verify.CodeSignatureForm, swap(`"hint":"test"`, "\"hint\":\"\xff\""))
	with(RowJSON, "unknown field in a signature", verify.CodeSignatureForm, swap("{", `{"extra":1,`))

	s := newSample()
	s.signatures = map[string][]byte{stranger.StockName(): stranger.Stock(s.release.Raw)}
	all = append(all, s.attack(RowSigner, "signed by a stranger", verify.CodeThreshold, s.bundle()))
	s.release.Files["docs/acme.pub"] = stranger.PEM()
	s.release.Seal()
	s.signatures = map[string][]byte{stranger.StockName(): stranger.Stock(s.release.Raw)}
	all = append(all, s.attack(RowInside, "a stranger's key in the bundle", verify.CodeThreshold, s.bundle()))

	return append(all, twice())
}

// twice is a threshold of two met by one key: its signature stands in the bundle twice, and the key is given twice.
func twice() Attack {
	s, second := newSample(), trusttest.NewKey("acme second stock")
	good := newSample()
	good.signatures[second.StockName()] = second.Stock(good.release.Raw)
	s.signatures[second.StockName()] = s.signatures[s.key.StockName()]
	a := s.attack(RowSigner, "threshold met by one key under two names", verify.CodeSignatureWrong, s.bundle())
	a.Keys, a.Threshold, a.Good = [][]byte{s.key.PEM(), second.PEM()}, 2, good.bundle()
	return a
}

// replace changes the first place of text that must be there.
func replace(data []byte, from, to string) []byte {
	if !bytes.Contains(data, []byte(from)) {
		panic(from + " is not there")
	}
	return bytes.Replace(data, []byte(from), []byte(to), 1)
}
