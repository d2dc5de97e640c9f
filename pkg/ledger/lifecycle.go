package ledger

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/relctl/relctl/pkg/release"
)

// Open starts the event's channel, an LTS line, at a release of a rolling channel.
type Open struct {
	// Source is the rolling channel, Version and Commit its release.
	Source  string          `json:"source"`
	Version release.Version `json:"version"`
	Commit  string          `json:"commit"`
	// Branch is the full ref name of the new line's branch.
	Branch string `json:"branch"`
}

// EOL ends the event's channel: nothing is reserved on it any more. Another one replaces reason and successor.
type EOL struct {
	// Last is the channel's last release, zero if it had none.
	Last release.Version `json:"last,omitzero"`
	// Successor is the channel to go to, or "".
	Successor string `json:"successor,omitempty"`
}

// Withdraw warns of a release; it stays where it is. Another one replaces reason and advisory.
type Withdraw struct {
	Version release.Version `json:"version"`
	// Advisory names what was published about it, such as a CVE, or "".
	Advisory string `json:"advisory,omitempty"`
}

// Reveal records that a release is visible in a store.
type Reveal struct {
	Version release.Version `json:"version"`
	// Release is the digest of release.json.
	Release string `json:"release"`
	Store   string `json:"store"`
}

func (o *Open) check(e *Event) error {
	switch {
	case release.CheckName(o.Source) != nil:
		return e.lacks("source")
	case o.Source == e.Channel:
		return fmt.Errorf("channel %s cannot be opened from itself", e.Channel)
	case o.Version.IsZero():
		return e.lacks("version")
	case !commitForm.MatchString(o.Commit):
		return fmt.Errorf("%q is not a full commit id", o.Commit)
	case !strings.HasPrefix(o.Branch, "refs/heads/") || len(o.Branch) > 250:
		return fmt.Errorf("%.80q is not the full ref name of a branch", o.Branch)
	}
	return nil
}

func (o *Open) summary() string {
	return fmt.Sprintf("from %s %s at %s, branch %s", o.Source, o.Version, release.Short(o.Commit), strings.TrimPrefix(o.Branch, "refs/heads/"))
}

func (x *EOL) check(e *Event) error {
	if x.Successor != "" {
		if err := release.CheckName(x.Successor); err != nil {
			return fmt.Errorf("successor: %w", err)
		}
		if x.Successor == e.Channel {
			return fmt.Errorf("channel %s cannot be its own successor", e.Channel)
		}
	}
	return release.CheckTexts(e.Reason)
}

func (x *EOL) summary() string {
	text := "without a release"
	if !x.Last.IsZero() {
		text = "after " + x.Last.String()
	}
	if x.Successor != "" {
		text += ", go to " + x.Successor
	}
	return text
}

func (w *Withdraw) check(e *Event) error {
	return errors.Join(e.checkVersion(w.Version), release.CheckTexts(e.Reason, w.Advisory))
}

func (w *Withdraw) summary() string { return advised(w.Version, w.Advisory) }

// advised is a version with what was published about it.
func advised(v release.Version, advisory string) string {
	if advisory == "" {
		return v.String()
	}
	return fmt.Sprintf("%s (%s)", v, advisory)
}

func (v *Reveal) check(e *Event) error {
	if v.Version.IsZero() {
		return e.lacks("version")
	}
	if v.Store == "" || len(v.Store) > 500 {
		return errors.New("the store has no name, or one of more than 500 bytes")
	}
	return release.CheckDigest(v.Release)
}

func (v *Reveal) summary() string { return fmt.Sprintf("%s in %s", v.Version, v.Store) }

// open starts a line at a release of source.
func (c *Channel) open(r Recorded, source *Channel) string {
	o := r.Open
	if source == nil {
		return fmt.Sprintf("there is no channel %s", o.Source)
	}
	from, refused := source.Usable(o.Version)
	switch {
	case refused != "":
		return refused
	case from.Commit != o.Commit:
		return fmt.Sprintf("%s is another commit", o.Version)
	case c.Opened != nil:
		return fmt.Sprintf("it was opened by event %d", c.Opened.Event)
	case len(c.Releases) > 0 || c.Open != nil:
		return "it has releases already"
	}
	c.Opened = &Opened{Open: *o, Event: r.Number, Time: r.Time}
	return ""
}

// end records the end of life.
func (c *Channel) end(r Recorded) string {
	var last release.Version
	if n := len(c.Releases); n > 0 {
		last = c.Releases[n-1].Version
	}
	switch {
	case c.Open != nil:
		return fmt.Sprintf("%s is reserved: cut it or give it up first", c.Open.Plan.Inputs.Version)
	case last.Compare(r.EOL.Last) != 0:
		return fmt.Sprintf("its last release is %q", last)
	}
	c.EOL, c.Statements = r.Number, append(slices.Clip(c.Statements), r)
	return ""
}

func (c *Channel) withdraw(r Recorded) string {
	rel := c.Find(r.Withdraw.Version)
	if rel == nil {
		return fmt.Sprintf("%s is not released", r.Withdraw.Version)
	}
	rel.Withdrawn, c.Statements = r.Number, append(slices.Clip(c.Statements), r)
	return ""
}

func (c *Channel) reveal(r Recorded) string {
	v := r.Reveal
	rel := c.Find(v.Version)
	switch {
	case rel == nil:
		return fmt.Sprintf("%s is not released", v.Version)
	case rel.Release != v.Release:
		return fmt.Sprintf("%s is another release.json", v.Version)
	case slices.Contains(rel.Revealed, v.Store):
		return fmt.Sprintf("%s is revealed there already", v.Version)
	}
	rel.Revealed = append(slices.Clip(rel.Revealed), v.Store)
	return ""
}
