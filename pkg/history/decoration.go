package history

import (
	"regexp"
	"slices"
	"strings"
)

// Backports carry decorations: the branch in brackets, "(cherry-pick #12 for 3.3)", the number of one more pull
// request. Each pattern is something to take off a subject's begin or end; what remains is the original's subject.
var decorations = []*regexp.Regexp{
	// fix: x (cherry-pick #29237 for 3.3)     fix: x [manual backport]     fix: x (cherry picked from #12)
	regexp.MustCompile(`(?i)\s*[\[(](?:(?:manual|automated?|auto)[ -])?(?:back-?port|cherry[ -]?pic)[^\])]*[\])…]?$`),
	// fix: x [release-3.6.x]     fix: x (3.3)     fix: x (for v2.9)     fix: x (release/2.4 branch)     but not: fix: x (2)
	regexp.MustCompile(`(?i)\s*[\[(](?:(?:for|to|into|on) )?(?:(?:release|stable|maint|branch)[-/ ]?v?\d+(?:\.\d+)*|v\d+(?:\.\d+)*|\d+(?:\.\d+)*\.(?:\d+|x))(?:\.x)?(?: branch)?[\])]$`),
	// [release-3.6.x] fix: x     [3.3] fix: x     [backport 2.4] fix: x     [cherry-pick] fix: x
	regexp.MustCompile(`(?i)^(?:chore: )?\[(?:(?:release|stable|maint|branch)[-/ ]?)?v?\d+(?:\.\d+)*(?:\.x)?\]:?\s*`),
	regexp.MustCompile(`(?i)^\[[^\]]*(?:back-?port|cherry[ -]?pick)[^\]]*\]:?\s*`),
	// chore(backport release-1.10): fix: x     chore(manual backport): fix: x
	regexp.MustCompile(`(?i)^[a-z]+\([^)]*(?:back-?port|cherry[ -]?pick)[^)]*\)!?:\s*`),
	// backport: fix: x     Backport #12 to v2: fix: x     chore: manual backport of fix: x
	regexp.MustCompile(`(?i)^(?:chore: )?(?:(?:manual|automated?) )?(?:back-?port|cherry[ -]?pick)(?:ed)?(?: of)?(?: #\d+)?(?: (?:to|into|for|on) [^ :]+)?:?\s+`),
	// fix: x to release-2.4     fix: x for 2.4.x     but not: chore: update go to 1.26
	regexp.MustCompile(`(?i)\s+(?:to|into|for|on) (?:(?:release|stable|maint|branch)[-/ ]?v?\d+(?:\.\d+)*(?:\.x)?|v?\d+(?:\.\d+)*\.x)(?: branch)?$`),
}

// whither is where a backport goes, once the word was said: Backport fix: x to 2.4
var whither = regexp.MustCompile(`(?i)\s+(?:to|into|for|on) v?\d+(?:\.\d+)*(?: branch)?$`)

// plausible is what any of the patterns needs, so that most subjects meet none of them.
func plausible(subject string) bool {
	last := subject[len(subject)-1]
	return strings.Contains(subject, "[") || last == ')' || last == ']' || last == 'x' || last >= '0' && last <= '9' ||
		strings.Contains(subject, "…") || strings.HasSuffix(subject, " branch") || mentionsPick(subject)
}

// undecorated yields what the original's subject may have been: the subject itself, then with ever more decoration
// taken off. The pull requests that it names come beside it, the original's first.
func undecorated(subject string, more []*regexp.Regexp) (forms []string, prs []int32) {
	subject = strings.TrimSpace(subject)
	forms = append(forms, subject)
	patterns := append(more[:len(more):len(more)], decorations...)
	for range 16 { // more than any tool adds
		if subject == "" {
			break
		}
		rest, named, ok := cutPR(subject)
		if ok {
			prs = append([]int32{named}, prs...)
		} else {
			if len(more) == 0 && !plausible(subject) {
				break
			}
			var taken string
			if rest, taken = takeOff(subject, patterns); taken == "" {
				break
			}
			prs = append(numbers(taken), prs...)
			if mentionsPick(taken) {
				patterns = append(patterns[:len(patterns):len(patterns)], whither)
			}
		}
		subject = rest
		forms = append(forms, subject)
	}
	return forms, prs
}

// takeOff takes the first decoration that fits off the begin or the end of a subject, and returns it too.
func takeOff(subject string, patterns []*regexp.Regexp) (rest, taken string) {
	for _, re := range patterns {
		loc := re.FindStringIndex(subject)
		if loc == nil || loc[0] != 0 && loc[1] != len(subject) {
			continue
		}
		if rest := strings.TrimSpace(subject[:loc[0]] + subject[loc[1]:]); rest != "" {
			return rest, subject[loc[0]:loc[1]]
		}
	}
	return subject, ""
}

// cutPR takes " (#123)" off the end.
func cutPR(subject string) (rest string, pr int32, ok bool) {
	if !strings.HasSuffix(subject, ")") {
		return subject, 0, false
	}
	open := strings.LastIndex(subject, "(#")
	if open < 0 {
		return subject, 0, false
	}
	n := numbers(subject[open:])
	if len(n) != 1 || len(subject)-open > 13 || strings.Trim(subject[open+2:len(subject)-1], "0123456789") != "" {
		return subject, 0, false
	}
	return strings.TrimSpace(subject[:open]), n[0], true
}

// bare is a main line's subject without the numbers of its pull requests.
func bare(subject string) string {
	for {
		rest, _, ok := cutPR(subject)
		if !ok || rest == "" {
			return subject
		}
		subject = rest
	}
}

// telling reports whether a subject says enough to be known again: no release, no merge, not too short.
func telling(subject string) bool {
	return len(subject) >= 12 && !strings.HasPrefix(strings.ToLower(subject), "merge ") && !MakesRelease(subject)
}

// releaseWords begin the subjects of commits that only make a release. Each line makes its own.
var releaseWords = []string{"release ", "bump version", "bumped v", "version bump", "prepare release", "prepare for release", "cut release", "changelog for", "update changelog", "automatic update of version"}

// MakesRelease reports whether a subject, with its type or without, is that of a commit that only makes a release.
func MakesRelease(subject string) bool {
	low := strings.ToLower(subject)
	if head, rest, ok := strings.Cut(low, ": "); ok {
		if head == "chore(release)" {
			return true
		}
		if typeForm.MatchString(head) || strings.HasSuffix(head, ")") {
			low = rest
		}
	}
	return slices.ContainsFunc(releaseWords, func(w string) bool { return strings.HasPrefix(low, w) })
}
