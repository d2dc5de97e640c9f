//go:build !nosigstore

package publish_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"

	"github.com/relctl/relctl/internal/tool"
	"github.com/relctl/relctl/pkg/publish"
	"github.com/relctl/relctl/pkg/sign"
)

// signer makes a key and returns it with the file of its public half.
func signer(t testing.TB) (*sign.Key, string) {
	t.Helper()
	private, public, err := sign.Generate(nil)
	if err != nil {
		t.Fatal(err)
	}
	key, err := sign.Load(private, nil)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "cosign.pub")
	if err := errors.Join(os.WriteFile(file, public, 0o600), os.WriteFile(strings.TrimSuffix(file, "pub")+"key", private, 0o600)); err != nil {
		t.Fatal(err)
	}
	return key, file
}

// cosign runs the stock program, which reaches nothing but this machine.
func cosign(t testing.TB, args ...string) (string, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), tool.For(t, "cosign"), args...)
	cmd.Env = append(os.Environ(), "COSIGN_PASSWORD=", "HOME="+t.TempDir(), "HTTPS_PROXY=http://127.0.0.1:1", "HTTP_PROXY=http://127.0.0.1:1", "NO_PROXY=127.0.0.1")
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func TestStockCosignAcceptsASignedImageAndNothingElse(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, host string) {
		r := publish.Registry{Root: host + "/acme"}
		key, public := signer(t)
		stranger, other := signer(t)
		image, digest := anImage(t)
		signature, err := key.SignImage(t.Context(), digest)
		if err != nil {
			t.Fatal(err)
		}
		strange, err := stranger.SignImage(t.Context(), digest)
		if err != nil {
			t.Fatal(err)
		}
		file, err := key.Sign(t.Context(), []byte(digest))
		if err != nil {
			t.Fatal(err)
		}
		altered := mutate.AppendManifests(image, mutate.IndexAddendum{Add: empty.Image})
		sbom := publish.SBOM([]byte("{}"))
		for repository, p := range map[string]struct {
			image v1.ImageIndex
			about []publish.Referrer
		}{
			"signed":    {image, []publish.Referrer{sbom, publish.Signature(signature)}},
			"twice":     {image, []publish.Referrer{publish.Signature(strange), sbom, publish.Signature(signature)}},
			"unsigned":  {image, []publish.Referrer{sbom}},
			"altered":   {altered, []publish.Referrer{publish.Signature(signature)}},
			"of-a-file": {image, []publish.Referrer{publish.Signature(file)}},
		} {
			err := errors.Join(r.Push(t.Context(), repository, p.image, p.about...), r.Tag(t.Context(), repository, digestOf(t, p.image), version))
			if err != nil {
				t.Fatal(err)
			}
		}
		for _, c := range []struct {
			ref, key string
			accepted bool
		}{
			{"signed:" + version, public, true}, {"twice@" + digest, public, true}, {"signed:" + version, other, false},
			{"unsigned:" + version, public, false}, {"altered:" + version, public, false}, {"of-a-file:" + version, public, false},
		} {
			out, err := cosign(t, "verify", "--key", c.key, "--insecure-ignore-tlog=true", r.Repository(c.ref))
			if (err == nil) != c.accepted || c.accepted != strings.Contains(out, "cosign claims were validated") {
				t.Errorf("%s with the key %s: %v; accepted should be %v\n%s", c.ref, filepath.Base(filepath.Dir(c.key)), err, c.accepted, out)
			}
		}
	}, withReferrers, debians)
}

func TestSignatureThatCosignMadeIsFoundAndHolds(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, host string) {
		r := publish.Registry{Root: host}
		key, public := signer(t)
		image, digest := anImage(t)
		if err := r.Push(t.Context(), "acmed", image); err != nil {
			t.Fatal(err)
		}
		out, err := cosign(t, "sign", "--yes", "--key", strings.TrimSuffix(public, "pub")+"key", "--tlog-upload=false", "--use-signing-config=false", host+"/acmed@"+digest)
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		found, err := r.Attached(t.Context(), "acmed", digest, publish.SignatureType)
		if err != nil || len(found) != 1 {
			t.Fatalf("%d signatures, %v", len(found), err)
		}
		if err := sign.VerifyImage(key.Public(), digest, found[0]); err != nil {
			t.Error(err)
		}
	}, withReferrers, debians)
}
