package release

import (
	"fmt"
	"slices"
	"strings"
)

// The names of trust metadata, of which a customer's verifier and its maker must have one idea. The files are TUF's
// (consistent snapshots): "3.root.json", "timestamp.json", "41.snapshot.json", "7.targets.json", and for every LTS
// channel "40.<channel>.json" and "41.<channel>-status.json". They lie under trust/, in stores and bundles alike.
const (
	TrustDir = "trust/"
	// StandingDir holds the standings: beside trust/ in a store, in trust/ in a bundle.
	StandingDir = "channels/"

	RoleRoot      = "root"
	RoleTargets   = "targets"
	RoleSnapshot  = "snapshot"
	RoleTimestamp = "timestamp"
	statusSuffix  = "-status"

	// MaxRoots is how many roots a walk may pass.
	MaxRoots = 1024
	// MaxMetadataBytes is the most that one metadata file may have.
	MaxMetadataBytes = 4 << 20
)

// ReleaseRole is the role whose targets are a channel's release.json files.
func ReleaseRole(channel string) string { return channel }

// StatusRole is the role whose target is a channel's standing.
func StatusRole(channel string) string { return channel + statusSuffix }

// ReleaseTarget is the target's path of a release's release.json.
func ReleaseTarget(channel string, v Version) string {
	return fmt.Sprintf("releases/%s/%s/%s", channel, v, ManifestName)
}

// StandingTarget is the target's path of a channel's standing.
func StandingTarget(channel string) string { return StandingDir + channel + ".json" }

// CheckTrusted reports whether a channel's name leaves its trust roles distinct from all others.
func CheckTrusted(channel string) error {
	if slices.Contains([]string{RoleRoot, RoleTargets, RoleSnapshot, RoleTimestamp}, channel) {
		return fmt.Errorf("%q is the name of a role of trust; choose another", channel)
	}
	if strings.HasSuffix(channel, statusSuffix) {
		return fmt.Errorf("%q ends with %q, as the role of another channel's standing does; choose another name", channel, statusSuffix)
	}
	return nil
}
