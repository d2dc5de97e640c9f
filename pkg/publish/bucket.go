package publish

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path"
	"regexp"
	"strings"
	"sync"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"github.com/relctl/relctl/pkg/internal/ociremote"
	"github.com/relctl/relctl/pkg/release"
)

// Bucket is a store in a bucket of S3 or of a server that speaks its protocol, with the same paths as a [Directory]. A
// bucket has no rename: a release is there when its release.json is, which is written last.
//
//	.staging/<plan>/files/<sha256>       one plan's files by their digest
//	.staging/<plan>/release.json         written last, and only if it is not there; signatures come beside it
//	releases/<channel>/<version>/…       copied by the server, release.json last
type Bucket struct {
	// Name is the bucket's, Prefix the path in it, without slashes around it.
	Name, Prefix string
	// Endpoint is the server's address, such as https://s3.example.com. Default is AWS_ENDPOINT_URL_S3, then
	// AWS_ENDPOINT_URL, then Amazon.
	Endpoint string
	// Region is the bucket's. Default is AWS_REGION, then AWS_DEFAULT_REGION, then us-east-1, or what Amazon answers.
	Region string
	// Transport reaches the server. Default is the usual one.
	Transport http.RoundTripper
	// Retry is how it bears with failures.
	Retry Retry
	// PartSize is the size of the parts in which larger files are sent, at least 5 MiB. Default is 16 MiB.
	PartSize int64

	address string
	once    sync.Once
	core    minio.Core
	err     error
	staged  shelf
}

var bucketName = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)

// ParseBucket returns the store at an address s3://<bucket>[/<prefix>][?endpoint=https://…&region=…].
func ParseBucket(at string) (*Bucket, error) {
	bad := func(why string) (*Bucket, error) { return nil, &AddressError{Address: at, Why: why} }
	u, err := url.Parse(at)
	if err != nil {
		return bad("it does not parse as a URL")
	}
	q, err := url.ParseQuery(u.RawQuery)
	prefix := strings.Trim(u.Path, "/")
	switch {
	case u.User != nil:
		return bad("an address is no place for credentials")
	case !bucketName.MatchString(u.Host):
		return bad(fmt.Sprintf("%q is not the name of a bucket", u.Host))
	case prefix != "" && (!fs.ValidPath(prefix) || strings.Contains(prefix, "\\")):
		return bad("the path is not a plain one")
	case err != nil || u.Fragment != "":
		return bad("what follows the path is not understood")
	}
	for k, v := range q {
		if k != "endpoint" && k != "region" || len(v) != 1 {
			return bad(fmt.Sprintf("%q is not a parameter; there are endpoint and region, once each", k))
		}
	}
	b := &Bucket{Name: u.Host, Prefix: prefix, Endpoint: q.Get("endpoint"), Region: q.Get("region"), address: at}
	if b.Endpoint != "" {
		if _, err := endpoint(b.Endpoint); err != nil {
			return bad(err.Error())
		}
	}
	return b, nil
}

// endpoint parses a server's address, which is reached by TLS unless it is this machine.
func endpoint(at string) (*url.URL, error) {
	u, err := url.Parse(at)
	switch {
	case err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil || strings.Trim(u.Path, "/") != "" || u.RawQuery != "":
		return nil, errors.New("the endpoint is not the address of a server such as https://s3.example.com")
	case u.Scheme == "http" && !ociremote.Loopback(u.Hostname()):
		return nil, &ociremote.PlainError{Host: u.Host}
	}
	return u, nil
}

// String is the address, as given to [ParseBucket].
func (b *Bucket) String() string {
	if b.address != "" {
		return b.address
	}
	return s3Scheme + path.Join(b.Name, b.Prefix)
}

// Location returns the address of the folder in which a release is visible.
func (b *Bucket) Location(channel string, v release.Version) string {
	return s3Scheme + path.Join(b.Name, b.key(shown(channel, v)))
}

func (b *Bucket) key(name string) string { return path.Join(b.Prefix, name) }

func (b *Bucket) staging(plan string) string { return ".staging/" + short(plan) + "/" }

// client returns the client, made at its first use.
func (b *Bucket) client() (minio.Core, error) {
	b.once.Do(func() { b.core, b.err = b.connect() })
	return b.core, b.err
}

const amazon = "https://s3.amazonaws.com"

func (b *Bucket) connect() (minio.Core, error) {
	at := cmp.Or(b.Endpoint, os.Getenv("AWS_ENDPOINT_URL_S3"), os.Getenv("AWS_ENDPOINT_URL"), amazon)
	u, err := endpoint(at)
	if err != nil {
		return minio.Core{}, &AddressError{Address: b.String(), Why: err.Error()}
	}
	region := cmp.Or(b.Region, os.Getenv("AWS_REGION"), os.Getenv("AWS_DEFAULT_REGION"))
	if region == "" && at != amazon {
		region = "us-east-1"
	}
	base := b.Transport
	if base == nil {
		base = http.DefaultTransport
	}
	core, err := minio.NewCore(u.Host, &minio.Options{
		Creds: awsCredentials(at == amazon), Secure: u.Scheme == "https", Region: region,
		Transport:  patient{base, b.Retry.stall()},
		MaxRetries: 1, // attempts are counted here
	})
	if err != nil {
		return minio.Core{}, &AddressError{Address: b.String(), Why: err.Error()}
	}
	return *core, nil
}

// awsCredentials are those that the AWS tools would find: variables, the profile, then what the cloud gives a machine or
// a job. Without any, requests are anonymous. Machines of other clouds are not asked: there that takes long, for nothing.
func awsCredentials(amazon bool) *credentials.Credentials {
	chain := []credentials.Provider{&credentials.EnvAWS{}, &credentials.FileAWSCredentials{}}
	if amazon || os.Getenv("AWS_WEB_IDENTITY_TOKEN_FILE") != "" || os.Getenv("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI") != "" || os.Getenv("AWS_CONTAINER_CREDENTIALS_FULL_URI") != "" {
		chain = append(chain, &credentials.IAM{})
	}
	return credentials.NewChainCredentials(chain)
}
