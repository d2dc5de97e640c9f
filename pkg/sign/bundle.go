package sign

import (
	"bytes"
	"context"
	"crypto"
	"crypto/sha256"
	"encoding/json"
	"fmt"

	protocommon "github.com/sigstore/protobuf-specs/gen/pb-go/common/v1"
	"github.com/sigstore/sigstore-go/pkg/bundle"
	"github.com/sigstore/sigstore-go/pkg/sign"
	"github.com/sigstore/sigstore-go/pkg/verify"
	"github.com/sigstore/sigstore/pkg/signature"
	"google.golang.org/protobuf/encoding/protojson"
)

// MaxBundleBytes bounds the sigstore bundles that [Verify] reads. Ours are below 1 kB, those with certificate and
// transparency log below 20 kB.
const MaxBundleBytes = 1 << 20

// Sign returns a sigstore bundle v0.3 with a messageSignature of payload, one line of JSON. It is checked by [Verify]
// before it is returned: a signature from a broken or mismatched key never leaves this function.
func (k *Key) Sign(ctx context.Context, payload []byte) ([]byte, error) {
	return k.seal(ctx, &sign.PlainData{Data: payload}, func(data []byte) error { return Verify(k.public, payload, data) })
}

// seal signs content and returns the bundle, one line of JSON, if it passes check.
func (k *Key) seal(ctx context.Context, content sign.Content, check func([]byte) error) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	details, err := signature.GetDefaultAlgorithmDetails(k.public.key)
	if err != nil {
		return nil, fmt.Errorf("sign with key %s: %w", k.ID(), err)
	}
	pb, err := sign.Bundle(content, &keypair{Key: k, details: details}, sign.BundleOptions{Context: ctx})
	if err != nil {
		return nil, fmt.Errorf("sign with key %s: %w", k.ID(), err)
	}
	loose, err := protojson.Marshal(pb)
	if err != nil {
		return nil, fmt.Errorf("sign with key %s: %w", k.ID(), err)
	}
	var out bytes.Buffer
	if err := json.Compact(&out, loose); err != nil { // protojson puts random spaces between its tokens
		return nil, fmt.Errorf("sign with key %s: %w", k.ID(), err)
	}
	out.WriteByte('\n')
	if err := check(out.Bytes()); err != nil {
		return nil, fmt.Errorf("key %s made a signature that does not hold: %w", k.ID(), err)
	}
	return out.Bytes(), nil
}

// Verify reports whether data is a sigstore bundle in which the key signed payload, by its messageSignature and
// nothing else: an attestation about the payload is no signature of it. A time stamp or an entry of a transparency log
// is refused, since customers without network could not check it. The error is a [*SignatureError].
//
// This is the author's check. Customers use package verify, which is small and shares no code with this one.
func Verify(public *Public, payload, data []byte) error {
	b, err := parseBundle(data)
	if err != nil {
		return err
	}
	message := b.GetMessageSignature()
	if message == nil {
		return &SignatureError{Reason: "the bundle is an attestation, not a signature of the file"}
	}
	if err := checkMaterial(b); err != nil {
		return err
	}
	digest := sha256.Sum256(payload)
	if d := message.GetMessageDigest(); d.GetAlgorithm() != protocommon.HashAlgorithm_SHA2_256 || !bytes.Equal(d.GetDigest(), digest[:]) {
		return &SignatureError{Reason: "the bundle is about another file"}
	}
	_, err = public.signed(b, "this file", verify.WithArtifact(bytes.NewReader(payload)))
	return err
}

func parseBundle(data []byte) (*bundle.Bundle, error) {
	if len(data) > MaxBundleBytes {
		return nil, &SignatureError{Reason: fmt.Sprintf("the bundle has %d bytes, at most %d are read", len(data), MaxBundleBytes)}
	}
	var b bundle.Bundle
	if err := b.UnmarshalJSON(data); err != nil {
		return nil, &SignatureError{Reason: "not a sigstore bundle", Err: err}
	}
	return &b, nil
}

// checkMaterial refuses what a key alone does not verify.
func checkMaterial(b *bundle.Bundle) error {
	switch m := b.GetVerificationMaterial(); {
	case m.GetPublicKey() == nil:
		return &SignatureError{Reason: "the bundle was made with a certificate, not with a key"}
	case len(m.GetTlogEntries()) > 0 || m.GetTimestampVerificationData() != nil:
		return &SignatureError{Reason: "the bundle comes with a log entry or a time stamp, which nobody can check offline; sign with cosign's --tlog-upload=false"}
	}
	return nil
}

// signed reports whether the key made the signature in b about an artifact, which is called what.
func (p *Public) signed(b *bundle.Bundle, what string, artifact verify.ArtifactPolicyOption) (*verify.VerificationResult, error) {
	check, err := signature.LoadVerifier(p.key, crypto.SHA256)
	if err != nil {
		return nil, &SignatureError{Reason: "the key cannot verify", Err: err}
	}
	verifier, err := verify.NewVerifier(trust(check), verify.WithNoObserverTimestamps())
	if err != nil {
		return nil, &SignatureError{Reason: "the key cannot verify", Err: err}
	}
	result, err := verifier.Verify(b, verify.NewPolicy(artifact, verify.WithKey()))
	if err != nil {
		return nil, &SignatureError{Reason: "key " + p.ID() + " did not sign " + what, Err: err}
	}
	return result, nil
}
