package build

import (
	"archive/tar"
	"archive/zip"
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// dist makes a checkout with goreleaser's list and the files that it names, each holding its own name unless the
// content is given.
func dist(t *testing.T, list string, files map[string]string) string {
	t.Helper()
	src := t.TempDir()
	files["dist/artifacts.json"] = list
	for name, content := range files {
		file := filepath.Join(src, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if content == "" {
			content = name
		}
		if err := os.WriteFile(file, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return src
}

func text(t *testing.T, list []Artifact) string {
	t.Helper()
	var b strings.Builder
	for _, a := range list {
		b.WriteString(strings.Join([]string{string(a.Kind), a.Path, a.Platform, a.Binary, strings.Join(a.Contains, "+")}, " ") + "\n")
	}
	return b.String()
}

func TestVariantsOfAnArchitectureAreToldApart(t *testing.T) {
	src := dist(t, `[
{"name":"acmed","path":"dist/acmed_linux_arm_7/acmed","goos":"linux","goarch":"arm","goarm":"7","type":"Binary","extra":{"Binary":"acmed","ID":"acmed"}},
{"name":"acmed","path":"dist/acmed_linux_amd64_v3/acmed","goos":"linux","goarch":"amd64","goamd64":"v3","type":"Binary","extra":{"Binary":"acmed"}},
{"name":"acmed","path":"dist/acmed_linux_amd64_v1/acmed","goos":"linux","goarch":"amd64","goamd64":"v1","type":"Binary","extra":{"Binary":"acmed"}},
{"name":"acme.deb","path":"dist/acme.deb","goos":"linux","goarch":"amd64","goamd64":"v3","type":"Linux Package","extra":{"Files":[{"src":"./dist/acmed_linux_amd64_v3/acmed"}]}},
{"name":"acme.tar.xz","path":"dist/acme.tar.xz","goos":"linux","goarch":"arm","goarm":"7","type":"Archive","extra":{"Binaries":["acmed"],"Files":["README.md"]}},
{"name":"metadata.json","path":"dist/metadata.json","type":"Metadata"},
{"name":"SUMS","path":"dist/SUMS","type":"Checksum","extra":{}}
]`, map[string]string{
		"dist/acmed_linux_arm_7/acmed": "", "dist/acmed_linux_amd64_v3/acmed": "", "dist/acmed_linux_amd64_v1/acmed": "",
		"dist/acme.deb": "", "dist/acme.tar.xz": "", "dist/metadata.json": "", "dist/SUMS": "",
	})
	got, err := collectGoreleaser(src, "dist", Request{Out: t.TempDir()})
	const want = `package artifacts/acme.deb linux/amd64/v3  binaries/acmed_linux_amd64_v3/acmed
archive artifacts/acme.tar.xz linux/arm/v7  binaries/acmed_linux_arm_7/acmed
binary binaries/acmed_linux_amd64_v1/acmed linux/amd64 acmed 
binary binaries/acmed_linux_amd64_v3/acmed linux/amd64/v3 acmed 
binary binaries/acmed_linux_arm_7/acmed linux/arm/v7 acmed 
`
	if err != nil || text(t, got) != want {
		t.Errorf("got\n%s%v\nwant\n%s", text(t, got), err, want)
	}
}

// A product may be built in two ways under one name, say with and without certified cryptography. What is in which
// archive shows by the bytes, and each gets a name of its own.
func TestTwoBuildsOfOneNameAreNotMixedUp(t *testing.T) {
	tgz := func(content string) string {
		var b strings.Builder
		z := gzip.NewWriter(&b)
		w := tar.NewWriter(z)
		if err := w.WriteHeader(&tar.Header{Name: "acmed", Size: int64(len(content)), Mode: 0o755}); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, content); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	src := dist(t, `[
{"name":"acmed","path":"dist/fips_linux_amd64_v1/acmed","goos":"linux","goarch":"amd64","goamd64":"v1","type":"Binary","extra":{"Binary":"acmed"}},
{"name":"acmed","path":"dist/acmed_linux_amd64_v1/acmed","goos":"linux","goarch":"amd64","goamd64":"v1","type":"Binary","extra":{"Binary":"acmed"}},
{"name":"acme.tar.gz","path":"dist/acme.tar.gz","goos":"linux","goarch":"amd64","goamd64":"v1","type":"Archive","extra":{"Binaries":["acmed"]}},
{"name":"acme-fips.tar.gz","path":"dist/acme-fips.tar.gz","goos":"linux","goarch":"amd64","goamd64":"v1","type":"Archive","extra":{"Binaries":["acmed"]}},
{"name":"acme.tar.zst","path":"dist/acme.tar.zst","goos":"linux","goarch":"amd64","goamd64":"v1","type":"Archive","extra":{"Binaries":["acmed"]}}
]`, map[string]string{
		"dist/fips_linux_amd64_v1/acmed": "FIPS!", "dist/acmed_linux_amd64_v1/acmed": "plain",
		"dist/acme.tar.gz": tgz("plain"), "dist/acme-fips.tar.gz": tgz("FIPS!"), "dist/acme.tar.zst": "",
	})
	got, err := collectGoreleaser(src, "dist", Request{Out: t.TempDir()})
	const want = `archive artifacts/acme-fips.tar.gz linux/amd64  binaries/fips_linux_amd64_v1/acmed
archive artifacts/acme.tar.gz linux/amd64  binaries/acmed_linux_amd64_v1/acmed
archive artifacts/acme.tar.zst linux/amd64  
binary binaries/acmed_linux_amd64_v1/acmed linux/amd64 acmed_linux_amd64_v1_acmed 
binary binaries/fips_linux_amd64_v1/acmed linux/amd64 fips_linux_amd64_v1_acmed 
`
	if err != nil || text(t, got) != want {
		t.Errorf("got\n%s%v\nwant\n%s", text(t, got), err, want)
	}
}

func TestAListOfArtifactsThatMakesNoSenseIsRefused(t *testing.T) {
	for list, says := range map[string]string{
		`[`: "artifacts.json",
		`[{"name":"a","path":"dist/a","type":"Hologram"}]`:                                                          `of the type "Hologram"`,
		`[{"name":"a","path":"dist/none","type":"File"}]`:                                                           "no such file",
		`[{"name":"../a","path":"dist/a","type":"File"}]`:                                                           "not a plain relative path",
		`[{"name":"a","path":"dist","type":"File"}]`:                                                                "a is a folder",
		`[{"name":"a","path":"dist/a","type":"File"},{"name":"A","path":"dist/a","type":"File"}]`:                   "two files want the name",
		`[{"name":"SUMS","path":"dist/a","type":"Checksum"}]`:                                                       "no file that could be released",
		`[{"name":"a","path":"dist/a","type":"Binary","goos":"linux","goarch":"amd64","extra":{"Binary":"acmed"}}]`: "no file that could be released",
	} {
		_, err := collectGoreleaser(dist(t, list, map[string]string{"dist/a": ""}), "dist", Request{Out: t.TempDir()})
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: error is %v, want one that says %q", list, err, says)
		}
	}
	if _, err := collectGoreleaser(t.TempDir(), "dist", Request{Out: t.TempDir()}); err == nil || !strings.Contains(err.Error(), "left no list") {
		t.Errorf("error is %v", err)
	}
}

func TestMembersOfAllReadableArchives(t *testing.T) {
	file := filepath.Join(t.TempDir(), "a.zip")
	f, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	z := zip.NewWriter(f)
	for name, content := range map[string]string{"bin/acmed": "x", "folder/": ""} {
		w, err := z.Create(name)
		if err == nil {
			_, err = io.WriteString(w, content)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	var names []string
	if err := members(file, func(m member) error { names = append(names, m.name); return nil }); err != nil || !slices.Equal(names, []string{"bin/acmed"}) {
		t.Errorf("got %q, %v", names, err)
	}
	for _, name := range []string{"a.tar", "a.tgz", "a.tar.gz", "a.tar.bz2", "A.ZIP"} {
		if !readable(name) {
			t.Errorf("%s is not readable", name)
		}
	}
	for _, name := range []string{"a.tar.xz", "a.deb", "zip", "a.gz"} {
		if readable(name) {
			t.Errorf("%s is readable", name)
		}
	}
}
