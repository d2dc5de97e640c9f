// Package ledger is the append-only record of everything relctl does, kept in git.
//
// The ledger is the orphan branch relctl/ledger: one commit an event, one file an event, pushed fast-forward only. So
// concurrency control, audit log and time line are plain git. What is true now is a fold over the events ([State]),
// cached by the id of the branch's head. Order comes from the ledger, never from clocks. [Ledger.Append] is a
// compare-and-swap: of two runs that append at once, one wins, and the other decides again on what it then sees.
//
// Most events tell of releases. On rolling channels, [Promote] and [Rollback] say which release each ring runs; [Reject],
// [Hold], [Resume], [Freeze] and [Thaw] say what keeps releases out, and [Exonerate] clears one that was under suspicion.
// The state knows for each ring what it runs, since when and what before, its [Episode]s, and which [Void]s took the soak
// of which releases. Preconditions are held against the state on every attempt to append: nothing rejected or older is
// promoted, nothing takes the place of a release that has not gone on, and a rollback stays until somebody resumes.
//
// [Observe] is what CI saw of a commit and what cells saw of a release. Anybody may append one; [Ledger.Checks] and
// [Ledger.Observed] return those that the right key signed.
//
// A [Mark] is a person's word about one change on one channel, where git alone cannot
// know: another commit carries it (equivalent), the line will not get it (wont), or it belongs to its line and not to
// main (lts-only). The newest mark of a change on a channel replaces the ones before it, and may take them back.
package ledger
