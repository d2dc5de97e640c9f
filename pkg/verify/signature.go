package verify

import (
	"bytes"
	"crypto/sha256"
	"slices"

	bundlev1 "github.com/sigstore/protobuf-specs/gen/pb-go/bundle/v1"
	commonv1 "github.com/sigstore/protobuf-specs/gen/pb-go/common/v1"
	"google.golang.org/protobuf/encoding/protojson"

	"github.com/relctl/relctl/pkg/bundle"
	"github.com/relctl/relctl/pkg/release"
)

// mediaTypes of the sigstore bundle v0.3, in its two spellings.
var mediaTypes = []string{"application/vnd.dev.sigstore.bundle.v0.3+json", "application/vnd.dev.sigstore.bundle+json;version=0.3"}

// checkSignature holds one sigstore bundle over raw against a key. Only a message signature counts: an attestation
// about release.json says nothing about the release, though stock tools call it verified.
func checkSignature(raw, data []byte, key *Key) *Refusal {
	var b bundlev1.Bundle
	if err := protojson.Unmarshal(data, &b); err != nil {
		return refuse(authenticity, CodeSignatureForm, "a signature is no sigstore bundle")
	}
	if !slices.Contains(mediaTypes, b.GetMediaType()) {
		return refuse(authenticity, CodeSignatureForm, "a signature is a sigstore bundle of type %.100q, not v0.3", b.GetMediaType())
	}
	if b.GetDsseEnvelope() != nil {
		return refuse(authenticity, CodeSignatureKind, "what should be a signature is an attestation, which does not vouch for a release")
	}
	if m := b.GetVerificationMaterial(); m.GetPublicKey() == nil || len(m.GetTlogEntries()) > 0 || m.GetTimestampVerificationData() != nil {
		return refuse(authenticity, CodeSignatureForm, "a signature comes with a certificate, a log entry or a time stamp, or without word of a key; releases are signed by a key alone")
	}
	sig := b.GetMessageSignature()
	if sig == nil || len(sig.GetSignature()) == 0 {
		return refuse(authenticity, CodeSignatureForm, "a sigstore bundle holds no message signature")
	}
	want := sha256.Sum256(raw)
	if d := sig.GetMessageDigest(); d == nil || d.GetAlgorithm() != commonv1.HashAlgorithm_SHA2_256 || !bytes.Equal(d.GetDigest(), want[:]) {
		return refuse(authenticity, CodeSignatureDigest, "a signature is over other bytes than this release.json")
	}
	if !key.verify(want[:], sig.GetSignature()) {
		return refuse(authenticity, CodeSignatureWrong, "the signature by key %.12s… does not hold", key.ID)
	}
	return nil
}

// checkSignatures counts the distinct trusted keys that signed raw. A trusted key's signature that does not hold is a
// refusal by itself, however many others hold; signatures by keys that nobody trusts are ignored.
func checkSignatures(a *bundle.Archive, raw []byte, p Policy, rep *Report) error {
	present := 0
	for _, e := range a.Entries() {
		if bundle.IsSignature(e.Name) {
			present++
		}
	}
	if present == 0 {
		return refuse(authenticity, CodeNoSignature, "the bundle carries no signature")
	}
	for _, key := range p.keys {
		name := release.ManifestName + "." + key.ID + ".sigstore.json"
		if _, ok := a.Find(name); !ok {
			continue
		}
		data, err := a.ReadFile(name, bundle.MaxSignatureBytes)
		if err != nil {
			return err
		}
		if no := checkSignature(raw, data, key); no != nil {
			return no
		}
		rep.Keys = append(rep.Keys, key.ID)
	}
	if len(rep.Keys) < p.threshold {
		no := refuse(authenticity, CodeThreshold, "%d of %d trusted keys have signed, %d needed", len(rep.Keys), len(p.keys), p.threshold)
		if len(p.keys) < p.threshold {
			no.Remedy = "give as many different keys as must have signed, each with --key; the same key twice counts once"
		}
		return no
	}
	rep.pass(authenticity, CodeSignatures, "release.json is signed by %d of %d trusted keys, %d needed", len(rep.Keys), len(p.keys), p.threshold)
	return nil
}
