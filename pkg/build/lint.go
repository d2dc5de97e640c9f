package build

import "strings"

// Lint says what in a goreleaser configuration keeps its output from being the same each time. It looks for words, not
// for structure, and so may miss what a template hides.
func Lint(config []byte) []string {
	var out []string
	text := string(config)
	for _, want := range []struct{ word, why string }{
		{"-trimpath", "builds lack flags: [-trimpath], so paths of the machine are in the binaries"},
		{"-buildvcs=false", "builds lack flags: [-buildvcs=false], so the state of the checkout is in the binaries"},
		{"mod_timestamp", "builds lack mod_timestamp: \"{{ .CommitTimestamp }}\", so the hour of the build is in the archives"},
	} {
		if !strings.Contains(text, want.word) {
			out = append(out, want.why)
		}
	}
	for _, bad := range []string{"{{ .Date }}", "{{.Date}}", "{{ .Timestamp }}", "{{.Timestamp}}", "{{ .Now", "{{.Now"} {
		if strings.Contains(text, bad) {
			out = append(out, bad+" is the time of the build; use {{ .CommitDate }}")
		}
	}
	if strings.Contains(text, "nfpms:") && !strings.Contains(text, "mtime:") {
		out = append(out, "nfpms lack mtime: \"{{ .CommitDate }}\", so the hour of the build is in the packages")
	}
	return out
}
