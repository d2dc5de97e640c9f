package main

import (
	"context"
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/relctl/relctl/pkg/deploy"
	"github.com/relctl/relctl/pkg/git"
	"github.com/relctl/relctl/pkg/ledger"
	"github.com/relctl/relctl/pkg/release"
)

// clock returns a clock that stands still at a time of the form 2026-03-02T08:00:00Z, nil for the machine's.
func clock(at string) func() time.Time {
	if at == "" {
		return nil
	}
	t, err := time.Parse(time.RFC3339, at)
	if err != nil {
		panic(err)
	}
	return func() time.Time { return t }
}

// cmdAt appends to the ledger of the repository in the current folder what happened on channel rolling at a time, signed
// if git is configured to. Nothing is asked whether it may:
//
//	at 2026-03-02T08:00:00Z cut 2026.302.1 [images.json]     release.json of ../store is {"images": …}
//	at 2026-03-02T08:00:00Z promote 2026.302.1 dogfood [gate=status …]
//	at 2026-03-02T08:00:00Z rollback canary 2026.302.2 2026.302.1 reason
//	at 2026-03-02T08:00:00Z reject 2026.302.2 reason
//	at 2026-03-02T08:00:00Z hold canary reason
//	at 2026-03-02T08:00:00Z freeze fair reason
//
// deploy puts what the ring canary runs on the deploy branch:
//
//	at 2026-03-02T08:00:00Z deploy eu-1
func cmdAt(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 3 {
		ts.Fatalf("usage: at time what …")
	}
	ctx := context.Background()
	repo, err := git.Open(ctx, ts.MkAbs("."))
	ts.Check(err)
	l := ledger.New(repo, "origin")
	l.SetClock(clock(args[0]))
	tell := func(draft func(*ledger.State) *ledger.Event) *ledger.Recorded {
		rec, err := l.Append(ctx, func(s *ledger.State) (*ledger.Event, error) {
			e := draft(s)
			e.Channel = "rolling"
			return e, nil
		}, ledger.AppendOptions{})
		ts.Check(err)
		return rec
	}
	what, rest := args[1], args[2:]
	if what == "deploy" {
		deployAt(ctx, ts, repo, l, rest[0])
		return
	}
	if what == "cut" {
		head, err := repo.Resolve(ctx, "refs/remotes/origin/main")
		ts.Check(err)
		cutAt(ts, tell, head, rest)
		return
	}
	tell(func(*ledger.State) *ledger.Event { return happened(ts, what, rest) })
}

// happened is the event of one line of a script.
func happened(ts *testscript.TestScript, what string, args []string) *ledger.Event {
	e := &ledger.Event{Type: ledger.Type(what), Reason: args[len(args)-1]}
	switch e.Type {
	case ledger.TypePromote:
		e.Reason = ""
		e.Promote = &ledger.Promote{Version: release.MustVersion(args[0]), Ring: args[1], Rings: []string{"dogfood", "canary", "single-tenant", "multi-tenant"}}
		for _, v := range args[2:] {
			gate, status, _ := strings.Cut(v, "=")
			e.Promote.Verdicts = append(e.Promote.Verdicts, release.Verdict{Gate: gate, Status: release.Status(status)})
		}
	case ledger.TypeRollback:
		e.Rollback = &ledger.Rollback{Ring: args[0], From: release.MustVersion(args[1]), To: release.MustVersion(args[2])}
	case ledger.TypeReject:
		e.Reject = &ledger.Reject{Version: release.MustVersion(args[0])}
	case ledger.TypeHold:
		e.Hold = &ledger.Hold{Ring: args[0]}
	case ledger.TypeFreeze:
		e.Freeze = &ledger.Freeze{Name: args[0]}
	default:
		ts.Fatalf("at: unknown event %s", what)
	}
	return e
}

// cutAt reserves and cuts a release of a commit, whose release.json lists its images and one file that is nowhere.
func cutAt(ts *testscript.TestScript, tell func(func(*ledger.State) *ledger.Event) *ledger.Recorded, commit string, args []string) {
	in := release.Inputs{
		Product: "acme", Channel: "rolling", Kind: release.Rolling, Branch: "refs/heads/main", Commit: commit,
		Version: release.MustVersion(args[0]), Pins: []release.Pin{},
	}
	plan := release.Plan{Schema: release.PlanSchema, Inputs: in, Digest: in.Digest()}
	var sequence uint64
	reserved := tell(func(s *ledger.State) *ledger.Event {
		sequence = s.NextSequence("rolling")
		return &ledger.Event{Type: ledger.TypeReserve, Reserve: &ledger.Reserve{Plan: plan, Sequence: sequence}}
	})
	m := release.Manifest{
		Schema: release.ManifestSchema, Product: in.Product, Channel: in.Channel, Kind: in.Kind, Version: in.Version, Sequence: sequence,
		Commit: commit, SourceDate: time.Unix(0, 0).UTC(), Plan: plan.Digest, Pins: in.Pins,
		Files: []release.File{{Path: "artifacts/acme", MediaType: "application/octet-stream", Mode: "0755", SHA256: strings.Repeat("0", 64)}},
	}
	if len(args) > 1 {
		ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[1])), &m))
	}
	for i := range m.Images {
		m.Images[i].File = m.Files[0].Path
	}
	manifest, err := release.Encode(m)
	ts.Check(err)
	dir := ts.MkAbs(filepath.Join("..", "store", "releases", "rolling", args[0]))
	ts.Check(os.MkdirAll(dir, 0o755))
	ts.Check(os.WriteFile(filepath.Join(dir, release.ManifestName), manifest, 0o600))
	tell(func(*ledger.State) *ledger.Event {
		return &ledger.Event{Type: ledger.TypeCut, Cut: &ledger.Cut{
			Plan: plan.Digest, Version: in.Version, Sequence: sequence, Commit: commit, Reserve: reserved.Commit, Release: release.Digest(manifest),
		}}
	})
}

// deployAt renders the one cell of ring canary onto the deploy branch.
func deployAt(ctx context.Context, ts *testscript.TestScript, repo *git.Repo, l *ledger.Ledger, cell string) {
	state, err := l.State(ctx)
	ts.Check(err)
	ch := state.Channels["rolling"]
	rel := ch.Find(ch.Runs("canary"))
	data, err := os.ReadFile(ts.MkAbs(filepath.Join("..", "store", "releases", "rolling", rel.Version.String(), release.ManifestName)))
	ts.Check(err)
	var manifest struct{ Images []deploy.Image }
	ts.Check(json.Unmarshal(data, &manifest))
	for i := range manifest.Images {
		manifest.Images[i].Repository = "registry.example/acme/" + manifest.Images[i].Repository
	}
	source, err := repo.FS(ctx, rel.Commit)
	ts.Check(err)
	_, _, err = deploy.NewBranch(repo, "origin", "").Commit(ctx, func(files fs.FS) (*deploy.Change, error) {
		set, err := deploy.Render(deploy.Input{
			Release: deploy.Release{
				Product: "acme", Channel: "rolling", Version: rel.Version, Commit: rel.Commit, Digest: rel.Release, Images: manifest.Images,
			},
			Engine: deploy.ArgoCD, Source: source, Base: "deploy/base", Branch: files, Ring: deploy.Ring{Name: "canary", Cells: []string{cell}},
		})
		return &deploy.Change{Set: set, Message: deploy.Message{
			Product: "acme", Channel: "rolling", Ring: "canary", Version: rel.Version, Release: rel.Release, Event: 1,
		}}, err
	})
	ts.Check(err)
}
