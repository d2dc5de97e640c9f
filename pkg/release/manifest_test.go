package release_test

import (
	"bytes"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/relctl/relctl/pkg/release"
)

func valid() *release.Manifest {
	line, err := release.ParseLine("2.4")
	if err != nil {
		panic(err)
	}
	return &release.Manifest{
		Schema: release.ManifestSchema, Product: "acme", Channel: "lts-2.4", Kind: release.LTS, Line: line,
		Version: release.MustVersion("2.4.7"), Sequence: 3, Commit: strings.Repeat("a", 40), Tag: "v2.4.7",
		SourceDate: time.Date(2026, 5, 3, 0, 0, 0, 0, time.UTC), Plan: "sha256:" + strings.Repeat("b", 64), Pins: []release.Pin{},
		Files: []release.File{file("SHA256SUMS"), file("VERIFY.md"), file("artifacts/acme"), file("docs/a.md"), file("images/a.oci.tar")},
		Images: []release.Image{{
			Name: "acmed", Repository: "service/acmed", Digest: "sha256:" + strings.Repeat("d", 64), File: "images/a.oci.tar",
			Platforms: []release.ImagePlatform{{Name: "linux/arm64", Digest: "sha256:" + strings.Repeat("e", 64)}},
		}},
	}
}

func file(path string) release.File {
	return release.File{Path: path, MediaType: "text/plain", Mode: "0644", Size: 1, SHA256: strings.Repeat("c", 64)}
}

func TestManifestSurvivesARoundTrip(t *testing.T) {
	m := valid()
	data, err := release.Encode(m)
	if err != nil {
		t.Fatal(err)
	}
	back, err := release.DecodeManifest(data)
	if err != nil {
		t.Fatal(err)
	}
	again, err := release.Encode(back)
	if err != nil || string(again) != string(data) {
		t.Errorf("the round trip changed it (%v):\n%s\n%s", err, data, again)
	}
	if f, ok := back.File("artifacts/acme"); !ok || f.Path != "artifacts/acme" {
		t.Error("File does not find a listed file")
	}
	if _, ok := back.File("artifacts/other"); ok {
		t.Error("File finds what is not listed")
	}
}

func TestManifestRefusesWhatCannotBeARelease(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*release.Manifest)
		says   string
	}{
		"other schema":           {func(m *release.Manifest) { m.Schema = "https://relctl.dev/schema/release/v9" }, "schema"},
		"unknown critical field": {func(m *release.Manifest) { m.Critical = []string{"quantum"} }, "quantum"},
		"no product":             {func(m *release.Manifest) { m.Product = "" }, "product"},
		"product with a slash":   {func(m *release.Manifest) { m.Product = "a/b" }, "product"},
		"no channel":             {func(m *release.Manifest) { m.Channel = "" }, "channel"},
		"odd kind":               {func(m *release.Manifest) { m.Kind = "nightly" }, "kind"},
		"no version":             {func(m *release.Manifest) { m.Version = release.Version{} }, "version"},
		"outside the line":       {func(m *release.Manifest) { m.Version = release.MustVersion("2.5.0") }, "outside line"},
		"no sequence":            {func(m *release.Manifest) { m.Sequence = 0 }, "sequence"},
		"short commit":           {func(m *release.Manifest) { m.Commit = "abc" }, "commit"},
		"no date":                {func(m *release.Manifest) { m.SourceDate = time.Time{} }, "source_date"},
		"bad plan":               {func(m *release.Manifest) { m.Plan = "md5:1" }, "plan"},
		"image without a file":   {func(m *release.Manifest) { m.Images[0].File = "images/b.oci.tar" }, "no file"},
		"image without a digest": {func(m *release.Manifest) { m.Images[0].Digest = "2.4.7" }, "image acmed"},
		"image without a place":  {func(m *release.Manifest) { m.Images[0].Repository = "" }, "repository"},
		"image of no name":       {func(m *release.Manifest) { m.Images[0].Name = "" }, "image"},
		"image listed twice":     {func(m *release.Manifest) { m.Images = append(m.Images, m.Images[0]) }, "not sorted"},
		"odd digest of platform": {func(m *release.Manifest) { m.Images[0].Platforms[0].Digest = "" }, "linux/arm64"},
		"no files":               {func(m *release.Manifest) { m.Files = nil }, "files"},
		"unsorted":               {func(m *release.Manifest) { m.Files[0], m.Files[1] = m.Files[1], m.Files[0] }, "not sorted"},
		"listed twice":           {func(m *release.Manifest) { m.Files[1] = m.Files[0] }, "not sorted"},
		"case collision":         {func(m *release.Manifest) { m.Files = append(m.Files[:2:2], file("docs/A.md"), file("docs/a.md")) }, "differ only in case"},
		"file is a folder":       {func(m *release.Manifest) { m.Files = append(m.Files[:2:2], file("docs/a"), file("docs/a/b")) }, "also a folder"},
		"setuid mode":            {func(m *release.Manifest) { m.Files[0].Mode = "4755" }, "mode"},
		"negative size":          {func(m *release.Manifest) { m.Files[0].Size = -1 }, "size"},
		"8 GiB":                  {func(m *release.Manifest) { m.Files[0].Size = 8 << 30 }, "size"},
		"upper-case digest":      {func(m *release.Manifest) { m.Files[0].SHA256 = strings.Repeat("A", 64) }, "sha256"},
		"too many files":         {func(m *release.Manifest) { m.Files = make([]release.File, release.MaxFiles+1) }, "at most"},
	} {
		m := valid()
		c.change(m)
		if err := m.Validate(); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: error = %v, want one that says %q", name, err, c.says)
		}
	}
	m := valid()
	m.Critical = []string{"quantum"}
	var critical *release.CriticalError
	if err := m.Validate(); !errors.As(err, &critical) || critical.Field != "quantum" {
		t.Error("an unknown critical field is not told apart from a broken manifest")
	}
	m.Critical = []string{"files", "sequence"}
	if err := m.Validate(); err != nil {
		t.Errorf("known critical fields are refused: %v", err)
	}
}

func TestPathsFitEveryOperatingSystem(t *testing.T) {
	for _, p := range []string{"SHA256SUMS", "VERIFY.md", "artifacts/a", "docs/runbooks/disk full.md", "sbom/x_linux_amd64.cdx.json", "docs/" + strings.Repeat("a", 250)} {
		if err := release.CheckPath(p); err != nil {
			t.Errorf("%q is refused: %v", p, err)
		}
	}
	for _, p := range []string{
		"", "README.md", "release.json", "trust/root.json", "/artifacts/a", "artifacts//a", "artifacts/", "artifacts/../x", "../artifacts/a", "./artifacts/a",
		`artifacts\a`, "C:/artifacts/a", "artifacts/a:stream", "artifacts/con", "artifacts/NUL.txt", "artifacts/com1.tar.gz", "artifacts/a.", "artifacts/a ", "artifacts/ a",
		"artifacts/é", "artifacts/\u202egnp", "artifacts/a\x00", "artifacts/a\n", "artifacts/a?", "artifacts/a*", "other/a", "docs/" + strings.Repeat("a", 251),
	} {
		if release.CheckPath(p) == nil {
			t.Errorf("%q is accepted", p)
		}
	}
}

func FuzzDecodeManifest(f *testing.F) {
	data, err := release.Encode(valid())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Add([]byte(strings.ReplaceAll(string(data), "docs/a.md", "docs/../a.md")))
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := release.DecodeManifest(data)
		if err != nil {
			return
		}
		for _, file := range m.Files {
			if release.CheckPath(file.Path) != nil || strings.Contains(file.Path, "..") && !filepath.IsLocal(file.Path) {
				t.Errorf("accepted the path %q", file.Path)
			}
		}
		first, err := release.Encode(m)
		if err != nil {
			t.Fatal(err)
		}
		again, err := release.DecodeManifest(first)
		if err != nil {
			t.Fatalf("does not read what it wrote: %v\n%s", err, first)
		}
		if second, err := release.Encode(again); err != nil || !bytes.Equal(first, second) {
			t.Errorf("written and read again: %v\n%s\n%s", err, first, second)
		}
	})
}

func ExampleDecodeManifest() {
	_, err := release.DecodeManifest([]byte(`{"schema": "https://relctl.dev/schema/release/v1", "schema": "again"}`))
	fmt.Println(err)
	// Output: JSON repeats the key "schema"
}

func ExampleInputs_Digest() {
	in := release.Inputs{Product: "acme", Channel: "lts-2.4", Version: release.MustVersion("2.4.7")}
	candidate := in
	candidate.Version = release.MustVersion("2.4.7-rc.1")
	fmt.Println("one plan:", in.Digest() == candidate.Digest())
	fmt.Println("one build:", in.BuildDigest() == candidate.BuildDigest())
	// Output:
	// one plan: false
	// one build: true
}
