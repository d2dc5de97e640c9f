// Package bundle is the archive format of a release: one file that carries it whole to a site without network.
//
// A bundle is an uncompressed ustar archive with exactly one encoding: fixed groups in a fixed order, sorted names, one
// timestamp, zeroed owners, regular files only, no extensions, and 1,024 zero bytes at the end. Stock tar reads it; the
// reader here refuses every other way to write the same files, so that two readers can never see two contents. It
// refuses before it reads any payload:
//
//	release.json                                 first
//	release.json.<sha256 of SPKI>.sigstore.json  one a signer, at most 16
//	trust/…
//	SHA256SUMS, VERIFY.md
//	artifacts/ images/ sbom/ provenance/ changelog/ docs/
//
// release.json, its signatures and trust/ are the envelope. What else is in a bundle must be listed in release.json;
// holding it against that list is the work of pkg/verify.
package bundle
