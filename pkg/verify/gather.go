package verify

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/theupdateframework/go-tuf/v2/metadata"
	"github.com/theupdateframework/go-tuf/v2/metadata/trustedmetadata"

	"github.com/relctl/relctl/pkg/bundle"
	"github.com/relctl/relctl/pkg/release"
)

// Want is a file of a store that a walk over trust metadata asks for.
type Want struct {
	// Name is its path in a store, such as "trust/timestamp.json".
	Name string
	// Most is how many bytes are read of it.
	Most int64
	// SHA256 of its bytes in hex, as metadata says that nobody has judged yet; "" if nothing says it.
	SHA256 string
}

// Wanted says what of a vendor's trust is gathered, beside roots, timestamp, snapshot and targets.
type Wanted struct {
	// Standings are the channels of which the news are wanted.
	Standings []string
	// Releases is the channel whose list of releases is wanted too, "" for none.
	Releases string
}

// Gather fetches what a trust update holds from wherever get reads, the way that TUF's client goes: the roots after the
// newest known one, timestamp, snapshot, targets and the roles of channels. What known has is not asked for again. get
// returns nil for a file that is not there. At most [bundle.MaxTrustBytes] are read in all.
//
// Nothing is verified: [Site.Take] judges what was gathered. A channel of which the vendor has said nothing is left out.
func Gather(known *State, wanted Wanted, get func(Want) ([]byte, error)) (Files, error) {
	g := &gatherer{known: known, get: get, files: Files{}}
	if err := g.roots(); err != nil {
		return nil, err
	}
	snapshot, err := g.head()
	if err != nil {
		return nil, err
	}
	if _, err := g.role(snapshot, release.RoleTargets, known.Targets); err != nil {
		return nil, err
	}
	if wanted.Releases != "" {
		if _, err := g.role(snapshot, release.ReleaseRole(wanted.Releases), ""); err != nil {
			return nil, err
		}
	}
	for _, channel := range wanted.Standings {
		if err := g.standing(snapshot, channel); err != nil {
			return nil, err
		}
	}
	return g.files, nil
}

type gatherer struct {
	known *State
	get   func(Want) ([]byte, error)
	files Files
	bytes int
}

// fetch asks for a file below trust/, or of a standing, and keeps it; nil if there is none.
func (g *gatherer) fetch(name string, most int64, sha256 string) ([]byte, error) {
	at := name
	if !strings.HasPrefix(name, release.StandingDir) {
		at = release.TrustDir + name
	}
	data, err := g.get(Want{Name: at, Most: most, SHA256: sha256})
	if err != nil || data == nil {
		return nil, err
	}
	if g.bytes += len(data); int64(len(data)) > most || g.bytes > bundle.MaxTrustBytes {
		return nil, distrust(CodeTrustForm, askAgain, "%s is larger than it may be: %d bytes, %d with all before it", name, len(data), g.bytes)
	}
	g.files[name] = data
	return data, nil
}

func (g *gatherer) roots() error {
	next := int64(1)
	if n := len(g.known.Roots); n > 0 {
		next = g.known.Roots[n-1].Version + 1
	}
	for range release.MaxRoots {
		data, err := g.fetch(versioned(next, release.RoleRoot), maxRootBytes, "")
		if err != nil || data == nil {
			return err
		}
		next++
	}
	return nil
}

// head fetches the timestamp and the snapshot that it names.
func (g *gatherer) head() (*metadata.Metadata[metadata.SnapshotType], error) {
	const name = release.RoleTimestamp + ".json"
	data, err := g.fetch(name, maxTimestampBytes, "")
	if err != nil {
		return nil, err
	}
	if data == nil {
		return nil, distrust(CodeTrustMissing, "look at the address: below it there must be "+release.TrustDir+name, "there is no %s", name)
	}
	if err := checkMetadata(release.RoleTimestamp, data); err != nil {
		return nil, distrust(CodeTrustForm, askAgain, "%s: %v", name, err)
	}
	ts, err := metadata.Timestamp().FromBytes(data)
	if err != nil {
		return nil, err
	}
	data, err = g.named(ts.Signed.Meta["snapshot.json"], release.RoleSnapshot, g.known.Snapshot)
	if err != nil {
		return nil, err
	}
	return metadata.Snapshot().FromBytes(data)
}

// named fetches the metadata of a role that other metadata names, unless the known one is it.
func (g *gatherer) named(meta *metadata.MetaFiles, role, known string) ([]byte, error) {
	if data := pick(meta, []byte(known)); data != nil {
		return data, nil
	}
	name := versioned(meta.Version, role)
	data, err := g.fetch(name, min(meta.Length, release.MaxMetadataBytes), meta.Hashes["sha256"].String())
	if err != nil {
		return nil, err
	}
	if data == nil {
		return nil, distrust(CodeTrustMissing, askTrust, "there is no %s", name)
	}
	if err := meta.VerifyLengthHashes(data); err != nil {
		return nil, distrust(CodeTrustDigest, callVendor, "%s is not what the metadata above it names: %v", name, err)
	}
	if err := checkMetadata(role, data); err != nil {
		return nil, distrust(CodeTrustForm, askAgain, "%s: %v", name, err)
	}
	return data, nil
}

// role fetches a role's targets, nil if the snapshot does not name it.
func (g *gatherer) role(snapshot *metadata.Metadata[metadata.SnapshotType], role, known string) (*metadata.Metadata[metadata.TargetsType], error) {
	meta := named(snapshot, role)
	if meta == nil {
		return nil, nil //nolint:nilnil // not being published is an answer
	}
	data, err := g.named(meta, role, known)
	if err != nil {
		return nil, err
	}
	return metadata.Targets().FromBytes(data)
}

func (g *gatherer) standing(snapshot *metadata.Metadata[metadata.SnapshotType], channel string) error {
	var known ChannelState
	if c := g.known.channel(channel); c != nil {
		known = *c
	}
	m, err := g.role(snapshot, release.StatusRole(channel), known.Status)
	if err != nil || m == nil {
		return err
	}
	path := release.StandingTarget(channel)
	target := m.Signed.Targets[path]
	if target == nil || len(known.Standing) > 0 && target.VerifyLengthHashes([]byte(known.Standing)) == nil {
		return nil // what is missing is found when it is judged
	}
	_, err = g.fetch(path, min(target.Length, release.MaxStandingBytes), target.Hashes["sha256"].String())
	return err
}

// Issued returns when the timestamp among the files was made, in UTC. Nothing is verified.
func (f Files) Issued() (time.Time, error) {
	m, err := metadata.Timestamp().FromBytes(f[release.RoleTimestamp+".json"])
	if err != nil {
		return time.Time{}, err
	}
	return issued(m)
}

// Listed returns the releases that a gathered list of a channel names, in no order. Nothing is verified.
func (f Files) Listed(channel string) ([]release.Version, error) {
	var out []release.Version
	role := release.ReleaseRole(channel)
	for _, n := range f.versions(role) {
		m, err := metadata.Targets().FromBytes(f[versioned(n, role)])
		if err != nil {
			return nil, err
		}
		for path := range m.Signed.Targets {
			text := strings.TrimSuffix(strings.TrimPrefix(path, "releases/"+channel+"/"), "/"+release.ManifestName)
			v, err := release.ParseVersion(text)
			if err != nil || path != release.ReleaseTarget(channel, v) {
				return nil, fmt.Errorf("the list of %s names %.200q, which is no release of it", channel, path)
			}
			out = append(out, v)
		}
	}
	return out, nil
}

// Take takes gathered files in, as [Site.Update] takes a trust update in.
func (s *Site) Take(files Files, o Options) ([]string, error) {
	before := s.State
	w, err := walk(s.Config.Product, s.State, files)
	if err := errors.Join(err, s.learned(w, o)); err != nil {
		return nil, err
	}
	return difference(before, s.State), nil
}

// Offer returns the name under which a root that a program carries is offered to [Site.Take], beside what was gathered.
// The error is a [*Refusal] if the site has passed another root of that number.
func (s *Site) Offer(root []byte) (string, error) {
	if err := checkMetadata(release.RoleRoot, root); err != nil {
		return "", &PolicyError{Text: "the root is no root metadata: " + err.Error(), Remedy: "give root.json from the vendor's trust kit"}
	}
	tm, err := trustedmetadata.New(root)
	if err != nil {
		return "", &PolicyError{Text: "the root does not vouch for itself: " + err.Error(), Remedy: "get root.json from the vendor again"}
	}
	version := tm.Root.Signed.Version
	for _, seen := range s.State.Roots {
		if seen.Version == version && seen.Statement != statementDigest(root) {
			return "", distrust(CodeRootOther, "keep the state of each vendor in a folder of its own", "root %d is another one than the one that %s trusts", version, s.Dir)
		}
	}
	return versioned(version, release.RoleRoot), nil
}
