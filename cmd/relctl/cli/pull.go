package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/relctl/relctl/internal/disk"
	"github.com/relctl/relctl/pkg/cut"
	"github.com/relctl/relctl/pkg/project"
	"github.com/relctl/relctl/pkg/release"
	"github.com/relctl/relctl/pkg/rollout"
	"github.com/relctl/relctl/pkg/verify"
)

// pulled is what pull tells as JSON.
type pulled struct {
	Schema  string          `json:"schema"`
	Channel string          `json:"channel"`
	Version release.Version `json:"version"`
	// Bundle is the path of the file.
	Bundle string `json:"bundle"`
	// Trust is nil if the store has none.
	Trust *pulledTrust `json:"trust,omitempty"`
}

// pulledTrust is the trust update beside a bundle.
type pulledTrust struct {
	// File is its path, Size its bytes.
	File string `json:"file"`
	Size int    `json:"size"`
	// Channels are those of which it has news, as of AsOf.
	Channels []string  `json:"channels"`
	AsOf     time.Time `json:"as_of"`
}

const pulledSchema = "https://relctl.dev/schema/pulled/v1"

func newPull(s IO) *cobra.Command {
	var from, name, dir string
	var asJSON *bool
	cmd := &cobra.Command{
		Use:   "pull <version or channel>",
		Short: "Fetch the bundle of a release from a store, to carry it to a site",
		Long: `pull fetches the bundle of a visible release from a store, and today's trust as a file beside it, without a repository at
hand. By the name of a channel it is the newest release that may be installed, by the store's trust. pull checks that the
bundle came whole and nothing more: the site verifies both files, with relverify.`,
		Example: `  relctl pull lts-2.4 --from oci://registry.example.com/acme/releases -o /media/usb
  relctl pull 2.4.7 --channel lts-2.4 --from s3://releases/acme?endpoint=https://s3.example.com`,
		Args: exactly("version or channel"),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx := cmd.Context()
			stores, err := openStores([]string{from})
			if err != nil {
				return err
			}
			store := stores[0]
			channel, v, err := pullWhat(ctx, store, args[0], name)
			if err != nil {
				return err
			}
			out, err := pull(ctx, store, channel, v, dir)
			if err != nil {
				return err
			}
			if *asJSON {
				return s.json(out)
			}
			sayPulled(s, store, out)
			return nil
		},
	}
	asJSON = addJSON(cmd)
	cmd.Flags().StringVar(&from, "from", "", "fetch it from this `store`, a folder, oci://… or s3://…")
	cmd.Flags().StringVar(&name, "channel", "", "the `channel` of the version")
	cmd.Flags().StringVarP(&dir, "out", "o", ".", "write the files into this `folder`")
	mustRequire(cmd, "from")
	return cmd
}

// pullWhat reads the argument: a version of the channel that --channel names, or a channel, which stands for its newest
// release.
func pullWhat(ctx context.Context, store project.Store, arg, channel string) (string, release.Version, error) {
	if release.CheckName(arg) != nil || isVersion(arg) {
		v, err := versionArg(arg)
		if err == nil && channel == "" {
			err = usagef("name the channel of the version with --channel, or the channel alone for its newest release", "a version needs --channel")
		}
		return channel, v, err
	}
	if channel != "" {
		return "", release.Version{}, usagef("relctl pull "+plain(arg)+" fetches the newest release of it", "a channel is named twice, %s and %s", plain(arg), plain(channel))
	}
	v, err := newestIn(ctx, store, arg)
	return arg, v, err
}

func isVersion(text string) bool {
	_, err := release.ParseVersion(text)
	return err == nil
}

// pull writes the two files; the bundle comes last, so that where it is the other one is too.
func pull(ctx context.Context, store project.Store, channel string, v release.Version, dir string) (*pulled, error) {
	raw, err := store.Released(ctx, channel, v)
	if err != nil {
		return nil, err
	}
	if raw == nil {
		return nil, &rollout.NotInStoreError{Channel: channel, Version: v}
	}
	m, err := release.DecodeManifest(raw)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", store.Location(channel, v), err)
	}
	file := cut.BundleName(m.Product, v)
	out := &pulled{Schema: pulledSchema, Channel: channel, Version: v, Bundle: filepath.Join(dir, file)}
	if _, err := os.Lstat(out.Bundle); err == nil {
		return nil, usagef("give another folder with -o, or remove it", "%s exists already", out.Bundle)
	}
	in, err := store.OpenReleased(ctx, channel, v, file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s has no bundle: only lines for customers have", store.Location(channel, v))
	}
	if err != nil {
		return nil, err
	}
	tmp, err := fetchNew(dir, in)
	if err := errors.Join(err, in.Close()); err != nil {
		return nil, err
	}
	defer func() { _ = disk.Remove(tmp) }() // gone after the rename
	if out.Trust, err = pullTrust(ctx, store, tmp, out.Bundle); err != nil {
		return nil, err
	}
	return out, disk.Rename(tmp, out.Bundle)
}

// fetchNew writes what in gives to a new file in a folder, and returns its path.
func fetchNew(dir string, in io.Reader) (path string, err error) {
	out, err := disk.CreateTemp(dir, ".pull-")
	if err != nil {
		return "", err
	}
	_, err = io.Copy(out, in)
	if err := errors.Join(err, out.Chmod(0o644), out.Sync(), out.Close()); err != nil {
		_ = disk.Remove(out.Name())
		return "", err
	}
	return out.Name(), nil
}

func sayPulled(s IO, store project.Store, out *pulled) {
	s.print("bundle    %s\n", out.Bundle)
	t := out.Trust
	if t == nil {
		s.say("%s has no trust to carry along", store)
		s.say("nothing is verified yet: relverify %s", out.Bundle)
		return
	}
	s.print("trust     %s, %d bytes: how %s stands on %s\n", t.File, t.Size, strings.Join(t.Channels, ", "), verify.Day(t.AsOf))
	s.say("nothing is verified yet: relverify update-trust %s, and then relverify %s", t.File, out.Bundle)
}
