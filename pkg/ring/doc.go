// Package ring decides what happens next with the releases of a rolling channel, ring by ring, and why.
//
// It is a model and nothing else: it asks no git, no clock and no cluster. A [Model] holds the channel file's [Policy],
// the state of the ledger, what the cells saw, the verdicts of gates and the time; [Model.Decide] says what follows.
//
// The rules are few. A release enters the first ring when it is the newest, and each further ring from the one before
// it, once it has soaked there and the gates of that ring pass. Nothing takes the place of a release that has not gone
// on yet: a train is pinned until it has, or until it is rejected, withdrawn or rolled back; in the last ring until it
// has soaked. A rollback stays until a person resumes the ring, a rejection stays for good, and no ring ever goes back
// by itself. A release on the fast lane, which two people approve, needs an eighth of the soak, passes a freeze and
// overtakes the train before it.
//
// Whoever reconciles calls [Model.Next] until it returns nil, appending each event to the ledger, and then brings the
// deploy branch to [Model.Targets]. Both may be interrupted anywhere and done again. People act through
// [Model.Promote], [Model.Rollback] and the others, which return the event to append or a [Refusal] that explains
// itself. Events come from the draft function of [ledger.Ledger.Append], so that they are decided again on what a
// concurrent run left.
//
// [History] turns episodes and observations into what [gate.Soak] measures, for rings as well as for the changes that
// an LTS channel wants to ship.
package ring
