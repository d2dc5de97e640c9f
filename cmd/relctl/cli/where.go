package cli

import (
	"context"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/relctl/relctl/pkg/cut"
	"github.com/relctl/relctl/pkg/history"
	"github.com/relctl/relctl/pkg/ledger"
	"github.com/relctl/relctl/pkg/project"
	"github.com/relctl/relctl/pkg/release"
)

const whereSchema = "https://relctl.dev/schema/where/v1"

// whereReport is the answer of `relctl where --json`.
type whereReport struct {
	Schema string `json:"schema"`
	Query  string `json:"query"`
	// Changes that match, newest first.
	Changes []sighting `json:"changes"`
}

// sighting is one change and where it is.
type sighting struct {
	*history.Known
	// Lines are main and each LTS channel, the newest line first.
	Lines []spot `json:"lines"`
}

// spot is how a change stands on one line.
type spot struct {
	// Channel is the name of a channel, or of the main branch.
	Channel string `json:"channel"`
	history.State
	// Tag, Bundle and Release are those of the first release with the change: the tag's name, the bundle's path in a
	// store and the digest of release.json.
	Tag     string `json:"tag,omitempty"`
	Bundle  string `json:"bundle,omitempty"`
	Release string `json:"release,omitempty"`
	// Withdrawn is why that release must not be installed, left out if it may.
	Withdrawn string `json:"withdrawn,omitempty"`
	// Rings are those of a rolling channel that run a release with the change.
	Rings []string `json:"rings,omitempty"`
	// Images are its container images, if a store here shows it.
	Images []spotImage `json:"images,omitempty"`
}

func newWhere(s IO) *cobra.Command {
	var remote *string
	var asJSON *bool
	var limit int
	cmd := &cobra.Command{
		Use:   "where <commit, PR, CVE or words>",
		Short: "Show which lines and releases hold a change",
		Long: `where finds a change by a commit of any line, the number of its pull request, a CVE, or words of its subject, and shows
for main and each LTS channel whether it is there, since which release, by which commit, and how that was found out:

  ancestry   the very commit
  trailer    "(cherry picked from commit …)", chains followed to the first
  record     somebody said so with relctl changes mark
  patch      the same stable patch-id
  author     the same subject, author and date
  pr         the number of the same pull request
  subject    the same subject, without the decoration of a backport, and no other change has it

The last two are likely rather than certain; the others leave no doubt.`,
		Example: `  relctl where 3f2a9c1
  relctl where '#1234'
  relctl where CVE-2026-31337
  relctl where spaces around orders`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usagef("usage: "+cmd.UseLine(), "%s needs a commit, a pull request, a CVE or words", cmd.CommandPath())
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			p, err := look(cmd.Context(), cmd, *remote)
			if err != nil {
				return err
			}
			ix, err := p.Index(cmd.Context())
			if err != nil {
				return err
			}
			if err := sayAbsent(cmd.Context(), s, p); err != nil {
				return err
			}
			query := strings.Join(args, " ")
			found := ix.Find(query)
			if len(found) == 0 {
				return &notFoundError{query: query}
			}
			images := &imageFinder{p: p}
			r := whereReport{Schema: whereSchema, Query: query}
			for i, c := range found {
				if limit > 0 && i == limit {
					break
				}
				at, err := sight(cmd.Context(), p, ix, c, images)
				if err != nil {
					return err
				}
				r.Changes = append(r.Changes, at)
			}
			if *asJSON {
				return s.json(r)
			}
			sayWhere(s, p)
			for i, c := range r.Changes {
				if i > 0 {
					s.print("\n")
				}
				if err := printSighting(s, c); err != nil {
					return err
				}
			}
			if n := len(found) - len(r.Changes); n > 0 {
				s.say("\n%s match too: use more words, or --limit 0", release.Count(n, "older change"))
			}
			return nil
		},
	}
	remote, asJSON = addRemote(cmd), addJSON(cmd)
	cmd.Flags().IntVar(&limit, "limit", 10, "show at most this `many` changes, 0 for all")
	return cmd
}

// notFoundError is a question to which no change is the answer.
type notFoundError struct{ query string }

func (e *notFoundError) Error() string {
	return fmt.Sprintf("no change on main or on a line matches %q", plain(e.query))
}

// Hint says what is searched.
func (e *notFoundError) Hint() string {
	return "relctl looks at the branches as fetched last (git fetch brings news), at ids of 7 digits or more, '#123', CVE numbers, and words of subjects"
}

// sight gathers how a change stands everywhere.
func sight(ctx context.Context, p *project.Project, ix *history.Index, c *history.Known, images *imageFinder) (sighting, error) {
	out := sighting{Known: c}
	for _, name := range append([]string{ix.Main()}, ix.Lines()...) {
		at := spot{Channel: name, State: ix.State(c, name)}
		if st := p.State.Channels[name]; st != nil && !at.Since.IsZero() {
			if err := at.released(ctx, p, st, images); err != nil {
				return out, err
			}
		}
		out.Lines = append(out.Lines, at)
	}
	return out, nil
}

// released adds what the ledger knows of the first release with the change, and which rings have it.
func (at *spot) released(ctx context.Context, p *project.Project, st *ledger.Channel, images *imageFinder) error {
	first := st.Find(at.Since)
	if first == nil {
		return nil
	}
	at.Tag, at.Release = first.Tag, first.Release
	told, err := p.Told(ctx, at.Channel)
	if err != nil {
		return err
	}
	if w := told.Withdrawal(first.Version); w != nil {
		at.Withdrawn = w.Reason
	}
	ch, err := p.Policy.Channel(at.Channel)
	if err != nil {
		return nil //nolint:nilerr // a channel from before
	}
	if ch.Kind == release.LTS && first.Release != "" {
		at.Bundle = fmt.Sprintf("releases/%s/%s/%s", at.Channel, first.Version, cut.BundleName(p.Policy.Product.Name, first.Version))
	}
	for _, r := range ch.Rings {
		if st.Index(st.Runs(r.Name)) >= st.Index(at.Since) {
			at.Rings = append(at.Rings, r.Name)
		}
	}
	at.Images, err = images.of(ctx, at.Channel, *first)
	return err
}

func printSighting(s IO, c sighting) error {
	s.print("%s\n", s.paint("1", plain(title(c.Known))))
	about := []string{release.Short(c.Commit)}
	if c.PR > 0 {
		about = append(about, fmt.Sprintf("#%d", c.PR))
	}
	about = append(about, c.CVEs...)
	s.print("%s\n", plain(strings.Join(append(about, c.Date.Format(time.DateOnly), c.Author), "  ")))
	w := tabwriter.NewWriter(s.Out, 0, 0, 2, ' ', 0)
	for _, at := range c.Lines {
		_, _ = fmt.Fprintf(w, "  %s\t%s\t%s\n", at.Channel, inWords(c.Known, at.State), plain(proof(c.Known, at)))
		for _, i := range at.Images {
			_, _ = fmt.Fprintf(w, "  \t\t%s\n", plain(i.shown()))
		}
	}
	return w.Flush()
}

// title is a change's subject as its author wrote it.
func title(c *history.Known) string {
	head := c.Type
	if head == "" {
		return c.Subject
	}
	if c.Scope != "" {
		head += "(" + c.Scope + ")"
	}
	if c.Breaking {
		head += "!"
	}
	return head + ": " + c.Subject
}

// inWords says a state in one to three words.
func inWords(c *history.Known, st history.State) string {
	if st.Presence == history.Picked && st.Commit == c.Commit {
		return "there, not released yet"
	}
	switch st.Presence {
	case history.Present:
		return "since " + st.Since.String()
	case history.Picked:
		return "not released yet"
	case history.Wont:
		return "will not get it"
	case history.NotApplicable:
		return "does not apply"
	case history.Equivalent:
		if !st.Since.IsZero() {
			return "equivalent since " + st.Since.String()
		}
	}
	return string(st.Presence)
}

// proof says by what a state is known.
func proof(c *history.Known, at spot) string {
	var parts []string
	switch {
	case at.Presence == history.Reverted:
		parts = append(parts, "taken back by "+release.Short(at.Commit))
	case at.Commit == "" || at.Commit == c.Commit:
	case at.By == history.ByAncestry:
		parts = append(parts, "by its parts, the last "+release.Short(at.Commit))
	default:
		parts = append(parts, fmt.Sprintf("as %s, by %s (%s)", release.Short(at.Commit), at.By, at.Confidence))
	}
	if at.Reason != "" {
		text := at.Reason
		if at.Event > 0 {
			text += fmt.Sprintf(" (ledger event %d)", at.Event)
		}
		parts = append(parts, text)
	}
	if at.Bundle != "" {
		parts = append(parts, at.Bundle)
	}
	if at.Withdrawn != "" {
		parts = append(parts, fmt.Sprintf("%s was withdrawn: %s", at.Since, at.Withdrawn))
	}
	if len(at.Rings) > 0 {
		parts = append(parts, "in "+strings.Join(at.Rings, ", "))
	}
	return strings.Join(parts, "; ")
}
