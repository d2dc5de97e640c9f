package channel

import (
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// TestRefsAreWhatGitTakes holds checkRef against git itself.
func TestRefsAreWhatGitTakes(t *testing.T) {
	git, err := exec.LookPath("git")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("git is missing")
		}
		t.Skip("git is missing, so that there is nothing to compare with")
	}
	for _, name := range []string{
		"main", "release/2.4", "a", "@", "a@b", "a@{b", "HEAD", "a..b", "a.b", ".a", "a/.b", "a.", "a./b", "a.lock", "a.lock/b", "lock",
		"/a", "a/", "a//b", "a b", "a~b", "a^b", "a:b", "a?b", "a*b", "a[b", "a]b", `a\b`, "a\tb", "a\x7fb", "größe", "a{b}", "v2.4.7-rc.1", "a,b", "$a", "a'b",
	} {
		takes := exec.Command(git, "check-ref-format", "refs/heads/"+name).Run() == nil
		// git branch is stricter than the format of a ref, and so are we.
		if name == "@" {
			takes = false
		}
		if got := checkRef("branch", name) == nil; got != takes {
			t.Errorf("checkRef(%q) = %v, git says %v", name, got, takes)
		}
	}
}

func TestBranchesThatAreNotForChannels(t *testing.T) {
	for _, s := range []string{"", "-", "-f", "relctl", "relctl/ledger", "refs/heads/main", "refs/tags/x", strings.Repeat("a", 201)} {
		if checkBranch(s) == nil {
			t.Errorf("%q may be a channel's branch", s)
		}
	}
	for _, s := range []string{"relctl2", "relctl-next", "x/relctl", "refsheads"} {
		if err := checkBranch(s); err != nil {
			t.Error(err)
		}
	}
	if err := checkDeployBranch("relctl/deploy"); err != nil {
		t.Error(err)
	}
}

func TestTagTemplates(t *testing.T) {
	for _, s := range []string{"{version}", "v{version}", "acme/v{version}", "acme@{version}", "lts-{version}-x"} {
		err := checkTag(s)
		if at := strings.Contains(s, "@{"); (err != nil) != at { // git reads "@{" as the beginning of a date
			t.Errorf("checkTag(%q) = %v", s, err)
		}
	}
	for _, s := range []string{"", "v", "{version}{version}", "{Version}", "v{version}.lock", "v{version}/", "v{version} ", "-{version}", "{{version}}", "v{version}..x"} {
		if checkTag(s) == nil {
			t.Errorf("checkTag(%q) accepts it", s)
		}
	}
}

func TestDurationsAndDates(t *testing.T) {
	for in, want := range map[string]string{"72h": "72h", "30m": "30m", "90s": "1m30s", "1h30m": "1h30m", "48h0m0s": "48h", "10h20m30s": "10h20m30s", "60m": "1h", "20m": "20m"} {
		var d Duration
		if err := d.UnmarshalText([]byte(in)); err != nil || d.String() != want {
			t.Errorf("%s reads as %s, %v", in, d, err)
		}
		var again Duration
		if err := again.UnmarshalText([]byte(d.String())); err != nil || again != d {
			t.Errorf("%s does not read as itself: %v", d, err)
		}
	}
	for _, bad := range []string{"", "0s", "-1h", "3d", "72", "1ms", "1.0001s", "90000h", "h"} {
		var d Duration
		if d.UnmarshalText([]byte(bad)) == nil {
			t.Errorf("%q is a duration", bad)
		}
	}
	for _, bad := range []string{"", "2027-02-30", "2027-2-3", "27-02-03", "2027-02-03T00:00:00Z", "1999-12-31", "0000-00-00"} {
		if _, err := ParseDate(bad); err == nil {
			t.Errorf("%q is a day", bad)
		}
	}
	if (Date{}).String() != "" || Duration(0).String() != "" {
		t.Error("what is not given has a text")
	}
}

func TestAFreezeLastsToTheEndOfItsLastDay(t *testing.T) {
	from, _ := ParseDate("2026-03-28")
	to, _ := ParseDate("2026-03-29") // clocks go forward in Berlin
	begins, until, err := Freeze{Name: "x", From: from, To: to, Timezone: "Europe/Berlin"}.Window()
	if err != nil {
		t.Fatal(err)
	}
	if got := begins.UTC().Format(time.RFC3339); got != "2026-03-27T23:00:00Z" {
		t.Errorf("begins %s", got)
	}
	if got := until.UTC().Format(time.RFC3339); got != "2026-03-29T22:00:00Z" {
		t.Errorf("ends %s", got)
	}
	if _, _, err := (Freeze{Name: "x", From: from, To: to, Timezone: "Nowhere/Else"}).Window(); err == nil {
		t.Error("an unknown time zone has a window")
	}
	if _, _, err := (Freeze{Name: "x", Weekdays: []string{"sat"}, Timezone: "UTC"}).Window(); err == nil {
		t.Error("a freeze of weekdays has one window")
	}
}
