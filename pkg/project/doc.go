// Package project opens the repository of a product with what relctl knows of it: the policy on the default branch, the
// ledger, the stores and the trust metadata.
//
// [Open] gives a [Project]. It answers what people ask: how channels stand, what a gate says, which change is where. And it
// records what people decide: waivers, approvals, statements about releases, new lines and changes of trust. What turns a
// plan into a release is pkg/cut, what brings releases to the rings of a service is pkg/rollout, and what operators are
// told is pkg/handbook; all take a project.
package project
