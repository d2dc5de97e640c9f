// Package project opens the repository of a product with what relctl knows of it: the policy on the default branch, the
// ledger, the stores and the trust metadata.
//
// [Open] gives a [Project]. It answers what people ask: how channels stand, what a cut would release, what a gate says,
// which facts, notes, guides and documentation a commit has. And it records what people decide: waivers, approvals,
// statements about releases, lines, freezes and changes of trust. What turns a plan into a release is pkg/cut, and what
// brings releases to the rings of a service is pkg/rollout; both take a project.
package project
