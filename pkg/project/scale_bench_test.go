package project_test

import (
	"bufio"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/relctl/relctl/pkg/git"
	"github.com/relctl/relctl/pkg/internal/cuttest"
	"github.com/relctl/relctl/pkg/internal/gittest"
	"github.com/relctl/relctl/pkg/ledger"
	"github.com/relctl/relctl/pkg/project"
	"github.com/relctl/relctl/pkg/release"
	"github.com/relctl/relctl/pkg/trust"
)

// importer speaks to git fast-import.
type importer struct {
	tb    testing.TB
	in    *bufio.Writer
	out   *bufio.Reader
	marks int
}

func (i *importer) print(format string, args ...any) {
	if _, err := fmt.Fprintf(i.in, format, args...); err != nil {
		i.tb.Fatal(err)
	}
}

// object writes a commit or a tag, and returns its id.
func (i *importer) object(format string, args ...any) string {
	i.marks++
	i.print(strings.Replace(format, "@", fmt.Sprintf("mark :%d", i.marks), 1), args...)
	i.print("get-mark :%d\n", i.marks)
	if err := i.in.Flush(); err != nil {
		i.tb.Fatal(err)
	}
	id, err := i.out.ReadString('\n')
	if err != nil {
		i.tb.Fatal(err)
	}
	return strings.TrimSpace(id)
}

// event appends one to the ledger and returns its commit.
func (i *importer) event(number *uint64, e *ledger.Event) string {
	*number++
	e.Schema, e.Number, e.Time, e.Actor = ledger.EventSchema, *number, cuttest.Now, importedBy
	data, err := release.Encode(e)
	if err != nil {
		i.tb.Fatal(err)
	}
	return i.object("commit refs/remotes/origin/"+ledger.Branch+"\n@\ncommitter %s %d +0000\ndata 6\nledger\nM 100644 inline %s\ndata %d\n%s\n", importedBy, cuttest.Now.Unix(), e.Path(), len(data), data)
}

const importedBy = "ci <ci@acme.example>"

// releasedLines makes a repository of many LTS channels that share a number of releases: a branch a channel, a commit, a
// tag and two events a release, and a change on each branch that is not released yet. With trust there is a third event
// for each of the last five releases of a channel.
func releasedLines(tb testing.TB, channels, releases int, t *trusted) *gittest.Repo {
	w := gittest.New(tb)
	files := []string{"channels/product.yaml", "name: acme\n"}
	for c := range channels {
		files = append(files, fmt.Sprintf("channels/lts-2.%d.yaml", c),
			fmt.Sprintf("kind: lts\nline: \"2.%d\"\nbranch: release/2.%d\ntag: \"v{version}\"\nsupport: {maintenance: 2027-03-01, eol: 2028-03-01}\n", c, c))
	}
	main := w.Commit("feat: begin", files...)
	w.Push()
	cmd := exec.CommandContext(tb.Context(), "git", "fast-import", "--quiet", "--done", "--date-format=raw", "--cat-blob-fd=1")
	cmd.Dir = w.Dir
	in, err := cmd.StdinPipe()
	if err != nil {
		tb.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		tb.Fatal(err)
	}
	cmd.Stderr = tb.Output()
	if err := cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	i := &importer{tb: tb, in: bufio.NewWriter(in), out: bufio.NewReader(out)}
	number := uint64(0)
	i.event(&number, &ledger.Event{Type: ledger.TypeGenesis, Genesis: &ledger.Genesis{DefaultBranch: "main"}})
	if t != nil {
		for c := range channels {
			t.lines[fmt.Sprintf("lts-2.%d", c)] = lineOf(tb, c)
		}
		i.event(&number, t.begin(number+1))
	}
	for c := range channels {
		i.line(&number, main, c, releases/channels, t)
	}
	i.print("done\n")
	if err := i.in.Flush(); err != nil {
		tb.Fatal(err)
	}
	_ = in.Close()
	_, _ = io.Copy(io.Discard, out)
	if err := cmd.Wait(); err != nil {
		tb.Fatal(err)
	}
	w.Git("repack", "-adq")
	w.Git("pack-refs", "--all")
	return w
}

// lineOf is the line of a channel by its number.
func lineOf(tb testing.TB, c int) release.Line {
	l, err := release.ParseLine(fmt.Sprintf("2.%d", c))
	must(tb, err)
	return l
}

// line releases a channel a number of times.
func (i *importer) line(number *uint64, main string, c, releases int, t *trusted) {
	name, branch := fmt.Sprintf("lts-2.%d", c), fmt.Sprintf("release/2.%d", c)
	line := lineOf(i.tb, c)
	commit := func(r int) string {
		from := ""
		if r == 0 {
			from = "from " + main + "\n"
		}
		message := fmt.Sprintf("fix: number %d of %s\n", r, name)
		return i.object("commit refs/remotes/origin/"+branch+"\n@\ncommitter %s %d +0000\ndata %d\n%s%sM 100644 inline fix-%d\ndata 2\n%d\n\n", importedBy, cuttest.Now.Unix(), len(message), message, from, r, r%10)
	}
	for r := range releases {
		at, v := commit(r), release.MustVersion(fmt.Sprintf("2.%d.%d", c, r))
		tag := i.object("tag v%s\n@\nfrom %s\ntagger %s %d +0000\ndata 7\nrelease\n", v, at, importedBy, cuttest.Now.Unix())
		in := release.Inputs{
			Product: "acme", Channel: name, Kind: release.LTS, Line: line, Branch: "refs/heads/" + branch, Commit: at, Version: v, Tag: "v" + v.String(), Pins: []release.Pin{},
		}
		plan := release.Plan{Schema: release.PlanSchema, Inputs: in, Digest: in.Digest()}
		reserve := i.event(number, &ledger.Event{Type: ledger.TypeReserve, Channel: name, Reserve: &ledger.Reserve{Plan: plan, Sequence: uint64(r + 1)}})
		cut := &ledger.Cut{
			Plan: plan.Digest, Version: v, Sequence: uint64(r + 1), Commit: at, Tag: in.Tag, TagObject: tag, Reserve: reserve, Release: release.Digest([]byte(name + v.String())),
		}
		commit := i.event(number, &ledger.Event{Type: ledger.TypeCut, Channel: name, Cut: cut})
		if t == nil {
			continue
		}
		t.cut[name] = append(t.cut[name], trust.Listed{Version: v, Sequence: cut.Sequence, Event: *number, Ledger: commit, Size: 4096, Release: cut.Release})
		if r >= releases-5 { // what was signed for those before is not looked at any more
			i.event(number, t.list(*number+1, name))
		}
	}
	commit(releases)
}

// BenchmarkStatusOfManyReleases prints how long it takes to tell how 200 channels stand that share 200, 1,000 and 10,000
// releases, from opening the repository on, when the ledger was read before; and how long when it was not.
func BenchmarkStatusOfManyReleases(b *testing.B) {
	for _, releases := range []int{200, 1000, 10000} {
		b.Run(fmt.Sprint(releases), func(b *testing.B) { statusOf(b, releases, nil) })
		b.Run(fmt.Sprint(releases, " with trust"), func(b *testing.B) { statusOf(b, releases, newTrusted(b)) })
	}
}

func statusOf(b *testing.B, releases int, t *trusted) {
	b.Helper()
	const channels = 200
	w := releasedLines(b, channels, releases, t)
	status := func() time.Duration {
		begin := time.Now()
		p, err := project.Open(b.Context(), w.Dir, project.OpenOptions{})
		if err != nil {
			b.Fatal(err)
		}
		st, err := p.Status(b.Context(), cuttest.Now)
		if err != nil {
			b.Fatal(err)
		}
		took := time.Since(begin)
		if c := st.Channels[channels-1]; len(st.Channels) != channels || c.Last == nil || c.Unreleased == nil || *c.Unreleased != 1 {
			b.Fatalf("%d channels, the last %+v", len(st.Channels), c)
		}
		return took
	}
	first := status()
	var took, reference time.Duration
	for b.Loop() {
		begin := time.Now()
		w.Git("rev-list", "--count", "--all")
		reference += time.Since(begin)
		took += status()
	}
	b.ReportMetric(float64(took.Milliseconds())/float64(b.N), "ms")
	b.ReportMetric(float64(first.Milliseconds()), "ms-without-cache")
	b.ReportMetric(took.Seconds()/reference.Seconds(), "x-of-rev-list--all")
}

// BenchmarkAppend prints what recording one event costs beside the push itself: the mean of 1,000 in a row on a ledger
// that is empty at first, and of 100 on one of 10,000 releases. The push is a new commit to another branch of the same
// remote, after every tenth event.
func BenchmarkAppend(b *testing.B) {
	for _, c := range []struct{ releases, events int }{{0, 1000}, {10000, 100}} {
		b.Run(fmt.Sprint(c.releases), func(b *testing.B) {
			w := releasedLines(b, 200, c.releases, nil)
			w.Git("push", "-q", "origin", "refs/remotes/origin/"+ledger.Branch+":"+ledger.Ref)
			repo, err := git.Open(b.Context(), w.Dir)
			if err != nil {
				b.Fatal(err)
			}
			l := ledger.New(repo, "origin")
			if _, err := l.State(b.Context()); err != nil { // read once, as any command does
				b.Fatal(err)
			}
			var events, pushes []time.Duration
			for b.Loop() {
				for n := range c.events {
					hold := &ledger.Event{Type: ledger.TypeHold, Channel: "rolling", Reason: "a pause", Hold: &ledger.Hold{Ring: fmt.Sprintf("ring-%d", len(events))}}
					begin := time.Now()
					if _, err := l.Append(b.Context(), func(*ledger.State) (*ledger.Event, error) { return hold, nil }, ledger.AppendOptions{}); err != nil {
						b.Fatal(err)
					}
					events = append(events, time.Since(begin))
					if n%10 == 0 {
						w.Empty("chore: nothing")
						begin = time.Now()
						w.Git("push", "--atomic", "--porcelain", "-q", "origin", "HEAD:refs/heads/other")
						pushes = append(pushes, time.Since(begin))
					}
				}
			}
			tenth := len(events) / 10
			b.ReportMetric(mean(events)-mean(pushes), "ms-beside-the-push")
			b.ReportMetric(mean(events)/mean(pushes), "x-of-the-push")
			b.ReportMetric(mean(events[len(events)-tenth:])/mean(events[:tenth]), "x-last-to-first-tenth")
		})
	}
}

// mean is in milliseconds.
func mean(all []time.Duration) float64 {
	var sum time.Duration
	for _, d := range all {
		sum += d
	}
	return sum.Seconds() * 1000 / float64(len(all))
}
