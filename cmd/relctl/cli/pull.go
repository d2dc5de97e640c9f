package cli

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/relctl/relctl/pkg/cut"
	"github.com/relctl/relctl/pkg/release"
)

func newPull(s IO) *cobra.Command {
	var from, name, dir string
	cmd := &cobra.Command{
		Use:   "pull <version>",
		Short: "Fetch the bundle of a release from a store, to carry it to a site",
		Long: `pull fetches the bundle of a visible release from a store, without a repository at hand. It checks that it came whole and
nothing more: the site verifies it, with relverify.`,
		Example: `  relctl pull 2.4.7 --channel lts-2.4 --from oci://registry.example.com/acme/releases -o /media/usb
  relctl pull 2.4.7 --channel lts-2.4 --from s3://releases/acme?endpoint=https://s3.example.com`,
		Args: exactly("version"),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx := cmd.Context()
			v, err := versionArg(args[0])
			if err != nil {
				return err
			}
			stores, err := openStores([]string{from})
			if err != nil {
				return err
			}
			store := stores[0]
			raw, err := store.Released(ctx, name, v)
			if err != nil {
				return err
			}
			if raw == nil {
				return &cut.NotInStoreError{Channel: name, Version: v}
			}
			m, err := release.DecodeManifest(raw)
			if err != nil {
				return fmt.Errorf("%s: %w", store.Location(name, v), err)
			}
			file := cut.BundleName(m.Product, v)
			in, err := store.OpenReleased(ctx, name, v, file)
			if errors.Is(err, fs.ErrNotExist) {
				return fmt.Errorf("%s has no bundle: only lines for customers have", store.Location(name, v))
			}
			if err != nil {
				return err
			}
			path := filepath.Join(dir, file)
			if err := errors.Join(fetchNew(path, in), in.Close()); err != nil {
				return err
			}
			s.print("bundle    %s\n", path)
			s.say("nothing is verified yet: relverify %s", path)
			return nil
		},
	}
	cmd.Flags().StringVar(&from, "from", "", "fetch it from this `store`, a folder, oci://… or s3://…")
	cmd.Flags().StringVar(&name, "channel", "", "the `channel` of the release")
	cmd.Flags().StringVarP(&dir, "out", "o", ".", "write it into this `folder`")
	mustRequire(cmd, "from")
	mustRequire(cmd, "channel")
	return cmd
}

// fetchNew writes what in gives to a file that is not there yet, whole or not at all.
func fetchNew(path string, in io.Reader) (err error) {
	if _, err := os.Lstat(path); err == nil {
		return usagef("give another folder with -o, or remove it", "%s exists already", path)
	}
	out, err := os.CreateTemp(filepath.Dir(path), ".pull-")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(out.Name()) }()
	_, err = io.Copy(out, in)
	if err := errors.Join(err, out.Chmod(0o644), out.Sync(), out.Close()); err != nil {
		return err
	}
	return os.Rename(out.Name(), path)
}
