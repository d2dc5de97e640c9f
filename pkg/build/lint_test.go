package build_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/relctl/relctl/internal/tool"
	"github.com/relctl/relctl/pkg/build"
)

func TestLintFindsNothingInAReproducibleConfiguration(t *testing.T) {
	own, err := os.ReadFile(filepath.Join("..", "..", ".goreleaser.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	for name, yaml := range map[string]string{"the tests' product": goreleaserYAML, "relctl": string(own)} {
		for _, p := range build.Lint([]byte(yaml)) {
			t.Errorf("%s: %s", name, p)
		}
	}
}

func TestGoreleaserAcceptsRelctlsOwnConfiguration(t *testing.T) {
	cmd := exec.CommandContext(t.Context(), tool.For(t, "goreleaser"), "check", "--config", ".goreleaser.yaml")
	cmd.Dir = filepath.Join("..", "..")
	if out, err := cmd.CombinedOutput(); err != nil || strings.Contains(string(out), "deprecated") {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestLintNamesEachSettingThatMakesBuildsDiffer(t *testing.T) {
	for _, c := range []struct{ old, replacement, says string }{
		{"flags: [-trimpath, -buildvcs=false]", "flags: [-buildvcs=false]", "builds acmed: -trimpath is missing"},
		{"flags: [-trimpath, -buildvcs=false]", "flags: -trimpath", "builds acmed: -buildvcs=false is missing"},
		{`    ldflags: [-s -w]` + "\n", "", "builds acmectl: ldflags are not set"},
		{`    mod_timestamp: "{{ .CommitTimestamp }}"` + "\n", "", "builds acmed: the binary's time"},
		{`mod_timestamp: "{{ .CommitTimestamp }}"`, `mod_timestamp: "{{ .Timestamp }}"`, "builds acmed: the binary's time"},
		{"env: [CGO_ENABLED=0]\n", "", "builds acmed: CGO_ENABLED is not set"},
		{`    builds_info: {owner: root, group: root, mode: 0755, mtime: "{{ .CommitDate }}"}` + "\n", "", "archives server: binaries in it have the owner"},
		{"builds_info: {owner: root, ", "builds_info: {", "archives server: binaries in it have the owner"},
		{`files: [{src: README.md, info: {owner: root, group: root, mode: 0644, mtime: "{{ .CommitDate }}"}}]`, "files: [README.md]", "archives server: the file README.md"},
		{`    files: [{src: README.md, info: {owner: root, group: root, mode: 0644, mtime: "{{ .CommitDate }}"}}]` + "\n", "", "archives server: files are not set"},
		{`info: {owner: root, group: root, mode: 0644, mtime: "{{ .CommitDate }}"}`, `info: {owner: root, group: root}`, "archives server: the file README.md"},
		{`    mtime: "{{ .CommitDate }}"` + "\n", "", "nfpms: files in it have the time of the build"},
		{"    rpm: {buildhost: localhost}\n", "", "nfpms: an rpm holds the name of the machine"},
		{"{{ .Tag }}", "{{ .Date }}", "builds: the time of the build gets in by {{ .Date }}"},
		{"{{ .Tag }}", "{{.Now}}", "builds: the time of the build gets in by {{ .Now }}"},
		{"{{ .Tag }}", "{{ time 2006 }}", "builds: the time of the build gets in by {{ time }}"},
		{"description: acme", `description: "acme {{ .GitURL }}"`, "nfpms: it uses {{ .GitURL }}"},
		{"release: {disable: true}", "gomod: {proxy: true}", "gomod: proxy builds what the module proxy has"},
		{"release: {disable: true}", "universal_binaries: [{id: mac}]", "universal_binaries mac: the binary's time"},
	} {
		if !strings.Contains(goreleaserYAML, c.old) {
			t.Fatalf("the configuration does not hold %q", c.old)
		}
		found := build.Lint([]byte(strings.Replace(goreleaserYAML, c.old, c.replacement, 1)))
		if len(found) == 0 || len(found) > 2 || !strings.HasPrefix(found[0].String(), c.says) || found[0].Fix == "" {
			t.Errorf("%q instead of %q: found %q, want one that says %q", c.replacement, c.old, found, c.says)
		}
	}
}

func TestLintLooksAtWhatGoreleaserAssumes(t *testing.T) {
	var text strings.Builder
	for _, p := range build.Lint([]byte("version: 2\n")) {
		text.WriteString(p.String() + "\n")
	}
	for _, want := range []string{"-trimpath", "-buildvcs=false", "ldflags are not set", "mod_timestamp", "CGO_ENABLED", "archives:"} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("nothing about %s in\n%s", want, &text)
		}
	}
}

func TestLintIsSilentAboutWhatHasNoEffect(t *testing.T) {
	const more = `
changelog: {use: github, format: "{{ .Date }}"}
announce: {slack: {enabled: true, message_template: "{{ .Date }}"}}
dockers: [{image_templates: [acme], build_flag_templates: ["--label=created={{ .Date }}"]}]
`
	yaml := strings.Replace(goreleaserYAML, "changelog: {disable: true}\n", more, 1)
	if found := build.Lint([]byte(yaml)); len(found) > 0 {
		t.Errorf("found %q", found)
	}
	if found := build.Lint([]byte("builds: [\n")); len(found) > 0 {
		t.Errorf("found %q in what is no YAML", found)
	}
}

func FuzzLint(f *testing.F) {
	for _, s := range []string{goreleaserYAML, "builds: 1", "builds: [[]]", "a: &a [*a]", "env: {a: b}", "builds: [{goarm: [6, 7], skip: yes}]", "08: &(0Z\nbuilds:\n !0\n0000000:00000000000000000000000000000000000000000 000000000000000000000 000000000000000000000"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, p := range build.Lint(data) {
			if p.Where == "" || p.What == "" || p.Fix == "" {
				t.Errorf("half a problem: %+v", p)
			}
		}
	})
}
