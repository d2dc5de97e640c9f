package gate

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/relctl/relctl/pkg/release"
)

// ErrNoData is the error of whoever was asked for objects and says that it does not know.
var ErrNoData = errors.New("no data")

// maxObjectsSize is how much is read from a command or a file.
const maxObjectsSize = 16 << 20

// clusterEnv are variables by which kubectl finds its cluster.
var clusterEnv = []string{"KUBECONFIG", "KUBERNETES_SERVICE_HOST", "KUBERNETES_SERVICE_PORT"}

// Output reads objects from what a command such as kubectl get -o json writes to its standard output. Beside the
// environment of a [Command] it sees the variables by which kubectl finds its cluster.
func Output(c Command) func(ctx context.Context, s Subject) ([]byte, error) {
	return func(ctx context.Context, s Subject) ([]byte, error) {
		var out limited
		v := c.run(ctx, append(Environ(s), inherit(clusterEnv)...), &out, &tail{limit: 8 << 10}).judge(time.Time{})
		switch {
		case v.Status == release.NoData:
			return nil, fmt.Errorf("%w: %s", ErrNoData, v.Reason)
		case v.Status != release.Pass:
			return nil, errors.New(v.Reason)
		}
		return out.bytes()
	}
}

// DefaultMaxAge is how old a file with objects may be where nothing else is said.
const DefaultMaxAge = 15 * time.Minute

// File reads objects from a file that something else writes again and again. A file older than maxAge, 0 being
// [DefaultMaxAge], says nothing about the present: it is no data.
func File(path string, maxAge time.Duration) func(ctx context.Context, s Subject) ([]byte, error) {
	if maxAge <= 0 {
		maxAge = DefaultMaxAge
	}
	return func(context.Context, Subject) ([]byte, error) {
		f, err := os.Open(path)
		if err != nil {
			return nil, err
		}
		defer func() { _ = f.Close() }()
		info, err := f.Stat()
		if err != nil {
			return nil, err
		}
		if written := info.ModTime(); time.Since(written) > maxAge {
			return nil, fmt.Errorf("%w: %s was written at %s, more than %s ago", ErrNoData, path, clock(written), length(maxAge))
		}
		var out limited
		if _, err := io.Copy(&out, io.LimitReader(f, maxObjectsSize+1)); err != nil {
			return nil, err
		}
		return out.bytes()
	}
}

// limited keeps what is written to it, up to maxObjectsSize, and remembers that there was more.
type limited struct {
	buf  bytes.Buffer
	over bool
}

func (l *limited) Write(p []byte) (int, error) {
	if l.over = l.over || l.buf.Len()+len(p) > maxObjectsSize; !l.over {
		_, _ = l.buf.Write(p)
	}
	return len(p), nil
}

func (l *limited) bytes() ([]byte, error) {
	if l.over {
		return nil, fmt.Errorf("there are more than %d MiB", maxObjectsSize>>20)
	}
	return l.buf.Bytes(), nil
}
