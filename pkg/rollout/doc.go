// Package rollout brings the releases of a rolling channel to its rings.
//
// The ledger says which release each ring runs; what may enter a ring next follows from the model of pkg/ring and from what
// its gates say. A [Rollout] records such steps and then brings the deploy branch, from which GitOps engines apply manifests,
// and the artifacts in a registry to what the ledger says. Whatever dies in between, the next command ends it.
package rollout
