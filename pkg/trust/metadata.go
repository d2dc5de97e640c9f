package trust

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/sigstore/sigstore/pkg/signature"
	"github.com/theupdateframework/go-tuf/v2/metadata"

	"github.com/relctl/relctl/pkg/release"
)

// File is one file of metadata.
type File struct {
	Role    string
	Version uint64
	// Data is compact JSON.
	Data []byte
}

// Name is where the file lies, in stores and bundles alike: "trust/3.root.json", "trust/timestamp.json".
func (f File) Name() string {
	if f.Role == release.RoleTimestamp {
		return release.TrustDir + f.Role + ".json"
	}
	return fmt.Sprintf("%s%d.%s.json", release.TrustDir, f.Version, f.Role)
}

// issuedField is the field of the timestamp that says when it was made. TUF lets metadata carry further fields.
const issuedField = "issued"

type (
	rootMeta      = metadata.Metadata[metadata.RootType]
	targetsMeta   = metadata.Metadata[metadata.TargetsType]
	snapshotMeta  = metadata.Metadata[metadata.SnapshotType]
	timestampMeta = metadata.Metadata[metadata.TimestampType]
)

// document is metadata of any role.
type document interface {
	Sign(signature.Signer) (*metadata.Signature, error)
	VerifyDelegate(role string, delegated any) error
	ToBytes(pretty bool) ([]byte, error)
	ClearSignatures()
}

// decode reads a role's metadata strictly.
func decode(role string, data []byte) (document, error) {
	if len(data) > release.MaxMetadataBytes {
		return nil, fmt.Errorf("%s: %d bytes, at most %d are allowed", role, len(data), release.MaxMetadataBytes)
	}
	var tree map[string]any
	err := release.Decode(data, &tree)
	var doc document
	if err == nil {
		switch role {
		case release.RoleRoot:
			doc, err = new(rootMeta).FromBytes(data)
		case release.RoleSnapshot:
			doc, err = new(snapshotMeta).FromBytes(data)
		case release.RoleTimestamp:
			doc, err = new(timestampMeta).FromBytes(data)
		default:
			doc, err = new(targetsMeta).FromBytes(data)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", role, err)
	}
	return doc, nil
}

// header returns what metadata of all roles has.
func header(doc document) (version uint64, expires time.Time, signatures *[]metadata.Signature) {
	var v int64
	switch d := doc.(type) {
	case *rootMeta:
		v, expires, signatures = d.Signed.Version, d.Signed.Expires, &d.Signatures
	case *targetsMeta:
		v, expires, signatures = d.Signed.Version, d.Signed.Expires, &d.Signatures
	case *snapshotMeta:
		v, expires, signatures = d.Signed.Version, d.Signed.Expires, &d.Signatures
	case *timestampMeta:
		v, expires, signatures = d.Signed.Version, d.Signed.Expires, &d.Signatures
	}
	return uint64(max(v, 0)), expires, signatures
}

// encode returns a document's file.
func encode(role string, doc document) (File, error) {
	data, err := doc.ToBytes(false)
	version, _, _ := header(doc)
	return File{Role: role, Version: version, Data: data}, err
}

// topRoles are the roles whose keys the root names, in the order in which a reader walks them.
var topRoles = []string{release.RoleRoot, release.RoleTargets, release.RoleSnapshot, release.RoleTimestamp}

// compareRoles sorts root and targets first, then channels, then snapshot and timestamp, which are made last.
func compareRoles(a, b string) int {
	rank := func(role string) int {
		switch role {
		case release.RoleRoot:
			return 0
		case release.RoleTargets:
			return 1
		case release.RoleSnapshot:
			return 3
		case release.RoleTimestamp:
			return 4
		}
		return 2
	}
	if d := rank(a) - rank(b); d != 0 {
		return d
	}
	return strings.Compare(a, b)
}

// ChannelOf returns the channel that a role belongs to and whether the role is the one of its standing; "" for the four
// roles of the root.
func ChannelOf(role string) (channel string, status bool) {
	if slices.Contains(topRoles, role) {
		return "", false
	}
	channel, status = strings.CutSuffix(role, release.StatusRole(""))
	return channel, status
}

// pathsOf are the targets that a channel's role may speak of.
func pathsOf(role string) []string {
	channel, status := ChannelOf(role)
	if status {
		return []string{release.StandingTarget(channel)}
	}
	return []string{"releases/" + channel + "/*/" + release.ManifestName}
}
