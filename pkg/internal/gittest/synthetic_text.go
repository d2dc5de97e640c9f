package gittest

import (
	"fmt"
	"math/rand/v2"
)

// What subjects are made of. There are enough combinations that few come twice in a long history, as in real ones.
var (
	types   = []string{"fix", "fix", "fix", "fix", "feat", "feat", "docs", "perf", "refactor", "test", "chore", "security"}
	verbs   = []string{"refuse", "keep", "handle", "close", "retry", "read", "write", "drop", "sort", "count", "log", "cache", "validate", "limit"}
	nouns   = []string{"empty orders", "idle connections", "late answers", "stale entries", "long names", "open files", "failed uploads", "old tokens", "large bodies", "missing keys", "duplicate rows", "broken links", "slow queries", "expired leases", "unknown fields", "partial writes"}
	places  = []string{"the scheduler", "the gateway", "the importer", "the operator", "the query path", "the cache", "the watcher", "the ring", "the console", "the installer", "the parser", "the store", "the index", "the router", "the worker", "the tracer"}
	moments = []string{"after a restart", "on start", "under load", "while shutting down", "without a lock", "once a minute", "before a retry", "in tests", "on reload", "behind a proxy", "on arm64", "when the disk is full", "with old clients", "by default", "in dry runs", "at midnight"}
	generic = []string{"chore: update dependencies", "docs: fix typo", "test: fix flaky test", "ci: bump actions"}
	bodies  = []string{"", "", "It was seen in production.", "The old code did this twice, which\nnobody noticed until now.", "Signed-off-by: Dev One <dev-1@acme.example>", "See the discussion in the issue.\n\nReviewed-by: Dev Two\nRefs: 7"}
)

func one(r *rand.Rand, of []string) string { return of[r.IntN(len(of))] }

// writeSubject makes up a conventional subject. A few are of the kind that every history has many times.
func writeSubject(r *rand.Rand, scope string) string {
	if r.IntN(20) == 0 {
		return one(r, generic)
	}
	return fmt.Sprintf("%s(%s): %s %s in %s %s", one(r, types), scope, one(r, verbs), one(r, nouns), one(r, places), one(r, moments))
}

// person is an author as git writes one.
func person(n int) string { return fmt.Sprintf("Dev %d <dev-%d@acme.example>", n, n) }

const (
	releaser = "release-1 <release-1@acme.example>"
	bot      = "backport-bot <bot@acme.example>"
)

// join puts a message together from paragraphs, of which empty ones are left out.
func join(paragraphs ...string) string {
	text := ""
	for _, p := range paragraphs {
		if p != "" && text != "" {
			text += "\n\n"
		}
		text += p
	}
	return text + "\n"
}

// decorate writes a subject as tools do that carry a pull request to a branch: with where it goes, the new number, and
// the old one somewhere.
func decorate(r *rand.Rand, subject string, pr int, branch string, own int) (header, body string) {
	numbered := subject
	if pr > 0 {
		numbered = fmt.Sprintf("%s (#%d)", subject, pr)
	}
	switch r.IntN(4) {
	case 0:
		return fmt.Sprintf("[%s] %s (#%d)", branch, numbered, own), ""
	case 1:
		return fmt.Sprintf("%s (backport %s) (#%d)", numbered, branch, own), ""
	case 2:
		return fmt.Sprintf("chore(backport %s): %s (#%d)", branch, numbered, own), ""
	}
	if pr > 0 {
		body = fmt.Sprintf("Backport of #%d to %s.", pr, branch)
	}
	return fmt.Sprintf("%s (#%d)", subject, own), body
}
