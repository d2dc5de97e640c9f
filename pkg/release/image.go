package release

import "fmt"

// Image is a container image of a release. It is the same in the release's file, in registries and in deployments: its
// name there is "<registry>/<repository>@<digest>".
type Image struct {
	Name string `json:"name"`
	// Repository is its path below a registry, such as "service/acmed".
	Repository string `json:"repository"`
	// Digest of the image's index, "sha256:…". It is not that of the file.
	Digest string `json:"digest"`
	// File is the path of the release's file that holds it as an OCI image layout.
	File string `json:"file"`
	// Platforms, sorted by name.
	Platforms []ImagePlatform `json:"platforms"`
}

// ImagePlatform is the variant of an image for one platform.
type ImagePlatform struct {
	// Name such as "linux/arm64".
	Name string `json:"name"`
	// Digest of its manifest.
	Digest string `json:"digest"`
}

// checkImages checks what the manifest says about images; its files were checked before.
func (m *Manifest) checkImages() error {
	for n, i := range m.Images {
		if err := CheckName(i.Name); err != nil {
			return fmt.Errorf("image: %w", err)
		}
		if n > 0 && m.Images[n-1].Name >= i.Name {
			return fmt.Errorf("images are not sorted: %q after %q", i.Name, m.Images[n-1].Name)
		}
		if i.Repository == "" {
			return fmt.Errorf("image %s: repository is missing", i.Name)
		}
		if err := CheckDigest(i.Digest); err != nil {
			return fmt.Errorf("image %s: %w", i.Name, err)
		}
		if _, ok := m.File(i.File); !ok {
			return fmt.Errorf("image %s: the release has no file %q", i.Name, i.File)
		}
		for _, p := range i.Platforms {
			if err := CheckDigest(p.Digest); err != nil {
				return fmt.Errorf("image %s for %q: %w", i.Name, p.Name, err)
			}
		}
	}
	return nil
}
