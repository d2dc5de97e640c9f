// Package git is the only room of relctl that touches git.
//
// Work is shared as measured. go-git looks single refs up (0.2 ms, without a process) and writes blobs and trees. The
// git program does the rest: a streamed `git log` for history, `git cat-file --batch-command` as a long-lived process
// for reading objects (2 ms for the first file of a large repository, where go-git takes 30 to 110 ms to load a pack's
// index), and everything that talks to a remote or signs. go-git is wrong about ranges between tags and about shallow
// clones, and its pushes move existing tags.
//
// Reading is hermetic: neither the user's configuration, nor hooks, replacement objects and grafts, nor GIT_ variables
// such as GIT_DIR have a say in it. Fetching, committing, tagging and pushing use the user's configuration, which holds
// identity, signing keys and credentials.
//
// Refs are always full names such as refs/heads/main: a branch that is named like a tag confuses nobody. Commits are
// full ids. Every program runs in a process group that ends with its context. Whatever history would answer wrongly in a
// shallow clone is refused with a [*ShallowError].
//
//	repo, err := git.Open(ctx, ".")
//	for c, err := range repo.Log(ctx, git.LogOptions{To: []string{"refs/heads/main"}}) { … }
package git
