package project_test

import (
	"crypto/ed25519"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hiddeco/sshsig"
	"golang.org/x/crypto/ssh"

	"github.com/relctl/relctl/pkg/git"
	"github.com/relctl/relctl/pkg/internal/cuttest"
	"github.com/relctl/relctl/pkg/internal/gittest"
	"github.com/relctl/relctl/pkg/ledger"
	"github.com/relctl/relctl/pkg/project"
	"github.com/relctl/relctl/pkg/release"
)

const (
	benchRings = 10
	benchCells = 50 // in each ring
	benchSeen  = 4  // times that each of them was observed
)

func cellName(r, c int) string { return fmt.Sprintf("cell-%d-%d", r, c) }
func ringName(r int) string    { return fmt.Sprintf("ring-%d", r) }

// cellKey is the key of a cell.
func cellKey(tb testing.TB, name string) ssh.Signer {
	seed := sha256.Sum256([]byte(name))
	k, err := ssh.NewSignerFromKey(ed25519.NewKeyFromSeed(seed[:]))
	if err != nil {
		tb.Fatal(err)
	}
	return k
}

// watched makes a repository whose rolling channel has many rings and cells, each of which runs a release and was seen
// healthy several times, signed with a key of its own.
func watched(tb testing.TB) *gittest.Repo {
	var rings, roles strings.Builder
	for r := range benchRings {
		var cells []string
		for c := range benchCells {
			name := cellName(r, c)
			cells = append(cells, name)
			fmt.Fprintf(&roles, "    - {name: %s, ssh: %q}\n", name, strings.TrimSpace(string(ssh.MarshalAuthorizedKey(cellKey(tb, name).PublicKey()))))
		}
		fmt.Fprintf(&rings, "  - {name: %s, soak: 24h, cells: [%s]}\n", ringName(r), strings.Join(cells, ", "))
	}
	w := gittest.New(tb)
	head := w.Commit("feat: begin",
		"channels/product.yaml", "name: acme\nroles:\n  cells:\n"+roles.String(),
		"channels/rolling.yaml", "kind: rolling\nbranch: main\nrings:\n"+rings.String())
	w.Push()
	repo, err := git.Open(tb.Context(), w.Dir)
	if err != nil {
		tb.Fatal(err)
	}
	b := &bookkeeper{tb: tb, repo: repo, dir: tb.TempDir(), at: cuttest.Now.Add(-benchSeen * 10 * time.Minute)}
	b.add(&ledger.Event{Type: ledger.TypeGenesis, Genesis: &ledger.Genesis{DefaultBranch: "main"}}, nil)
	in := release.Inputs{
		Product: "acme", Channel: "rolling", Kind: release.Rolling, Branch: "refs/heads/main", Commit: head,
		Version: release.MustVersion("2026.130.1"), Pins: []release.Pin{},
	}
	plan := release.Plan{Schema: release.PlanSchema, Inputs: in, Digest: in.Digest()}
	b.add(&ledger.Event{Type: ledger.TypeReserve, Channel: "rolling", Reserve: &ledger.Reserve{Plan: plan, Sequence: 1}}, nil)
	b.add(&ledger.Event{Type: ledger.TypeCut, Channel: "rolling", Cut: &ledger.Cut{
		Plan: plan.Digest, Version: in.Version, Sequence: 1, Commit: head, Reserve: b.parent, Release: release.Digest(nil),
	}}, nil)
	var names []string
	for r := range benchRings {
		names = append(names, ringName(r))
	}
	for _, name := range names {
		b.add(&ledger.Event{Type: ledger.TypePromote, Channel: "rolling", Promote: &ledger.Promote{Version: in.Version, Ring: name, Rings: names}}, nil)
	}
	for range benchSeen {
		from := b.at
		b.at = b.at.Add(10 * time.Minute)
		for r := range benchRings {
			for c := range benchCells {
				b.add(&ledger.Event{Type: ledger.TypeObserve, Channel: "rolling", Observe: &ledger.Observe{
					Kind: ledger.ObserveHealth, Cell: cellName(r, c), Ring: ringName(r), Version: in.Version, Status: release.Pass, From: from, To: b.at,
				}}, cellKey(tb, cellName(r, c)))
			}
		}
	}
	w.Git(append([]string{"hash-object", "-w", "-t", "commit"}, b.files...)...)
	w.Git("update-ref", "refs/remotes/origin/"+ledger.Branch, b.parent)
	w.Git("repack", "-adq") // as a fetch leaves it
	return w
}

// bookkeeper writes a ledger as fast as files can be written.
type bookkeeper struct {
	tb           testing.TB
	repo         *git.Repo
	dir          string
	at           time.Time
	n            uint64
	tree, parent string
	files        []string
}

// add appends an event, signed with a key if there is one.
func (b *bookkeeper) add(e *ledger.Event, key ssh.Signer) {
	b.n++
	e.Schema, e.Number, e.Time, e.Actor = ledger.EventSchema, b.n, b.at, "cell <cell@acme.example>"
	data, err := release.Encode(e)
	if err != nil {
		b.tb.Fatal(err)
	}
	if b.tree, err = b.repo.WriteFile(b.tree, e.Path(), data); err != nil {
		b.tb.Fatal(err)
	}
	head := "tree " + b.tree + "\n"
	if b.parent != "" {
		head += "parent " + b.parent + "\n"
	}
	who := fmt.Sprintf("cell <cell@acme.example> %d +0000\n", b.at.Unix())
	head += "author " + who + "committer " + who
	body, signature := "\nledger\n", ""
	if key != nil {
		sig, err := sshsig.Sign(strings.NewReader(head+body), key, sshsig.HashSHA512, "git")
		if err != nil {
			b.tb.Fatal(err)
		}
		signature = "gpgsig " + strings.ReplaceAll(strings.TrimSpace(string(sshsig.Armor(sig))), "\n", "\n ") + "\n"
	}
	raw := head + signature + body
	file := filepath.Join(b.dir, fmt.Sprint(b.n))
	if err := os.WriteFile(file, []byte(raw), 0o600); err != nil {
		b.tb.Fatal(err)
	}
	id := sha1.Sum(fmt.Appendf(nil, "commit %d\x00%s", len(raw), raw))
	b.files, b.parent = append(b.files, file), hex.EncodeToString(id[:])
}

// BenchmarkStatus prints how long it takes to tell how 500 cells in 10 rings stand, from opening the repository on, when
// the ledger was read before.
func BenchmarkStatus(b *testing.B) {
	w := watched(b)
	status := func() *project.Status {
		p, err := project.Open(b.Context(), w.Dir, project.OpenOptions{})
		if err != nil {
			b.Fatal(err)
		}
		st, err := p.Status(b.Context(), cuttest.Now)
		if err != nil {
			b.Fatal(err)
		}
		return st
	}
	for _, r := range status().Channels[0].Rings {
		if r.Soak.Healthy != benchSeen*600 || len(r.Cells) != benchCells {
			b.Fatalf("ring %s: %+v of %d cells", r.Ring, r.Soak, len(r.Cells))
		}
	}
	var took, reference time.Duration
	for b.Loop() {
		begin := time.Now()
		w.Git("--version")
		reference += time.Since(begin)
		status()
		took += time.Since(begin)
	}
	took -= reference
	b.ReportMetric(float64(took.Milliseconds())/float64(b.N), "ms")
	b.ReportMetric(took.Seconds()/reference.Seconds(), "x-of-git--version")
}
