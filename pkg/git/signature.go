package git

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/armor"
	"github.com/hiddeco/sshsig"
	"golang.org/x/crypto/ssh"
)

// ErrUnsigned is a commit without a signature.
var ErrUnsigned = errors.New("not signed")

// ErrUntrusted is a commit whose signature is not good by any key of the keyring.
var ErrUntrusted = errors.New("not signed by a key of the role")

// Signer is one person or machine with a public key of either kind.
type Signer struct {
	Name string
	// SSH is a public key as in authorized_keys, OpenPGP an armoured key block; one of the two.
	SSH, OpenPGP string
}

// Keyring is a set of public keys by name. The zero Keyring trusts nobody.
type Keyring struct{ keys []key }

type key struct {
	name string
	ssh  ssh.PublicKey
	pgp  openpgp.EntityList
}

// ParseSigners reads public keys.
func ParseSigners(signers []Signer) (Keyring, error) {
	var k Keyring
	for _, s := range signers {
		entry := key{name: s.Name}
		var err error
		switch {
		case s.SSH != "":
			entry.ssh, _, _, _, err = ssh.ParseAuthorizedKey([]byte(s.SSH))
		case s.OpenPGP != "":
			entry.pgp, err = openpgp.ReadArmoredKeyRing(strings.NewReader(s.OpenPGP))
		default:
			err = errors.New("has neither an SSH nor an OpenPGP key")
		}
		if err != nil {
			return Keyring{}, fmt.Errorf("signer %s: %w", s.Name, err)
		}
		k.keys = append(k.keys, entry)
	}
	return k, nil
}

// Signed is a verified signature.
type Signed struct {
	// Name of the signer in the keyring.
	Name string
	// Key tells keys apart: the fingerprint.
	Key string
}

// VerifyCommit returns who signed a commit: an error is [ErrUnsigned], [ErrUntrusted], or one of reading. SSH
// signatures must be of git's namespace; an OpenPGP key must have been valid when it signed, and must not have expired.
func (r *Repo) VerifyCommit(_ context.Context, id string, keys Keyring) (Signed, error) {
	raw, err := r.rawCommit(id)
	if err != nil {
		return Signed{}, err
	}
	payload, sig := splitSignature(raw)
	if len(sig) == 0 {
		return Signed{}, fmt.Errorf("commit %s: %w", id, ErrUnsigned)
	}
	for _, k := range keys.keys {
		var err error
		var fingerprint string
		switch {
		case k.ssh != nil && bytes.HasPrefix(sig, []byte("-----BEGIN SSH SIGNATURE-----")):
			fingerprint, err = verifySSH(payload, sig, k.ssh)
		case k.pgp != nil && bytes.HasPrefix(sig, []byte("-----BEGIN PGP SIGNATURE-----")):
			fingerprint, err = verifyOpenPGP(payload, sig, k.pgp)
		default:
			continue
		}
		if err == nil {
			return Signed{Name: k.name, Key: fingerprint}, nil
		}
	}
	return Signed{}, fmt.Errorf("commit %s: %w", id, ErrUntrusted)
}

// splitSignature takes the gpgsig header out of a commit object; what is left is what was signed.
func splitSignature(raw []byte) (payload, sig []byte) {
	head, body, _ := bytes.Cut(raw, []byte("\n\n"))
	in := false
	for line := range bytes.SplitSeq(head, []byte("\n")) {
		switch {
		case bytes.HasPrefix(line, []byte("gpgsig ")) && len(sig) == 0:
			in = true
			sig = append(append(sig, bytes.TrimPrefix(line, []byte("gpgsig "))...), '\n')
			continue
		case in && bytes.HasPrefix(line, []byte(" ")):
			sig = append(append(sig, line[1:]...), '\n')
			continue
		}
		in = false
		payload = append(append(payload, line...), '\n')
	}
	return append(append(payload, '\n'), body...), sig
}

func verifySSH(payload, armored []byte, key ssh.PublicKey) (string, error) {
	sig, err := sshsig.Unarmor(armored)
	if err != nil {
		return "", err
	}
	if err := sshsig.Verify(bytes.NewReader(payload), sig, key, sig.HashAlgorithm, "git"); err != nil {
		return "", err
	}
	return ssh.FingerprintSHA256(key), nil
}

func verifyOpenPGP(payload, armored []byte, keys openpgp.EntityList) (string, error) {
	block, err := armor.Decode(bytes.NewReader(armored))
	if err != nil {
		return "", err
	}
	if block.Type != openpgp.SignatureType {
		return "", fmt.Errorf("a %s is no signature", block.Type)
	}
	entity, err := openpgp.CheckDetachedSignature(keys, bytes.NewReader(payload), block.Body, nil)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%X", entity.PrimaryKey.Fingerprint), nil
}
