package cli

import (
	"context"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	relverify "github.com/relctl/relctl/cmd/relverify/cli"
	"github.com/relctl/relctl/internal/disk"
	"github.com/relctl/relctl/pkg/carry"
	"github.com/relctl/relctl/pkg/cut"
	"github.com/relctl/relctl/pkg/project"
	"github.com/relctl/relctl/pkg/publish"
	"github.com/relctl/relctl/pkg/release"
)

type mirrorFlags struct {
	to     []string
	images string
	site   string
	accept []string
	keys   []string
	dryRun bool
	json   *bool
}

func newMirror(s IO) *cobra.Command {
	var f mirrorFlags
	cmd := &cobra.Command{
		Use:   "mirror <bundle>",
		Short: "Bring a bundle into a site's own registry, bucket or web root",
		Long: `mirror verifies a bundle by the site's trust, as relverify does and with the same exit codes, and only then brings what is
in it into stores of the site: the files, the bundle, and the trust that travels in it, unless newer trust is there. With
--images the container images of the release go into a registry too, by the digests that release.json names.`,
		Example: `  relctl mirror acme-2.4.7.bundle --to /srv/www/acme
  relctl mirror acme-2.4.7.bundle --to oci://registry.internal/acme/releases --images registry.internal/acme
  relctl mirror acme-2.4.7.bundle --to s3://releases/acme?endpoint=https://s3.internal --dry-run`,
		Args: exactly("bundle"),
		RunE: func(cmd *cobra.Command, args []string) error { return runMirror(cmd.Context(), s, &f, args[0]) },
	}
	f.json = addJSON(cmd)
	cmd.Flags().StringArrayVar(&f.to, "to", nil, "bring it into this `store`, a folder, oci://… or s3://… (repeatable)")
	cmd.Flags().StringVar(&f.images, "images", "", "push the images below this `registry`")
	cmd.Flags().StringVar(&f.site, "site", "", "the site's `folder` (default $RELVERIFY_SITE, or the user's folder for program state)")
	cmd.Flags().StringArrayVar(&f.accept, "accept", nil, "accept what the `check` of this name refuses, as relverify does (repeatable)")
	cmd.Flags().StringArrayVar(&f.keys, "key", nil, "verify by this public key `file` alone, without a site (repeatable)")
	cmd.Flags().BoolVar(&f.dryRun, "dry-run", false, "verify, and say what would be brought where")
	mustRequire(cmd, "to")
	return cmd
}

// carried is what publish and mirror tell as JSON.
type carried struct {
	Schema string `json:"schema"`
	// Release is the digest of release.json.
	Release string          `json:"release"`
	Channel string          `json:"channel"`
	Version release.Version `json:"version"`
	// Stores are where it is visible now, or would be.
	Stores []string `json:"stores"`
	// Images are references with tag and digest.
	Images []string `json:"images,omitempty"`
	DryRun bool     `json:"dry_run,omitempty"`
}

const carriedSchema = "https://relctl.dev/schema/carried/v1"

func runMirror(ctx context.Context, s IO, f *mirrorFlags, path string) error {
	to, err := openStores(f.to)
	if err != nil {
		return err
	}
	return inScratch(func(dir string) error {
		// What is verified is a copy that nobody else can change until it is published.
		own := filepath.Join(dir, "mirror.bundle")
		if err := copyNew(own, path); err != nil {
			return err
		}
		args := []string{own}
		for _, flag := range []struct {
			name   string
			values []string
		}{{"--key", f.keys}, {"--accept", f.accept}} {
			for _, v := range flag.values {
				args = append([]string{flag.name, v}, args...)
			}
		}
		if f.site != "" {
			args = append([]string{"--site", f.site}, args...)
		}
		if f.dryRun && len(f.keys) == 0 {
			args = append([]string{"--dry-run"}, args...)
		}
		if code := relverify.RunAt(ctx, args, s.In, s.Err, s.Err, "relctl mirror", s.now); code != exitDone {
			return &exitError{code: code}
		}
		r, err := openCarried(own, dir)
		if err != nil {
			return err
		}
		out, err := carryTo(ctx, r, to, f.dryRun)
		if err == nil && f.images != "" && !f.dryRun {
			out.Images, err = r.PushImages(ctx, publish.Registry{Root: f.images})
		}
		return printCarried(s, out, *f.json, err)
	})
}

// openCarried lays a bundle out below dir, and gives the file the name that bundles have.
func openCarried(path, dir string) (*carry.Release, error) {
	r, err := carry.Open(path, filepath.Join(dir, "files"))
	if err != nil {
		return nil, err
	}
	r.Bundle = filepath.Join(dir, cut.BundleName(r.Set.Manifest.Product, r.Set.Manifest.Version))
	if r.Bundle == path {
		return r, nil
	}
	return r, disk.Rename(path, r.Bundle)
}

// carryTo publishes a release in stores. What is done stands in the result, also where one of them failed.
func carryTo(ctx context.Context, r *carry.Release, to []project.Store, dryRun bool) (*carried, error) {
	m := r.Set.Manifest
	out := &carried{Schema: carriedSchema, Release: release.Digest(r.Set.Raw), Channel: m.Channel, Version: m.Version, Stores: []string{}, DryRun: dryRun}
	for _, store := range to {
		if !dryRun {
			if err := r.Publish(ctx, store); err != nil {
				if len(out.Stores) > 0 {
					err = &cut.PartlyError{Channel: m.Channel, Version: m.Version, Err: err, Again: "the same command"}
				}
				return out, err
			}
		}
		out.Stores = append(out.Stores, store.String())
	}
	return out, nil
}

// printCarried says what is where now.
func printCarried(s IO, c *carried, asJSON bool, err error) error {
	if err != nil && len(c.Stores) == 0 {
		return err
	}
	if asJSON {
		if jerr := s.json(c); jerr != nil {
			return jerr
		}
		return err
	}
	verb := "is visible"
	if c.DryRun {
		verb = "would be visible; this was a dry run"
	}
	s.print("%s %s %s\n", c.Channel, c.Version, verb)
	printStores(s, c.Stores, c.Channel, c.Version)
	for _, image := range c.Images {
		s.print("  image     %s\n", plain(image))
	}
	return err
}

// inScratch calls f with a folder that is removed after it.
func inScratch(f func(dir string) error) error {
	dir, err := disk.MkdirTemp("", "relctl-carry-")
	if err != nil {
		return err
	}
	defer func() { _ = disk.RemoveAll(dir) }()
	return f(dir)
}

// copyNew copies a file to a name that is free.
func copyNew(dst, src string) error {
	in, err := os.Open(src)
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }()
	out, err := disk.OpenFile(dst, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	if _, err := io.Copy(out, in); err != nil {
		_ = out.Close()
		return err
	}
	return out.Close()
}
