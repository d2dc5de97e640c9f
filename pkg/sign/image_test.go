package sign_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"strings"
	"testing"

	"github.com/relctl/relctl/pkg/sign"
)

const imageDigest = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

func TestSignatureOfAnImageHoldsForThatImageOnly(t *testing.T) {
	t.Parallel()
	key := someKey(t)
	good, err := key.SignImage(t.Context(), imageDigest)
	if err != nil {
		t.Fatal(err)
	}
	if err := sign.VerifyImage(key.Public(), imageDigest, good); err != nil {
		t.Fatal(err)
	}
	other, err := sign.ParsePublic(publicPEM(t, &p256(t).PublicKey))
	if err != nil {
		t.Fatal(err)
	}
	file, err := key.Sign(t.Context(), nil) // the image's digest is that of the empty file
	if err != nil {
		t.Fatal(err)
	}
	altered := strings.Replace(string(good), `"payload":"`, `"payload":"AAAA`, 1)
	if altered == string(good) {
		t.Fatalf("no payload in %s", good)
	}
	for _, c := range []struct {
		what, digest string
		public       *sign.Public
		bundle       []byte
		reason       string
	}{
		{"another key", imageDigest, other, good, "did not sign this image"},
		{"another image", strings.Replace(imageDigest, "e3b0", "e3b1", 1), key.Public(), good, "did not sign this image"},
		{"an altered statement", imageDigest, key.Public(), []byte(altered), "signature refused"},
		{"a signature of a file", imageDigest, key.Public(), file, "signature of a file"},
		{"no bundle", imageDigest, key.Public(), []byte("{}"), "not a sigstore bundle"},
		{"too many bytes", imageDigest, key.Public(), make([]byte, sign.MaxBundleBytes+1), "at most"},
		{"a tag instead of a digest", "latest", key.Public(), good, "no digest"},
	} {
		err := sign.VerifyImage(c.public, c.digest, c.bundle)
		var refused *sign.SignatureError
		if !errors.As(err, &refused) || !strings.Contains(err.Error(), c.reason) {
			t.Errorf("%s: %v; want %q", c.what, err, c.reason)
		}
	}
	if err := sign.Verify(key.Public(), nil, good); err == nil {
		t.Error("the signature of an image passes for one of a file")
	}
}

func TestOnlyDigestsOfImagesAreSigned(t *testing.T) {
	t.Parallel()
	for _, digest := range []string{"", "2.4.7", "sha256:", "sha512:" + strings.Repeat("a", 128), strings.ToUpper(imageDigest)} {
		if bundle, err := someKey(t).SignImage(t.Context(), digest); err == nil || bundle != nil {
			t.Errorf("%q is signed: %s", digest, bundle)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if bundle, err := someKey(t).SignImage(ctx, imageDigest); !errors.Is(err, context.Canceled) || bundle != nil {
		t.Errorf("cancelled: %q, %v", bundle, err)
	}
}

// TestAttestationOfCosignIsNoSignatureOfAnImage holds the difference to stock cosign, which takes any statement.
func TestAttestationOfCosignIsNoSignatureOfAnImage(t *testing.T) {
	p := realCosign(t)
	p.must("generate-key-pair")
	predicate := p.write("predicate.json", []byte(`{"bomFormat": "CycloneDX"}`))
	p.must("attest-blob", "--yes", "--key", "cosign.key", "--predicate", predicate, "--type", "https://example.com/any",
		"--bundle", "att.json", "--tlog-upload=false", "--use-signing-config=false", p.write("empty", nil))
	public, err := sign.ParsePublic(p.read("cosign.pub"))
	if err != nil {
		t.Fatal(err)
	}
	if err := sign.VerifyImage(public, imageDigest, p.read("att.json")); err == nil || !strings.Contains(err.Error(), "is no signature") {
		t.Errorf("got %v", err)
	}
}

func ExampleKey_SignImage() {
	private, _, err := sign.Generate([]byte("a password"))
	if err != nil {
		log.Fatal(err)
	}
	key, err := sign.Load(private, []byte("a password"))
	if err != nil {
		log.Fatal(err)
	}
	const digest = "sha256:2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"
	bundle, err := key.SignImage(context.Background(), digest)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(sign.VerifyImage(key.Public(), digest, bundle))
	// Output: <nil>
}
