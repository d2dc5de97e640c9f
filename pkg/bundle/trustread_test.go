package bundle_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/relctl/relctl/pkg/bundle"
)

// trustUpdate is one as relctl writes it.
func trustUpdate(t *testing.T, files ...bundle.Source) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := bundle.WriteTrust(&out, when, files); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func packed(t *testing.T, data []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	if _, err := z.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestATrustUpdateIsReadBack(t *testing.T) {
	t.Parallel()
	files, err := bundle.ReadTrust(bytes.NewReader(trustUpdate(t, bundle.Memory("trust/timestamp.json", []byte("{}")), bundle.Memory("trust/channels/lts-2.4.json", []byte("{2}")))))
	if err != nil || len(files) != 2 || string(files["timestamp.json"]) != "{}" || string(files["channels/lts-2.4.json"]) != "{2}" {
		t.Errorf("%q, %v", files, err)
	}
}

// A trust update comes from a medium that anybody may have written: everything but the one form is refused, and none is
// unpacked beyond its bound.
func TestWhatIsNoTrustUpdateIsRefused(t *testing.T) {
	t.Parallel()
	good := trustUpdate(t, trustSource("trust/timestamp.json", "{}"))
	for name, c := range map[string]struct {
		data []byte
		code string
	}{
		"nothing":                    {nil, bundle.CodeGzip},
		"text":                       {[]byte("<html>"), bundle.CodeGzip},
		"one cut short":              {good[:len(good)-9], bundle.CodeGzip},
		"one with a byte changed":    {append(bytes.Clone(good[:len(good)-6]), append([]byte{good[len(good)-6] ^ 1}, good[len(good)-5:]...)...), bundle.CodeGzip},
		"bytes after it":             {append(bytes.Clone(good), 'x'), bundle.CodeTrailing},
		"another one after it":       {append(bytes.Clone(good), good...), bundle.CodeTrailing},
		"a bundle":                   {packed(t, write(t, sample())), bundle.CodeName},
		"no file":                    {packed(t, make([]byte, 1024)), bundle.CodeCount},
		"half an end":                {packed(t, make([]byte, 512)), bundle.CodeTruncated},
		"zeros beyond all measure":   {packed(t, make([]byte, bundle.MaxTrustBytes+1)), bundle.CodeSize},
		"a packed file beyond it":    {bytes.Repeat([]byte{0x1f}, bundle.MaxTrustBytes+1), bundle.CodeSize},
		"a tar that nobody has gzip": {write(t, sample()), bundle.CodeGzip},
	} {
		var no *bundle.FormatError
		if files, err := bundle.ReadTrust(bytes.NewReader(c.data)); files != nil || !errors.As(err, &no) || no.Code != c.code || no.Error() == "" {
			t.Errorf("%s: %v, want %s", name, err, c.code)
		}
	}
	cut := errors.New("the stick was pulled")
	if _, err := bundle.ReadTrust(io.MultiReader(bytes.NewReader(good[:10]), failing{cut})); !errors.Is(err, cut) {
		t.Errorf("a medium that fails: %v", err)
	}
}

// failing is a medium that fails.
type failing struct{ err error }

func (f failing) Read([]byte) (int, error)          { return 0, f.err }
func (f failing) ReadAt([]byte, int64) (int, error) { return 0, f.err }

func TestABundleCarriesItsTrustByName(t *testing.T) {
	t.Parallel()
	data := write(t, append(sample(), source("trust/channels/lts-2.4.json", "{2}")))
	a, err := bundle.Open(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	files, err := a.TrustFiles()
	if names := slices.Sorted(maps.Keys(files)); err != nil || strings.Join(names, " ") != "1.root.json channels/lts-2.4.json" || string(files["channels/lts-2.4.json"]) != "{2}" {
		t.Errorf("%v, %v", files, err)
	}
}

// A file is opened for as long as it is asked, and what is wrong with it is told with the file closed.
func TestABundleIsOpenedFromAFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := func(name string, data []byte) string {
		p := filepath.Join(dir, name)
		if err := os.WriteFile(p, data, 0o600); err != nil {
			t.Fatal(err)
		}
		return p
	}
	good := write(t, sample())
	a, end, err := bundle.OpenFile(path("good", good))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := a.ReadFile("VERIFY.md", 10); err != nil || string(got) != "v" {
		t.Errorf("%q, %v", got, err)
	}
	if _, err := a.ReadFile("none.md", 10); err == nil || !strings.Contains(err.Error(), "none.md") {
		t.Errorf("a file that it does not have: %v", err)
	}
	if err := end(); err != nil {
		t.Error(err)
	}
	if _, err := a.ReadFile("VERIFY.md", 10); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("after its end: %v", err)
	}
	var no *bundle.FormatError
	if _, _, err := bundle.OpenFile(path("cut", good[:len(good)-512])); !errors.As(err, &no) || no.Code != bundle.CodeTruncated {
		t.Errorf("cut short: %v", err)
	}
	if _, _, err := bundle.OpenFile(filepath.Join(dir, "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
}

// A medium that fails says nothing about the bundle: the error is its own, not one of form.
func TestAMediumThatFailsIsNoFaultOfTheBundle(t *testing.T) {
	t.Parallel()
	cut := errors.New("input/output error")
	var no *bundle.FormatError
	if _, err := bundle.Open(failing{cut}, 1<<20); !errors.Is(err, cut) || errors.As(err, &no) {
		t.Errorf("%v", err)
	}
}
