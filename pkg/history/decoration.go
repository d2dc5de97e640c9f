package history

import (
	"regexp"
	"slices"
	"strings"
)

// Backports carry decorations: the branch in brackets, "(cherry-pick #12 for 3.3)", the number of one more pull
// request. Each pattern is something to take off a subject's begin or end; what remains is the original's subject.
var decorations = []*regexp.Regexp{
	// fix: x (cherry-pick #29237 for 3.3)     fix: x [manual backport]     fix: x (3.4 cherry-picks)
	regexp.MustCompile(`(?i)\s*[\[(][^\])(\[]*(?:back-?port|cherry[ -]?pic)[^\])]*[\])…]?$`),
	// fix: x - 3.1     fix: x - backport/cherry-pick to 3.1
	regexp.MustCompile(`(?i)\s+-\s+(?:v?\d+(?:\.\d+)+|[^-]*(?:back-?port|cherry-?[ ]?pick).*)$`),
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
	patterns := slices.Concat(more, decorations)
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
				patterns = append(patterns, whither)
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

// releases are the subjects, without their types, of commits that only make a release. Each line makes its own.
var releases = regexp.MustCompile(`(?i)^(?:(?:prepare|cut|tag|make)(?: for)? )?(?:(?:the )?release|releasing):? v?\d+\.|` +
	`^(?:prepare|cut) (?:for )?(?:the )?(?:\w+ )?(?:v?\d+\.[\d.]*\S* )?release|^bump(?:ed)?(?: version)?(?: to)? v?\d+\.|^bump version|^version bump|^automatic update of version|` +
	`^(?:update )?changelog (?:for )?v?\d|^update changelog|^v?\d+\.\d+\.\d+\S*$`)

// MakesRelease reports whether a subject, with its type or without, is that of a commit that only makes a release.
func MakesRelease(subject string) bool {
	if head, rest, ok := strings.Cut(subject, ": "); ok {
		if head == "chore(release)" {
			return true
		}
		if typeForm.MatchString(head) || strings.HasSuffix(head, ")") {
			subject = rest
		}
	}
	return mayMakeRelease(subject) && releases.MatchString(subject)
}

// mayMakeRelease looks at how a subject begins: the pattern costs much more, and this is asked of every commit.
func mayMakeRelease(subject string) bool {
	begin := strings.ToLower(subject[:min(len(subject), 10)])
	return begin != "" && (begin[0] >= '0' && begin[0] <= '9' || slices.ContainsFunc(releaseBegins, func(w string) bool { return strings.HasPrefix(begin, w) }))
}

var releaseBegins = []string{"prepare", "cut ", "tag ", "make ", "release", "the releas", "releasing", "bump", "version bu", "automatic ", "changelog", "update cha", "v"}

// carried finds the pull requests of which a subject says that it carries them: "(cherry-pick of #12 and #13 to 3.3)",
// "backporting 12 into 3.6", "[cherry-pick] fix: x (#12, #13)".
func carried(subject string) []int32 {
	var out []int32
	if !mentionsPick(subject) {
		return nil
	}
	for _, group := range pickGroup.FindAllString(subject, 4) {
		out = append(out, numbers(group)...)
	}
	if pickWord.MatchString(subject) {
		for _, list := range numberList.FindAllString(subject, 4) {
			out = append(out, numbers(list)...)
		}
	}
	for _, m := range pickNumber.FindAllStringSubmatch(subject, 4) {
		out = append(out, numbers("#"+m[1])...)
	}
	return out
}

var (
	pickGroup  = regexp.MustCompile(`(?i)[\[(][^\])]*(?:back-?port|cherry[ -]?pick)[^\])]*[\])]`)
	pickWord   = regexp.MustCompile(`(?i)\b(?:back-?port|cherry[ -]?pick)`)
	numberList = regexp.MustCompile(`\(#\d{1,9}(?:(?:,| and) ?#\d{1,9})+\)`)
	pickNumber = regexp.MustCompile(`(?i)back-?port(?:s|ing|ed)?(?: of)? (?:PR )?#?(\d{2,9})\b`)
)
