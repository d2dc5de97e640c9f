// Package plan answers "what would a cut do" and changes nothing.
//
// A plan is made of a policy (the channel files, see [LoadPolicy]), the ledger's state and the history of the channel's
// branch. Its digest covers the inputs only, so that two people who see the same refs get the same digest, and a cut can
// be pinned to it: if a ref moved since, the digests differ and [Diff] says what moved.
package plan
