// Package fact holds what operators care about at a commit of a product: configuration keys, flags, migrations, alerts
// and so on, and tells what of it differs between two commits.
//
// A [Set] is written as docs/facts.json into every release, so that two releases can be compared without git. [Diff]
// compares two sets, [CheckConfig] says which of the changes concern one customer's configuration file. The package reads
// no repository: package extract gathers facts.
package fact
