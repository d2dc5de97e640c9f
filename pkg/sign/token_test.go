//go:build pkcs11key

package sign_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/relctl/relctl/pkg/sign"
)

// module is where SoftHSM's PKCS #11 module lies.
func module(t *testing.T) string {
	t.Helper()
	for _, pattern := range []string{"/usr/lib/softhsm/libsofthsm2.so", "/usr/lib/*/softhsm/libsofthsm2.so", "/usr/lib64/*/libsofthsm2.so", "/opt/homebrew/lib/softhsm/libsofthsm2.so"} {
		if found, _ := filepath.Glob(pattern); len(found) > 0 {
			return found[0]
		}
	}
	t.Fatal("SoftHSM has no module where one is known to lie")
	return ""
}

func run(t *testing.T, name string, args ...string) {
	t.Helper()
	if out, err := exec.CommandContext(t.Context(), name, args...).CombinedOutput(); err != nil {
		t.Fatalf("%s %v: %v: %s", name, args, err, out)
	}
}

func TestTokenKeysSignAsThoseInFiles(t *testing.T) {
	dir := t.TempDir()
	conf := filepath.Join(dir, "softhsm2.conf")
	if err := os.WriteFile(conf, []byte("directories.tokendir = "+dir+"\nobjectstore.backend = file\nlog.level = ERROR\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("SOFTHSM2_CONF", conf)
	t.Setenv("COSIGN_PKCS11_PIN", "1234")
	m := module(t)
	run(t, "softhsm2-util", "--init-token", "--free", "--label", "relctl", "--so-pin", "5678", "--pin", "1234")
	run(t, "pkcs11-tool", "--module", m, "--token-label", "relctl", "--login", "--pin", "1234", "--keypairgen", "--key-type", "EC:prime256v1", "--label", "release", "--id", "01")

	key, err := sign.Open(t.Context(), "pkcs11:token=relctl;object=release?module-path="+m, noPassword)
	if err != nil {
		t.Fatal(err)
	}
	payload := []byte("payload")
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

	checkRaw(t, key)

	for _, c := range []struct{ ref, want string }{
		{"pkcs11:token=relctl;object=other?module-path=" + m, "no key pair found"},
		{"pkcs11:token=relctl?module-path=" + m, "not a PKCS #11 reference"},
		{"pkcs11:token=relctl;object=release?module-path=/nowhere.so", "modulePath"},
	} {
		_, err := sign.Open(t.Context(), c.ref, noPassword)
		var no *sign.ReferenceError
		if !errors.As(err, &no) || !strings.Contains(err.Error(), c.want) || no.Hint() == "" {
			t.Errorf("%s: %v", c.ref, err)
		}
	}
}
