package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/relctl/relctl/pkg/git"
	"github.com/relctl/relctl/pkg/ledger"
	"github.com/relctl/relctl/pkg/release"
)

// cmdService records what happened in the service of the sample in $WORK/repo, at a time before now, without building or
// deploying anything:
//
//	service -100h cut 2026.1101.1 revision
//	service -99h run multi-tenant 2026.1101.1 73h     promoted up to that ring, whose cells saw it healthy for so long
//	service -99h sick multi-tenant 2026.1101.1 1h     its cells saw it fail for so long
//	service -99h lie multi-tenant 2026.1101.1 73h     somebody says so in place of its cells, without their keys
//	service -98h rollback multi-tenant 2026.1102.1 2026.1101.1
//	service -97h exonerate 2026.1102.1
//	service 0h hold canary stranger                   signed with $WORK/keys/stranger, which relctl itself would refuse
//	service 0h approve lts-2.4 soak qa <rev> stranger
//
// Cells sign with the keys in $WORK/cells, each named like its cell, which "service keys" makes and prints as a role.
func cmdService(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: service keys, or service <before now> cut|run|sick|lie|rollback|exonerate|hold|approve …")
	}
	s := &serviceScript{ts: ts, repo: ts.MkAbs(filepath.Join(ts.Getenv("WORK"), "repo")), cells: filepath.Join(ts.Getenv("WORK"), "cells")}
	for k, v := range map[string]string{"user.name": "release", "user.email": "release@acme.example"} {
		ts.Check(ts.Exec("git", "-C", s.repo, "config", k, v)) // the ledger is written by this process, without the script's home
	}
	if args[0] == "keys" {
		s.keys()
		return
	}
	before, err := time.ParseDuration(args[0])
	ts.Check(err)
	s.at = time.Now().Add(before).UTC().Truncate(time.Second)
	s.do(args[1], args[2:])
}

// rings of the sample's rolling channel with their cells.
var sampleRings = []struct {
	name  string
	cells []string
}{
	{"dogfood", []string{"internal"}}, {"canary", []string{"eu-1"}}, {"single-tenant", []string{"tenant-a", "tenant-b"}},
	{"multi-tenant", []string{"eu-2", "us-1"}},
}

type serviceScript struct {
	ts          *testscript.TestScript
	repo, cells string
	at          time.Time
}

// keys makes the cells' keys and adds their role to the policy in the working tree.
func (s *serviceScript) keys() {
	s.ts.Check(os.MkdirAll(s.cells, 0o755))
	var role strings.Builder
	role.WriteString("roles:\n  cells:\n")
	for _, r := range sampleRings {
		for _, cell := range r.cells {
			key := filepath.Join(s.cells, cell)
			s.ts.Check(s.ts.Exec("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", cell, "-f", key))
			fmt.Fprintf(&role, "    - {name: %s, ssh: %q}\n", cell, strings.TrimSpace(s.ts.ReadFile(key+".pub")))
		}
	}
	name := filepath.Join(s.repo, "channels", "product.yaml")
	s.ts.Check(os.WriteFile(name, []byte(s.ts.ReadFile(name)+role.String()), 0o600))
}

func (s *serviceScript) do(verb string, args []string) {
	switch verb {
	case "cut":
		s.ts.Check(s.ts.Exec("git", "-C", s.repo, "rev-parse", args[1]+"^{commit}"))
		s.cut(release.MustVersion(args[0]), strings.TrimSpace(s.ts.ReadFile("stdout")))
	case "run", "sick", "lie":
		length, err := time.ParseDuration(args[2])
		s.ts.Check(err)
		s.run(args[0], release.MustVersion(args[1]), length, verb)
	case "rollback":
		s.append("", ledger.Event{Type: ledger.TypeRollback, Reason: "errors", Rollback: &ledger.Rollback{
			Ring: args[0], From: release.MustVersion(args[1]), To: release.MustVersion(args[2]),
		}})
	case "exonerate":
		s.append("", ledger.Event{Type: ledger.TypeExonerate, Reason: "it was the network", Exonerate: &ledger.Exonerate{Version: release.MustVersion(args[0])}})
	case "hold":
		s.append("../keys/"+args[1], ledger.Event{Type: ledger.TypeHold, Reason: "not of the role", Hold: &ledger.Hold{Ring: args[0]}})
	case "approve":
		s.ts.Check(s.ts.Exec("git", "-C", s.repo, "rev-parse", args[3]+"^{commit}"))
		s.append("../keys/"+args[4], ledger.Event{Type: ledger.TypeApprove, Channel: args[0], Approve: &ledger.Approve{
			Gate: args[1], Role: args[2], Commit: strings.TrimSpace(s.ts.ReadFile("stdout")),
		}})
	default:
		s.ts.Fatalf("service cannot %s", verb)
	}
}

// cut records a release that was never built.
func (s *serviceScript) cut(v release.Version, commit string) {
	in := release.Inputs{
		Product: "acme", Channel: "rolling", Kind: release.Rolling, Branch: "refs/heads/main", Commit: commit, SourceDate: s.at, Version: v,
	}
	p := release.Plan{Schema: release.PlanSchema, Digest: in.Digest(), Inputs: in}
	s.append("", ledger.Event{Type: ledger.TypeReserve, Reserve: &ledger.Reserve{Plan: p, Sequence: s.state().NextSequence("rolling")}})
	open := s.state().Channels["rolling"].Open
	s.append("", ledger.Event{Type: ledger.TypeCut, Cut: &ledger.Cut{
		Plan: p.Digest, Version: v, Sequence: open.Sequence, Commit: commit, Reserve: open.Commit, Release: release.Digest([]byte(v.String())),
	}})
}

// run promotes a release ring by ring, if it does not run there yet, and lets the cells of the last tell how it did.
func (s *serviceScript) run(ring string, v release.Version, length time.Duration, verb string) {
	var names []string
	for _, r := range sampleRings {
		names = append(names, r.name)
	}
	for _, r := range sampleRings {
		if s.state().Channels["rolling"].Runs(r.name).Compare(v) != 0 {
			s.append("", ledger.Event{Type: ledger.TypePromote, Promote: &ledger.Promote{Version: v, Ring: r.name, Rings: names}})
		}
		if r.name != ring {
			continue
		}
		from, status := s.at, release.Pass
		if verb == "sick" {
			status = release.Fail
		}
		s.at = s.at.Add(length)
		for _, cell := range r.cells {
			signer := cell
			if verb == "lie" {
				signer = ""
			}
			s.append(signer, ledger.Event{Type: ledger.TypeObserve, Observe: &ledger.Observe{
				Kind: ledger.ObserveHealth, Status: status, Cell: cell, Ring: ring, Version: v, From: from, To: s.at,
			}})
		}
		return
	}
	s.ts.Fatalf("there is no ring %s", ring)
}

func (s *serviceScript) open() *ledger.Ledger {
	repo, err := git.Open(context.Background(), s.repo)
	s.ts.Check(err)
	l := ledger.New(repo, "origin")
	l.SetClock(func() time.Time { return s.at })
	return l
}

func (s *serviceScript) state() *ledger.State {
	l := s.open()
	s.ts.Check(l.Fetch(context.Background()))
	state, err := l.State(context.Background())
	s.ts.Check(err)
	return state
}

// append records an event, of the rolling channel if it names none, signed by a cell if one is named.
func (s *serviceScript) append(cell string, e ledger.Event) {
	if e.Channel == "" {
		e.Channel = "rolling"
	}
	if cell != "" {
		for k, v := range map[string]string{"gpg.format": "ssh", "user.signingkey": filepath.Join(s.cells, cell+".pub")} {
			s.ts.Check(s.ts.Exec("git", "-C", s.repo, "config", k, v))
		}
		defer func() { s.ts.Check(s.ts.Exec("git", "-C", s.repo, "config", "--unset", "user.signingkey")) }()
	}
	_, err := s.open().Append(context.Background(), func(*ledger.State) (*ledger.Event, error) { return &e, nil }, ledger.AppendOptions{Sign: cell != ""})
	s.ts.Check(err)
}
