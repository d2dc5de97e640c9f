// Package attest writes what travels with a binary: what is in it and how it was made.
//
// [SBOM] reads the modules of a Go program out of the program itself (debug/buildinfo), so that the list is what the
// linker put in and not what some go.mod says, and writes it as CycloneDX 1.6. Of any other file it says that its
// contents are unknown.
//
// [Provenance] states as an in-toto Statement with a SLSA Provenance v1 predicate which commit, policy and pinned tools
// a plan turned into which files. It is documented as SLSA Build L1: the statement exists, is complete and is covered by
// the signature on release.json, and relctl itself asserts it. Nothing in it proves that the build ran where an attacker
// could not reach it, as L2 and L3 would demand.
//
// Both are reproducible: the same inputs give the same bytes, anywhere and any time. Their only date is the commit's,
// serial numbers derive from the content, and who ran a build, where and when, stands in the ledger.
package attest
