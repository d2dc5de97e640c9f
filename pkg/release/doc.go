// Package release is relctl's vocabulary as data: versions, lines, files, changes, plans, verdicts and the signed
// manifest release.json. It holds plain values that survive a round trip through JSON, and no behaviour beyond
// comparing, validating and encoding them; every stage of the pipeline imports it and no stage imports another.
//
// The identity of a release is [Digest] of its release.json, never the digest of a bundle: a bundle is a release plus
// the trust metadata of the day it was written.
package release
