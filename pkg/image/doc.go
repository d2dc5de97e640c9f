// Package image puts built programs into container images, without Docker and without root.
//
// An image is an OCI image layout in one file, images/<name>.oci.tar, an archive without compression of its own: one
// index, and below it one image for each Linux platform that the programs were built for. Each is a base, "scratch"
// unless the product names another, and one layer with the programs and the extra files of the product. Nothing of the
// machine goes in: every time is the commit's, owners are 0, modes are 0644 or 0755, and names are sorted. Two builds of
// equal inputs by one version of relctl give equal bytes, and so the digest of the index names the same image in the
// bundle, in the registry and in the manifests of a deployment.
//
//	img, err := image.Build(ctx, image.Request{Spec: spec, Version: v, Revision: commit, SourceDate: date, Binaries: binaries, Out: dir})
//	layout, err := image.Open(filepath.Join(dir, image.Path(spec.Name)))
//	_, err = registry.Push(ctx, spec.Name, layout) // see package publish
//
// [Open] reads such a file from a build or from an unpacked bundle and checks every byte of it. Other tools read it as
// well: skopeo copy --all oci-archive:acmed.oci.tar docker://… keeps the digest.
package image
