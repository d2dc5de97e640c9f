package history

import (
	"slices"
	"testing"
)

func TestDecorationsComeOffASubject(t *testing.T) {
	t.Parallel()
	const original = "fix(api): count parcels of 3 customers"
	for decorated, prs := range map[string][]int32{
		original:                        nil,
		original + " (#12)":             {12},
		original + " (#12) (#40)":       {12, 40},
		original + " (#12) (#40) (#41)": {12, 40, 41},
		// kargo
		"chore(backport release-1.10): " + original + " (#12) (#40)": {12, 40},
		"chore(backport release-1.10): " + original + " (#40)":       {40},
		"chore: manual backport of " + original + " (#12) (#40)":     nil,
		// loki
		original + " (backport release-3.2.x) (#40)":                   {40},
		original + " (backport release-3.2.x) [manual backport] (#40)": {40},
		original + " (#12) (backport k316) (#40)":                      {12, 40},
		"[release-3.6.x] " + original + " (#40)":                       {40},
		"chore: [release-3.6.x] " + original + " (#40)":                nil,
		// argo-cd
		original + " (cherry-pick #12 for 3.3) (#40)":       {12, 40},
		original + " (#12) (cherry-pick release-3.4) (#40)": {12, 40},
		original + " (cherry-pick #12 for… (#40)":           {12, 40},
		original + " (Cherry-pick - 3.5) (#40)":             {40},
		// istio
		"[release-1.20] " + original + " (#12) (#40)": {12, 40},
		"[release-1.20]: " + original:                 nil,
		// undici
		original + " (#12) (#40) [v6.x]":         {12, 40},
		"[Backport v6.x] " + original + " (#40)": {40},
		// prometheus
		"[2.53] Backport: " + original + " (#40)":         {40},
		"[release 2.53] Backport #12: " + original:        {12},
		"Backport " + original + " to release-2.53":       nil,
		"Backport " + original + " to 2.53":               nil,
		"Cherry pick of " + original + " for v2.53 (#40)": {40},
		// others
		original + " (for v2.9)":                           nil,
		original + " (release/2.4 branch)":                 nil,
		original + " to release/2.4":                       nil,
		original + " for 2.4.x":                            nil,
		"[v2.4] " + original:                               nil,
		"[stable-2.4] " + original:                         nil,
		"backport: " + original:                            nil,
		"Backport #12 to v2: " + original:                  {12},
		"automated cherry-pick of #12 on 1.5: " + original: nil,
		"  " + original + "  ":                             nil,
	} {
		forms, got := undecorated(decorated, nil)
		if !slices.Contains(forms, original) {
			t.Errorf("%q gives %q", decorated, forms)
		}
		if len(prs) > 0 && !slices.Equal(got, prs) {
			t.Errorf("%q names %v, want %v", decorated, got, prs)
		}
		if forms[0] != "" && len(forms) > 1 && len(forms[0]) < len(forms[1]) {
			t.Errorf("%q: the forms grow: %q", decorated, forms)
		}
	}
}

func TestWhatIsNoDecorationStays(t *testing.T) {
	t.Parallel()
	for _, subject := range []string{
		"feat: split the parser (2)",
		"chore: update go to 1.26",
		"fix: listen on 8080",
		"fix: keep 12 of them for 30",
		"fix: the back door (again)",
		"[api] fix: count",
		"fix(api): support ports",
		"docs: describe the port",
		"fix: see issue (#abc)",
		"fix: [2 of 3] count",
		"(#12)",
		"",
		"…",
		"x",
	} {
		if forms, _ := undecorated(subject, nil); slices.ContainsFunc(forms, func(f string) bool { return f != subject && f != "" }) {
			t.Errorf("%q gives %q", subject, forms)
		}
	}
}

func TestAProductAddsItsOwnDecorations(t *testing.T) {
	t.Parallel()
	more, err := compileAll([]string{`^LTS\d+ only; `, `\s*~[a-z]+$`})
	if err != nil {
		t.Fatal(err)
	}
	forms, prs := undecorated("LTS24 only; fix: count the parcels ~frozen (#12)", more)
	if !slices.Contains(forms, "fix: count the parcels") || !slices.Equal(prs, []int32{12}) {
		t.Errorf("gives %q and %v", forms, prs)
	}
	if _, err := compileAll([]string{"("}); err == nil {
		t.Error("a broken pattern is accepted")
	}
}

func TestPullRequestsInBodies(t *testing.T) {
	t.Parallel()
	for body, want := range map[string][]int32{
		"Backport of #12":                                            {12},
		"This is a backport of #12 to k234":                          {12},
		"**Backport of #12 to 3.7.x** (cherry picked from x)":        {12},
		"Backport 0123456789012345678901234567890123456789 from #12": {12},
		"backport #12 to release 2.3":                                {12},
		"Manual backport of #12":                                     {12},
		"Automated cherry-pick of #12, #13":                          {12, 13},
		"This PR is a cherry pick of acme/app#12 and #13.":           {12, 13},
		"Cherry-picks pull request #12 onto 2.3":                     {12},
		"fix: one (#5) (cherry-pick #12 for 3.3)":                    {12},
		"Backport of https://github.example/acme/app/pull/12":        {12},
		"* Backport #12: fix http2 test":                             {12},
		"[release 2.3] Backport #12 Scraping: samples":               {12},
		"It was backported in #12":                                   nil,
		"Needs a backport: #12":                                      nil,
		"Partial backport of #12":                                    nil,
		"Do not backport #12":                                        nil,
		"Completes the backport of #12":                              nil,
		"Fixes #12":                                                  nil,
		"The backport of yesterday broke #12":                        nil,
		"Backport of 12":                                             nil,
		"Backport #" + "99999999999":                                 nil,
	} {
		if got, _ := references("subject #1\n\n" + body); !slices.Equal(got, want) {
			t.Errorf("%q carries %v, want %v", body, got, want)
		}
	}
	for body, want := range map[string]int32{
		"Reverts acme/app#12": 12, "Reverts #12.": 12, "reverts PR #12": 12, "Reverts the effect of #12": 0, "Reverts #12 and #13": 0, "This reverts #12": 0,
	} {
		if _, got := references("subject\n\n" + body); got != want {
			t.Errorf("%q takes back %d, want %d", body, got, want)
		}
	}
}

func TestCommitsThatOnlyMakeARelease(t *testing.T) {
	t.Parallel()
	for subject, want := range map[string]bool{
		"chore(release): anything": true, "chore: release 2.4.1": true, "Release v2.4.1": true, "release: 2.4.1": true, "2.4.1": true, "v2.4.1": true,
		"Bump version to 2.4.1": true, "chore: bump to v2.4.1": true, "Bumped v7.1.0": true, "prepare for release 3.1": true, "Prepare 2.4 release": true,
		"cut the 2.4.1 release": true, "tag release 2.4.1": true, "Changelog for v2.4.1": true, "update changelog": true, "Automatic update of version": true,
		"chore(release-3.0.x): release 3.0.0 (#12512)": true, "the release 2.4": true, "releasing 2.4.1": true, "Version bump": true,
		"": false, "fix: release the lock": false, "Release the lock": false, "fix: bump the retry limit": false, "bump golang.org/x/net from 0.1 to 0.2": false,
		"fix: 2.4.1 clients may log in": false, "update changes": false, "make releases smaller": false, "prepare the database": false, "verify releases": false,
	} {
		if got := MakesRelease(subject); got != want {
			t.Errorf("%q: %v", subject, got)
		}
	}
}
