package release

import "time"

// Change is one logical change, whatever commits carry it: the original on main and its picks on LTS branches.
type Change struct {
	// ID is the commit id of the original where a pick names it, else Commit.
	ID string `json:"id"`
	// Commit is the commit on the branch that the plan looked at.
	Commit string `json:"commit"`
	// Type is the conventional type in lower case, such as "fix", or "" if the subject is unconventional.
	Type  string `json:"type"`
	Scope string `json:"scope,omitempty"`
	// Subject is the first line without type, scope and colon; the whole first line if unconventional.
	Subject  string `json:"subject"`
	Body     string `json:"body,omitempty"`
	Breaking bool   `json:"breaking,omitempty"`
	// BreakingNote is the text of a BREAKING CHANGE footer.
	BreakingNote string `json:"breaking_note,omitempty"`
	// Footers in the order of the message.
	Footers []Footer `json:"footers,omitempty"`
	// PickedFrom are the commits named by "(cherry picked from commit …)", the original first.
	PickedFrom []string `json:"picked_from,omitempty"`
	// Reverts are the commits named by "This reverts commit …".
	Reverts []string `json:"reverts,omitempty"`
	// PR is the number of the pull request, or 0.
	PR int `json:"pr,omitempty"`
	// CVEs named by the message, sorted.
	CVEs   []string  `json:"cves,omitempty"`
	Author string    `json:"author"`
	Date   time.Time `json:"date"` // author date, UTC
	// Problem says why the message is not a conventional commit, or is "".
	Problem string `json:"problem,omitempty"`
}

// Footer is one "Token: value" line at the end of a message.
type Footer struct {
	Token string `json:"token"`
	Value string `json:"value"`
}

// Short returns the first 10 digits of a commit id, for people.
func Short(commit string) string {
	if len(commit) > 10 {
		return commit[:10]
	}
	return commit
}
