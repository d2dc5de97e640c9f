package gittest

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/pem"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"
)

// Key is an SSH key for signing commits and tags.
type Key struct {
	// File holds the private key.
	File string
	// Public is the line for an authorized_keys file.
	Public string
}

// SSHKey makes the ed25519 key that belongs to a name: the same name always gives the same key.
func SSHKey(t testing.TB, name string) Key {
	t.Helper()
	seed := sha256.Sum256([]byte("relctl test key " + name))
	private := ed25519.NewKeyFromSeed(seed[:])
	block, err := ssh.MarshalPrivateKey(private, name)
	if err != nil {
		t.Fatal(err)
	}
	public, err := ssh.NewPublicKey(private.Public())
	if err != nil {
		t.Fatal(err)
	}
	k := Key{File: filepath.Join(t.TempDir(), "id_ed25519"), Public: strings.TrimSpace(string(ssh.MarshalAuthorizedKey(public)))}
	if err := os.WriteFile(k.File, pem.EncodeToMemory(block), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(k.File+".pub", []byte(k.Public+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	return k
}

// SignWith configures the repository so that git signs every commit and tag with the key. It needs ssh-keygen.
func (r *Repo) SignWith(k Key) {
	r.t.Helper()
	Program(r.t, "ssh-keygen")
	r.Git("config", "gpg.format", "ssh")
	r.Git("config", "user.signingKey", k.File)
	r.Git("config", "commit.gpgSign", "true")
	r.Git("config", "tag.gpgSign", "true")
}

// Program returns the path of a program that only a system package can give. Without it the test is skipped on a
// developer's machine, and fails where CI=true promises that everything is installed.
func Program(t testing.TB, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err == nil {
		return path
	}
	if os.Getenv("CI") == "true" {
		t.Fatalf("%s is not installed, and CI=true says that it must be", name)
	}
	t.Skipf("%s is not installed", name)
	return ""
}
