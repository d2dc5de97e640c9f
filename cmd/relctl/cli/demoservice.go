package cli

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/relctl/relctl/pkg/release"
	"github.com/relctl/relctl/testdata/acme"
)

// The half of the demo that happens in the service: rings, soak, a release that goes wrong.

// demoCells are the sample's rings, whose cells sign, by how long a release must be healthy there.
var demoCells = []struct {
	ring  string
	cells []string
	soak  time.Duration
}{
	{"canary", []string{"eu-1"}, 2 * time.Hour},
	{"single-tenant", []string{"tenant-a", "tenant-b"}, 12 * time.Hour},
	{"multi-tenant", []string{"eu-2", "us-1"}, 72 * time.Hour},
}

// demoTester approves what no soak can prove.
const demoTester = "qa-1"

// service makes the keys of all who sign events, and writes the policy.
func (d *demo) service(ctx context.Context) error {
	s := acme.Service{Store: "../store", Metrics: d.path("service", "orders-lost.txt")}
	if d.signers {
		d.say("\n  Each cell of the service, and whoever tests for customers, signs with an SSH key of their own;")
		d.say("  the policy names them. Two things are simpler than yours: the gate of the ring canary is answered by")
		d.say("  a script and not by Prometheus, and images lie in the store and not in a registry.\n")
		cells := acme.Role{Name: "cells"}
		for _, r := range demoCells {
			for _, cell := range r.cells {
				signer, err := d.sshKey(ctx, cell)
				if err != nil {
					return err
				}
				cells.Signers = append(cells.Signers, signer)
			}
		}
		tester, err := d.sshKey(ctx, demoTester)
		if err != nil {
			return err
		}
		s.Roles = []acme.Role{cells, {Name: "qa", Signers: []acme.Signer{tester}}}
		// What the user configured for git, such as signing by a hardware key, has no say here.
		if err := d.gitQuietly(ctx, []string{"config", "gpg.format", "ssh"}, []string{"config", "gpg.ssh.program", "ssh-keygen"}); err != nil {
			return err
		}
	}
	if err := d.gitQuietly(ctx, []string{"config", "commit.gpgSign", "false"}, []string{"config", "tag.gpgSign", "false"}); err != nil {
		return err
	}
	return acme.ConfigureService(d.path("repo"), s)
}

// sshKey makes a key in keys/, named like its signer.
func (d *demo) sshKey(ctx context.Context, name string) (acme.Signer, error) {
	file := d.path("keys", name)
	out, err := exec.CommandContext(ctx, "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", file).CombinedOutput()
	if err != nil {
		return acme.Signer{}, fmt.Errorf("demo: ssh-keygen: %w: %s", err, out)
	}
	public, err := os.ReadFile(file + ".pub")
	return acme.Signer{Name: name, SSH: strings.TrimSpace(string(public))}, err
}

// signed runs relctl as somebody who signs what they record.
func (d *demo) signed(ctx context.Context, who string, args ...string) error {
	if err := d.gitQuietly(ctx, []string{"config", "user.name", who}, []string{"config", "user.signingkey", d.path("keys", who+".pub")}); err != nil {
		return err
	}
	if err := d.prompt(ctx, who, exitDone, args...); err != nil {
		return err
	}
	return d.gitQuietly(ctx, []string{"config", "user.name", "acme release"}, []string{"config", "--unset", "user.signingkey"})
}

// healthy lets the soak of a ring pass, and its cells say that they were well.
func (d *demo) healthy(ctx context.Context, version, ring string) error {
	for _, r := range demoCells {
		if r.ring != ring {
			continue
		}
		length := release.Span(r.soak)
		d.pass(r.soak + time.Minute)
		d.say("\n  %s pass on the demo's clock. Every cell of %s says how it was, and signs:\n", hours(r.soak), ring)
		for _, cell := range r.cells {
			if err := d.signed(ctx, cell, "observe", "health", "rolling", version, "--cell", cell, "--status", "pass", "--for", length); err != nil {
				return err
			}
		}
		d.pass(time.Minute)
		d.say("")
	}
	return nil
}

// hours writes a time for the story: 2 hours.
func hours(t time.Duration) string { return release.Count(int(t.Hours()), "hour") }

// lost writes how many percent of its orders canary lost with a version.
func (d *demo) lost(version, percent string) error {
	name := d.path("service", "orders-lost.txt")
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	f, err := os.OpenFile(name, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(f, "%s %s\n", version, percent); err != nil {
		_ = f.Close()
		return err
	}
	return f.Close()
}

const (
	goodRelease = "2026.601.1" // cut at the time at which the demo begins
	badRelease  = "2026.604.1" // and after the soaks
)

func (d *demo) release(ctx context.Context) error {
	d.title("Cut main for the service")
	d.say("  The same pipeline, and a container image without Docker. The version is the day's; rolling")
	d.say("  releases have no tag.\n")
	return d.relctl(ctx, exitDone, d.cutting("rolling")...)
}

func (d *demo) rings(ctx context.Context) error {
	d.title("Ring by ring, as far as the evidence lets it")
	d.say("  CI calls advance every few minutes. It renders what each cell runs, images by digest, to the")
	d.say("  branch relctl/deploy, from where Argo CD or Flux takes it, and says what it waits for.\n")
	if err := d.relctl(ctx, exitDone, "channels", "show", "rolling"); err != nil {
		return err
	}
	if err := d.lost(goodRelease, "0.2"); err != nil {
		return err
	}
	for _, ring := range []string{"canary", "single-tenant"} {
		if err := d.relctl(ctx, exitDone, "advance", "rolling"); err != nil {
			return err
		}
		if err := d.healthy(ctx, goodRelease, ring); err != nil {
			return err
		}
	}
	if err := d.relctl(ctx, exitDone, "advance", "rolling"); err != nil {
		return err
	}
	if err := d.healthy(ctx, goodRelease, "multi-tenant"); err != nil {
		return err
	}
	return d.relctl(ctx, exitDone, "status", "rolling")
}

// approve signs for the changes that no soak can prove, and shows the plan with its evidence.
func (d *demo) approve(ctx context.Context) error {
	d.title("What soaked is proven, what did not is tested and signed for")
	d.say("  Four of the six changes of line 2.4 are the very patches that soaked. One had to be adapted")
	d.say("  for 2.4, one is for 2.4 only: a tester signs for each, by its commit.\n")
	for _, step := range []string{"0350", "0400"} {
		args := []string{"approve", "lts-2.4", "--change", release.Short(d.sample.Steps[step]), "--reason", "read, and tested on 2.4"}
		if err := d.signed(ctx, demoTester, args...); err != nil {
			return err
		}
	}
	d.say("\n  plan changes nothing. Its digest names exactly what a cut would do.\n")
	return d.relctl(ctx, exitDone, d.withBuilder("plan", "lts-2.4")...)
}

const hasty = "perf(orders): do not wait for the disk"

// fail releases a change that passes all tests and loses orders.
func (d *demo) fail(ctx context.Context) error {
	d.title("A release that goes wrong")
	d.say("  Somebody makes orders faster: they are answered before the disk has them. All tests pass.\n")
	d.pass(time.Hour)
	if err := acme.Hasty(d.path("repo")); err != nil {
		return err
	}
	if err := d.git(ctx, []string{"commit", "--quiet", "--all", "--message", hasty}, []string{"push", "--quiet", "origin", "main"}); err != nil {
		return err
	}
	d.brief = true // the stages are those of before
	err := d.relctl(ctx, exitDone, d.cutting("rolling")...)
	d.brief = false
	if err != nil {
		return err
	}
	if err := d.relctl(ctx, exitDone, "advance", "rolling"); err != nil {
		return err
	}
	if err := d.healthy(ctx, badRelease, "canary"); err != nil {
		return err
	}
	d.say("  The cell was up all the time, but canary counted lost orders, and a gate asks for those:\n")
	if err := d.lost(badRelease, "3.1"); err != nil {
		return err
	}
	if err := d.relctl(ctx, exitGate, "promote", "rolling", "--ring", "single-tenant"); err != nil {
		return err
	}
	d.say("\n  So canary goes back, and stays there: automation does not undo a rollback.\n")
	return d.relctl(ctx, exitDone, "rollback", "rolling", "--ring", "canary", "--reason", "orders are lost on restart")
}

// pick brings the bad change to the line, where it is refused.
func (d *demo) pick(ctx context.Context) error {
	d.title("It does not reach customers either")
	d.say("  The change was picked to line 2.4 in the meantime. It did not soak, so no release has it:")
	d.say("  not by a trailer in the commit, not by hurry.\n")
	if err := d.git(ctx, []string{"checkout", "--quiet", "release/2.4"}, []string{"cherry-pick", "-x", "main"},
		[]string{"push", "--quiet", "origin", "release/2.4"}); err != nil {
		return err
	}
	if err := d.relctl(ctx, exitGate, d.cutting("lts-2.4")...); err != nil {
		return err
	}
	return d.gitQuietly(ctx, []string{"checkout", "--quiet", "main"})
}

func (d *demo) where(ctx context.Context) error {
	d.title("Where is a change?")
	d.say("  By a commit, a pull request, a CVE or words: in which rings, in which line, in which bundle.\n")
	return d.relctl(ctx, exitDone, "where", "count without a lock")
}
