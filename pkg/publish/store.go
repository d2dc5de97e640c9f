package publish

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/relctl/relctl/pkg/release"
)

// Store is where releases lie: a [Directory], a [Repository] of an OCI registry, or a [Bucket] of S3. All keep the same
// promises: what is staged is not visible, of two runs of one plan the first complete set wins, what is visible is
// complete, and every step may be done again after a crash.
type Store interface {
	// Stage brings a set in, unseen, or finds that it is there. What is there already is not sent again. A set that
	// differs from the one that is there is a [*DifferError].
	Stage(ctx context.Context, s Set) error
	// Staged returns what the store holds of a plan, or nil. Open opens a file of it.
	Staged(ctx context.Context, plan string) (*Staged, error)
	Open(ctx context.Context, plan, path string) (io.ReadCloser, error)
	// Reveal makes a staged set visible, with the file bundle, if it is not "", beside it.
	Reveal(ctx context.Context, plan string, m *release.Manifest, bundle string) error
	// Discard removes what is staged of a plan.
	Discard(ctx context.Context, plan string) error
	// Released returns the release.json of a visible release, or nil.
	Released(ctx context.Context, channel string, v release.Version) ([]byte, error)
	// OpenReleased opens a file of a visible release, or its bundle. The error is fs.ErrNotExist if there is none.
	OpenReleased(ctx context.Context, channel string, v release.Version, path string) (io.ReadCloser, error)
	// Signatures returns the signatures over the release.json of a visible release, by file name.
	Signatures(ctx context.Context, channel string, v release.Version) (map[string][]byte, error)
	// Put writes small files in the order given, each in one step. PutBundle replaces the bundle of a visible release.
	Put(ctx context.Context, files []Named) error
	PutBundle(ctx context.Context, channel string, v release.Version, file string) error
	// Get returns a file that was put, or nil.
	Get(ctx context.Context, name string) ([]byte, error)
	// Location is where people find a release. String is what [Parse] takes.
	Location(channel string, v release.Version) string
	String() string
}

var (
	_ Store = Directory{}
	_ Store = (*Bucket)(nil)
	_ Store = (*Repository)(nil)
)

// Schemes of stores that are not folders.
const (
	ociScheme = "oci://"
	s3Scheme  = "s3://"
)

// IsRemote reports whether an address is that of a store which is no folder.
func IsRemote(at string) bool { return strings.Contains(at, "://") }

// Parse returns the store at an address: oci://<registry>/<repository>, s3://<bucket>[/<prefix>][?endpoint=…&region=…], or
// the path of a folder. It reaches nothing.
func Parse(at string) (Store, error) {
	switch {
	case strings.HasPrefix(at, ociScheme):
		return ParseRepository(at)
	case strings.HasPrefix(at, s3Scheme):
		return ParseBucket(at)
	case IsRemote(at):
		return nil, &AddressError{Address: at, Why: "the scheme is none of a store"}
	case at == "":
		return nil, &AddressError{Address: at, Why: "it is empty"}
	}
	return Directory{Root: filepath.FromSlash(at)}, nil
}

// AddressError is the address of a store that cannot be one.
type AddressError struct{ Address, Why string }

func (e *AddressError) Error() string {
	return fmt.Sprintf("%.200q is not the address of a store: %s", withoutSecrets(e.Address), e.Why)
}

// Hint says what addresses look like.
func (*AddressError) Hint() string {
	return "give a folder, oci://registry.example.com/acme/releases or s3://bucket/prefix?endpoint=https://s3.example.com; credentials come from docker login and the AWS variables"
}

var userinfo = regexp.MustCompile(`//[^/@]*@`)

// withoutSecrets drops what stands before "@" in an address, which may be a password.
func withoutSecrets(at string) string { return userinfo.ReplaceAllString(at, "//") }

// shown is the path below which a release is visible in folders and buckets.
func shown(channel string, v release.Version) string { return "releases/" + channel + "/" + v.String() }
