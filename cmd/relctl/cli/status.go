package cli

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/relctl/relctl/pkg/project"
	"github.com/relctl/relctl/pkg/release"
	"github.com/relctl/relctl/pkg/ring"
)

// statusWidth is how wide the lines of relctl status are at most.
const statusWidth = 100

func newStatus(s IO) *cobra.Command {
	var fetch, live bool
	var remote *string
	var asJSON *bool
	cmd := &cobra.Command{
		Use:   "status [channel]",
		Short: "Show how every channel and ring stands, and what is next",
		Long: `status shows for each rolling channel which release its rings run and since when, how far the soak has come, what the
gates said last, and what is next; for each LTS channel its last release, what is not released yet, and how long it is
supported. It changes nothing, asks no gate, and looks at what was fetched last: --fetch brings news first.`,
		Example: `  relctl status
  relctl status rolling --fetch
  relctl status --watch
  relctl status --json`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			open := look
			if fetch {
				open = act
			}
			read := func(ctx context.Context) (*project.Project, *project.Status, error) {
				p, err := open(ctx, cmd, *remote)
				if err != nil {
					return nil, nil, err
				}
				st, err := p.Status(ctx, s.now(), args...)
				return p, st, err
			}
			if live {
				if *asJSON {
					return usagef("see "+cmd.CommandPath()+" --help", "give either --watch or --json")
				}
				every := 3 * time.Second
				if fetch { // each of them asks the remote
					every = 30 * time.Second
				}
				return watch(cmd.Context(), s, every, func(ctx context.Context, w io.Writer) error {
					_, st, err := read(ctx)
					if err == nil {
						printStatus(s, w, st)
					}
					return err
				})
			}
			p, st, err := read(cmd.Context())
			if err != nil {
				return err
			}
			if *asJSON {
				return s.json(st)
			}
			sayWhere(s, p)
			var b bytes.Buffer
			printStatus(s, &b, st)
			_, err = s.Out.Write(b.Bytes())
			return err
		},
	}
	remote, asJSON = addRemote(cmd), addJSON(cmd)
	cmd.Flags().BoolVar(&fetch, "fetch", false, "fetch from the remote first")
	cmd.Flags().BoolVar(&live, "watch", false, "show it again every few seconds, on a terminal, until ctrl-c")
	return cmd
}

// printStatus writes a status for people, in lines of at most [statusWidth] columns.
func printStatus(s IO, w io.Writer, st *project.Status) {
	line := func(format string, args ...any) { _, _ = fmt.Fprintf(w, format+"\n", args...) }
	line("%s, %s", s.paint("1", plain(st.Product)), minute(st.Time))
	for _, e := range st.Trust {
		fold(w, "  ", plain(e.Text)+": "+e.Hint)
	}
	var lines [][]string
	var notes []string
	for i := range st.Channels {
		ch := &st.Channels[i]
		if ch.Kind == release.Rolling {
			printRolling(s, w, ch)
			continue
		}
		last, since := "-", "-"
		if ch.Last != nil {
			last, since = ch.Last.Version.String(), released(ch.Last)
			if slices.ContainsFunc(ch.Withdrawn, func(w project.SaidStatus) bool { return w.Version.Compare(ch.Last.Version) == 0 }) {
				last += " withdrawn"
			}
		}
		lines = append(lines, []string{ch.Name, last, since, pending(ch), supportWords(ch.Support)})
		notes = append(notes, channelNotes(ch)...)
	}
	if len(lines) == 0 {
		return
	}
	line("")
	table(s, w, append([][]string{{"LINE", "LAST", "RELEASED", "UNRELEASED", "SUPPORT"}}, lines...))
	for _, n := range notes {
		fold(w, "  ", n)
	}
}

// printRolling writes the rings of one rolling channel, and under them what there is to say about each.
func printRolling(s IO, w io.Writer, ch *project.ChannelStatus) {
	head := "no release yet"
	if ch.Last != nil {
		head = fmt.Sprintf("last release %s, %s", ch.Last.Version, released(ch.Last))
	}
	if ch.Unreleased != nil {
		head += ", " + pending(ch) + " not released"
	}
	_, _ = fmt.Fprintf(w, "\n%s: %s\n", s.paint("1", ch.Name), head)
	if len(ch.Rings) > 0 {
		rows := [][]string{{"RING", "RUNS", "SINCE", "SOAK", "GATES", "NEXT"}}
		for i := range ch.Rings {
			r := &ch.Rings[i]
			row := []string{r.Ring, "-", "-", soakWords(r.Soak), gatesWords(r.Gates), string(r.Action)}
			if r.Runs.IsZero() && r.Action == ring.UpToDate { // with nothing
				row[5] = "-"
			}
			if !r.Runs.IsZero() {
				row[1], row[2] = r.Runs.String(), r.Since.UTC().Format("2006-01-02 15:04")
			}
			rows = append(rows, row)
		}
		table(s, w, rows)
	}
	for _, n := range ringNotes(ch.Rings) {
		fold(w, "  ", strings.Join(n.rings, ", ")+": "+n.text)
		if n.hint != "" {
			fold(w, "    ", n.hint)
		}
	}
	for _, n := range channelNotes(ch) {
		fold(w, "  ", n)
	}
}

// ringNote is what there is to say about rings.
type ringNote struct {
	rings      []string
	text, hint string
}

// ringNotes are what happens next with rings that are not up to date, and why; those of which the same is to be said
// come together.
func ringNotes(rings []project.RingStatus) []ringNote {
	var out []ringNote
	add := func(ring, text, hint string) {
		for i := range out {
			if n := &out[i]; n.text == text && n.hint == hint {
				n.rings = append(n.rings, ring)
				return
			}
		}
		out = append(out, ringNote{[]string{ring}, text, hint})
	}
	for i := range rings {
		r := &rings[i]
		if r.Refused != "" && r.Action != ring.Rejected {
			add(r.Ring, "it runs what may go nowhere: "+r.Refused, "")
		}
		text := r.Explain()
		if text == "" {
			continue
		}
		if !r.Until.IsZero() && !strings.Contains(text, minute(r.Until)) {
			text += ", until " + minute(r.Until)
		}
		add(r.Ring, text, r.Hint)
	}
	return out
}

// channelNotes are the things about a channel that do not fit a table.
func channelNotes(ch *project.ChannelStatus) []string {
	var out []string
	for _, f := range ch.Freezes {
		text := fmt.Sprintf("freeze %s, declared %s by %s (event %d): %s", f.Name, minute(f.Time), f.Actor, f.Event, f.Reason)
		if len(f.Rings) > 0 {
			text += "; rings " + strings.Join(f.Rings, ", ")
		}
		out = append(out, text)
	}
	if o := ch.Open; o != nil {
		out = append(out, fmt.Sprintf("%s: %s at %s was begun %s by %s and is not finished: relctl cut %s goes on, relctl abandon %s gives up",
			ch.Name, o.Version, release.Short(o.Commit), minute(o.Since), o.By, ch.Name, ch.Name))
	}
	out = append(out, saidNotes(ch)...)
	if ch.Missing != "" {
		out = append(out, fmt.Sprintf("%s: %s does not exist here: relctl status --fetch, or push the branch", ch.Name, ch.Missing))
	}
	return out
}

func minute(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 MST") }

// released says when a release was made, as far as the ledger knows.
func released(r *project.LastRelease) string {
	if r.Adopted {
		return "before the ledger"
	}
	return r.Time.UTC().Format("2006-01-02 15:04")
}

func pending(ch *project.ChannelStatus) string {
	if ch.Unreleased == nil {
		return "-"
	}
	return release.Count(*ch.Unreleased, "change")
}

func supportWords(l *project.SupportLeft) string {
	switch {
	case l == nil:
		return "-"
	case l.Ended != 0:
		return fmt.Sprintf("ended by event %d", l.Ended)
	case l.Phase == project.PhaseEOL:
		return "end of life since " + l.EOL.String()
	case l.Days == nil:
		return string(l.Phase)
	case l.Phase == project.PhaseFull && !l.Maintenance.IsZero():
		return fmt.Sprintf("%s, maintenance in %s", l.Phase, release.Count(*l.Days, "day"))
	}
	return fmt.Sprintf("%s, end of life in %s", l.Phase, release.Count(*l.Days, "day"))
}

// soakWords says how far a soak has come: 1h10m of 2h.
func soakWords(k *project.SoakStatus) string {
	if k == nil {
		return "-"
	}
	needed := span(k.Needed)
	switch {
	case k.Waiver != 0:
		return "waived"
	case k.Sick != "":
		return "sick: " + k.Sick
	case k.Healthy >= k.Needed:
		return needed + " done"
	case k.MovedOn != 0:
		return "moved on"
	case k.Healthy == 0 && len(k.Missing) > 0:
		return "no word of " + needed
	}
	return span(k.Healthy) + " of " + needed
}

// span writes a time in seconds in its shortest form: 45m, 2h, 1h10m.
func span(seconds int64) string { return release.SpanMinutes(time.Duration(seconds) * time.Second) }

// gatesWords names one gate with what it said, or counts what several said.
func gatesWords(gates []release.Verdict) string {
	word := func(v release.Verdict) string {
		if v.Status == release.NotEvaluated {
			return "not asked"
		}
		return string(v.Status)
	}
	switch len(gates) {
	case 0:
		return "-"
	case 1:
		return gates[0].Gate + " " + word(gates[0])
	}
	var order []string
	n := map[string]int{}
	for _, v := range gates {
		if n[word(v)]++; n[word(v)] == 1 {
			order = append(order, word(v))
		}
	}
	for i, w := range order {
		order[i] = fmt.Sprintf("%d %s", n[w], w)
	}
	return strings.Join(order, ", ")
}

// table writes rows in columns that fit [statusWidth]; of the widest cells the end is left out where they do not.
func table(s IO, w io.Writer, rows [][]string) {
	const gap = 2
	width := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, text := range row {
			row[i] = plain(text)
			width[i] = max(width[i], len([]rune(row[i])))
		}
	}
	for total(width)+gap*len(width) > statusWidth {
		width[widest(width)]--
	}
	for k, row := range rows {
		var b strings.Builder
		for i, text := range row {
			cell := []rune(text)
			if len(cell) > width[i] {
				cell = append(cell[:width[i]-1], '…')
			}
			b.WriteString(strings.Repeat(" ", gap) + string(cell) + strings.Repeat(" ", width[i]-len(cell)))
		}
		text := strings.TrimRight(b.String(), " ")
		if k == 0 {
			text = s.paint("2", text)
		}
		_, _ = fmt.Fprintln(w, text)
	}
}

func total(n []int) (sum int) {
	for _, v := range n {
		sum += v
	}
	return sum
}

func widest(n []int) (at int) {
	for i, v := range n {
		if v > n[at] {
			at = i
		}
	}
	return at
}

// fold writes one text in lines of at most [statusWidth], the second and further ones indented by four more.
func fold(w io.Writer, indent, text string) {
	at, first := indent, true
	for _, word := range strings.Fields(plain(text)) {
		if !first && len([]rune(at))+1+len([]rune(word)) > statusWidth {
			_, _ = fmt.Fprintln(w, at)
			at, first = indent+"    ", true
		}
		if !first {
			at += " "
		}
		at, first = at+word, false
	}
	_, _ = fmt.Fprintln(w, at)
}
