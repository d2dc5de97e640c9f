// Package trust is the author's side of TUF: who may say what about a product's releases, and what they said.
//
// A [Repository] holds the newest metadata of every role, and all roots. Nothing here reads or writes a file, asks a
// clock or knows the ledger: data comes in and data goes out.
//
//	root                         m of n offline keys; names the keys of the four roles
//	├─ targets                   offline; delegates to the roles of channels, has no targets of its own
//	│  ├─ <channel>              a CI job's key; lists the channel's release.json files
//	│  └─ <channel>-status       offline; the channel's standing
//	├─ snapshot                  the reconciler's key; versions and hashes of all the above
//	└─ timestamp                 the reconciler's key; the newest snapshot, and when that was vouched for
//
// An [Edit] gathers what shall change and ends in a [Proposal]: the new metadata, unsigned. A proposal is signed by one
// key after another, on one machine or on several that have no network ([Request] carries it between them), and is
// taken in when every role has the signatures that it needs. A new root needs those of the root before it too. What is
// signed is said in words that are made from the metadata itself ([Proposal.Words]).
//
// Roots count 1, 2, 3. The version of all other metadata is the number of the ledger event that brought it, so that
// writers are serialised by the ledger and a version is never used twice.
package trust
