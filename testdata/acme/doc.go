// Package acme is the sample product that the demo and the tests release: a small HTTP service with a command line, and
// the history of its repository.
//
// The history lies in steps/, one txtar archive a step, replayed in the order of their names by [Replay]. A step's
// comment is written like a mail: headers, and after an empty line the body of the commit's or the tag's message.
//
//	branch: release/2.4                        the branch on which the step happens
//	from: 0080                                 makes that branch, at a step or at the tip of another branch
//	by: dev-2 <dev-2@acme.example>             author and committer; of a pick only the committer
//	date: 2026-02-11T14:30:00Z                 for both, too
//	commit: fix(orders): refuse an order …     a commit of the archive's files
//	merge: dev-3/low-stock                     merges a branch with the subject in commit, and deletes it
//	pick: 0100                                 git cherry-pick -x of a step's commit
//	pick-conflict: 0280                        the same, where git finds a conflict that the archive's files resolve
//	revert: 0320                               git revert of a step's commit
//	remove: docs/old.md                        takes a file away; may be repeated
//	tag: v2.4.1                                an annotated tag, after the commit if there is one
//
// A file of the archive is written as it is, and is executable if its name ends with .sh. The file changes.diff is a
// patch to the tree of the branch instead, so that a step shows what it changes. Picks, merges and reverts are made by
// git, with authors, dates and configuration pinned: every replay gives the same commit ids.
//
// The channel files on main name a signing key that nobody has yet, channels/keys/release.pub. Whoever releases the
// sample makes a key and lets [Configure] write its public part there.
package acme
