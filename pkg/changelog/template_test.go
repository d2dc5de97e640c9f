package changelog_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/relctl/relctl/pkg/changelog"
)

func TestATemplateOfOnesOwn(t *testing.T) {
	const text = `{{range .Releases}}{{version .Version}} {{date .Date}}{{range .Entries}}
{{.Type}}|{{plain .Scope}}|{{md .Subject}}|{{short .Commit}}|{{.PR}}|{{join .CVEs "+"}}{{with .Corrected}}|{{.Reason}} by {{.File}}{{end}}{{end}}
{{end}}`
	l := several()
	l.Releases = l.Releases[:3]
	tmpl, err := changelog.ParseTemplate("own.tmpl", text)
	if err != nil {
		t.Fatal(err)
	}
	var buf bytes.Buffer
	if err := tmpl.Execute(&buf, l); err != nil {
		t.Fatal(err)
	}
	golden(t, "own.txt", buf.Bytes())
}

func TestATemplateWithAMistakeSaysWhereAndWritesNothing(t *testing.T) {
	for _, c := range []struct{ text, says string }{
		{"{{.Produkt}}", "own.tmpl:1:2"},
		{"fine\n{{range .Releases}}{{.Number}}{{end}}", "own.tmpl:2"},
		{"{{(index .Releases 0).Corrections.missing}}", "own.tmpl:1"},
		{"{{range .Releases}}", "own.tmpl:1"},
		{"{{nonsense .}}", `function "nonsense" not defined`},
	} {
		var buf bytes.Buffer
		tmpl, err := changelog.ParseTemplate("own.tmpl", c.text)
		if err == nil {
			l := several()
			l.Releases = l.Releases[2:3]
			err = tmpl.Execute(&buf, l)
		}
		if err == nil || !strings.Contains(err.Error(), c.says) || buf.Len() > 0 {
			t.Errorf("%q: error is %v and %q was written, want an error that says %q", c.text, err, buf.String(), c.says)
		}
	}
}

func TestBuiltInTemplatesAreTheirOwnSource(t *testing.T) {
	for _, format := range changelog.Formats() {
		source, err := changelog.Source(format)
		if err != nil {
			t.Fatal(err)
		}
		tmpl, err := changelog.ParseTemplate("copy", source)
		if err != nil {
			t.Fatal(err)
		}
		var buf bytes.Buffer
		if err := tmpl.Execute(&buf, several()); err != nil {
			t.Fatal(err)
		}
		if want := render(t, format, several()); !bytes.Equal(buf.Bytes(), want) {
			t.Errorf("%s: a copy of the template writes\n%s\nwant\n%s", format, buf.Bytes(), want)
		}
	}
	if _, err := changelog.Source("../templates/operator"); err == nil || !strings.Contains(err.Error(), "there are keepachangelog, operator, release") {
		t.Errorf("an unknown format gives %v", err)
	}
}
