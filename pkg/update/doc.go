// Package update lets a program that customers run themselves ask for its own updates: is there one for me on my
// channel, by which way, is what I am withdrawn or at the end of its life.
//
// The program carries the vendor's root of trust and names its channel. It asks a store by its web address, a mirror of
// it, or a folder, one after the other, and decides from signed metadata alone, with the judgement of [verify]: what a
// server says counts only so far as the vendor's keys vouch for it, and what was once seen is never taken back.
//
//	c, err := update.New(update.Config{
//		Product: "acme", Channel: "lts-2.4", Root: root, // go:embed root.json
//		Dir:     "/var/lib/acme/update",
//		From:    []string{"https://updates.example.com/acme", "/media/mirror"},
//	})
//	a, err := c.Check(ctx, release.MustVersion("2.4.5"))
//	switch {
//	case err != nil: // nothing is known at all
//	case a.Withdrawn != nil: // a.Withdrawn.Reason
//	case len(a.Steps) > 0: // a.Steps[0].Version is the next release to install
//	}
//
// # What it costs
//
// Check may be called as often as the program likes, say once a minute: it asks once a day, spread by chance so that many
// installations do not ask together, and answers from what it keeps in between. When nothing is new, asking is two small
// requests: one for a next root, which is not there, and a conditional one for the timestamp. Nothing about the
// installation is sent.
//
// # Without a network
//
// The last good answer is kept on disk with its time. A source that cannot be reached, or whose word is not believed,
// leaves it as it was and stands in [Answer.Problem]; the next attempt waits longer each time. An answer grows old by the
// vendor's own dates: see [Config.MaxAge], and the codes [verify.CodeStale] and [verify.CodeExpired] of the notices.
//
// It downloads no release and installs nothing: a bundle is verified by [verify.Site.Verify] or relverify.
package update
