package bundle_test

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/relctl/relctl/pkg/bundle"
	"github.com/relctl/relctl/pkg/release"
)

var when = time.Date(2026, 5, 3, 12, 0, 0, 0, time.UTC)

func source(name, text string) bundle.Source {
	return bundle.Source{Name: name, Mode: "0644", Size: int64(len(text)), Open: func() (io.ReadCloser, error) {
		return io.NopCloser(strings.NewReader(text)), nil
	}}
}

var signature = "release.json." + strings.Repeat("ab", 32) + ".sigstore.json"

// long is a name that needs ustar's prefix field.
var long = "docs/" + strings.Repeat("a", 120) + "/" + strings.Repeat("b", 90) + ".md"

func sample() []bundle.Source {
	return []bundle.Source{
		source("docs/z.md", "last"), source(long, "deep"), source("artifacts/acme", strings.Repeat("x", 513)), source("VERIFY.md", "v"),
		source("trust/1.root.json", "{}"), source("SHA256SUMS", "s"), source(signature, "{}"), source("release.json", "{}"), source("sbom/empty", ""),
	}
}

func write(t testing.TB, files []bundle.Source) []byte {
	t.Helper()
	var buf bytes.Buffer
	if err := bundle.Write(&buf, when, files); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

func TestABundleIsReadBackInItsOneOrder(t *testing.T) {
	data := write(t, sample())
	a, err := bundle.Open(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range a.Entries() {
		names = append(names, e.Name)
	}
	want := []string{"release.json", signature, "trust/1.root.json", "SHA256SUMS", "VERIFY.md", "artifacts/acme", "sbom/empty", long, "docs/z.md"}
	if strings.Join(names, "\n") != strings.Join(want, "\n") {
		t.Errorf("order:\n%s", strings.Join(names, "\n"))
	}
	if got, err := a.ReadFile(long, 100); err != nil || string(got) != "deep" {
		t.Errorf("%q, %v", got, err)
	}
	if !a.ModTime().Equal(when) {
		t.Errorf("time %v", a.ModTime())
	}
	if _, err := a.ReadFile("artifacts/acme", 100); err == nil {
		t.Error("the limit of ReadFile does not hold")
	}
	reversed := sample()
	for i, j := 0, len(reversed)-1; i < j; i, j = i+1, j-1 {
		reversed[i], reversed[j] = reversed[j], reversed[i]
	}
	if !bytes.Equal(data, write(t, reversed)) {
		t.Error("another order of sources gives other bytes")
	}
}

func TestStockTarReadsABundle(t *testing.T) {
	data := write(t, sample())
	r := tar.NewReader(bytes.NewReader(data))
	n := 0
	for {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if h.Typeflag != tar.TypeReg || h.Uid != 0 || h.Uname != "" || !h.ModTime.Equal(when) || h.Mode != 0o644 {
			t.Errorf("%s: %+v", h.Name, h)
		}
		n++
	}
	if n != len(sample()) {
		t.Errorf("Go's reader sees %d files", n)
	}
	program, err := exec.LookPath("tar")
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal(err)
		}
		t.Skip("tar is missing")
	}
	path := filepath.Join(t.TempDir(), "x.bundle")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(program, "-tf", path).CombinedOutput()
	if err != nil || !strings.Contains(string(out), long) || strings.Count(string(out), "\n") != n {
		t.Errorf("tar: %v\n%s", err, out)
	}
}

func TestTheWriterRefusesWhatNoBundleMayCarry(t *testing.T) {
	with := func(s ...bundle.Source) []bundle.Source { return append(sample(), s...) }
	large := source("release.json", "{}")
	large.Size = release.MaxManifestBytes + 1
	setuid := source("docs/a", "x")
	setuid.Mode = "4755"
	executable := source("trust/2.root.json", "{}")
	executable.Mode = "0755"
	var many []bundle.Source
	for i := range bundle.MaxSignatures + 1 {
		many = append(many, source(fmt.Sprintf("release.json.%064x.sigstore.json", i), "{}"))
	}
	for name, c := range map[string]struct {
		files []bundle.Source
		code  string
	}{
		"no release.json":     {sample()[:5], bundle.CodeOrder},
		"the same name twice": {with(source("docs/z.md", "again")), bundle.CodeDuplicate},
		"case collision":      {with(source("docs/Z.md", "again")), bundle.CodeDuplicate},
		"file and folder":     {with(source("docs/z.md/x", "again")), bundle.CodeDuplicate},
		"no group":            {with(source("bin/sh", "x")), bundle.CodeName},
		"parent folder":       {with(source("docs/../x", "x")), bundle.CodeName},
		"absolute":            {with(source("/docs/x", "x")), bundle.CodeName},
		"device of Windows":   {with(source("docs/NUL", "x")), bundle.CodeName},
		"trust of no kind":    {with(source("trust/../root.json", "x")), bundle.CodeName},
		"setuid":              {with(setuid), bundle.CodeHeader},
		"executable envelope": {with(executable), bundle.CodeHeader},
		"oversized manifest":  {append([]bundle.Source{large}, sample()[:7]...), bundle.CodeSize},
		"too many signatures": {append(many, source("release.json", "{}")), bundle.CodeCount},
	} {
		var format *bundle.FormatError
		if err := bundle.Write(io.Discard, when, c.files); !errors.As(err, &format) || format.Code != c.code {
			t.Errorf("%s: error %v, want code %s", name, err, c.code)
		}
	}
}

func TestTheWriterNoticesAFileThatIsNotWhatItWas(t *testing.T) {
	for name, change := range map[string]func(*bundle.Source){
		"shorter": func(s *bundle.Source) { s.Size++ },
		"longer":  func(s *bundle.Source) { s.Size-- },
		"other":   func(s *bundle.Source) { s.SHA256 = strings.Repeat("0", 64) },
		"gone":    func(s *bundle.Source) { s.Open = func() (io.ReadCloser, error) { return nil, os.ErrNotExist } },
	} {
		files := sample()
		change(&files[0])
		if err := bundle.Write(io.Discard, when, files); err == nil || !strings.Contains(err.Error(), "docs/z.md") {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

// entry writes one tar entry by Go's own writer, which can do what ours cannot.
func entry(t testing.TB, w *tar.Writer, h tar.Header, text string) {
	t.Helper()
	h.Size = int64(len(text))
	if h.ModTime.IsZero() {
		h.ModTime = when
	}
	if h.Mode == 0 {
		h.Mode = 0o644
	}
	if err := w.WriteHeader(&h); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(w, text); err != nil {
		t.Fatal(err)
	}
}

func TestTheReaderRefusesWhatOtherToolsWrite(t *testing.T) {
	for name, c := range map[string]struct {
		header tar.Header
		code   string
	}{
		"symbolic link":  {tar.Header{Name: "docs/a", Typeflag: tar.TypeSymlink, Linkname: "/etc/passwd"}, bundle.CodeHeader},
		"hard link":      {tar.Header{Name: "docs/a", Typeflag: tar.TypeLink, Linkname: "release.json"}, bundle.CodeHeader},
		"folder":         {tar.Header{Name: "docs/", Typeflag: tar.TypeDir, Mode: 0o755}, bundle.CodeName},
		"device":         {tar.Header{Name: "docs/a", Typeflag: tar.TypeChar, Devmajor: 1, Devminor: 3}, bundle.CodeHeader},
		"pipe":           {tar.Header{Name: "docs/a", Typeflag: tar.TypeFifo}, bundle.CodeHeader},
		"setuid":         {tar.Header{Name: "docs/a", Mode: 0o4755}, bundle.CodeHeader},
		"owner":          {tar.Header{Name: "docs/a", Uid: 1000}, bundle.CodeHeader},
		"owner's name":   {tar.Header{Name: "docs/a", Uname: "root"}, bundle.CodeHeader},
		"other time":     {tar.Header{Name: "docs/a", ModTime: when.Add(time.Second)}, bundle.CodeHeader},
		"PAX extension":  {tar.Header{Name: "docs/a", Format: tar.FormatPAX, PAXRecords: map[string]string{"ACME.x": "1"}}, bundle.CodeHeader},
		"GNU long name":  {tar.Header{Name: "docs/" + strings.Repeat("é", 80), Format: tar.FormatGNU}, bundle.CodeHeader},
		"parent folder":  {tar.Header{Name: "docs/../../etc/passwd"}, bundle.CodeName},
		"absolute":       {tar.Header{Name: "/etc/passwd"}, bundle.CodeName},
		"drive":          {tar.Header{Name: "C:/docs/a"}, bundle.CodeName},
		"stream":         {tar.Header{Name: "docs/a:b"}, bundle.CodeName},
		"second release": {tar.Header{Name: "release.json"}, bundle.CodeDuplicate},
		"bidi":           {tar.Header{Name: "docs/a\u202eb", Format: tar.FormatGNU}, bundle.CodeName},
		"unlisted group": {tar.Header{Name: "bin/sh"}, bundle.CodeName},
	} {
		var buf bytes.Buffer
		w := tar.NewWriter(&buf)
		entry(t, w, tar.Header{Name: "release.json"}, "{}")
		text := ""
		if c.header.Typeflag == 0 {
			text = "x"
		}
		entry(t, w, c.header, text)
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		_, err := bundle.Open(bytes.NewReader(buf.Bytes()), int64(buf.Len()))
		var format *bundle.FormatError
		if !errors.As(err, &format) || format.Code != c.code {
			t.Errorf("%s: error %v, want code %s", name, err, c.code)
		}
	}
}

func TestFilesOutOfOrderAreRefused(t *testing.T) {
	var buf bytes.Buffer
	w := tar.NewWriter(&buf)
	for _, name := range []string{"release.json", "docs/a", "artifacts/b"} {
		entry(t, w, tar.Header{Name: name}, "x")
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	_, err := bundle.Open(bytes.NewReader(buf.Bytes()), int64(buf.Len()))
	var format *bundle.FormatError
	if !errors.As(err, &format) || format.Code != bundle.CodeOrder {
		t.Errorf("error %v", err)
	}
}

// resummed gives every header the checksum of what it holds now, so that a fuzzer comes past it.
func resummed(data []byte) []byte {
	data = bytes.Clone(data)
	for at := 0; at+1024 < len(data); {
		h := data[at : at+512]
		copy(h[148:156], "        ")
		sum := 0
		for _, b := range h {
			sum += int(b)
		}
		copy(h[148:156], fmt.Sprintf("%06o\x00 ", sum))
		size, err := strconv.ParseUint(string(h[124:135]), 8, 40)
		if err != nil {
			break
		}
		at += 512 + int(size+511)/512*512
	}
	return data
}

func TestNoByteOfAHeaderIsWithoutMeaning(t *testing.T) {
	data := write(t, []bundle.Source{source("release.json", "{}"), source("docs/a.md", "text")})
	second := 1024
	for at := range 512 {
		if at >= 148 && at < 156 {
			continue // the checksum, which is made to hold
		}
		for _, b := range []byte{data[second+at] ^ 1, 0, ' ', '0', 0xff} {
			bad := bytes.Clone(data)
			bad[second+at] = b
			if bad = resummed(bad); bytes.Equal(bad, data) {
				continue
			}
			a, err := bundle.Open(bytes.NewReader(bad), int64(len(bad)))
			if err == nil && a.Entries()[1].Name == "docs/a.md" && a.Entries()[1].Size == 4 {
				t.Errorf("byte %d as %q is accepted, and means the same", at, b)
			}
			acceptedIsCanonical(t, bad)
		}
	}
}

// readByTar is what Go's own reader finds in an archive.
func readByTar(t *testing.T, data []byte) []string {
	t.Helper()
	var found []string
	for r := tar.NewReader(bytes.NewReader(data)); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return found
		}
		if err != nil {
			t.Fatalf("accepted, and archive/tar says %v", err)
		}
		text, err := io.ReadAll(r)
		if err != nil || h.Typeflag != tar.TypeReg {
			t.Fatalf("%s has type %q, and archive/tar says %v", h.Name, h.Typeflag, err)
		}
		found = append(found, fmt.Sprintf("%s %04o %s %s", h.Name, h.Mode, h.ModTime.UTC(), text))
	}
}

func FuzzOpen(f *testing.F) {
	// Few and small files: what a mutation hits should matter, and inputs of many kilobytes take minutes to minimize.
	f.Add(write(f, []bundle.Source{source("release.json", "{}"), source(signature, "{}"), source(long, "deep")}))
	f.Add(write(f, []bundle.Source{source("release.json", "{}"), source("artifacts/acme", strings.Repeat("x", 513)), source("sbom/empty", "")}))
	f.Add(bytes.Repeat([]byte{0}, 1024))
	f.Fuzz(func(t *testing.T, b []byte) {
		acceptedIsCanonical(t, b)
		acceptedIsCanonical(t, resummed(b))
	})
}

// acceptedIsCanonical makes sure that a bundle that is accepted has one encoding and one meaning: writing it again gives
// the same bytes, and another reader of tar finds the same files.
func acceptedIsCanonical(t *testing.T, b []byte) {
	t.Helper()
	a, err := bundle.Open(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		return
	}
	var files []bundle.Source
	var ours []string
	for _, e := range a.Entries() {
		if a.CheckPadding(e) != nil {
			return
		}
		text, err := io.ReadAll(a.Open(e))
		if err != nil {
			t.Fatal(err)
		}
		ours = append(ours, fmt.Sprintf("%s %s %s %s", e.Name, e.Mode, a.ModTime(), text))
		files = append(files, bundle.Source{Name: e.Name, Mode: e.Mode, Size: e.Size, Open: func() (io.ReadCloser, error) { return io.NopCloser(a.Open(e)), nil }})
	}
	var again bytes.Buffer
	if err := bundle.Write(&again, a.ModTime(), files); err != nil || !bytes.Equal(again.Bytes(), b) {
		t.Errorf("accepted, and written otherwise (%v)", err)
	}
	if theirs := readByTar(t, b); !slices.Equal(ours, theirs) {
		t.Errorf("archive/tar reads it otherwise:\n%q\n%q", ours, theirs)
	}
}

func ExampleWrite() {
	var buf bytes.Buffer
	files := []bundle.Source{
		{Name: "docs/install.md", Mode: "0644", Size: 5, Open: func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader("hello")), nil }},
		{Name: "release.json", Mode: "0644", Size: 2, Open: func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader("{}")), nil }},
	}
	if err := bundle.Write(&buf, time.Unix(0, 0), files); err != nil {
		fmt.Println(err)
		return
	}
	a, err := bundle.Open(bytes.NewReader(buf.Bytes()), int64(buf.Len()))
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, e := range a.Entries() {
		fmt.Println(e.Name, e.Size)
	}
	// Output:
	// release.json 2
	// docs/install.md 5
}
