package cli

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/relctl/relctl/pkg/release"
)

func newStanding(s IO) *cobra.Command {
	var fetch bool
	var remote *string
	var asJSON *bool
	cmd := &cobra.Command{
		Use:   "standing <channel>",
		Short: "Show what customers of a line are told: support, withdrawals, upgrades",
		Long: `standing shows the signed statement about a line, channels/<channel>.json, as it would be made now: from the channel's
file (support, upgrade), the ledger (withdraw, floor, eol, abandoned versions), and the history, which says on which ways a
fix would go missing. It signs nothing and changes nothing. With --json it prints the very bytes.`,
		Example: `  relctl standing lts-2.4
  relctl standing lts-2.4 --fetch --json`,
		Args: exactly("channel"),
		RunE: func(cmd *cobra.Command, args []string) error {
			open := look
			if fetch {
				open = act
			}
			p, ch, err := findChannel(args[0])(open(cmd.Context(), cmd, *remote))
			if err != nil {
				return err
			}
			st, err := p.Standing(cmd.Context(), ch, p.State, s.now())
			if err != nil {
				return err
			}
			if told, err := p.Told(cmd.Context(), ch.Name); err != nil {
				return err
			} else if len(told.Passed) > 0 {
				s.say("passed over, for want of the signature of role security: %s", events(told.Passed))
			}
			if *asJSON {
				return s.json(st)
			}
			sayWhere(s, p)
			printStanding(s, s.Out, st)
			return nil
		},
	}
	remote, asJSON = addRemote(cmd), addJSON(cmd)
	cmd.Flags().BoolVar(&fetch, "fetch", false, "fetch from the remote first")
	return cmd
}

// events names events by their numbers.
func events(numbers []uint64) string {
	words := make([]string, len(numbers))
	for i, n := range numbers {
		words[i] = fmt.Sprintf("event %d", n)
	}
	return strings.Join(words, ", ")
}

// printStanding writes a standing in words.
func printStanding(s IO, w io.Writer, st *release.Standing) {
	say := func(what, format string, args ...any) {
		fold(w, "  ", what+": "+fmt.Sprintf(format, args...))
	}
	_, _ = fmt.Fprintf(w, "%s\n", s.paint("1", fmt.Sprintf("%s %s, as of %s", plain(st.Product), plain(st.Channel), minute(st.Issued))))
	if n := st.Newest; n != nil {
		say("newest", "%s, sequence %d, %s", n.Version, n.Sequence, n.Release)
	} else {
		say("newest", "none yet")
	}
	say("support", "%s", windowWords(st.Support))
	if e := st.Ended; e != nil {
		next := ""
		if e.Successor != "" {
			next = "; go to " + e.Successor
		}
		say("ended", "on %s: %s%s", e.Time.Format(time.DateOnly), e.Reason, next)
	}
	if f := st.Floor; f != nil {
		say("floor", "nothing below %s may be installed%s: %s", f.Version, inBrackets(f.Advisory), f.Reason)
	}
	for _, x := range st.Withdrawn {
		what := ""
		if x.Abandoned {
			what = ", never released"
		}
		say("withdrawn", "%s on %s%s%s: %s", x.Version, x.Time.Format(time.DateOnly), what, inBrackets(x.Advisory), x.Reason)
	}
	u := st.Upgrade
	from := "line " + st.Line.String()
	if u.From != "" {
		from += ", and " + u.From
	}
	say("upgrades", "from %s", from)
	for _, x := range u.Stops {
		say("stop", "%s%s: %s", x.Version, scoped(" for ", x.For), x.Reason)
	}
	for _, x := range u.Blocked {
		say("blocked", "%s to %s: %s", either(x.From), either(x.To), x.Reason)
	}
	for _, x := range u.Conditions {
		say("condition", "%s to %s: %s", either(x.From), either(x.To), x.Text)
	}
}

func windowWords(w release.SupportWindow) string {
	switch {
	case w.Maintenance != "" && w.EOL != "":
		return fmt.Sprintf("full until %s, serious faults until %s", w.Maintenance, w.EOL)
	case w.EOL != "":
		return "until " + w.EOL
	case w.Maintenance != "":
		return fmt.Sprintf("full until %s, serious faults after", w.Maintenance)
	}
	return "without an announced end"
}

func inBrackets(text string) string {
	if text == "" {
		return ""
	}
	return " (" + text + ")"
}

func scoped(before, text string) string {
	if text == "" {
		return ""
	}
	return before + text
}

// either is a range, or all versions.
func either(text string) string {
	if text == "" {
		return "all"
	}
	return text
}
