package sign_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	protocommon "github.com/sigstore/protobuf-specs/gen/pb-go/common/v1"

	"github.com/relctl/relctl/internal/tool"
	"github.com/relctl/relctl/pkg/sign"
)

// program is the real cosign in a folder of its own, without network where the machine allows that.
type program struct {
	t    *testing.T
	path string
	dir  string
}

func realCosign(t *testing.T) *program {
	t.Helper()
	return &program{t: t, path: tool.For(t, "cosign"), dir: t.TempDir()}
}

// noNetwork is the prefix of a command that takes the network away from a program, or empty.
var noNetwork = sync.OnceValue(func() []string {
	for _, prefix := range [][]string{{"unshare", "-n"}, {"unshare", "-r", "-n"}} {
		if exec.Command(prefix[0], append(prefix[1:], "true")...).Run() == nil {
			return prefix
		}
	}
	return nil
})

func (p *program) write(name string, data []byte) string {
	p.t.Helper()
	if err := os.WriteFile(filepath.Join(p.dir, name), data, 0o600); err != nil {
		p.t.Fatal(err)
	}
	return name
}

func (p *program) read(name string) []byte {
	p.t.Helper()
	data, err := os.ReadFile(filepath.Join(p.dir, name))
	if err != nil {
		p.t.Fatal(err)
	}
	return data
}

func (p *program) run(args ...string) (string, error) {
	argv := append(append([]string{}, noNetwork()...), p.path)
	argv = append(argv, args...)
	cmd := exec.CommandContext(p.t.Context(), argv[0], argv[1:]...)
	cmd.Dir = p.dir
	cmd.Env = append(os.Environ(), "COSIGN_PASSWORD="+string(password), "HOME="+p.dir)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func (p *program) must(args ...string) {
	p.t.Helper()
	if out, err := p.run(args...); err != nil {
		p.t.Fatalf("cosign %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

// verify runs the check that DESIGN and VERIFY.md tell people to run.
func (p *program) verify(key, bundle, file string) (string, error) {
	return p.run("verify-blob", "--key", key, "--bundle", bundle, "--insecure-ignore-tlog", file)
}

func (p *program) sign(key, bundle, file string) {
	p.t.Helper()
	p.must("sign-blob", "--yes", "--key", key, "--bundle", bundle, "--tlog-upload=false", "--use-signing-config=false", file)
}

func TestStockCosignAcceptsOurSignatureAndNothingAltered(t *testing.T) {
	p := realCosign(t)
	for name, private := range map[string][]byte{
		"p256":    mustGenerate(t),
		"rsa3072": keyOf(t, protocommon.PublicKeyDetails_PKIX_RSA_PKCS1V15_3072_SHA256),
	} {
		t.Run(name, func(t *testing.T) {
			key, err := sign.Load(private, password)
			if err != nil {
				t.Fatal(err)
			}
			payload := []byte("{\"product\": \"acme\"}\n")
			bundle, err := key.Sign(t.Context(), payload)
			if err != nil {
				t.Fatal(err)
			}
			pub, file, good := p.write("key.pub", key.PublicPEM()), p.write("release.json", payload), p.write("good.json", bundle)
			if out, err := p.verify(pub, good, file); err != nil || !strings.Contains(out, "Verified OK") {
				t.Fatalf("%v\n%s", err, out)
			}

			refuses := func(what, pub, bundle, file string) {
				t.Helper()
				if out, err := p.verify(pub, bundle, file); err == nil || strings.Contains(out, "Verified OK") {
					t.Errorf("cosign accepts %s:\n%s", what, out)
				}
			}
			refuses("an altered payload", pub, good, p.write("altered", bytes.Replace(payload, []byte("acme"), []byte("acne"), 1)))
			refuses("a longer payload", pub, good, p.write("longer", append(bytes.Clone(payload), 'x')))
			refuses("an altered bundle", pub, p.write("bad.json", flipSignature(t, bundle)), file)
			refuses("another key", p.write("other.pub", someKey(t).PublicPEM()), good, file)
		})
	}
}

func mustGenerate(t *testing.T) []byte {
	t.Helper()
	private, _, err := sign.Generate(password)
	if err != nil {
		t.Fatal(err)
	}
	return private
}

// flipSignature changes one character in the middle of the signature's base64.
func flipSignature(t *testing.T, bundle []byte) []byte {
	t.Helper()
	const field = `"signature":"`
	i := bytes.Index(bundle, []byte(field))
	if i < 0 {
		t.Fatalf("no signature in %s", bundle)
	}
	out := bytes.Clone(bundle)
	at := i + len(field) + 40
	if out[at] == 'A' {
		out[at] = 'B'
	} else {
		out[at] = 'A'
	}
	return out
}

func TestKeyAndSignatureOfCosignAreAcceptedHere(t *testing.T) {
	p := realCosign(t)
	p.must("generate-key-pair")
	payload := []byte("signed by the program")
	p.sign("cosign.key", "bundle.json", p.write("file", payload))

	public, err := sign.ParsePublic(p.read("cosign.pub"))
	if err != nil {
		t.Fatal(err)
	}
	if err := sign.Verify(public, payload, p.read("bundle.json")); err != nil {
		t.Errorf("bundle of cosign refused: %v", err)
	}
	if err := sign.Verify(public, payload[1:], p.read("bundle.json")); err == nil {
		t.Error("bundle of cosign accepted for another payload")
	}
	key, err := sign.Load(p.read("cosign.key"), password)
	if err != nil {
		t.Fatal(err)
	}
	if key.ID() != public.ID() || !bytes.Equal(key.PublicPEM(), p.read("cosign.pub")) {
		t.Error("the two halves of cosign's key do not belong together here")
	}
	if _, err := sign.Load(p.read("cosign.key"), []byte("wrong")); err == nil {
		t.Error("a wrong password opens cosign's key")
	}
}

func TestCosignSignsWithOurKey(t *testing.T) {
	p := realCosign(t)
	private, public, err := sign.Generate(password)
	if err != nil {
		t.Fatal(err)
	}
	payload := []byte("payload")
	key, pub, file := p.write("our.key", private), p.write("our.pub", public), p.write("file", payload)
	p.sign(key, "bundle.json", file)
	if out, err := p.verify(pub, "bundle.json", file); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	parsed, err := sign.ParsePublic(public)
	if err != nil {
		t.Fatal(err)
	}
	if err := sign.Verify(parsed, payload, p.read("bundle.json")); err != nil {
		t.Error(err)
	}
}

func TestKeyMadeByOpenSSLBecomesUsableByTheHintedCommand(t *testing.T) {
	p := realCosign(t)
	_, err := sign.Load(plainKey(t), password)
	hinted, ok := err.(interface{ Hint() string })
	if !ok || !strings.Contains(hinted.Hint(), "cosign import-key-pair --key <file>") {
		t.Fatalf("no way out is named: %v", err)
	}
	p.must("import-key-pair", "--key", p.write("plain.pem", plainKey(t)))
	key, err := sign.Load(p.read("import-cosign.key"), password)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(key.PublicPEM(), p.read("import-cosign.pub")) {
		t.Error("the imported key has another public half")
	}
}

// TestAttestationOfCosignIsNoSignature holds the difference to stock cosign, which says "Verified OK" for it.
func TestAttestationOfCosignIsNoSignature(t *testing.T) {
	p := realCosign(t)
	p.must("generate-key-pair")
	payload := []byte("payload")
	file := p.write("file", payload)
	predicate := p.write("predicate.json", []byte(`{"buildDefinition": {}}`))
	p.must("attest-blob", "--yes", "--key", "cosign.key", "--predicate", predicate, "--type", "https://example.com/any",
		"--bundle", "att.json", "--tlog-upload=false", "--use-signing-config=false", file)
	public, err := sign.ParsePublic(p.read("cosign.pub"))
	if err != nil {
		t.Fatal(err)
	}
	err = sign.Verify(public, payload, p.read("att.json"))
	if err == nil || !strings.Contains(err.Error(), "attestation") {
		t.Errorf("got %v", err)
	}
}
