package sign_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/relctl/relctl/pkg/sign"
)

func noPassword(string) ([]byte, error) { return nil, errors.New("asked for a password") }

// service is [serviceWith] a new ECDSA key.
func service(t *testing.T, curve elliptic.Curve) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return serviceWith(t, key)
}

// serviceWith builds the test's key service onto the PATH and returns a reference to a key in it.
func serviceWith(t *testing.T, key crypto.PrivateKey) string {
	t.Helper()
	dir := t.TempDir()
	name := "sigstore-kms-relctltest"
	build := exec.CommandContext(t.Context(), "go", "build", "-o", filepath.Join(dir, name), "./testdata/"+name)
	if runtime.GOOS == "windows" {
		build.Args[3] += ".exe"
	}
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	t.Setenv("PATH", dir+string(os.PathListSeparator)+os.Getenv("PATH"))
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "key.pem")
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return "relctltest://" + path
}

func TestAKeyInAServiceSignsAsOneInAFile(t *testing.T) {
	key, err := sign.Open(t.Context(), service(t, elliptic.P256()), noPassword)
	if err != nil {
		t.Fatal(err)
	}
	payload := []byte(`{"schema":"x"}`)
	bundle, err := key.Sign(t.Context(), payload)
	if err != nil {
		t.Fatal(err)
	}
	public, err := sign.ParsePublic(key.PublicPEM())
	if err != nil {
		t.Fatal(err)
	}
	if err := sign.Verify(public, payload, bundle); err != nil {
		t.Error(err)
	}
	if err := sign.Verify(public, []byte("other"), bundle); err == nil {
		t.Error("it holds for another file")
	}
	checkRaw(t, key)
}

// checkRaw wants the bare signature of a P-256 key to hold.
func checkRaw(t *testing.T, key *sign.Key) {
	t.Helper()
	message := []byte("metadata")
	raw, err := key.SignRaw(t.Context(), message)
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(key.PublicPEM())
	p, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	digest := sha256.Sum256(message)
	if !ecdsa.VerifyASN1(p.(*ecdsa.PublicKey), digest[:], raw) {
		t.Error("its bare signature does not hold")
	}
}

func TestAnRSAKeyInAServiceSignsReleasesAndNoTrust(t *testing.T) {
	private, err := rsa.GenerateKey(rand.Reader, 3072)
	if err != nil {
		t.Fatal(err)
	}
	key, err := sign.Open(t.Context(), serviceWith(t, private), noPassword)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := key.Sign(t.Context(), []byte("payload")); err != nil {
		t.Error(err)
	}
	var wrong *sign.AlgorithmError
	if _, err := key.SignRaw(t.Context(), []byte("metadata")); !errors.As(err, &wrong) {
		t.Errorf("%v", err)
	}
}

func TestAServiceWithAKeyOfTheWrongKindIsRefused(t *testing.T) {
	_, err := sign.Open(t.Context(), service(t, elliptic.P384()), noPassword)
	var wrong *sign.AlgorithmError
	if !errors.As(err, &wrong) {
		t.Errorf("%v", err)
	}
}

func TestKeysThatCannotBeHad(t *testing.T) {
	missing := service(t, elliptic.P256()) + ".gone"
	for _, c := range []struct{ about, ref, want, hint string }{
		{"a service that nobody knows", "moonkms://key", "no program sigstore-kms-moonkms", "sigstore-kms-moonkms"},
		{"a service of the released program", "awskms:///alias/release", "knows no service awskms", "-tags kms"},
		{"a service without the key", missing, "does not give the key", "check"},
		{"a token", "pkcs11:token=hsm;object=release?module-path=/nowhere.so&pin-value=1234", "without hardware tokens", "-tags pkcs11key"},
	} {
		t.Run(c.about, func(t *testing.T) {
			_, err := sign.Open(t.Context(), c.ref, noPassword)
			var no *sign.ReferenceError
			if !errors.As(err, &no) || !strings.Contains(err.Error(), c.want) || !strings.Contains(no.Hint(), c.hint) {
				t.Errorf("%v; hint %q", err, no)
			}
			if err != nil && strings.Contains(err.Error(), "1234") {
				t.Errorf("the PIN is told: %v", err)
			}
		})
	}
	if _, err := sign.Open(t.Context(), filepath.Join(t.TempDir(), "none.key"), noPassword); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%v", err)
	}
}

func TestAPasswordThatCannotBeHadStops(t *testing.T) {
	private, _, err := sign.Generate([]byte("x"))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "a.key")
	if err := os.WriteFile(path, private, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := sign.Open(context.Background(), path, noPassword); err == nil || !strings.Contains(err.Error(), "asked for a password") {
		t.Errorf("%v", err)
	}
	if _, err := sign.Open(context.Background(), path, func(string) ([]byte, error) { return []byte("x"), nil }); err != nil {
		t.Error(err)
	}
}

// TestKeysOnHardwareTokens runs the tests of the build with tokens, which needs a C compiler and SoftHSM.
func TestKeysOnHardwareTokens(t *testing.T) {
	for _, program := range []string{"cc", "softhsm2-util", "pkcs11-tool"} {
		if _, err := exec.LookPath(program); err != nil {
			if os.Getenv("CI") == "true" {
				t.Fatal(err)
			}
			t.Skipf("%v: a token cannot be tried on this machine", err)
		}
	}
	test := exec.CommandContext(t.Context(), "go", "test", "-tags", "pkcs11key", "-run", "^TestToken", ".")
	test.Env = append(os.Environ(), "CGO_ENABLED=1")
	var said strings.Builder // that modules are downloaded, among others
	test.Stderr = &said
	if out, err := test.Output(); err != nil || !strings.HasPrefix(string(out), "ok") {
		t.Fatalf("%v: %s%s", err, out, said.String())
	}
}
