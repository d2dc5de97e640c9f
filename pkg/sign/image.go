package sign

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"strings"

	"github.com/sigstore/sigstore-go/pkg/sign"
	"github.com/sigstore/sigstore-go/pkg/verify"

	"github.com/relctl/relctl/pkg/release"
)

// What the cosign program writes into the signature of an image, and asks for in it.
const (
	// ImagePredicate is the type of the statement.
	ImagePredicate  = "https://sigstore.dev/cosign/sign/v1"
	statementType   = "https://in-toto.io/Statement/v1"
	statementFormat = "application/vnd.in-toto+json"
)

// statement is an in-toto statement about one image that says nothing but "signed".
type statement struct {
	Type          string    `json:"_type"`
	Subject       []subject `json:"subject"`
	PredicateType string    `json:"predicateType"`
	Predicate     struct{}  `json:"predicate"`
}

type subject struct {
	Digest map[string]string `json:"digest"`
}

// SignImage returns a sigstore bundle v0.3 that signs the container image with a digest "sha256:…", be it of one
// platform or an index of several. In a registry, attached to the image, it is what stock cosign looks for:
//
//	cosign verify --key cosign.pub --insecure-ignore-tlog <repository>@<digest>
//
// It is checked by [VerifyImage] before it is returned.
func (k *Key) SignImage(ctx context.Context, digest string) ([]byte, error) {
	if err := release.CheckDigest(digest); err != nil {
		return nil, err
	}
	data, err := json.Marshal(statement{
		Type: statementType, PredicateType: ImagePredicate,
		Subject: []subject{{Digest: map[string]string{"sha256": strings.TrimPrefix(digest, "sha256:")}}},
	})
	if err != nil {
		return nil, err
	}
	content := &sign.DSSEData{Data: data, PayloadType: statementFormat}
	return k.seal(ctx, content, func(data []byte) error { return VerifyImage(k.public, digest, data) })
}

// VerifyImage reports whether data is a sigstore bundle in which the key signed the container image with a digest
// "sha256:…". Unlike stock cosign it refuses other statements about the image, such as an SBOM. The error is a
// [*SignatureError].
func VerifyImage(public *Public, digest string, data []byte) error {
	if err := release.CheckDigest(digest); err != nil {
		return &SignatureError{Reason: "the image has no digest", Err: err}
	}
	b, err := parseBundle(data)
	if err != nil {
		return err
	}
	if b.GetDsseEnvelope() == nil {
		return &SignatureError{Reason: "the bundle is the signature of a file, not of an image"}
	}
	if err := checkMaterial(b); err != nil {
		return err
	}
	sum, err := hex.DecodeString(strings.TrimPrefix(digest, "sha256:"))
	if err != nil {
		return &SignatureError{Reason: "the image has no digest", Err: err}
	}
	result, err := public.signed(b, "this image", verify.WithArtifactDigest("sha256", sum))
	if err != nil {
		return err
	}
	if t := result.Statement.GetPredicateType(); t != ImagePredicate {
		return &SignatureError{Reason: "the bundle states " + t + " about the image, which is no signature"}
	}
	return nil
}
