// Package history turns commits into changes: what a message says by the rules of Conventional Commits 1.0.0, which
// commits belong to one pull request, which were picked from where, and which took each other back.
//
// [Changes] reads one range, for a plan or a changelog. [Load] reads main and all maintained lines into an [Index], which
// knows every change on every line:
//
//	ix, err := history.Load(ctx, repo, history.IndexOptions{
//		Main:  history.Line{Name: "edge", Ref: "refs/remotes/origin/main"},
//		Lines: []history.Line{{Name: "lts-2.4", Ref: "refs/remotes/origin/release/2.4", Releases: releases}},
//		Cache: filepath.Join(repo.CommonDir(), "relctl", "history"),
//	})
//	for _, c := range ix.Changes() {
//		fmt.Println(c.Subject, ix.State(c, "lts-2.4").Presence)
//	}
//
// # How an index comes to its verdicts
//
//  1. It walks the commits that its cache does not have, and keeps them oldest first.
//  2. It places each commit where it was made: on main's own chain of commits and what pull requests merged there, or on
//     that of a line. What a line merged forward into main stays the line's. A merge that left the content of its branch
//     out, as git merge -s ours does, brings nothing.
//  3. For each commit of a line it looks for the change that the commit carries, by the best evidence that there is:
//     trailers, marks in the ledger, patch-ids, author and date, numbers of pull requests, subjects. Chains lead to their
//     root, and are as good as their weakest link. Where words fit more than one change, they are no evidence.
//  4. It finds out what reverts take back, and what reverts of reverts bring again.
//  5. It goes through each line from its first commit to its tip: commits bring changes, reverts take them.
//
// A change is said to be there only on evidence. What is missing may still be there by another way, as code that somebody
// wrote anew: a mark says so.
//
// The cache holds facts of commits by their ids, with a checksum. It may be deleted at any time, several processes may
// share it, and an index is the same with it and without.
package history
