package gittest

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Commit writes the files, given as path and content in turn, commits everything in the working tree and returns the
// commit's id. Without files it writes the message into a file of its own, so that picks and reverts have something to
// carry. The message is kept byte by byte.
func (r *Repo) Commit(message string, files ...string) string {
	r.t.Helper()
	if len(files)%2 != 0 {
		r.t.Fatalf("files of Commit are path and content in turn, got %q", files)
	}
	if len(files) == 0 {
		files = []string{fmt.Sprintf("changes/%d.txt", r.clock.Unix()), message + "\n"}
	}
	for i := 0; i < len(files); i += 2 {
		r.Write(files[i], files[i+1])
	}
	r.Git("add", "--all")
	return r.commitIndex(message)
}

// Empty commits without a change.
func (r *Repo) Empty(message string) string {
	r.t.Helper()
	return r.commitIndex(message)
}

func (r *Repo) commitIndex(message string) string {
	r.t.Helper()
	defer r.tick()
	if !utf8.ValidString(message) {
		return r.commitBytes(message)
	}
	// An empty message needs --allow-empty-message; verbatim keeps CRLF and comments.
	r.GitIn([]byte(message), "commit", "--quiet", "--allow-empty", "--allow-empty-message", "--no-verify", "--cleanup=verbatim", "--file=-")
	return r.Head()
}

// commitBytes writes the commit object itself: git commit would take bytes that are no UTF-8 for Latin-1.
func (r *Repo) commitBytes(message string) string {
	r.t.Helper()
	who := fmt.Sprintf("%s <%s> %d +0000", Name, Email, r.clock.Unix())
	text := "tree " + r.Git("write-tree") + "\n"
	if parent, err := r.TryGit("rev-parse", "--verify", "--quiet", "HEAD"); err == nil {
		text += "parent " + parent + "\n"
	}
	text += "author " + who + "\ncommitter " + who + "\n\n" + message
	r.Git("update-ref", "HEAD", r.GitIn([]byte(text), "hash-object", "-t", "commit", "-w", "--stdin"))
	return r.Head()
}

// Head returns the id of the commit that is checked out.
func (r *Repo) Head() string {
	r.t.Helper()
	return r.Git("rev-parse", "HEAD")
}

// Branch makes a branch here and checks it out.
func (r *Repo) Branch(name string) {
	r.t.Helper()
	r.Git("checkout", "--quiet", "-b", name)
}

// Checkout checks a branch or commit out.
func (r *Repo) Checkout(name string) {
	r.t.Helper()
	r.Git("checkout", "--quiet", name, "--")
}

// Merge merges a branch with a merge commit and returns its id.
func (r *Repo) Merge(branch, message string) string {
	r.t.Helper()
	defer r.tick()
	r.Git("merge", "--quiet", "--no-ff", "--no-verify", "-m", message, branch)
	return r.Head()
}

// Pick cherry-picks a commit with the trailer "(cherry picked from commit …)" and returns the new id.
func (r *Repo) Pick(commit string) string {
	r.t.Helper()
	defer r.tick()
	r.Git("cherry-pick", "-x", "--allow-empty", commit)
	return r.Head()
}

// Revert reverts a commit and returns the new id.
func (r *Repo) Revert(commit string) string {
	r.t.Helper()
	defer r.tick()
	r.Git("revert", "--no-edit", commit)
	return r.Head()
}

// Tag makes an annotated tag of HEAD, whose message is its name, and returns the tag object's id.
func (r *Repo) Tag(name string) string {
	r.t.Helper()
	defer r.tick()
	r.Git("tag", "--annotate", "--message", name, name)
	return r.Git("rev-parse", "refs/tags/"+name)
}

// LightTag makes a lightweight tag of HEAD.
func (r *Repo) LightTag(name string) {
	r.t.Helper()
	r.Git("tag", name)
}

// Push pushes all branches and tags, makes main the remote's default branch, and updates what is known of the remote.
func (r *Repo) Push() {
	r.t.Helper()
	r.Git("push", "--quiet", "--no-verify", "origin", "+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*")
	r.Git("fetch", "--quiet", "origin")
	if strings.Contains(r.Git("ls-remote", "origin", "refs/heads/main"), "refs/heads/main") {
		r.Git("remote", "set-head", "origin", "main")
	}
}
