package upgrade

import (
	"fmt"
	"slices"
	"strings"

	"github.com/Masterminds/semver/v3"

	"github.com/relctl/relctl/pkg/release"
)

// The codes of a [Refusal], stable over versions.
const (
	CodeBackwards = "upgrade-backwards" // to an older version
	CodeRange     = "upgrade-range"     // the release does not take this version in
	CodeBlocked   = "upgrade-blocked"   // this way is not offered
	CodeStop      = "upgrade-stop"      // a release must be installed on the way
	CodeUnknown   = "upgrade-unknown"   // no known channel has the release
	CodeWithdrawn = "upgrade-withdrawn" // the release must not be installed
	CodeNoWay     = "upgrade-no-way"    // no sequence of known releases leads there
)

// Refusal is a way that must not be taken.
type Refusal struct {
	Code string
	Text string
	// Remedy says what to do instead, or "".
	Remedy string
	// Stop is the release to install first, zero if the refusal is about no stop.
	Stop release.Version
}

func (e *Refusal) Error() string { return e.Text }

// Hint says what to do instead.
func (e *Refusal) Hint() string { return e.Remedy }

// Rules are one channel's, ready to be asked many times.
type Rules struct {
	standing *release.Standing
	ranges   map[string]*semver.Constraints
	// asked is the version that takesIn was last asked for, and its answer: plans ask for one version many times.
	asked  release.Version
	answer bool
}

// NewRules prepares a standing that was validated.
func NewRules(s *release.Standing) *Rules {
	return &Rules{standing: s, ranges: map[string]*semver.Constraints{}}
}

// Channel returns the name of the rules' channel.
func (r *Rules) Channel() string { return r.standing.Channel }

// Direct asks whether an installation of version from may go to version to of the rules' channel in one step, and
// returns what must be done or hold before. A zero from, where nothing is installed yet, may go anywhere. The error is a
// [*Refusal]. Whether the release itself may be installed is another question: see [Rules.Usable].
func (r *Rules) Direct(from, to release.Version) (conditions []string, err error) {
	if from.IsZero() || from.Compare(to) == 0 {
		return nil, nil
	}
	u := r.standing.Upgrade
	switch code, i := r.judge(from, to); code {
	case CodeBackwards:
		return nil, &Refusal{
			Code: code, Text: fmt.Sprintf("%s is older than the installed %s", to, from),
			Remedy: "a release is never followed by an older one: stay, or go to a newer one",
		}
	case CodeRange:
		return nil, &Refusal{
			Code: code, Text: fmt.Sprintf("there is no way from %s to %s in one step: releases of %s take in %s", from, to, r.standing.Channel, r.takes()),
			Remedy: around(from, to),
		}
	case CodeBlocked:
		return nil, &Refusal{
			Code: code, Text: fmt.Sprintf("the way from %s to %s is not offered: %s", from, to, u.Blocked[i].Reason), Remedy: around(from, to),
		}
	case CodeStop:
		stop := u.Stops[i]
		return nil, &Refusal{
			Code: code, Stop: stop.Version,
			Text:   fmt.Sprintf("on the way from %s to %s, %s must be installed first: %s", from, to, stop.Version, stop.Reason),
			Remedy: fmt.Sprintf("install %s, and then %s", stop.Version, to),
		}
	}
	for _, c := range u.Conditions {
		if r.within(c.From, from) && r.within(c.To, to) {
			conditions = append(conditions, c.Text)
		}
	}
	return conditions, nil
}

func around(from, to release.Version) string {
	return fmt.Sprintf("the command path %s %s shows the way over other releases, if there is one", from, to)
}

// judge returns the code of what forbids a step, "" if nothing does, and the index of the rule.
func (r *Rules) judge(from, to release.Version) (code string, i int) {
	u := r.standing.Upgrade
	if from.IsZero() {
		return "", 0 // nothing is installed yet
	}
	if from.Compare(to) > 0 {
		return CodeBackwards, 0
	}
	if !r.takesIn(from) {
		return CodeRange, 0
	}
	for i, b := range u.Blocked {
		if r.within(b.From, from) && r.within(b.To, to) {
			return CodeBlocked, i
		}
	}
	for i, s := range u.Stops {
		if from.Compare(s.Version) < 0 && s.Version.Compare(to) < 0 && r.within(s.For, from) {
			return CodeStop, i
		}
	}
	return "", 0
}

// takesIn reports whether releases of the channel take an installed version in.
func (r *Rules) takesIn(from release.Version) bool {
	if r.asked != from {
		u := r.standing.Upgrade
		r.asked, r.answer = from, r.standing.Line.Contains(from) || u.From != "" && r.within(u.From, from)
	}
	return r.answer
}

// Usable refuses a release that was withdrawn or lies below the floor. The error is a [*Refusal].
func (r *Rules) Usable(v release.Version) error {
	if w := r.standing.Withdrawal(v); w != nil {
		return &Refusal{Code: CodeWithdrawn, Text: fmt.Sprintf("%s was withdrawn: %s", v, w.Reason), Remedy: "install a newer release"}
	}
	if f := r.standing.Floor; f != nil && v.Compare(f.Version) < 0 {
		return &Refusal{Code: CodeWithdrawn, Text: fmt.Sprintf("%s lies below %s, the lowest version that may be installed: %s", v, f.Version, f.Reason), Remedy: "install a newer release"}
	}
	return nil
}

// takes says which versions may upgrade.
func (r *Rules) takes() string {
	own := "line " + r.standing.Line.String()
	if r.standing.Upgrade.From == "" {
		return own + " only"
	}
	return own + " and " + r.standing.Upgrade.From
}

// within is [release.InRange] with a memory.
func (r *Rules) within(text string, v release.Version) bool {
	if text == "" {
		return true
	}
	c, ok := r.ranges[text]
	if !ok {
		c, _ = release.ParseRange(text)
		r.ranges[text] = c
	}
	return c != nil && release.Within(c, v)
}

// Line is what is known of one channel.
type Line struct {
	Standing *release.Standing
	// Releases are its known ones, in any order, not necessarily all.
	Releases []release.Version
}

// Step is one release to install on a way.
type Step struct {
	Channel string          `json:"channel"`
	Version release.Version `json:"version"`
	// Conditions are what must be done or hold before.
	Conditions []string `json:"conditions,omitempty"`
	// Stop says why the way may not pass this release by, "" if it is not a required stop.
	Stop string `json:"stop,omitempty"`
}

// node is a release that a way may touch.
type node struct {
	version release.Version
	rules   *Rules
	// before is the node from which the way comes, and the conditions of that step.
	before     *node
	conditions []string
	reached    bool
}

// Plan returns the releases to install, the last being to, on the way from an installed version with the fewest steps;
// of two such ways the one over newer releases. Withdrawn releases and those below a floor are no part of a way. The
// error is a [*Refusal].
func Plan(lines []Line, from, to release.Version) ([]Step, error) {
	nodes, goal, err := graph(lines, to)
	if err != nil {
		return nil, err
	}
	_, direct := goal.rules.Direct(from, to)
	if direct == nil && from.Compare(to) == 0 {
		return nil, nil
	}
	start := &node{version: from, reached: true}
	for frontier := []*node{start}; len(frontier) > 0 && !goal.reached; {
		frontier = expand(frontier, nodes)
	}
	if !goal.reached {
		return nil, noWay(nodes, from, to, direct)
	}
	var steps []Step
	for n := goal; n != start; n = n.before {
		steps = append(steps, Step{Channel: n.rules.Channel(), Version: n.version, Conditions: n.conditions, Stop: stopReason(lines, n.version, to)})
	}
	slices.Reverse(steps)
	return steps, nil
}

// graph collects what a way to a release may touch, newest first.
func graph(lines []Line, to release.Version) (nodes []*node, goal *node, err error) {
	for _, l := range lines {
		rules := NewRules(l.Standing)
		known := slices.Clone(l.Releases)
		for _, s := range l.Standing.Upgrade.Stops {
			if l.Standing.Line.Contains(s.Version) {
				known = append(known, s.Version)
			}
		}
		if n := l.Standing.Newest; n != nil {
			known = append(known, n.Version)
		}
		for _, v := range known {
			if v.Compare(to) > 0 {
				continue
			}
			unusable := rules.Usable(v)
			if unusable == nil {
				nodes = append(nodes, &node{version: v, rules: rules})
			} else if v.Compare(to) == 0 {
				return nil, nil, unusable
			}
		}
	}
	slices.SortStableFunc(nodes, func(a, b *node) int { return b.version.Compare(a.version) })
	nodes = slices.CompactFunc(nodes, func(a, b *node) bool { return a.version.Compare(b.version) == 0 })
	if len(nodes) == 0 || nodes[0].version.Compare(to) != 0 {
		return nil, nil, &Refusal{Code: CodeUnknown, Text: fmt.Sprintf("%s is not a release that is known here", to), Remedy: "look for a typing error, or get newer news from your vendor"}
	}
	return nodes, nodes[0], nil
}

// expand reaches from each of frontier, in its order, what one step reaches that was not reached before.
func expand(frontier, nodes []*node) []*node {
	var next []*node
	for _, f := range frontier {
		for _, n := range nodes {
			if n.reached || n.version.Compare(f.version) <= 0 {
				continue
			}
			if code, _ := n.rules.judge(f.version, n.version); code != "" {
				continue
			}
			n.reached, n.before = true, f
			n.conditions, _ = n.rules.Direct(f.version, n.version)
			next = append(next, n)
		}
	}
	slices.SortFunc(next, func(a, b *node) int { return b.version.Compare(a.version) })
	return next
}

// noWay says why there is none, and how far one gets.
func noWay(nodes []*node, from, to release.Version, direct error) error {
	no := &Refusal{Code: CodeNoWay, Text: fmt.Sprintf("there is no way from %s to %s: %v", from, to, direct), Remedy: "ask your vendor for the way, or for newer news"}
	for _, n := range nodes {
		if n.reached {
			no.Remedy = fmt.Sprintf("%s is the newest release that can be reached from %s; ask your vendor for the way on", n.version, from)
			break
		}
	}
	return no
}

// stopReason says why a version is a required stop on ways to a release, "" if it is none.
func stopReason(lines []Line, v, to release.Version) string {
	if v.Compare(to) == 0 {
		return ""
	}
	var reasons []string
	for _, l := range lines {
		for _, s := range l.Standing.Upgrade.Stops {
			if s.Version.Compare(v) == 0 && !slices.Contains(reasons, s.Reason) {
				reasons = append(reasons, s.Reason)
			}
		}
	}
	return strings.Join(reasons, "; ")
}
