package history

import (
	"cmp"
	"container/heap"
	"context"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/relctl/relctl/pkg/git"
)

// node is what the index keeps of a commit. Parents come before their children, and are named by their place.
type node struct {
	id, tree      string
	parents       []int32
	author, email string
	authored      int64 // seconds since 1970
	committed     int64
	header        string // the first line, put together again where a forge broke it
	typ           string
	breaking      bool
	pr            int32 // the last number in parentheses, or that of a pull request's merge
	*rare
}

// rare is what few commits say. The others share one that is empty.
type rare struct {
	backports      []int32 // pull requests that the message says it carries
	revertsPR      int32   // the pull request that the message says it takes back
	picks, reverts []string
	cves           []string
	only           string // the reason of an Lts-Only footer
}

var nothing = &rare{}

// graph is commits with all their history, oldest first: by their dates, though never before their parents, so that the
// order is the same however the graph grew.
type graph struct {
	nodes []node
	at    map[string]int32
}

func newGraph() *graph { return &graph{at: map[string]int32{}} }

// find returns the place of a commit by its full id.
func (g *graph) find(id string) (int32, bool) {
	i, ok := g.at[id]
	return i, ok
}

// heads are the commits that no other one has as a parent.
func (g *graph) heads() []string {
	inner := g.newReach()
	for i := range g.nodes {
		for _, p := range g.nodes[i].parents {
			inner.add(p)
		}
	}
	var out []string
	for i := range g.nodes {
		if !inner.has(int32(i)) {
			out = append(out, g.nodes[i].id)
		}
	}
	return out
}

// extend walks what the tips reach and the graph does not have yet, and reports whether there was any.
func (g *graph) extend(ctx context.Context, repo *git.Repo, tips []string) (bool, error) {
	missing := slices.DeleteFunc(slices.Clone(tips), func(t string) bool {
		_, ok := g.at[t]
		return ok
	})
	if len(missing) == 0 {
		return false, nil
	}
	first := len(g.nodes)
	var parents []string
	var line []byte
	for c, err := range repo.Log(ctx, git.LogOptions{To: missing, Not: g.heads()}) {
		if err != nil {
			return false, err
		}
		// All texts of a node share one short string, as they do when they come from the cache, and none with the message.
		line = appendNode(line[:0], newNode(c))
		n, err := parseNode(string(line[:len(line)-1]), 0)
		if err != nil {
			return false, err
		}
		g.at[n.id] = int32(len(g.nodes)) //nolint:gosec // far below 2^31 commits
		g.nodes = append(g.nodes, n)
		parents = append(parents, strings.Clone(strings.Join(c.Parents, " "))) // of its own, not a part of the message
	}
	for i := range parents {
		n := &g.nodes[first+i]
		for id := range strings.FieldsSeq(parents[i]) {
			p, ok := g.at[id]
			if !ok {
				return false, fmt.Errorf("commit %s: its parent %s is missing", n.id, id)
			}
			n.parents = append(n.parents, p)
		}
	}
	g.sort()
	return true, nil
}

// sort brings the commits into the order of the graph.
func (g *graph) sort() {
	waits := make([]int32, len(g.nodes)) // for so many parents
	children := make([][]int32, len(g.nodes))
	ready := &readyHeap{graph: g}
	for i := range g.nodes {
		waits[i] = int32(len(g.nodes[i].parents)) //nolint:gosec // few parents
		for _, p := range g.nodes[i].parents {
			children[p] = append(children[p], int32(i))
		}
		if waits[i] == 0 {
			ready.list = append(ready.list, int32(i))
		}
	}
	heap.Init(ready)
	place := make([]int32, len(g.nodes))
	for next := int32(0); len(ready.list) > 0; next++ {
		i := heap.Pop(ready).(int32)
		place[i] = next
		for _, c := range children[i] {
			if waits[c]--; waits[c] == 0 {
				heap.Push(ready, c)
			}
		}
	}
	for i := range g.nodes {
		for k, p := range g.nodes[i].parents {
			g.nodes[i].parents[k] = place[p]
		}
	}
	for i := range g.nodes {
		for int(place[i]) != i { // each swap brings one commit to its place
			to := place[i]
			g.nodes[i], g.nodes[to] = g.nodes[to], g.nodes[i]
			place[i], place[to] = place[to], to
		}
	}
	for i := range g.nodes {
		g.at[g.nodes[i].id] = int32(i)
	}
}

// readyHeap holds the commits whose parents have their places, the oldest on top.
type readyHeap struct {
	*graph
	list []int32
}

func (h *readyHeap) Len() int      { return len(h.list) }
func (h *readyHeap) Swap(i, k int) { h.list[i], h.list[k] = h.list[k], h.list[i] }
func (h *readyHeap) Push(i any)    { h.list = append(h.list, i.(int32)) }
func (h *readyHeap) Less(i, k int) bool {
	a, b := &h.nodes[h.list[i]], &h.nodes[h.list[k]]
	return cmp.Or(cmp.Compare(a.committed, b.committed), strings.Compare(a.id, b.id)) < 0
}

func (h *readyHeap) Pop() any {
	last := h.list[len(h.list)-1]
	h.list = h.list[:len(h.list)-1]
	return last
}

// maxField bounds what is kept of a header or a name, in bytes.
const maxField = 1000

// newNode reads what the index needs of a commit, all but its parents.
func newNode(c *git.Commit) *node {
	m := parseCommit(c)
	n := &node{
		id: c.ID, tree: c.Tree, author: oneLine(c.Author.Name), email: oneLine(c.Author.Email),
		authored: c.Author.When.Unix(), committed: c.Committer.When.Unix(),
		header: oneLine(whole(m.Header, c.Message)),
		typ:    oneLine(m.Type), breaking: m.Breaking,
		pr:   int32(m.PR), //nolint:gosec // nine digits at most
		rare: &rare{picks: m.PickedFrom, reverts: m.Reverts, cves: m.CVEs},
	}
	n.backports, n.revertsPR = references(c.Message)
	for _, f := range m.Footers {
		if strings.EqualFold(f.Token, "lts-only") {
			n.only = oneLine(f.Value)
		}
	}
	return n
}

// oneLine keeps a field of the cache short and on its line.
func oneLine(text string) string {
	text = short(text, maxField)
	if !strings.ContainsAny(text, "\t\n\r") {
		return text
	}
	return strings.Map(func(r rune) rune {
		if r == '\t' || r == '\n' || r == '\r' {
			return ' '
		}
		return r
	}, text)
}

// whole puts a subject together again that a forge cut with an ellipsis and carried on in the body.
func whole(header, message string) string {
	head, tail, cut := strings.Cut(header, "…")
	if !cut {
		return header
	}
	_, body, _ := strings.Cut(message, "\n")
	rest, ok := strings.CutPrefix(strings.TrimSpace(body), "…")
	if !ok {
		return header
	}
	rest, _, _ = strings.Cut(rest, "\n")
	return head + strings.TrimRightFunc(rest, unicode.IsSpace) + tail
}

// What bodies say about pull requests, in the words of forges and their bots: "Backport 3f2a9c1 from #12", "This is an
// automated cherry-pick of #12 and #13", "Reverts acme/app#12". Who only talks about a backport says it in other words.
const pullForm = `(?:(?:[\w.-]+/[\w.-]+)?#|https?://\S+/(?:pull|merge_requests)/)([0-9]{1,9})\b`

var (
	carriesForm = regexp.MustCompile(`(?i)(?:^|\()[-*_> ]*(?:\[[^\]]*\]:? *|release [\d.x]+: *)?(?:this (?:(?:pr|pull request|commit|change) )?(?:is |was )?(?:an? )?)?` +
		`(?:(?:auto|automated|automatic|manual|clean) )?(?:back-?port(?:s|ed)?|cherry[ -]?pick(?:s|ed)?):?(?: [0-9a-f]{7,40})?(?: (?:of|from|prs?|pull requests?|(?:bug)?fix|the))* ` +
		pullForm + `(?:(?:,|,? and) ` + pullForm + `)?`)
	undoesForm = regexp.MustCompile(`(?i)^reverts (?:(?:pr|pull request) )?` + pullForm + `\.?$`)
)

// references finds in a body which pull requests a commit carries or takes back.
func references(message string) (carries []int32, reverts int32) {
	_, body, _ := strings.Cut(message, "\n")
	if !strings.Contains(body, "#") && !strings.Contains(body, "://") {
		return nil, 0
	}
	for line := range strings.SplitSeq(body, "\n") {
		line = strings.TrimSpace(line)
		if len(line) > 300 || !strings.ContainsAny(line, "#/") {
			continue
		}
		if m := undoesForm.FindStringSubmatch(line); m != nil {
			reverts, _ = parsePR(m[1])
			continue
		}
		if !mentionsPick(line) {
			continue
		}
		if m := carriesForm.FindStringSubmatch(line); m != nil {
			for _, text := range m[1:] {
				if n, ok := parsePR(text); ok && !slices.Contains(carries, n) && len(carries) < 64 {
					carries = append(carries, n)
				}
			}
		}
	}
	return carries, reverts
}

// mentionsPick is a plain search before a pattern: few lines speak of picks.
func mentionsPick(text string) bool {
	return strings.Contains(text, "pick") || strings.Contains(text, "port") || strings.Contains(text, "Pick") || strings.Contains(text, "Port")
}

// numbers returns the numbers that follow a "#".
func numbers(text string) []int32 {
	var out []int32
	for {
		_, after, ok := strings.Cut(text, "#")
		if !ok {
			return out
		}
		end := 0
		for end < len(after) && after[end] >= '0' && after[end] <= '9' {
			end++
		}
		if n, err := strconv.ParseInt(after[:end], 10, 32); err == nil && n > 0 {
			out = append(out, int32(n))
		}
		text = after[end:]
	}
}

// reach is a set of commits.
type reach []uint64

func (g *graph) newReach() reach { return make(reach, (len(g.nodes)+63)/64) }

func (r reach) has(i int32) bool { return r[i>>6]&(1<<(i&63)) != 0 }
func (r reach) add(i int32)      { r[i>>6] |= 1 << (i & 63) }

// from returns what a tip contains. A parent counts if its content came along: a merge whose tree is that of its first
// parent, as `git merge -s ours` makes it, brought nothing of the others.
func (g *graph) from(tip int32) reach {
	r := g.newReach()
	g.addFrom(r, tip, nil)
	return r
}

// addFrom adds what a tip contains to r and gives each commit that is new there to use, if that is not nil.
func (g *graph) addFrom(r reach, tip int32, use func(int32)) {
	if r.has(tip) {
		return
	}
	r.add(tip)
	stack := []int32{tip}
	for len(stack) > 0 {
		i := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if use != nil {
			use(i)
		}
		for _, p := range g.contentParents(i) {
			if !r.has(p) {
				r.add(p)
				stack = append(stack, p)
			}
		}
	}
}

func (g *graph) contentParents(i int32) []int32 {
	n := &g.nodes[i]
	if len(n.parents) > 1 && n.tree == g.nodes[n.parents[0]].tree {
		return n.parents[:1]
	}
	return n.parents
}
