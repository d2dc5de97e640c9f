package trust

import (
	"fmt"
	"slices"
	"strings"

	"github.com/relctl/relctl/pkg/release"
)

// Published are the files that a client needs, by their names in a store: metadata under trust/, standings under
// channels/. The timestamp comes last, since it makes all others current. Only what clients accept is published, see
// [Repository.Problems].
func (r *Repository) Published() []Named {
	out := r.named(r.roots)
	for _, role := range r.Roles() {
		channel, status := ChannelOf(role)
		if status && r.standings[channel] != nil {
			out = append(out, Named{release.StandingTarget(channel), r.standings[channel]})
		}
		if role != release.RoleRoot {
			out = append(out, Named{r.files[role].Name(), r.files[role].Data})
		}
	}
	return out
}

// Named is a file by its name.
type Named struct {
	Name string
	Data []byte
}

func (r *Repository) named(files []File) []Named {
	var out []Named
	for _, f := range files {
		out = append(out, Named{f.Name(), f.Data})
	}
	return out
}

// Carry says which part of a repository goes along with a bundle, or into a trust update.
type Carry struct {
	// Standings are the channels whose standings go along.
	Standings []string
	// Releases is the channel whose list of releases goes along, "" for none.
	Releases string
	// SinceRoot leaves out the roots up to this version.
	SinceRoot uint64
}

// Files are the files under trust/ that travel: roots, timestamp, snapshot, targets, and what c asks for.
func (r *Repository) Files(c Carry) ([]Named, error) {
	if problems := r.Problems(); problems != nil {
		return nil, fmt.Errorf("no client would accept today's trust: %w", problems[0])
	}
	if newest := r.newest(release.RoleRoot); c.SinceRoot > newest {
		return nil, fmt.Errorf("root %d is the newest, not %d", newest, c.SinceRoot)
	}
	var out []Named
	for _, f := range r.roots {
		if f.Version > c.SinceRoot {
			out = append(out, Named{f.Name(), f.Data})
		}
	}
	roles := []string{release.RoleTargets, release.RoleSnapshot, release.RoleTimestamp}
	if c.Releases != "" {
		roles = append(roles, release.ReleaseRole(c.Releases))
	}
	for _, channel := range c.Standings {
		roles = append(roles, release.StatusRole(channel))
		out = append(out, Named{release.TrustDir + release.StandingTarget(channel), r.standings[channel]})
	}
	for _, role := range roles {
		f, ok := r.files[role]
		if !ok {
			return nil, fmt.Errorf("%s has no metadata yet", role)
		}
		out = append(out, Named{f.Name(), f.Data})
	}
	slices.SortFunc(out, func(a, b Named) int { return strings.Compare(a.Name, b.Name) })
	return out, nil
}
