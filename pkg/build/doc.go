// Package build makes the artifacts of a release from one commit, with [Goreleaser] or with any [Command].
//
// A build happens in a scratch checkout of the commit: what lies in the working tree, which other tags stand on the
// commit, and who builds have no say in it. The checkout's files carry the commit's date and plain permissions, and the
// build sees an environment of its own: where programs, caches and credentials for fetching are, the variables
// SOURCE_DATE_EPOCH, TZ=UTC and LC_ALL=C, a umask of 022, and nothing else. Two builds of one commit with equal [Pins]
// therefore differ only by what the product's own build settings let in, and [Lint] names those of goreleaser.
//
// A builder returns every file that ships, and every program inside an archive or package as well, so that each can
// have its bill of materials and provenance:
//
//	artifacts, err := build.Goreleaser{Config: ".goreleaser.yaml"}.Build(ctx, build.Request{ … })
//	for _, a := range artifacts {
//		if a.Kind == build.KindBinary { … a.Local, a.Binary, a.Platform … }
//	}
//
// Nothing of a build outlives the call: programs run in a process group that ends with the context.
package build
