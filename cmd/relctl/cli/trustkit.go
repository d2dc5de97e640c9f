package cli

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/relctl/relctl/pkg/release"
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
out on the phone, and the commands for POSIX shells and PowerShell. It must reach the customer by another way than the
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
			if err := os.Mkdir(out, 0o755); err != nil {
				return err
			}
			for _, platform := range platforms {
				name, err := addRelverify(ctx, out, platform, programs, source)
				if err != nil {
					return err
				}
				s.print("program   %s\n", filepath.Join(out, name))
			}
			product := p.Policy.Product.Name
			for _, f := range []struct{ name, text string }{
				{"root.json", string(root.Data)},
				{"FINGERPRINT.txt", fingerprintSheet(product, root.Version, root.Data)},
				{"README.txt", kitReadme(product)},
				{"check.sh", kitShell(product)},
				{"check.ps1", kitPowerShell(product)},
			} {
				if err := writeNew(filepath.Join(out, f.name), []byte(f.text), 0o644); err != nil {
					return err
				}
				s.print("kit       %s\n", filepath.Join(out, f.name))
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

func kitReadme(product string) string {
	return fmt.Sprintf(`Trust kit of %s

This folder must have come to you by another way than the bundles do.

  FINGERPRINT.txt   compare it on the telephone first
  root.json         the root of trust
  relverify_...     the verifier, one program for each platform; it needs no network
  check.sh          for POSIX shells:  sh check.sh <channel> <bundle>
  check.ps1         for PowerShell:    ./check.ps1 <channel> <bundle>

The first run pins root, product and channel of this site; every later run checks
against them and remembers the newest that it saw. Exit code 0: genuine. 4: refused.
7: genuine, but stale, withdrawn or end-of-life.
`, product)
}

func kitShell(product string) string {
	return fmt.Sprintf(`#!/bin/sh
# check.sh <channel> <bundle>: the fingerprint comes from FINGERPRINT.txt, compared by telephone.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
arch=$(uname -m)
case $arch in x86_64) arch=amd64 ;; aarch64) arch=arm64 ;; esac
relverify=$here/relverify_$(uname -s | tr '[:upper:]' '[:lower:]')_$arch
chmod +x "$relverify"
if ! test -e site.json; then
	printf 'fingerprint, as you compared it: '
	read -r fingerprint
	"$relverify" init --root "$here/root.json" --product %s --channel "$1" --fingerprint "$fingerprint"
fi
exec "$relverify" "$2"
`, product)
}

func kitPowerShell(product string) string {
	return fmt.Sprintf(`# check.ps1 <channel> <bundle>: the fingerprint comes from FINGERPRINT.txt, compared by telephone.
param([Parameter(Mandatory)] [string] $Channel, [Parameter(Mandatory)] [string] $Bundle)
$ErrorActionPreference = 'Stop'
$arch = if ($env:PROCESSOR_ARCHITECTURE -eq 'ARM64') { 'arm64' } else { 'amd64' }
$relverify = Join-Path $PSScriptRoot "relverify_windows_$arch.exe"
if (-not (Test-Path site.json)) {
  $fingerprint = Read-Host 'fingerprint, as you compared it'
  & $relverify init --root (Join-Path $PSScriptRoot 'root.json') --product %s --channel $Channel --fingerprint $fingerprint
  if ($LASTEXITCODE -ne 0) { exit $LASTEXITCODE }
}
& $relverify $Bundle
exit $LASTEXITCODE
`, product)
}
