package rehearsal_test

import (
	"fmt"
	"testing"

	"github.com/relctl/relctl/internal/keytest"
	"github.com/relctl/relctl/internal/trusttest"
	"github.com/relctl/relctl/pkg/release"
	"github.com/relctl/relctl/pkg/trust"
)

// january is the yearly ceremony, and what else the year brings.
func (v *vendor) january(year int) {
	v.t.Helper()
	switch year {
	case 2027:
		return // it has just begun
	case 2029:
		v.loseRootKey()
	default:
		v.replace("root", keytest.New(v.t))
	}
	switch year {
	case 2029:
		v.open("lts-2", "2.0", release.Upgrades{
			From:       ">=1.0.0 <2.0.0",
			Stops:      []release.Stop{{Version: v.newest("lts-1"), For: "<" + v.newest("lts-1").String(), Reason: "it writes the form that 2.0 reads"}},
			Conditions: []release.Condition{{From: "<2.0.0", Text: "make a backup"}},
		})
		v.cut("lts-2", "2.0.0")
	case 2031:
		v.replace("targets", keytest.NewRSA(v.t))
	case 2032:
		v.say("lts-1", func(s *release.Standing) {
			s.Ended = &release.Ending{Time: v.now, Reason: "as announced", Successor: "lts-2"}
		})
	case 2033:
		v.open("lts-3", "3.0", release.Upgrades{From: ">=2.0.0 <3.0.0"})
		v.cut("lts-3", "3.0.0")
	case 2035:
		v.say("lts-2", func(s *release.Standing) {
			s.Ended = &release.Ending{Time: v.now, Reason: "as announced", Successor: "lts-3"}
		})
	}
	for channel, l := range v.lines {
		if n := len(l.releases); n > 2 && l.standing.Ended == nil {
			v.say(channel, func(s *release.Standing) {
				s.Withdrawn = append(s.Withdrawn, release.Withdrawal{
					Version: l.releases[n-2].Manifest.Version, Time: v.now, Reason: "it may lose data after a crash", Advisory: fmt.Sprintf("ACME-%d-1", year),
				})
			})
		}
	}
	roles := []string{release.RoleTargets}
	for channel := range v.lines {
		roles = append(roles, release.ReleaseRole(channel), release.StatusRole(channel))
	}
	v.renew(roles...)
}

// loseRootKey replaces a key of the root that is not there to sign.
func (v *vendor) loseRootKey() {
	v.t.Helper()
	lost := v.keys["root"][0]
	v.keys["root"] = v.keys["root"][1:]
	v.change(func(e *trust.Edit) error {
		if err := v.give(e, "root", keytest.New(v.t)); err != nil {
			return err
		}
		_, err := e.Revoke(lost.Public().ID())
		return err
	})
}

// newest is the newest version of a channel.
func (v *vendor) newest(channel string) release.Version {
	releases := v.lines[channel].releases
	return releases[len(releases)-1].Manifest.Version
}

// next is the version after that.
func (v *vendor) next(channel string) string {
	n := v.newest(channel)
	return fmt.Sprintf("%d.%d.%d", n.Major(), n.Minor(), n.Patch()+1)
}

// releaseAll releases on every line that lives.
func (v *vendor) releaseAll() {
	v.t.Helper()
	var roles []string
	for channel, l := range v.lines {
		if l.standing.Ended == nil {
			next := v.next(channel)
			v.release(channel, next, "program "+next)
			roles = append(roles, release.ReleaseRole(channel))
		}
	}
	v.renew(roles...)
}

// steal returns a thief who has the keys of CI and of the reconciler, a release of his own, and numbers that no vendor
// reaches.
func (v *vendor) steal() *vendor {
	v.t.Helper()
	thief := v.clone()
	thief.keys = map[string][]keytest.Key{}
	for _, role := range []string{"lts-1", "snapshot", "timestamp"} {
		thief.keys[role] = v.keys[role]
	}
	thief.event += 1 << 40
	thief.release("lts-1", thief.next("lts-1"), "a way in")
	thief.renew("lts-1")
	return thief
}

// move takes a site to the next line. The bundle itself says what is newest there; the standing of that line may be older.
func (c *customer) move(v *vendor) string {
	c.t.Helper()
	if c.site.State.Installed == nil {
		return "say what is installed"
	}
	to := map[string]string{"lts-1": "lts-2", "lts-2": "lts-3"}[c.channel]
	return c.install(v.bundle(to, ""))
}

// afterTheTheft is June 2030, when the keys were revoked.
func afterTheTheft(t *testing.T, v, thief *vendor, old []byte, follows, deceived *customer) {
	t.Helper()
	follows.wants("news of the revocation", follows.update(v.update()), "genuine")
	follows.wants("the thief's release, where the revocation is known", follows.install(thief.bundle("lts-1", "")), "trust-signature")
	follows.wants("a bundle from before the revocation", follows.install(old), "key-rotated")

	// The key of CI alone lists a release, and no snapshot names that list.
	forged := thief.lines["lts-1"].releases
	files := v.files("lts-1")
	list, _ := v.repo.File("lts-1")
	fake, _ := thief.repo.File("lts-1")
	files[fmt.Sprintf("%d.lts-1.json", list.Version)] = fake.Data
	follows.wants("a list that only the thief's key of CI signed", follows.install(trusttest.Bundle(forged[len(forged)-1], files)), "trust-digest")

	// Who took the thief's release in is told so, and goes on when a person has looked.
	deceived.wants("the vendor's release of the same number", deceived.install(v.bundle("lts-1", "")), "equivocation")
	deceived.wants("the thief's release again", deceived.install(thief.bundle("lts-1", "")), "trust-signature")
	deceived.loseState()
	if err := deceived.site.SetInstalled(release.MustVersion("1.0.0")); err != nil {
		t.Fatal(err)
	}
	deceived.wants("after a new start", deceived.install(v.bundle("lts-1", "")), "genuine")
	deceived.wants("the thief's release after a new start", deceived.install(thief.bundle("lts-1", "")), "trust-signature")
}

// wake is February 2032 at a site that has nothing but its first root.
func (c *customer) wake(v *vendor, old []byte) {
	c.t.Helper()
	c.wants("a bundle of two years ago", c.install(old), "metadata-expired")
	c.wants("the next line, over a stop", c.install(v.bundle("lts-2", "")), "upgrade-stop")
	way, err := c.site.Path(c.site.State.Installed.Version, v.newest("lts-2"))
	if err != nil || len(way.Steps) != 2 || way.Steps[0].Channel != "lts-1" || way.Steps[1].Channel != "lts-2" {
		c.t.Errorf("the way to the next line is %+v, %v", way, err)
	}
	c.wants("the last release of its line", c.install(v.bundle("lts-1", "")), "line-ended")
	if got := c.site.State.Installed.Version.String(); got != v.newest("lts-1").String() {
		c.t.Errorf("installed is %s", got)
	}
	c.wants("the next line", c.move(v), "genuine")
}

// sizes holds how much trust travels in the tenth year.
func sizes(t *testing.T, v *vendor) {
	t.Helper()
	update, part := len(v.update()), 0
	for _, data := range v.files("lts-1") {
		part += len(data)
	}
	t.Logf("in year ten: %d roots, a trust update of %d bytes, a bundle's trust part of %d bytes with %d releases listed",
		len(v.repo.Roots()), update, part, len(v.lines["lts-1"].listed))
	if update > 16<<10 {
		t.Errorf("a trust update has %d bytes", update)
	}
}
