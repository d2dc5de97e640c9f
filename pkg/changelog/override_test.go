package changelog_test

import (
	"errors"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/relctl/relctl/pkg/changelog"
	"github.com/relctl/relctl/pkg/release"
)

func TestAnOverrideSaysWhatIsWrongAndWhere(t *testing.T) {
	change := "change: " + id("1") + "\n"
	for _, c := range []struct{ text, says string }{
		{"", "x.yaml: the file is empty"},
		{"# nothing\n", "x.yaml: the file is empty"},
		{change, "x.yaml: nothing is corrected"},
		{change + "reason: because\n", "x.yaml: nothing is corrected"},
		{"subject: a\n", "x.yaml: the key change is missing"},
		{"change: 1111111\nsubject: a\n", "x.yaml:1:9: \"1111111\" is not a full commit id"},
		{"change: abcdef1\nsubject: a\n", `x.yaml:1:9: "abcdef1" is not a full commit id`},
		{change + "subjekt: a\n", `x.yaml:2:1: unknown key "subjekt"; the keys are change, type, scope, subject`},
		{change + "subject: a\nsubject: b\n", `x.yaml:3:1: the key "subject" stands here again; it is already in line 2`},
		{change + "subject: a: b\n", "x.yaml:2:"},
		{change + "subject: [a\n", "x.yaml:2:"},
		{change + "subject: 7\n", "x.yaml:2:10: text is expected here; put it in quotes"},
		{change + "subject: true\n", "x.yaml:2:10: text is expected here"},
		{change + "subject:\n", "x.yaml:2:9: there is no value"},
		{change + "subject: \"\"\n", "is no subject"},
		{change + "subject: |\n  a\n  b\n", "has more than one line"},
		{change + "subject: " + strings.Repeat("x", 501) + "\n", "longer than 500 bytes"},
		{change + "body: " + strings.Repeat("x", 2001) + "\n", "longer than 2000 bytes"},
		{change + "breaking: yes\n", "x.yaml:2:11: true or false is expected here"},
		{change + "breaking: false\nbreaking_note: a\n", "breaking is false"},
		{change + "hide: true\nsubject: a\n", "a change that is hidden needs no other correction"},
		{change + "hide: false\n", "x.yaml:2:7: hide is true, or left out"},
		{change + "type: Fix it\n", "is not a commit type"},
		{change + "cves: CVE-2026-1234\n", "x.yaml:2:7: a list is expected here"},
		{change + "cves: [2026-1234]\n", "is not of the form CVE-2026-1234"},
		{change + "subject: &a b\nbody: *a\n", "x.yaml:2:10: anchors, aliases"},
		{change + "subject: !!str b\n", "anchors, aliases, tags"},
		{change + "subject: a\n---\nsubject: b\n", "x.yaml:3:1: a second document"},
		{"- " + change, "x.yaml:1:"},
		{"just text\n", "x.yaml:1:1: keys and values are expected here"},
		{"\xff\n", "not valid UTF-8"},
		{change + "body: " + strings.Repeat("[", 5000), "too many lists"},
		{strings.Repeat("#", 65<<10), "larger than 64 KiB"},
	} {
		_, err := changelog.ParseOverride("x.yaml", []byte(c.text))
		var wrong *changelog.OverrideError
		if !errors.As(err, &wrong) || !strings.HasPrefix(err.Error(), "x.yaml") || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%.80q: error is %v, want one that says %q", c.text, err, c.says)
		}
	}
}

func TestAnErrorInAnOverrideShowsTheLine(t *testing.T) {
	_, err := changelog.ParseOverride("x.yaml", []byte("change: "+id("1")+"\ntipe: fix\n"))
	const want = `x.yaml:2:1: unknown key "tipe"; the keys are change, type, scope, subject, body, breaking, breaking_note, cves, hide, reason
   2 | tipe: fix
     | ^`
	if err == nil || err.Error() != want {
		t.Errorf("error is\n%v\nwant\n%s", err, want)
	}
}

func TestAnOverrideCorrectsWhatItNamesAndNothingElse(t *testing.T) {
	base := release.Change{
		ID: id("1"), Commit: id("2"), Type: "", Scope: "api", Subject: "frist", Body: "text", Breaking: true, BreakingNote: "beware", PickedFrom: []string{id("1"), id("3")},
		CVEs: []string{"CVE-2026-1111"}, PR: 7, Author: "Dev", Problem: "no type",
	}
	for _, c := range []struct {
		what, text string
		want       func(*release.Change)
	}{
		{"the subject", "subject: first\n", func(c *release.Change) { c.Subject = "first" }},
		{"no scope", "scope: \"\"\n", func(c *release.Change) { c.Scope = "" }},
		{"a type that was missing", "type: fix\n", func(c *release.Change) { c.Type, c.Problem = "fix", "" }},
		{"not breaking after all", "breaking: false\n", func(c *release.Change) { c.Breaking, c.BreakingNote = false, "" }},
		{"another note", "breaking_note: |\n  do this\n\n  then that\n", func(c *release.Change) { c.BreakingNote = "do this\n\nthen that" }},
		{"other CVEs, sorted", "cves: [CVE-2026-3333, CVE-2026-2222, CVE-2026-3333]\n", func(c *release.Change) { c.CVEs = []string{"CVE-2026-2222", "CVE-2026-3333"} }},
		{"no CVE", "cves: []\n", func(c *release.Change) { c.CVEs = []string{} }},
		{"the body, with Windows line ends", "body: |\r\n  a\r\n  b\r\n", func(c *release.Change) { c.Body = "a\nb" }},
	} {
		for _, change := range []string{base.Commit, base.ID, base.PickedFrom[1]} {
			o, err := changelog.ParseOverride("changelog/overrides/x.yaml", []byte("change: "+change+"\nreason: it was wrong\n"+c.text))
			if err != nil {
				t.Errorf("%s: %v", c.what, err)
				continue
			}
			changes := []release.Change{base, {ID: id("9"), Commit: id("9"), Subject: "other"}}
			r := changelog.Release{Changes: changes}
			changelog.Apply([]*changelog.Override{o}, &r)
			want := base
			c.want(&want)
			if diff := cmp.Diff([]release.Change{want, changes[1]}, r.Changes); diff != "" {
				t.Errorf("%s by %.4s (-want +got):\n%s", c.what, change, diff)
			}
			if diff := cmp.Diff(base, changes[0]); diff != "" {
				t.Errorf("%s: the caller's changes were written to:\n%s", c.what, diff)
			}
			if got := r.Corrections[base.Commit]; len(r.Corrections) != 1 || got.File != "changelog/overrides/x.yaml" || got.Reason != "it was wrong" {
				t.Errorf("%s: corrections are %+v", c.what, r.Corrections)
			}
		}
	}
}

func TestAnIDThatLooksLikeANumberIsAnID(t *testing.T) {
	for _, change := range []string{id("1"), "1e" + strings.Repeat("2", 38), "0" + strings.Repeat("7", 39), strings.Repeat("9", 64)} {
		o, err := changelog.ParseOverride("x.yaml", []byte("change: "+change+"\nhide: true\n"))
		if err != nil || o.Change != change {
			t.Errorf("%s is read as %+v, %v", change, o, err)
		}
	}
}

func TestAHiddenChangeIsLeftOut(t *testing.T) {
	r := sample()
	changelog.Apply([]*changelog.Override{{File: "f", Change: id("3"), Hide: true}}, &r)
	if len(r.Changes) != len(sample().Changes)-1 || !r.Corrections[id("3")].Hidden || strings.Contains(string(changelog.Markdown(r)), "64 KiB") {
		t.Errorf("%+v", r)
	}
}

func TestTheNearestOverrideCounts(t *testing.T) {
	r := sample()
	changelog.Apply([]*changelog.Override{
		{File: "original", Change: id("1"), Subject: ptr("everywhere")}, {File: "pick", Change: id("2"), Subject: ptr("on this line")},
	}, &r)
	if r.Changes[0].Subject != "on this line" || r.Corrections[id("2")].File != "pick" {
		t.Errorf("%+v %+v", r.Changes[0], r.Corrections)
	}
}

func TestWithoutAMatchNothingIsCorrected(t *testing.T) {
	r := sample()
	changelog.Apply([]*changelog.Override{{File: "f", Change: id("f"), Hide: true}}, &r)
	if diff := cmp.Diff(sample().Changes, r.Changes); diff != "" || r.Corrections != nil {
		t.Errorf("%s %+v", diff, r.Corrections)
	}
}

func TestOverridesAreReadFromTheirFolder(t *testing.T) {
	good := func(c string) *fstest.MapFile {
		return &fstest.MapFile{Data: []byte("change: " + id(c) + "\nhide: true\n")}
	}
	for _, c := range []struct {
		what  string
		files fstest.MapFS
		want  []string
		says  []string
	}{
		{"no folder", fstest.MapFS{"README.md": {}}, nil, nil},
		{"overrides and other files", fstest.MapFS{"changelog/overrides/17.yaml": good("1"), "changelog/overrides/b.yaml": good("2"), "changelog/overrides/README.md": {}, "changelog/overrides/.keep": {}}, []string{"17.yaml", "b.yaml"}, nil},
		{"another ending", fstest.MapFS{"changelog/overrides/a.yml": good("1")}, nil, []string{"a.yml: overrides end with .yaml"}},
		{"a folder", fstest.MapFS{"changelog/overrides/a.yaml/b": good("1")}, nil, []string{"a.yaml: an override must be a regular file"}},
		{"two for one change", fstest.MapFS{"changelog/overrides/a.yaml": good("1"), "changelog/overrides/b.yaml": good("1")}, nil, []string{"b.yaml: changelog/overrides/a.yaml corrects the change 1111111111 already"}},
		{"all errors at once", fstest.MapFS{"changelog/overrides/a.yaml": {}, "changelog/overrides/b.yaml": {Data: []byte("x: 1\n")}}, nil, []string{"a.yaml: the file is empty", "b.yaml:1:1: unknown key"}},
	} {
		got, err := changelog.LoadOverrides(c.files)
		if (err != nil) != (c.says != nil) {
			t.Errorf("%s: error is %v", c.what, err)
		}
		for _, says := range c.says {
			if err == nil || !strings.Contains(err.Error(), "changelog/overrides/"+says) {
				t.Errorf("%s: error is %v, want one that says %q", c.what, err, says)
			}
		}
		var names []string
		for _, o := range got {
			names = append(names, strings.TrimPrefix(o.File, "changelog/overrides/"))
		}
		if diff := cmp.Diff(c.want, names); c.says == nil && diff != "" {
			t.Errorf("%s: %s", c.what, diff)
		}
	}
}

func FuzzParseOverride(f *testing.F) {
	for _, s := range []string{
		"change: " + id("1") + "\nsubject: a\n", "change: x\n", "{change: " + id("1") + ", hide: true}", "a: &b c\n", "- a\n", "body: |\n  x\n", "\"change\": >-\n " + id("1") + "\ncves: [CVE-2026-1234]\n", "? a\n: b\n", "a: 'b", "---\n...\n---\n", "\t", "a:\n - - - b\n", "[[[[",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		o, err := changelog.ParseOverride("x.yaml", data)
		if err != nil {
			var wrong *changelog.OverrideError
			if !errors.As(err, &wrong) || !strings.HasPrefix(err.Error(), "x.yaml") {
				t.Errorf("%q: error %v does not name the file", data, err)
			}
			return
		}
		r := changelog.Release{Product: "acme", Changes: []release.Change{{ID: o.Change, Commit: o.Change, Subject: "told"}}}
		changelog.Apply([]*changelog.Override{o}, &r)
		if len(r.Corrections) != 1 || (len(r.Changes) == 0) != o.Hide {
			t.Errorf("%q: %+v", data, r)
		}
		changelog.Markdown(r)
	})
}
