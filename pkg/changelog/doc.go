// Package changelog tells what changed, from one record to three kinds of readers: developers (Keep a Changelog, the
// body of a release), operators (what they must do first, then security and fixes, everything else folded away), and
// machines (changes.json, an Atom feed).
//
// A [Log] holds releases of one channel, newest first, each with its changes as pkg/history found them. [Apply]
// corrects the notes of changes whose commits say it wrong. Formats for people are text/template templates over a Log,
// see [Template]; [JSON] and [Atom] are fixed.
//
//	log := changelog.Log{Product: "acme", Channel: "lts-2.4", Releases: []changelog.Release{r}}
//	t, err := changelog.Builtin(changelog.Operator)
//	err = t.Execute(os.Stdout, log)
//
// Everything that comes from a commit is hostile: it is escaped so that markup, links, HTML, and characters that
// reorder or hide text come out as the plain characters that they are.
package changelog
