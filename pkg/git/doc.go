// Package git is the only room of relctl that touches git.
//
// go-git answers for refs and configuration and writes objects; the git program walks history, fetches, signs and
// pushes, since it is right where go-git is wrong (shallow clones, ranges between tags) and many times faster there.
// Reading is hermetic: neither the user's configuration nor hooks nor replacement objects have a say in it. Fetching,
// committing, tagging and pushing use the user's configuration, which holds identity, signing keys and credentials.
//
// Refs are always full names such as refs/heads/main: a branch that is named like a tag confuses nobody.
package git
