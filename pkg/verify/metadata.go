package verify

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/theupdateframework/go-tuf/v2/metadata"

	"github.com/relctl/relctl/pkg/release"
)

// Files are files of trust metadata by their name below trust/: "3.root.json", "timestamp.json",
// "channels/lts-2.4.json".
type Files map[string][]byte

// versioned is the name of a metadata file, "41.lts-2.4-status.json".
func versioned(version int64, role string) string { return fmt.Sprintf("%d.%s.json", version, role) }

// versions returns the versions of a role's files, in no order. A name that is not written as versioned writes it is no
// file of the role.
func (f Files) versions(role string) []int64 {
	var found []int64
	for name := range f {
		number, _, _ := strings.Cut(name, ".")
		if n, err := strconv.ParseInt(number, 10, 64); err == nil && n > 0 && name == versioned(n, role) {
			found = append(found, n)
		}
	}
	return found
}

// maxRSABits bounds what one signature may cost.
const maxRSABits = 8192

// The most bytes of files that are read before anybody has vouched for them.
const (
	maxRootBytes      = 512 << 10
	maxTimestampBytes = 64 << 10
)

// maxBytes is how much of a role's metadata is read.
func maxBytes(role string) int {
	switch role {
	case release.RoleRoot:
		return maxRootBytes
	case release.RoleTimestamp:
		return maxTimestampBytes
	}
	return release.MaxMetadataBytes
}

// checkMetadata refuses what go-tuf would read otherwise than another reader, or not survive: JSON that is not strict,
// null in any place, entries without length and sha256, keys of a kind that nothing is signed with. data is not
// verified yet.
func checkMetadata(role string, data []byte) error {
	if most := maxBytes(role); len(data) > most {
		return fmt.Errorf("%d bytes, at most %d are allowed", len(data), most)
	}
	var document json.RawMessage
	if err := release.Decode(data, &document); err != nil {
		return err
	}
	if hasNull(data) {
		return errors.New("it holds null")
	}
	switch role {
	case release.RoleRoot:
		return checkRoot(data)
	case release.RoleTimestamp:
		m, err := metadata.Timestamp().FromBytes(data)
		if err != nil {
			return err
		}
		if len(m.Signed.Meta) != 1 || m.Signed.Meta["snapshot.json"] == nil {
			return errors.New("it does not name snapshot.json, and nothing else")
		}
		return errors.Join(checkHead(m.Signed.Version, m.Signed.SpecVersion, m.Signatures), checkMeta(m.Signed.Meta))
	case release.RoleSnapshot:
		m, err := metadata.Snapshot().FromBytes(data)
		if err != nil {
			return err
		}
		return errors.Join(checkHead(m.Signed.Version, m.Signed.SpecVersion, m.Signatures), checkMeta(m.Signed.Meta))
	}
	if role == release.RoleTargets {
		return checkDelegations(data)
	}
	return checkTargets(data)
}

// checkDelegations is about the one role that names keys beside the root.
func checkDelegations(data []byte) error {
	m, err := metadata.Targets().FromBytes(data)
	if err != nil {
		return err
	}
	if d := m.Signed.Delegations; d != nil {
		if d.SuccinctRoles != nil {
			return errors.New("it delegates to hash bins, which no channel is")
		}
		if err := checkKeys(d.Keys, maxDelegatedKeys); err != nil {
			return err
		}
	}
	return checkTargets(data)
}

// checkTargets reads no more than it needs: lists of releases are long.
func checkTargets(data []byte) error {
	var m struct {
		Signed struct {
			Spec    string `json:"spec_version"`
			Version int64  `json:"version"`
			Targets map[string]struct {
				Hashes map[string]string `json:"hashes"`
			} `json:"targets"`
		} `json:"signed"`
		Signatures []metadata.Signature `json:"signatures"`
	}
	if err := json.Unmarshal(data, &m); err != nil {
		return err
	}
	for path, t := range m.Signed.Targets {
		if len(t.Hashes["sha256"]) != hex.EncodedLen(sha256.Size) {
			return fmt.Errorf("target %.100q has no sha256", path)
		}
	}
	return checkHead(m.Signed.Version, m.Signed.Spec, m.Signatures)
}

func checkRoot(data []byte) error {
	m, err := metadata.Root().FromBytes(data)
	if err != nil {
		return err
	}
	if !m.Signed.ConsistentSnapshot {
		return errors.New("it is not of a repository with consistent snapshots")
	}
	for _, role := range metadata.TOP_LEVEL_ROLE_NAMES {
		if m.Signed.Roles[role] == nil {
			return fmt.Errorf("it has no role %s", role)
		}
	}
	if err := checkKeys(m.Signed.Keys, maxSignatures); err != nil {
		return err
	}
	return checkHead(m.Signed.Version, m.Signed.SpecVersion, m.Signatures)
}

// What bounds the work that one file can ask for. Each channel may have keys of its own, two at least.
const (
	maxSignatures    = 64
	maxDelegatedKeys = 4096
)

func checkHead(version int64, spec string, signatures []metadata.Signature) error {
	switch {
	case version < 1:
		return fmt.Errorf("version %d", version)
	case !strings.HasPrefix(spec, "1."):
		return fmt.Errorf("it is written by version %.20q of TUF; this relverify reads version 1", spec)
	case len(signatures) > maxSignatures:
		return fmt.Errorf("%d signatures, at most %d are read", len(signatures), maxSignatures)
	}
	return nil
}

// checkMeta wants length, sha256 and a version of every entry: without them other bytes of the same version would pass.
func checkMeta(entries map[string]*metadata.MetaFiles) error {
	for name, m := range entries {
		if m.Length <= 0 || len(m.Hashes["sha256"]) != sha256.Size || m.Version < 1 {
			return fmt.Errorf("its entry %.100q lacks length, sha256 or version", name)
		}
	}
	return nil
}

func checkKeys(keys map[string]*metadata.Key, most int) error {
	if len(keys) > most {
		return fmt.Errorf("%d keys, at most %d are read", len(keys), most)
	}
	for id, k := range keys {
		if err := checkKey(k); err != nil {
			return fmt.Errorf("key %.12s…: %w", id, err)
		}
	}
	return nil
}

func checkKey(k *metadata.Key) error {
	if k.Type == metadata.KeyTypeEd25519 {
		if raw, err := hex.DecodeString(k.Value.PublicKey); err != nil || len(raw) != ed25519.PublicKeySize || k.Scheme != metadata.KeySchemeEd25519 {
			return errors.New("not an ed25519 key")
		}
		return nil
	}
	public, err := k.ToPublicKey()
	if err != nil {
		return fmt.Errorf("type %.40q: %w", k.Type, err)
	}
	switch p := public.(type) {
	case *ecdsa.PublicKey:
		if p.Curve != elliptic.P256() || k.Scheme != metadata.KeySchemeECDSA_SHA2_P256 {
			return errors.New("an ECDSA key that is not on P-256")
		}
	case *rsa.PublicKey:
		if n := p.N.BitLen(); n < 3072 || n > maxRSABits || k.Scheme != metadata.KeySchemeRSASSA_PSS_SHA256 {
			return fmt.Errorf("an RSA key of %d bits, scheme %.40q", n, k.Scheme)
		}
	}
	return nil
}

// hasNull looks for null in JSON that was found to be strict: outside of strings no other word has an n.
func hasNull(data []byte) bool {
	inside := false
	for i := 0; i < len(data); i++ {
		switch {
		case inside && data[i] == '\\':
			i++
		case data[i] == '"':
			inside = !inside
		case !inside && data[i] == 'n':
			return true
		}
	}
	return false
}

// statementDigest is the sha256 of what a metadata file says, without its signatures: a file that was signed once more
// says the same.
func statementDigest(data []byte) string {
	var envelope struct {
		Signed json.RawMessage `json:"signed"`
	}
	var compact bytes.Buffer
	if json.Unmarshal(data, &envelope) != nil || json.Compact(&compact, envelope.Signed) != nil {
		return ""
	}
	return release.Digest(compact.Bytes())
}

// issuedField is the field of timestamp.json that says when the vendor vouched that nothing is newer.
const issuedField = "issued"

// issued returns that time.
func issued(ts *metadata.Metadata[metadata.TimestampType]) (time.Time, error) {
	text, _ := ts.Signed.UnrecognizedFields[issuedField].(string)
	t, err := time.Parse(time.RFC3339, text)
	if err != nil || t.Location() != time.UTC {
		return time.Time{}, errors.New("it does not say when it was issued")
	}
	return t, nil
}
