// Package contract holds alerts, runbooks and facts of one commit against each other: every alert leads to a runbook that
// ships with it, every runbook names only what exists, and alerts ask for metrics that the product exports.
//
// A word of a runbook is judged only where it is certain whose name it is. Prose is not read, only code:
//
//   - a command line of one of the product's programs (known from facts of kinds flag and command): its command and its
//     flags must exist;
//   - a name that a release has, or that was renamed, and that does not exist at the commit;
//   - a flag, key, variable or metric that differs by a letter or two from one that exists;
//   - a variable, or a name in an expression of PromQL, that begins like the product's own;
//   - a key below a part of the configuration of which all keys are known.
//
// All else, such as what other programs have, is left alone. Facts of which a commit has none are not asked for.
package contract
