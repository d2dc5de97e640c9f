package trusttest

import (
	"bytes"
	"encoding/json"
	"slices"
	"time"

	"github.com/relctl/relctl/pkg/release"
)

// Case is one deceit, or one piece of bad news, and its good twin.
type Case struct {
	Name string
	// Code is the reason for which Bad is refused.
	Code string
	// Root is what the site was set up with, for product acme and channel lts-2.4.
	Root []byte
	// Before are bundles and trust updates that the site has taken in before, in this order.
	Before [][]byte
	// Bad must be refused by Code. Good must be accepted by a site that has seen the same.
	Bad, Good []byte
	// Installed at the site, "none" for nothing, "" if nobody has said.
	Installed string
	// MaxAge of the site, and the time at which it judges.
	MaxAge time.Duration
	Now    time.Time
}

// IsBundle tells a bundle from a trust update, which is in gzip.
func IsBundle(data []byte) bool { return !bytes.HasPrefix(data, []byte{0x1f, 0x8b}) }

// Acme is the vendor of most cases: releases 2.4.5 to 2.4.7.
func Acme() *Vendor {
	v := New("acme")
	v.AddChannel("lts-2.4", "2.4")
	for _, version := range []string{"2.4.5", "2.4.6", "2.4.7"} {
		v.Release("lts-2.4", version)
	}
	return v
}

// century is how long the metadata of [Cases] is good, so that they can be judged by a program that looks at the real
// clock.
const century = 100 * 365 * 24 * time.Hour

// Lasting is Acme for a century, with no end of support.
func Lasting() *Vendor {
	v := newVendor("acme", century)
	v.AddChannel(line, "2.4").Standing.Support = release.SupportWindow{}
	for _, version := range []string{"2.4.5", "2.4.6", "2.4.7"} {
		v.Release(line, version)
	}
	return v
}

// stranger is a key that nobody trusts.
var stranger = NewKey("stranger")

// hooked runs do with a hook on one role.
func (v *Vendor) hooked(role string, hook func(signed map[string]any, keys []*Key) []*Key, do func()) {
	v.Hook = func(r string, signed map[string]any, keys []*Key) []*Key {
		if r != role {
			return keys
		}
		return hook(signed, keys)
	}
	do()
	v.Hook = nil
}

// by signs with other keys.
func by(keys ...*Key) func(map[string]any, []*Key) []*Key {
	return func(map[string]any, []*Key) []*Key { return keys }
}

// saying changes what is signed.
func saying(change func(signed map[string]any)) func(map[string]any, []*Key) []*Key {
	return func(signed map[string]any, keys []*Key) []*Key {
		change(signed)
		return keys
	}
}

// again publishes everything anew: lists, standings, targets, snapshot, timestamp.
func (v *Vendor) again() {
	for _, c := range v.Channels {
		c.Touch()
	}
	v.targets = nil
	v.Publish()
}

const line = "lts-2.4"

// Cases are all deceits. Each has its own vendor, so that none depends on another. The answers are the same at Now and
// on any later day of the century.
func Cases() []Case {
	var cases []Case
	add := func(name, code string, build func(v *Vendor, c *Case)) {
		v := Lasting()
		c := Case{Name: name, Code: code, Root: v.Roots[0], Installed: "2.4.6", Now: Start.Add(48 * time.Hour)}
		build(v, &c)
		if c.Good == nil {
			c.Good = Lasting().Bundle(line, "2.4.7")
		}
		cases = append(cases, c)
	}
	// forged is a role's metadata signed wrongly, with everything above it in order.
	forged := func(name, code, role string, hook func(map[string]any, []*Key) []*Key) {
		add(name, code, func(v *Vendor, c *Case) {
			v.hooked(role, hook, v.again)
			c.Bad = v.Bundle(line, "2.4.7")
		})
	}
	forged("timestamp signed by a stranger", "trust-signature", "timestamp", by(stranger))
	forged("timestamp without a signature", "trust-signature", "timestamp", by())
	forged("timestamp signed by the snapshot's key", "trust-signature", "timestamp", by(NewKey("acme snapshot")))
	forged("snapshot signed by a stranger", "trust-signature", "snapshot", by(stranger))
	forged("targets signed by a stranger", "trust-signature", "targets", by(stranger))
	forged("targets signed by an online key", "trust-signature", "targets", by(NewKey("acme snapshot")))
	forged("list signed by a stranger", "trust-signature", release.ReleaseRole(line), by(stranger))
	forged("standing signed by a stranger", "trust-signature", release.StatusRole(line), by(stranger))
	forged("standing signed by the key for releases", "trust-signature", release.StatusRole(line), by(NewKey("acme "+line)))
	forged("list signed by the key for standings", "trust-signature", release.ReleaseRole(line), by(NewKey("acme "+release.StatusRole(line))))
	forged("timestamp that does not say when", "trust-form", "timestamp", saying(func(m map[string]any) { delete(m, "issued") }))
	forged("snapshot's entry without a digest", "trust-form", "timestamp", saying(func(m map[string]any) {
		delete(m["meta"].(map[string]any)["snapshot.json"].(map[string]any), "hashes")
	}))
	forged("list's entry without a digest", "trust-form", "snapshot", saying(func(m map[string]any) {
		delete(m["meta"].(map[string]any)["lts-2.4.json"].(map[string]any), "hashes")
	}))
	forged("null where go-tuf would stumble", "trust-form", "timestamp", saying(func(m map[string]any) { m["meta"].(map[string]any)["snapshot.json"] = nil }))
	forged("two snapshots named", "trust-form", "timestamp", saying(func(m map[string]any) {
		meta := m["meta"].(map[string]any)
		meta["other.json"] = meta["snapshot.json"]
	}))
	forged("timestamp of a later TUF", "trust-form", "timestamp", saying(func(m map[string]any) { m["spec_version"] = "2.0.0" }))
	forged("targets that speak of the standing themselves", "delegation", "targets", saying(func(m map[string]any) {
		m["targets"].(map[string]any)[release.StandingTarget(line)] = map[string]any{"length": 1, "hashes": map[string]any{"sha256": string(bytes.Repeat([]byte("00"), 32))}}
	}))
	forged("a role that may not speak of the standing", "delegation", "targets", saying(func(m map[string]any) { paths(m, release.StatusRole(line), "channels/other.json") }))
	forged("a role that may not speak of the releases", "delegation", "targets", saying(func(m map[string]any) { paths(m, line, "releases/beta/*/release.json") }))
	forged("two roles that may speak of the releases", "delegation", "targets", saying(func(m map[string]any) {
		paths(m, release.StatusRole(line), release.StandingTarget(line), "releases/*/*/release.json")
	}))
	forged("a curve that nothing is signed with", "trust-form", "targets", saying(func(m map[string]any) {
		for _, k := range m["delegations"].(map[string]any)["keys"].(map[string]any) {
			k.(map[string]any)["scheme"] = "ecdsa-sha2-nistp384"
		}
	}))
	forged("an ed25519 key of the wrong length", "trust-form", "targets", saying(func(m map[string]any) {
		for _, k := range m["delegations"].(map[string]any)["keys"].(map[string]any) {
			k.(map[string]any)["keytype"], k.(map[string]any)["scheme"] = "ed25519", "ed25519"
			k.(map[string]any)["keyval"] = map[string]any{"public": "00"}
		}
	}))

	add("threshold met by one key twice", "root-signature", func(v *Vendor, c *Case) {
		twin := v.Clone()
		twin.Roles["root"] = &Role{Keys: []*Key{v.Roles["root"].Keys[0], NewKey("acme second root")}, Threshold: 2}
		twin.Root()
		twin.again()
		c.Good = twin.Bundle(line, "2.4.7")
		key := v.Roles["root"].Keys[0]
		v.Roles["root"] = &Role{Keys: []*Key{key, key.As("ecdsa-sha2-nistp256")}, Threshold: 2}
		v.Root()
		v.again()
		c.Bad = v.Bundle(line, "2.4.7")
	})
	add("root signed by the new keys alone", "root-signature", func(v *Vendor, c *Case) {
		v.Roles["root"] = &Role{Keys: []*Key{stranger}, Threshold: 1}
		v.Root()
		v.again()
		c.Bad = v.Bundle(line, "2.4.7")
		good := Lasting()
		good.Rotate("root", stranger)
		good.again()
		c.Good = good.Bundle(line, "2.4.7")
	})
	add("root of another vendor", "root-other", func(_ *Vendor, c *Case) {
		other := New("evil")
		other.AddChannel(line, "2.4")
		other.Release(line, "2.4.7")
		c.Bad = other.Bundle(line, "2.4.7")
	})
	add("root left out on the way", "root-gap", func(v *Vendor, c *Case) {
		v.Rotate("timestamp", NewKey("second"))
		v.Rotate("timestamp", NewKey("third"))
		v.again()
		c.Good = v.Bundle(line, "2.4.7")
		files := v.Files(line)
		delete(files, "2.root.json")
		c.Bad = Bundle(v.Channel(line).Releases[2], files)
	})
	add("root of another number", "root-signature", func(v *Vendor, c *Case) {
		v.hooked("root", saying(func(m map[string]any) { m["version"] = json.Number("7") }), v.Root)
		v.again()
		c.Bad = v.Bundle(line, "2.4.7")
	})
	add("root that was withheld, with a revoked key", "trust-signature", func(v *Vendor, c *Case) {
		thief := v.Clone()
		v.Rotate("timestamp", NewKey("acme timestamp 2"))
		v.again()
		c.Before = [][]byte{v.Update(line)}
		c.Good = v.Bundle(line, "2.4.7")
		// The thief has the old timestamp key, and the metadata of before: no second root.
		thief.event = v.event + 10
		thief.Vouch()
		c.Bad = thief.Bundle(line, "2.4.7")
	})
	add("timestamp that says two things", "equivocation", func(v *Vendor, c *Case) {
		twin := v.Clone()
		v.Refresh()
		c.Before, c.Good = [][]byte{v.Update(line)}, v.Bundle(line, "2.4.7")
		twin.Now = twin.Now.Add(time.Hour)
		twin.Refresh()
		c.Bad = twin.Bundle(line, "2.4.7")
	})
	add("two snapshots of one version", "equivocation", func(v *Vendor, c *Case) {
		twin := v.Clone()
		v.Channel(line).Touch()
		v.Publish()
		c.Before = [][]byte{v.Update(line)}
		twin.Channel(line).Standing.Withdrawn = nil
		twin.Now = twin.Now.Add(time.Hour)
		twin.Channel(line).Touch()
		twin.Publish() // the same versions as v's
		twin.Refresh()
		c.Bad = twin.Bundle(line, "2.4.7")
		v.Refresh()
		c.Good = v.Bundle(line, "2.4.7")
	})
	add("snapshot that takes a standing back", "trust-rollback", func(v *Vendor, c *Case) {
		old := v.Clone()
		v.Channel(line).Touch()
		v.Publish()
		c.Before, c.Good = [][]byte{v.Update(line)}, v.Bundle(line, "2.4.7")
		old.event = v.event + 5
		old.Head()
		c.Bad = old.Bundle(line, "2.4.7")
	})
	add("snapshot that leaves a channel out", "trust-rollback", func(v *Vendor, c *Case) {
		v.AddChannel("lts-2.6", "2.6")
		v.Publish()
		c.Before, c.Good = [][]byte{v.Update(line, "lts-2.6")}, v.Bundle(line, "2.4.7")
		v.hooked("snapshot", saying(func(m map[string]any) { delete(m["meta"].(map[string]any), "lts-2.6-status.json") }), v.again)
		c.Bad = v.Bundle(line, "2.4.7")
	})
	add("timestamp that names an older snapshot", "trust-rollback", func(v *Vendor, c *Case) {
		old := v.Clone()
		v.Channel(line).Touch()
		v.Publish()
		c.Before, c.Good = [][]byte{v.Update(line)}, v.Bundle(line, "2.4.7")
		old.event = v.event + 5
		old.Vouch()
		c.Bad = old.Bundle(line, "2.4.7")
	})
	// swapped is a bundle in which one file of trust is another than the one that was signed for.
	swapped := func(name, code string, change func(v *Vendor, files map[string][]byte)) {
		add(name, code, func(v *Vendor, c *Case) {
			files := v.Files(line)
			change(v, files)
			c.Bad = Bundle(v.Channel(line).Releases[2], files)
		})
	}
	rename := func(prefix string, change func([]byte) []byte) func(*Vendor, map[string][]byte) {
		return func(_ *Vendor, files map[string][]byte) {
			for name, data := range files {
				if name == prefix || len(name) > len(prefix) && name[len(name)-len(prefix):] == prefix {
					files[name] = change(slices.Clone(data))
				}
			}
		}
	}
	space := func(data []byte) []byte { return append([]byte(" "), data...) }
	swapped("no trust at all", "trust-missing", func(_ *Vendor, files map[string][]byte) { clear(files) })
	swapped("timestamp left out", "trust-missing", func(_ *Vendor, files map[string][]byte) { delete(files, "timestamp.json") })
	swapped("standing left out", "trust-missing", func(_ *Vendor, files map[string][]byte) { delete(files, release.StandingTarget(line)) })
	swapped("snapshot altered", "trust-digest", rename(".snapshot.json", space))
	swapped("targets altered", "trust-digest", rename(".targets.json", space))
	swapped("list altered", "trust-digest", rename(".lts-2.4.json", space))
	swapped("status altered", "trust-digest", rename(".lts-2.4-status.json", space))
	swapped("standing altered", "trust-digest", rename(release.StandingTarget(line), space))
	swapped("timestamp with a key twice", "trust-form", rename("timestamp.json", func(b []byte) []byte {
		return bytes.Replace(b, []byte(`"signed":`), []byte(`"signed":{},"signed":`), 1)
	}))
	swapped("bytes after the timestamp", "trust-form", rename("timestamp.json", func(b []byte) []byte { return append(b, "{}"...) }))
	swapped("timestamp beyond all measure", "trust-form", rename("timestamp.json", func(b []byte) []byte {
		return append(b, bytes.Repeat([]byte(" "), 1<<20)...)
	}))
	swapped("root beyond all measure", "trust-form", func(_ *Vendor, files map[string][]byte) {
		files["2.root.json"] = append(slices.Clone(files["1.root.json"]), bytes.Repeat([]byte(" "), 1<<20)...)
	})
	swapped("bytes of no text in the timestamp", "trust-form", rename("timestamp.json", func(b []byte) []byte {
		return bytes.Replace(b, []byte(`"issued"`), []byte("\"issue\xff\""), 1)
	}))
	swapped("a number beyond all readers", "trust-form", rename("timestamp.json", func(b []byte) []byte {
		return bytes.Replace(b, []byte(`"version":`), []byte(`"version":99999999999999999999`), 1)
	}))

	add("release that no list names", "release-unlisted", func(v *Vendor, c *Case) {
		c.Bad = Bundle(v.Make(v.Channel(line), "2.4.8"), v.Files(line))
	})
	add("release for one victim", "equivocation", func(v *Vendor, c *Case) {
		c.Before = [][]byte{v.Update(line)}
		ch := v.Channel(line)
		r := ch.Releases[2]
		r.Files["artifacts/acme"] = []byte("program with a back door")
		r.Seal()
		ch.Standing.Newest.Release = release.Digest(r.Raw)
		v.again()
		c.Bad = v.Bundle(line, "2.4.7")
	})
	add("rewritten ledger", "equivocation", func(v *Vendor, c *Case) {
		c.Before = [][]byte{v.Bundle(line, "2.4.7")}
		v.Channel(line).Releases[2].Event += 100
		v.again()
		c.Bad = v.Bundle(line, "2.4.7")
	})
	add("another predecessor", "equivocation", func(v *Vendor, c *Case) {
		c.Before = [][]byte{v.Bundle(line, "2.4.6")}
		r := v.Channel(line).Releases[2]
		r.Manifest.Previous.Release = "sha256:" + string(bytes.Repeat([]byte("0"), 64))
		r.Seal()
		v.Channel(line).Standing.Newest.Release = release.Digest(r.Raw)
		v.again()
		c.Bad = v.Bundle(line, "2.4.7")
	})
	add("list that names another sequence", "trust-digest", func(v *Vendor, c *Case) {
		v.hooked(line, saying(func(m map[string]any) {
			m["targets"].(map[string]any)["releases/lts-2.4/2.4.7/release.json"].(map[string]any)["custom"].(map[string]any)["sequence"] = 99
		}), v.again)
		c.Bad = v.Bundle(line, "2.4.7")
	})
	add("release listed as another one", "delegation", func(v *Vendor, c *Case) {
		v.hooked(line, saying(func(m map[string]any) {
			t := m["targets"].(map[string]any)
			t["releases/lts-2.4/2.4.9/release.json"] = t["releases/lts-2.4/2.4.7/release.json"]
			delete(t, "releases/lts-2.4/2.4.7/release.json")
		}), v.again)
		c.Bad = v.Bundle(line, "2.4.7")
	})
	add("list by a key that was replaced", "key-rotated", func(v *Vendor, c *Case) {
		old := v.Files(line)
		v.Rotate(line, NewKey("acme lts-2.4 second"))
		v.again()
		c.Before, c.Good = [][]byte{v.Update(line)}, v.Bundle(line, "2.4.7")
		c.Bad = Bundle(v.Channel(line).Releases[2], old)
	})
	add("older list of which no snapshot speaks", "key-rotated", func(v *Vendor, c *Case) {
		// A thief has the key for releases alone, and lists a release of his own under an older version.
		thief := v.Clone()
		v.Refresh()
		v.Channel(line).Touch()
		v.Publish()
		c.Before = [][]byte{v.Update(line)}
		c.Good = v.Bundle(line, "2.4.7")
		ch := thief.Channel(line)
		evil := thief.Make(ch, "2.4.8")
		ch.Releases = append(ch.Releases, evil)
		files := v.Files(line)
		for name := range files {
			if bytes.HasSuffix([]byte(name), []byte(".lts-2.4.json")) {
				delete(files, name)
			}
		}
		files["3.lts-2.4.json"] = thief.list(ch)
		c.Bad = Bundle(evil, files)
	})
	add("standing of another product", "product-other", func(v *Vendor, c *Case) {
		v.Channel(line).Standing.Product = "other"
		v.again()
		c.Bad = v.Bundle(line, "2.4.7")
	})
	add("standing that is none", "standing-form", func(v *Vendor, c *Case) {
		v.Channel(line).Standing.Schema = "https://relctl.dev/schema/standing/v9"
		v.again()
		c.Bad = v.Bundle(line, "2.4.7")
	})
	add("standing with a field that must be understood", "manifest-critical", func(v *Vendor, c *Case) {
		v.Channel(line).Standing.Critical = []string{"embargo"}
		v.again()
		c.Bad = v.Bundle(line, "2.4.7")
	})

	add("older than what is installed", "version-below-installed", func(v *Vendor, c *Case) {
		c.Bad = v.Bundle(line, "2.4.5")
	})
	add("below the floor", "version-below-floor", func(v *Vendor, c *Case) {
		c.Installed = "2.4.5"
		v.Channel(line).Standing.Floor = &release.Floor{Version: release.MustVersion("2.4.7"), Reason: "a hole", Advisory: "CVE-2026-1"}
		v.again()
		c.Bad, c.Good = v.Bundle(line, "2.4.6"), v.Bundle(line, "2.4.7")
	})
	add("past a required stop", "upgrade-stop", func(v *Vendor, c *Case) {
		c.Installed = "2.4.5"
		v.Channel(line).Standing.Upgrade.Stops = []release.Stop{{Version: release.MustVersion("2.4.6"), Reason: "it moves the data"}}
		v.again()
		c.Bad, c.Good = v.Bundle(line, "2.4.7"), v.Bundle(line, "2.4.6")
	})
	add("a way that is not offered", "upgrade-blocked", func(v *Vendor, c *Case) {
		v.Channel(line).Standing.Upgrade.Blocked = []release.Block{{From: "2.4.6", To: "2.4.7", Reason: "it loses data"}}
		v.again()
		c.Bad, c.Good = v.Bundle(line, "2.4.7"), v.Bundle(line, "2.4.6")
	})
	add("a channel with no way from here", "upgrade-range", func(v *Vendor, c *Case) {
		v.AddChannel("lts-2.6", "2.6")
		v.Release("lts-2.6", "2.6.0")
		c.Bad, c.Good = v.Bundle("lts-2.6", "2.6.0"), v.Bundle(line, "2.4.7")
	})
	add("another channel where nothing is installed", "channel-other", func(v *Vendor, c *Case) {
		c.Installed = "none"
		v.AddChannel("lts-2.6", "2.6")
		v.Channel("lts-2.6").Standing.Upgrade.From = ">=2.4.0"
		v.Release("lts-2.6", "2.6.0")
		c.Bad, c.Good = v.Bundle("lts-2.6", "2.6.0"), v.Bundle(line, "2.4.7")
	})

	add("withdrawn", "release-withdrawn", func(v *Vendor, c *Case) {
		withdraw(v, "2.4.7")
		c.Bad, c.Good = v.Bundle(line, "2.4.7"), v.Bundle(line, "2.4.6")
	})
	add("withdrawn, in an old bundle that does not know it", "release-withdrawn", func(v *Vendor, c *Case) {
		c.Bad = v.Bundle(line, "2.4.7")
		withdraw(v, "2.4.7")
		c.Before, c.Good = [][]byte{v.Update(line)}, v.Bundle(line, "2.4.6")
	})
	add("withdrawn once, and never said again", "release-withdrawn", func(v *Vendor, c *Case) {
		withdraw(v, "2.4.7")
		c.Before, c.Good = [][]byte{v.Update(line)}, v.Bundle(line, "2.4.6")
		v.Channel(line).Standing.Withdrawn = nil
		v.again()
		c.Bad = v.Bundle(line, "2.4.7")
	})
	add("news older than the site bears", "stale", func(v *Vendor, c *Case) {
		c.MaxAge, v.Life = century, 2*century
		v.Now = Start.Add(-century)
		v.Refresh()
		c.Bad = v.Bundle(line, "2.4.7")
		v.Now = Start
		v.Refresh()
		c.Good = v.Bundle(line, "2.4.7")
	})
	add("clock set back over the greatest age", "stale", func(v *Vendor, c *Case) {
		// The standing of a later day is known; the timestamp that came with it is older than the site bears.
		c.MaxAge, v.Life = century-24*time.Hour, 2*century
		v.Now = Start.Add(century)
		v.Channel(line).Touch()
		v.Publish()
		c.Good = v.Bundle(line, "2.4.7")
		v.Now = Start
		v.Refresh()
		c.Bad = v.Bundle(line, "2.4.7")
	})
	add("metadata whose time is over", "metadata-expired", func(v *Vendor, c *Case) {
		c.Good = v.Bundle(line, "2.4.7")
		v.Life = time.Hour
		v.again()
		c.Bad = v.Bundle(line, "2.4.7")
	})
	add("newer news withheld", "standing-outdated", func(v *Vendor, c *Case) {
		c.Installed = "2.4.7"
		v.AddChannel("lts-2.6", "2.6")
		v.Channel("lts-2.6").Standing.Upgrade.From = ">=2.4.0"
		v.Release("lts-2.6", "2.6.0")
		c.Bad = v.Bundle("lts-2.6", "2.6.0")
		withdraw(v, "2.4.5")
		v.Channel("lts-2.6").Touch()
		v.Publish()
		c.Before, c.Good = [][]byte{v.Update(line)}, v.Bundle("lts-2.6", "2.6.0")
	})
	add("line that has ended", "line-ended", func(v *Vendor, c *Case) {
		c.Good = v.Bundle(line, "2.4.7")
		v.Channel(line).Standing.Ended = &release.Ending{Time: Start, Reason: "2.6 is there", Successor: "lts-2.6"}
		v.again()
		c.Bad = v.Bundle(line, "2.4.7")
	})

	// Trust updates.
	add("update by a stranger", "trust-signature", func(v *Vendor, c *Case) {
		c.Good = v.Update(line)
		v.hooked("timestamp", by(stranger), v.Refresh)
		c.Bad = v.Update(line)
	})
	add("update that was cut short", "trust-gzip", func(v *Vendor, c *Case) {
		c.Good = v.Update(line)
		c.Bad = c.Good[:len(c.Good)-20]
	})
	add("bytes after an update", "bundle-trailing", func(v *Vendor, c *Case) {
		c.Good = v.Update(line)
		c.Bad = append(slices.Clone(c.Good), 0)
	})
	return cases
}

func withdraw(v *Vendor, version string) {
	ch := v.Channel(line)
	ch.Standing.Withdrawn = []release.Withdrawal{{Version: release.MustVersion(version), Time: v.Now, Reason: "it loses data", Advisory: "ACME-1"}}
	ch.Touch()
	v.Publish()
}

// paths gives a delegated role other paths.
func paths(targets map[string]any, role string, to ...string) {
	for _, r := range targets["delegations"].(map[string]any)["roles"].([]any) {
		if d := r.(map[string]any); d["name"] == role {
			d["paths"] = to
		}
	}
}
