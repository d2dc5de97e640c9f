// Package verify is the customer's side: everything that is needed to accept or refuse a bundle offline.
//
// It trusts the policy that it is given, which must not come from the bundle, and nothing else. Checks run in an order
// in which no byte is used before it was judged: the archive's form, the envelope, the signatures over release.json,
// what release.json says, and then every file. Each check has a reason code that stays the same over versions; see the
// constants Code….
//
// In this mode, with keys and without a trust root, nothing is known about newer releases, withdrawals or the end of a
// line's life, and the report says so.
package verify
