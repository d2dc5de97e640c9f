package cli

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/relctl/relctl/pkg/channel"
	"github.com/relctl/relctl/pkg/site"
)

func TestAnErrorIsMarkedWithoutBecomingACommandOfItsOwn(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		err  error
		want string
	}{
		"a text": {errors.New("no 100%"), "::error title=relctl::no 100%25\n"},
		"several lines stay one command": {errors.New("one\n::set-env name=PATH::/tmp"),
			"::error title=relctl::one%0A::set-env name=PATH::/tmp\n"},
		"a channel file, at its line": {channel.Errors{{File: "channels/a.yaml", Line: 7, Column: 3, Message: "unknown key"}},
			"::error file=channels/a.yaml,line=7,title=relctl::unknown key\n"},
		"pages, each at its line, 1 for the whole": {&site.ProblemsError{Problems: []site.Problem{{File: "a,b.md", Text: "no title"}, {File: "c.md", Line: 2, Text: "no\x1b[31m"}}},
			"::error file=a%2Cb.md,line=1,title=relctl::no title\n::error file=c.md,line=2,title=relctl::no[31m\n"},
	} {
		var b strings.Builder
		job{github: true}.annotate(IO{Err: &b}, c.err)
		if b.String() != c.want {
			t.Errorf("%s:\n%q, want\n%q", name, b.String(), c.want)
		}
		b.Reset()
		job{}.annotate(IO{Err: &b}, c.err)
		if b.Len() > 0 {
			t.Errorf("%s: %q outside of GitHub", name, b.String())
		}
	}
}

func TestAValueForLaterStepsIsOneLine(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "outputs")
	if err := (job{outputs: file}).tell([]output{{"bundle", "a\nevil=1"}}, "page"); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(file)
	if err != nil || string(got) != "bundle=a evil=1\n" {
		t.Errorf("got %q, %v", got, err)
	}
}
