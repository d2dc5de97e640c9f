// Package cut turns the plan of a project into a release. It puts the stages together and holds the journal, by which a run
// that died goes on where it stopped.
//
// [Run] reads like the flow:
//
//	plan ─► gates (planned) ─► ledger: reserve
//	build ─► attest ─► documents ─► release.json ─► sign ─► stage ─► gates (built)
//	commit point: git push --atomic, tag and ledger
//	reconcile: trust ─► bundle ─► reveal
//
// Before the commit point nothing is visible; after it everything rolls forward. Each stage leaves its output under
// dist/relctl/<plan digest>/ and a journal entry with the digests of its files; a rerun holds the files against the
// entry and redoes only what is missing or altered. The same plan gives the same release.json whoever cuts it, so that
// two runs that race, on one machine or on two, end in one release.
package cut
