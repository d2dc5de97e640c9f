package trusttest

import (
	"time"

	"github.com/relctl/relctl/pkg/release"
)

// ShelfTime is a day on which everything of [Shelf] is good.
var ShelfTime = time.Date(2026, 7, 15, 9, 0, 0, 0, time.UTC)

// Shelf is what a customer has been sent, by path: the root, bundles of two lines, a trust update, and a bundle that
// somebody forged.
//
//	root.json                     of May
//	usb/acme-2.4.5.bundle         and 2.4.6, written in May
//	usb/acme-2026-07-01.trust     withdraws 2.4.5, under a second root
//	usb/acme-2.4.7.bundle         of July
//	usb/acme-2.6.0.bundle         of July; from 2.4.7 or later, or over it
//	found/acme-2.4.8.bundle       of nobody
func Shelf() map[string][]byte {
	v := New("acme")
	v.AddChannel(line, "2.4")
	for _, version := range []string{"2.4.4", "2.4.5", "2.4.6"} {
		v.Release(line, version)
	}
	files := map[string][]byte{"root.json": v.Roots[0]}
	for _, version := range []string{"2.4.5", "2.4.6"} {
		files["usb/acme-"+version+".bundle"] = v.Bundle(line, version)
	}
	v.Now = time.Date(2026, 7, 1, 8, 0, 0, 0, time.UTC)
	v.Rotate("timestamp", v.Roles["timestamp"].Keys[0], NewKey("acme timestamp 2"))
	c := v.Channel(line)
	c.Standing.Withdrawn = []release.Withdrawal{{Version: release.MustVersion("2.4.5"), Time: v.Now, Reason: "it may lose data after a crash", Advisory: "ACME-2026-3"}}
	c.standing = nil
	v.Publish()
	files["usb/acme-2026-07-01.trust"] = v.Update(line)
	v.Now = time.Date(2026, 7, 10, 8, 0, 0, 0, time.UTC)
	v.Release(line, "2.4.7")
	files["usb/acme-2.4.7.bundle"] = v.Bundle(line, "2.4.7")
	next := v.AddChannel("lts-2.6", "2.6")
	next.Standing.Upgrade = release.Upgrades{
		From:       ">=2.4.0 <2.6.0",
		Stops:      []release.Stop{{Version: release.MustVersion("2.4.7"), For: "<2.4.7", Reason: "it writes the data in the form that 2.6 reads"}},
		Conditions: []release.Condition{{From: "<2.6.0", Text: "make a backup of the database"}},
	}
	v.Release("lts-2.6", "2.6.0")
	files["usb/acme-2.6.0.bundle"] = Bundle(next.Releases[0], v.Files(line, "lts-2.6"))
	forger := New("acme")
	forger.Roles["root"].Keys = []*Key{stranger}
	forger.Roots = nil
	forger.Root()
	forger.AddChannel(line, "2.4")
	forger.Release(line, "2.4.8")
	files["found/acme-2.4.8.bundle"] = forger.Bundle(line, "2.4.8")
	return files
}
