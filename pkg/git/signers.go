package git

import (
	"crypto/rsa"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp"
	"golang.org/x/crypto/ssh"
)

// Signer is one person or machine with a public key of either kind.
type Signer struct {
	Name string
	// SSH is a public key as in authorized_keys, without options; OpenPGP an armoured block of public keys. One of the
	// two.
	SSH, OpenPGP string
}

// Keyring is a set of public keys by name. The zero Keyring trusts nobody.
type Keyring struct {
	keys []key
	at   time.Time
}

type key struct {
	name string
	ssh  ssh.PublicKey
	wire []byte // the SSH key as it stands in signatures
	pgp  openpgp.EntityList
}

// At returns a keyring that, besides the keys that are valid now, takes those that were valid at t: what a key signed
// before it expired stays signed. It is meant for audits; who may act today is asked without it.
func (k Keyring) At(t time.Time) Keyring {
	k.at = t
	return k
}

// ParseSigners reads public keys. A key that is too weak, private, or listed twice is an error.
func ParseSigners(signers []Signer) (Keyring, error) {
	var k Keyring
	owner := map[string]string{}
	for _, s := range signers {
		entry, prints, err := parseSigner(s)
		if err != nil {
			return Keyring{}, fmt.Errorf("signer %s: %w", s.Name, err)
		}
		for _, p := range prints {
			if other, ok := owner[p]; ok {
				return Keyring{}, fmt.Errorf("signers %s and %s have the same key", other, s.Name)
			}
			owner[p] = s.Name
		}
		k.keys = append(k.keys, entry)
	}
	return k, nil
}

// parseSigner returns the key and its fingerprints.
func parseSigner(s Signer) (key, []string, error) {
	k := key{name: s.Name}
	switch {
	case s.Name == "":
		return key{}, nil, errors.New("has no name")
	case (s.SSH == "") == (s.OpenPGP == ""):
		return key{}, nil, errors.New("needs either an SSH or an OpenPGP key")
	case s.SSH != "":
		var err error
		if k.ssh, err = parseSSHKey(s.SSH); err != nil {
			return key{}, nil, err
		}
		k.wire = k.ssh.Marshal()
		return k, []string{ssh.FingerprintSHA256(k.ssh)}, nil
	}
	var err error
	if k.pgp, err = openpgp.ReadArmoredKeyRing(strings.NewReader(s.OpenPGP)); err != nil {
		return key{}, nil, fmt.Errorf("OpenPGP key: %w", err)
	}
	var prints []string
	for _, e := range k.pgp {
		if e.PrivateKey != nil {
			return key{}, nil, errors.New("is a private OpenPGP key; export the public one: gpg --armor --export <id>")
		}
		prints = append(prints, fingerprint(e))
	}
	if len(prints) == 0 {
		return key{}, nil, errors.New("the OpenPGP block holds no key")
	}
	return k, prints, nil
}

const minRSA = 2048

func parseSSHKey(line string) (ssh.PublicKey, error) {
	public, _, options, rest, err := ssh.ParseAuthorizedKey([]byte(line))
	switch {
	case err != nil && strings.Contains(line, "PRIVATE KEY"):
		return nil, errors.New("is a private SSH key; the public one is in the .pub file")
	case err != nil:
		return nil, fmt.Errorf("SSH key: %w", err)
	case len(options) > 0:
		return nil, fmt.Errorf("SSH key: options such as %s are not understood here", options[0])
	case strings.TrimSpace(string(rest)) != "":
		return nil, errors.New("SSH key: more than one line; list each key by itself")
	}
	strong := []string{ssh.KeyAlgoED25519, ssh.KeyAlgoECDSA256, ssh.KeyAlgoECDSA384, ssh.KeyAlgoECDSA521, ssh.KeyAlgoSKED25519, ssh.KeyAlgoSKECDSA256}
	if slices.Contains(strong, public.Type()) {
		return public, nil
	}
	if public.Type() != ssh.KeyAlgoRSA {
		return nil, fmt.Errorf("SSH keys of the kind %s cannot sign here; take ed25519", public.Type())
	}
	if c, ok := public.(ssh.CryptoPublicKey); ok {
		if k, ok := c.CryptoPublicKey().(*rsa.PublicKey); ok && k.N.BitLen() >= minRSA {
			return public, nil
		}
	}
	return nil, fmt.Errorf("SSH key: RSA keys need at least %d bits", minRSA)
}

func fingerprint(e *openpgp.Entity) string { return fmt.Sprintf("%X", e.PrimaryKey.Fingerprint) }
