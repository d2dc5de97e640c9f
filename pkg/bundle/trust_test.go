package bundle_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/relctl/relctl/pkg/bundle"
)

func trustSource(name, data string) bundle.Source {
	return bundle.Source{Name: name, Mode: "0644", Size: int64(len(data)), Open: func() (io.ReadCloser, error) {
		return io.NopCloser(strings.NewReader(data)), nil
	}}
}

func TestTrustUpdateIsAPackedTarOfSortedNames(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 2, 8, 0, 0, 0, time.UTC)
	files := []bundle.Source{trustSource("trust/timestamp.json", "{}"), trustSource("trust/1.root.json", "{1}"), trustSource("trust/channels/lts-2.4.json", "{2}")}
	var out, again bytes.Buffer
	for _, w := range []*bytes.Buffer{&out, &again} {
		if err := bundle.WriteTrust(w, at, files); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(out.Bytes(), again.Bytes()) {
		t.Error("the same files give other bytes")
	}
	z, err := gzip.NewReader(&out)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	r := tar.NewReader(z)
	for {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, h.Name)
	}
	if got := strings.Join(names, " "); got != "trust/1.root.json trust/channels/lts-2.4.json trust/timestamp.json" {
		t.Errorf("names %s", got)
	}
	for _, bad := range [][]bundle.Source{
		{trustSource("release.json", "{}")}, {trustSource("trust/../x.json", "{}")},
		{trustSource("trust/a.json", "{}"), trustSource("trust/a.json", "{}")}, {trustSource("trust/a.json", strings.Repeat("a", bundle.MaxTrustBytes+1))},
	} {
		if err := bundle.WriteTrust(io.Discard, at, bad); err == nil {
			t.Errorf("%s: accepted", bad[0].Name)
		}
	}
}
