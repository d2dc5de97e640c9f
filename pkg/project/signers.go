package project

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"github.com/relctl/relctl/pkg/channel"
	"github.com/relctl/relctl/pkg/sign"
)

// Signer signs release.json with one key.
type Signer interface {
	// ID is the lower-case hex sha256 of the public key's SPKI.
	ID() string
	// Sign returns a sigstore bundle over payload.
	Sign(ctx context.Context, payload []byte) ([]byte, error)
}

// ImageSigner is a [Signer] that can also sign container images.
type ImageSigner interface {
	// SignImage returns a sigstore bundle that signs the image with a digest "sha256:…".
	SignImage(ctx context.Context, digest string) ([]byte, error)
}

// Signers holds the keys that the policy trusts against those at hand.
type Signers struct {
	// Channel that is signed for, "" for shards.
	Channel string
	// Threshold is how many keys must sign.
	Threshold int
	Trusted   []*sign.Public
	// Names are the trusted keys' files by id, for people.
	Names  map[string]string
	AtHand []Signer
}

// Signers are the keys that sign releases of a channel. Keys at hand that are not among them are a [*KeyError], as is a
// policy without keys.
func (p *Project) Signers(ch *channel.Channel, atHand []Signer) (*Signers, error) {
	keys := p.Policy.Product.Signing.Keys
	if len(keys) == 0 {
		return nil, &KeyError{
			Text:   "channels/product.yaml names no key that signs releases",
			Remedy: "relctl key generate --out channels/keys, then add signing: {keys: [channels/keys/release.pub], threshold: 1}",
		}
	}
	s, err := p.SignersOf("signing.keys", keys, atHand)
	if err != nil {
		return nil, err
	}
	s.Channel, s.Threshold = ch.Name, p.Policy.Product.Signing.Threshold
	return s, nil
}

// SignersOf reads the public keys in files that a list of channels/product.yaml names, such as "signing.keys", one of which
// must sign. Keys at hand that are not among them are a [*KeyError].
func (p *Project) SignersOf(list string, paths []string, atHand []Signer) (*Signers, error) {
	s := &Signers{Threshold: 1, Names: map[string]string{}, AtHand: atHand}
	for _, path := range paths {
		data, err := fs.ReadFile(p.Policy.FS, path)
		if errors.Is(err, fs.ErrNotExist) {
			return nil, &KeyError{
				Text:   fmt.Sprintf("channels/product.yaml names the signing key %s, which is not on the default branch", path),
				Remedy: "make a pair with relctl key generate --out " + filepath.ToSlash(filepath.Dir(path)) + ", and commit and push the .pub file",
			}
		}
		if err != nil {
			return nil, fmt.Errorf("signing key of channels/product.yaml: %w", err)
		}
		key, err := sign.ParsePublic(data)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		s.Trusted = append(s.Trusted, key)
		s.Names[key.ID()] = path
	}
	for _, k := range atHand {
		if _, ok := s.Names[k.ID()]; !ok {
			return nil, &KeyError{
				Text:   fmt.Sprintf("the key %s… is not among the %s of channels/product.yaml", k.ID()[:12], strings.ReplaceAll(list, ".", " ")),
				Remedy: "use one of " + strings.Join(paths, ", ") + ", or add its public part to " + list + " on the default branch",
			}
		}
	}
	return s, nil
}

// Valid returns the signatures that a trusted key made over raw: one a key, since each key's file has one name.
func (s *Signers) Valid(raw []byte, sigs map[string][]byte) map[string][]byte {
	good := map[string][]byte{}
	for _, key := range s.Trusted {
		name := sign.EnvelopeName(key.ID())
		if data, ok := sigs[name]; ok && sign.Verify(key, raw, data) == nil {
			good[name] = data
		}
	}
	return good
}

// AddImage adds those of found that a trusted key made over the image with a digest, one a key.
func (s *Signers) AddImage(good map[string][]byte, digest string, found ...[]byte) {
	for _, key := range s.Trusted {
		for _, data := range found {
			if good[key.ID()] == nil && sign.VerifyImage(key, digest, data) == nil {
				good[key.ID()] = data
			}
		}
	}
}

// KeyError is a signing key that the policy does not know, or none at all.
type KeyError struct{ Text, Remedy string }

func (e *KeyError) Error() string { return e.Text }

// Hint says what to do about the key.
func (e *KeyError) Hint() string { return e.Remedy }
