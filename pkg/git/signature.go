package git

import (
	"bytes"
	"context"
	"crypto"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/armor"
	pgperrors "github.com/ProtonMail/go-crypto/openpgp/errors"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
	"github.com/hiddeco/sshsig"
	"golang.org/x/crypto/ssh"
)

// ErrUnsigned is a commit without a signature.
var ErrUnsigned = errors.New("not signed")

// ErrUntrusted is a commit whose signature is not good by any key of the keyring.
var ErrUntrusted = errors.New("not signed by a key of the role")

// Signed is a verified signature.
type Signed struct {
	// Name of the signer in the keyring.
	Name string
	// Key tells keys apart: the fingerprint, of an OpenPGP primary key in upper-case hex or of an SSH key as
	// "SHA256:…".
	Key string
}

// VerifyCommit returns who signed a commit: an error is [ErrUnsigned], [ErrUntrusted], or one of reading. SSH
// signatures must be of git's namespace, OpenPGP signatures over the bytes as they are, by a key that has neither
// expired nor been revoked (see [Keyring.At]). No program takes part.
func (r *Repo) VerifyCommit(ctx context.Context, id string, keys Keyring) (Signed, error) {
	raw, err := r.rawCommit(ctx, id)
	if err != nil {
		return Signed{}, err
	}
	who, err := verify(raw, keys)
	if err != nil {
		return Signed{}, fmt.Errorf("commit %s: %w", id, err)
	}
	return who, nil
}

// Claim is a commit, and the keys of which one should have signed it.
type Claim struct {
	Commit string
	Keys   Keyring
}

// VerifyCommits is [Repo.VerifyCommit] for many, which are read at once. A commit that is unsigned or not signed by one
// of its keys gives a Signed without a name; an error is one of reading.
func (r *Repo) VerifyCommits(ctx context.Context, claims []Claim) ([]Signed, error) {
	ids := make([]string, len(claims))
	for i, c := range claims {
		if ids[i] = c.Commit; !isID(c.Commit) {
			return nil, fmt.Errorf("%q is not a full commit id", c.Commit)
		}
	}
	raw, err := r.objects.readAll(ctx, "commit", maxCommit, ids...)
	if err != nil {
		return nil, err
	}
	out := make([]Signed, len(claims))
	for i, c := range claims {
		if out[i], err = verify(raw[i], c.Keys); err != nil && !errors.Is(err, ErrUnsigned) && !errors.Is(err, ErrUntrusted) {
			return nil, fmt.Errorf("commit %s: %w", c.Commit, err)
		}
	}
	return out, nil
}

const (
	sshArmor = "-----BEGIN SSH SIGNATURE-----"
	pgpArmor = "-----BEGIN PGP SIGNATURE-----"
)

// errOtherKey is a signature by a key that is not the one that was tried.
var errOtherKey = errors.New("by another key")

// verify judges the signature in a commit object.
func verify(raw []byte, keys Keyring) (Signed, error) {
	payload, sig, err := splitSignature(raw)
	if err != nil {
		return Signed{}, err
	}
	var check func(k key) (string, error)
	switch {
	case bytes.HasPrefix(sig, []byte(sshArmor)):
		parsed, err := sshsig.Unarmor(sig)
		if err != nil {
			return Signed{}, fmt.Errorf("%w: %w", ErrUntrusted, err)
		}
		signer := parsed.PublicKey.Marshal()
		check = func(k key) (string, error) {
			if k.ssh == nil || !bytes.Equal(signer, k.wire) {
				return "", errOtherKey
			}
			return verifySSH(payload, parsed, k.ssh)
		}
	case bytes.HasPrefix(sig, []byte(pgpArmor)):
		check = func(k key) (string, error) { return verifyOpenPGP(payload, sig, k.pgp, keys.at) }
	default:
		return Signed{}, fmt.Errorf("%w: the signature is neither of SSH nor of OpenPGP", ErrUntrusted)
	}
	var reason error
	for _, k := range keys.keys {
		print, err := check(k)
		if err == nil {
			return Signed{Name: k.name, Key: print}, nil
		}
		if !errors.Is(err, errOtherKey) {
			reason = fmt.Errorf("signature by the key of %s: %w", k.name, err)
		}
	}
	if reason != nil {
		return Signed{}, fmt.Errorf("%w: %w", ErrUntrusted, reason)
	}
	return Signed{}, ErrUntrusted
}

// splitSignature takes the gpgsig header out of a commit object; what is left is what was signed. Like git it leaves
// the header for signatures over SHA-256 ids out too.
func splitSignature(raw []byte) (payload, sig []byte, err error) {
	head, body, ok := bytes.Cut(raw, []byte("\n\n"))
	if !ok {
		head, body = bytes.TrimSuffix(raw, []byte("\n")), nil
	}
	var other []byte // gpgsig-sha256
	seen, into := 0, &payload
	for line := range bytes.SplitSeq(head, []byte("\n")) {
		value, isSig := bytes.CutPrefix(line, []byte("gpgsig "))
		switch {
		case isSig:
			into, line = &sig, value
			seen++
		case bytes.HasPrefix(line, []byte("gpgsig-sha256 ")):
			into = &other
		case bytes.HasPrefix(line, []byte(" ")) && into != &payload:
			line = line[1:]
		default:
			into = &payload
		}
		*into = append(append(*into, line...), '\n')
	}
	if seen == 0 {
		return nil, nil, ErrUnsigned
	}
	if !bytes.HasPrefix(payload, []byte("tree ")) {
		return nil, nil, fmt.Errorf("%w: the commit is malformed", ErrUntrusted)
	}
	if seen > 1 {
		return nil, nil, fmt.Errorf("%w: it carries %d signatures", ErrUntrusted, seen)
	}
	return append(append(payload, '\n'), body...), sig, nil
}

func verifySSH(payload []byte, sig *sshsig.Signature, key ssh.PublicKey) (string, error) {
	if sig.Signature.Format == ssh.KeyAlgoRSA { // over SHA-1
		return "", errors.New("made with SHA-1")
	}
	if err := sshsig.Verify(bytes.NewReader(payload), sig, key, sig.HashAlgorithm, "git"); err != nil {
		return "", err
	}
	return ssh.FingerprintSHA256(key), nil
}

const maxSignature = 64 << 10

// skew is how far the clock of a signer may be ahead of ours.
const skew = 10 * time.Minute

// verifyOpenPGP checks at the clock's time and, if the key has expired since, at the given earlier time.
func verifyOpenPGP(payload, armored []byte, keys openpgp.EntityList, at time.Time) (string, error) {
	if keys == nil {
		return "", errOtherKey
	}
	sig, body, err := parseOpenPGP(armored)
	if err != nil {
		return "", err
	}
	check := func(now time.Time) (string, error) {
		if ahead := sig.CreationTime.Sub(now); ahead > 0 && ahead <= skew {
			now = sig.CreationTime
		}
		config := &packet.Config{Time: func() time.Time { return now }}
		entity, err := openpgp.CheckDetachedSignature(keys, bytes.NewReader(payload), bytes.NewReader(body), config)
		if errors.Is(err, pgperrors.ErrUnknownIssuer) {
			return "", errOtherKey
		}
		if err != nil {
			return "", err
		}
		return fingerprint(entity), nil
	}
	print, err := check(time.Now())
	if errors.Is(err, pgperrors.ErrKeyExpired) && !at.IsZero() {
		return check(at)
	}
	return print, err
}

// weakHashes can be made to collide.
var weakHashes = []crypto.Hash{crypto.MD5, crypto.SHA1, crypto.RIPEMD160}

// parseOpenPGP admits one signature over the bytes as they are: text signatures leave line ends open.
func parseOpenPGP(armored []byte) (*packet.Signature, []byte, error) {
	block, err := armor.Decode(bytes.NewReader(armored))
	if err != nil {
		return nil, nil, err
	}
	if block.Type != openpgp.SignatureType {
		return nil, nil, fmt.Errorf("a %s is no signature", block.Type)
	}
	body, err := io.ReadAll(io.LimitReader(block.Body, maxSignature))
	if err != nil {
		return nil, nil, err
	}
	packets := packet.NewReader(bytes.NewReader(body))
	p, err := packets.Next()
	if err != nil {
		return nil, nil, err
	}
	sig, ok := p.(*packet.Signature)
	if !ok || sig.SigType != packet.SigTypeBinary {
		return nil, nil, errors.New("not a signature over bytes")
	}
	if _, err := packets.Next(); !errors.Is(err, io.EOF) {
		return nil, nil, errors.New("more than one signature")
	}
	if slices.Contains(weakHashes, sig.Hash) {
		return nil, nil, fmt.Errorf("made with %s", sig.Hash)
	}
	return sig, body, nil
}
