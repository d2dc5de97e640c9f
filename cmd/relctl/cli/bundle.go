package cli

import (
	"fmt"
	"os"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/relctl/relctl/pkg/bundle"
	"github.com/relctl/relctl/pkg/release"
)

func newBundle(s IO) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "bundle",
		Short:   "Look into a bundle, or write one anew",
		Example: "  relctl bundle inspect acme-2.4.7.bundle\n  relctl bundle write 2.4.7",
	}
	cmd.AddCommand(newBundleInspect(s), newBundleWrite(s))
	return cmd
}

func newBundleInspect(s IO) *cobra.Command {
	var asJSON *bool
	cmd := &cobra.Command{
		Use:   "inspect <bundle>",
		Short: "Show what is in a bundle, without trusting any of it",
		Long: `inspect reads the table of contents and release.json of a bundle. It verifies nothing: whether the bundle is genuine
is what relctl verify says.`,
		Example: `  relctl bundle inspect acme-2.4.7.bundle
  relctl bundle inspect acme-2.4.7.bundle --json`,
		Args: exactly("bundle"),
		RunE: func(_ *cobra.Command, args []string) error {
			v, err := inspect(args[0])
			if err != nil {
				return err
			}
			if *asJSON {
				return s.json(v)
			}
			return printInspection(s, v)
		},
	}
	asJSON = addJSON(cmd)
	return cmd
}

// inspection is what a bundle says of itself.
type inspection struct {
	Schema     string            `json:"schema"`
	Digest     string            `json:"digest"`
	Manifest   *release.Manifest `json:"release"`
	Signatures []string          `json:"signatures"`
	Entries    []inspectedEntry  `json:"entries"`
}

type inspectedEntry struct {
	Name string `json:"name"`
	Size int64  `json:"size"`
}

func inspect(path string) (*inspection, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	b, err := bundle.Open(f, info.Size())
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	raw, err := b.ReadFile(release.ManifestName, release.MaxManifestBytes)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	m, err := release.DecodeManifest(raw)
	if err != nil {
		return nil, fmt.Errorf("%s: %s: %w", path, release.ManifestName, err)
	}
	v := &inspection{Schema: "https://relctl.dev/schema/inspection/v1", Digest: release.Digest(raw), Manifest: m, Signatures: []string{}}
	for _, e := range b.Entries() {
		if strings.HasPrefix(e.Name, release.ManifestName+".") {
			v.Signatures = append(v.Signatures, e.Name)
		}
		v.Entries = append(v.Entries, inspectedEntry{e.Name, e.Size})
	}
	return v, nil
}

func printInspection(s IO, v *inspection) error {
	m := v.Manifest
	s.print("%s says of itself (nothing is verified here):\n\n", s.paint("1", fmt.Sprintf("%s %s %s", m.Product, m.Channel, m.Version)))
	row := func(key, format string, args ...any) {
		s.print("  %-10s %s\n", key, plain(fmt.Sprintf(format, args...)))
	}
	row("release", "%s", v.Digest)
	row("sequence", "%d", m.Sequence)
	row("commit", "%s", m.Commit)
	row("plan", "%s", m.Plan)
	if m.Previous != nil {
		row("previous", "%s", m.Previous.Version)
	}
	for _, p := range m.Pins {
		row("built by", "%s %s", p.Name, p.Value)
	}
	for _, name := range v.Signatures {
		row("signature", "%s", name)
	}
	s.print("\n")
	w := tabwriter.NewWriter(s.Out, 0, 0, 2, ' ', tabwriter.AlignRight)
	for _, f := range m.Files {
		_, _ = fmt.Fprintf(w, "  %d\t  %.12s…  \t%s\n", f.Size, f.SHA256, plain(f.Path))
	}
	return w.Flush()
}
