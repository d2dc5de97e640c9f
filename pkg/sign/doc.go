// Package sign makes and loads signing keys and signs release.json with them.
//
// Nothing here is a format of relctl's own. A private key is what "cosign generate-key-pair" writes: a P-256 key in
// PKCS #8, encrypted with a password (scrypt and NaCl secretbox), in a PEM block "ENCRYPTED SIGSTORE PRIVATE KEY". A
// public key is PEM "PUBLIC KEY". A signature is a sigstore bundle v0.3 with a messageSignature, which stock cosign
// checks offline:
//
//	cosign verify-blob --key cosign.pub --bundle release.json.<id>.sigstore.json --insecure-ignore-tlog release.json
//
// A key is named by [Public.ID], the SHA-256 of its SubjectPublicKeyInfo, so that one key counts once however often it
// signed and whatever its file is called. A bundle is never the same twice, since ECDSA draws a random number for every
// signature; all that the signature covers is reproducible, the envelope around it is not.
//
// Passwords come from the caller and are not kept: a caller that holds the password in a byte slice may clear it as
// soon as [Generate] or [Load] has returned.
//
// This package is the only one that imports cosign and sigstore-go. Those add about 28 MB to a program and 7 ms to its
// start, measured on an empty program of 2 MB and 1 ms; who only checks releases uses package verify, which needs neither.
package sign
