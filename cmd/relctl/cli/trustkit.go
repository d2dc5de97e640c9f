package cli

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/relctl/relctl/pkg/bundle"
	"github.com/relctl/relctl/pkg/project"
	"github.com/relctl/relctl/pkg/release"
	"github.com/relctl/relctl/pkg/trust"
)

// kitPlatforms are those that relverify is built for.
var kitPlatforms = []string{"darwin/amd64", "darwin/arm64", "linux/amd64", "linux/arm64", "windows/amd64", "windows/arm64"}

func newTrustKit(s IO) *cobra.Command {
	var out, programs, source string
	var platforms []string
	var remote *string
	cmd := &cobra.Command{
		Use:   "kit",
		Short: "Make the folder that a customer gets before the first bundle, by another way",
		Long: `kit makes what a site begins with: relverify for each platform, root.json, its fingerprint on a sheet to be printed or read
out on the phone, the public keys that sign releases, and the commands for POSIX shells and PowerShell. It must reach the customer by another way than the
bundles do: whoever can forge a bundle could forge this too.

relverify comes from --programs, a folder with the files of relctl's own release in folders or under names that end in
_<os>_<arch>, or is built with the go program from relctl's source in --source.`,
		Example: `  relctl trust kit --source ../relctl --out kit
  relctl trust kit --programs relctl-0.9.0/artifacts --out kit`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if (programs == "") == (source == "") {
				return usagef("see "+cmd.CommandPath()+" --help", "give either --programs or --source: where relverify comes from")
			}
			ctx := cmd.Context()
			p, err := look(ctx, cmd, *remote)
			if err != nil {
				return err
			}
			repo, err := p.TrustRepository(ctx)
			if err != nil {
				return err
			}
			root, ok := repo.File(release.RoleRoot)
			if !ok {
				return usagef("relctl trust init --help shows how to begin", "there is no root of trust to put into a kit")
			}
			files, err := kitFiles(p, root)
			if err != nil {
				return err
			}
			if err := errors.Join(os.Mkdir(out, 0o755), os.Mkdir(filepath.Join(out, "keys"), 0o755)); err != nil {
				return err
			}
			for _, platform := range platforms {
				name, err := addRelverify(ctx, out, platform, programs, source)
				if err != nil {
					return err
				}
				s.print("program   %s\n", filepath.Join(out, name))
			}
			for _, f := range files {
				if err := writeNew(filepath.Join(out, filepath.FromSlash(f.Name)), f.Data, 0o644); err != nil {
					return err
				}
				s.print("kit       %s\n", filepath.Join(out, filepath.FromSlash(f.Name)))
			}
			s.print("root %d   %s\n", root.Version, release.Fingerprint(root.Data))
			return nil
		},
	}
	remote = addRemote(cmd)
	cmd.Flags().StringVar(&out, "out", "kit", "make this `folder`")
	cmd.Flags().StringVar(&programs, "programs", "", "take relverify from this `folder`")
	cmd.Flags().StringVar(&source, "source", "", "build relverify from relctl's source in this `folder`")
	cmd.Flags().StringSliceVar(&platforms, "platform", kitPlatforms, "only these `platforms`")
	return cmd
}

// addRelverify puts the verifier for one platform into the kit and returns its name there.
func addRelverify(ctx context.Context, out, platform, programs, source string) (string, error) {
	system, arch, ok := strings.Cut(platform, "/")
	if !ok {
		return "", usagef("write it as linux/amd64", "%q is no platform", platform)
	}
	name := fmt.Sprintf("relverify_%s_%s", system, arch)
	ext := ""
	if system == "windows" {
		ext = ".exe"
	}
	target := filepath.Join(out, name+ext)
	if source != "" {
		abs, err := filepath.Abs(target)
		if err != nil {
			return "", err
		}
		build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-o", abs, "./cmd/relverify")
		build.Dir = source
		build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS="+system, "GOARCH="+arch)
		if text, err := build.CombinedOutput(); err != nil {
			return "", fmt.Errorf("build relverify for %s: %w\n%s", platform, err, text)
		}
		return name + ext, nil
	}
	for _, pattern := range []string{name + ext, fmt.Sprintf("relverify_%s_%s*/relverify%s", system, arch, ext)} {
		found, err := filepath.Glob(filepath.Join(programs, pattern))
		if err != nil {
			return "", err
		}
		if len(found) == 0 {
			continue
		}
		data, err := os.ReadFile(found[0])
		if err != nil {
			return "", err
		}
		return name + ext, writeNew(target, data, 0o755)
	}
	return "", usagef("name the platforms that it has with --platform", "%s has no relverify for %s", programs, platform)
}

func fingerprintSheet(product string, version uint64, root []byte) string {
	groups := strings.Fields(release.Fingerprint(root))
	var lines []string
	for i := 0; i < len(groups); i += 4 {
		lines = append(lines, "    "+strings.Join(groups[i:i+4], "  "))
	}
	return fmt.Sprintf(`Fingerprint of the root of trust of %s

Root %d, file root.json, sha256 in groups of four:

%s

Compare it with somebody at the vendor whom you know, by telephone or in a letter,
before you use root.json for the first time. One wrong group: do not go on.
`, product, version, strings.Join(lines, "\n"))
}

// kitFS are the texts of the kit; {{product}} and {{recipe}} stand for what they say.
//
//go:embed kit
var kitFS embed.FS

// kitText returns one of them.
func kitText(name, product string) (string, error) {
	data, err := kitFS.ReadFile("kit/" + name)
	if err != nil {
		return "", err
	}
	recipe := bundle.Recipe(`"$bundle"`, `"$key"`, `$(basename "$bundle")`)
	return strings.NewReplacer("{{product}}", product, "{{recipe}}", recipe).Replace(string(data)), nil
}

// kitFiles are the files of the kit beside relverify.
func kitFiles(p *project.Project, root trust.File) ([]trust.Named, error) {
	product := p.Policy.Product.Name
	out := []trust.Named{{Name: "root.json", Data: root.Data}, {Name: "FINGERPRINT.txt", Data: []byte(fingerprintSheet(product, root.Version, root.Data))}}
	for _, name := range []string{"README.txt", "check.sh", "check.ps1", "by-hand.sh", "by-hand.ps1"} {
		text, err := kitText(name, product)
		if err != nil {
			return nil, err
		}
		out = append(out, trust.Named{Name: name, Data: []byte(text)})
	}
	for _, name := range p.Policy.Product.Signing.Keys {
		data, err := fs.ReadFile(p.Policy.FS, name)
		if err != nil {
			return nil, fmt.Errorf("the public key %s, by which releases are signed: %w", name, err)
		}
		out = append(out, trust.Named{Name: "keys/" + path.Base(name), Data: data})
	}
	return out, nil
}
