package verify

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/theupdateframework/go-tuf/v2/metadata"

	"github.com/relctl/relctl/pkg/release"
)

// targets loads the metadata that delegates to channels.
func (w *walker) targets() error {
	meta := named(w.tm.Snapshot, release.RoleTargets)
	if meta == nil {
		return distrust(CodeTrustMissing, askTrust, "snapshot.json does not name targets.json")
	}
	name := versioned(meta.Version, release.RoleTargets)
	data := pick(meta, w.files[name], []byte(w.state.Targets))
	if data == nil {
		return w.absent(name)
	}
	if err := checkMetadata(release.RoleTargets, data); err != nil {
		return distrust(CodeTrustForm, askAgain, "%s: %v", name, err)
	}
	if _, err := w.tm.UpdateTargets(data); err != nil {
		return w.misfit(name, err)
	}
	w.state.Targets = string(data)
	return nil
}

// absent refuses the lack of a file, or one that is there and another.
func (w *walker) absent(name string) error {
	if _, ok := w.files[name]; ok {
		return distrust(CodeTrustDigest, callVendor, "%s is not what snapshot.json names", name)
	}
	return distrust(CodeTrustMissing, askTrust, "there is no %s, which snapshot.json names", name)
}

// channels are those to which targets delegates a standing, sorted.
func (w *walker) channels() []string {
	var found []string
	if d := w.delegations(); d != nil {
		for _, r := range d.Roles {
			if channel, ok := strings.CutSuffix(r.Name, release.StatusRole("")); ok && release.CheckName(channel) == nil {
				found = append(found, channel)
			}
		}
	}
	slices.Sort(found)
	return slices.Compact(found)
}

func (w *walker) delegations() *metadata.Delegations {
	return w.tm.Targets[release.RoleTargets].Signed.Delegations
}

// speaks makes sure that role, and no other, may speak of a path.
func (w *walker) speaks(role, path string) error {
	if _, ok := w.tm.Targets[release.RoleTargets].Signed.Targets[path]; ok {
		return distrust(CodeDelegation, callVendor, "targets.json speaks of %s itself", path)
	}
	found := 0
	if d := w.delegations(); d != nil {
		for i := range d.Roles {
			ok, err := d.Roles[i].IsDelegatedPath(path)
			if err != nil || ok && d.Roles[i].Name != role {
				return distrust(CodeDelegation, callVendor, "role %.100q may speak of %s, beside %s", d.Roles[i].Name, path, role)
			}
			if ok {
				found++
			}
		}
	}
	if found != 1 {
		return distrust(CodeDelegation, callVendor, "role %s may not speak of %s", role, path)
	}
	return nil
}

// standing learns a channel's, if it is at hand.
func (w *walker) standing(channel string, asOf time.Time) error {
	role := release.StatusRole(channel)
	meta := named(w.tm.Snapshot, role)
	if meta == nil {
		return nil // announced, and without a statement yet
	}
	var known ChannelState
	if c := w.state.channel(channel); c != nil {
		known = *c
	}
	name := versioned(meta.Version, role)
	data := pick(meta, w.files[name], []byte(known.Status))
	switch {
	case data == nil && w.files[name] != nil:
		return w.absent(name)
	case data == nil:
		return w.olderStanding(channel, known)
	}
	if err := checkMetadata(role, data); err != nil {
		return distrust(CodeTrustForm, askAgain, "%s: %v", name, err)
	}
	m, err := w.tm.UpdateDelegatedTargets(data, role, release.RoleTargets)
	if err != nil {
		return w.misfit(name, err)
	}
	if err := w.accept(channel, m, data, []byte(known.Standing), asOf); err != nil {
		return err
	}
	w.current[channel] = true
	return nil
}

// olderStanding learns the one of the offered older chain if nothing at all is known of a channel.
func (w *walker) olderStanding(channel string, known ChannelState) error {
	role := release.StatusRole(channel)
	m, data, err := w.olderRole(role)
	if err != nil || m == nil || known.Channel != "" {
		return err
	}
	// How long nothing was newer is not known: the statement's own time counts, which accept takes.
	return w.accept(channel, m, data, nil, time.Time{})
}

// olderRole returns a role's metadata from the offered older chain, nil if there is none; by today's keys.
func (w *walker) olderRole(role string) (*metadata.Metadata[metadata.TargetsType], []byte, error) {
	meta, newest := named(w.older, role), named(w.tm.Snapshot, role)
	if meta == nil || newest == nil || meta.Version > newest.Version {
		return nil, nil, nil
	}
	name := versioned(meta.Version, role)
	data := pick(meta, w.files[name])
	if data == nil {
		return nil, nil, nil
	}
	if err := checkMetadata(role, data); err != nil {
		return nil, nil, distrust(CodeTrustForm, askAgain, "%s: %v", name, err)
	}
	m, err := metadata.Targets().FromBytes(data)
	if err != nil {
		return nil, nil, distrust(CodeTrustForm, askAgain, "%s: %v", name, err)
	}
	if err := w.tm.Targets[release.RoleTargets].VerifyDelegate(role, m); err != nil {
		return nil, nil, distrust(CodeKeyRotated, askTrust, "%s was signed by keys that do not count any more: %v", name, err)
	}
	if m.Signed.Version != meta.Version {
		return nil, nil, distrust(CodeTrustDigest, callVendor, "%s has version %d", name, m.Signed.Version)
	}
	return m, data, nil
}

// accept judges the standing that a status role vouches for, and learns it.
func (w *walker) accept(channel string, m *metadata.Metadata[metadata.TargetsType], status, known []byte, asOf time.Time) error {
	path := release.StandingTarget(channel)
	if err := w.speaks(release.StatusRole(channel), path); err != nil {
		return err
	}
	target := m.Signed.Targets[path]
	if target == nil {
		return distrust(CodeTrustMissing, askTrust, "the metadata of %s does not name %s", release.StatusRole(channel), path)
	}
	raw := w.files[path]
	if raw == nil || len(known) > 0 && target.VerifyLengthHashes(raw) != nil {
		raw = known
	}
	if len(raw) == 0 {
		return distrust(CodeTrustMissing, askTrust, "there is no %s, which its status role names", path)
	}
	if err := target.VerifyLengthHashes(raw); err != nil {
		return distrust(CodeTrustDigest, callVendor, "%s is not what its status role names: %v", path, err)
	}
	st, err := release.DecodeStanding(raw)
	var critical *release.CriticalError
	switch {
	case errors.As(err, &critical):
		return &Refusal{Code: CodeCritical, Verdict: policy, Text: path + ": " + err.Error(), Remedy: "get a newer relverify from your vendor"}
	case err != nil:
		return distrust(CodeStanding, callVendor, "%s: %v", path, err)
	case st.Product != w.product:
		return &Refusal{Code: CodeProduct, Verdict: policy, Text: fmt.Sprintf("%s is about product %s, this site is about %s", path, st.Product, w.product), Remedy: notForYou}
	case st.Channel != channel:
		return distrust(CodeStanding, callVendor, "%s is about channel %s", path, st.Channel)
	}
	if asOf.IsZero() {
		asOf = st.Issued
	}
	w.state.learn(channel, string(status), raw, st, asOf)
	if st.Newest != nil {
		return w.state.channel(channel).meet(ReleaseSeen{Version: st.Newest.Version, Sequence: st.Newest.Sequence, Release: st.Newest.Release})
	}
	return nil
}

// list returns the releases of a channel as today's keys vouch for them: the newest list, or the offered older one.
func (w *walker) list(channel string) (*metadata.Metadata[metadata.TargetsType], error) {
	role := release.ReleaseRole(channel)
	meta := named(w.tm.Snapshot, role)
	if meta == nil {
		return nil, distrust(CodeDelegation, askTrust, "the vendor's trust knows no releases of channel %s", channel)
	}
	name := versioned(meta.Version, role)
	data := w.files[name]
	if data == nil {
		m, _, err := w.olderRole(role)
		if err == nil && m == nil {
			err = distrust(CodeKeyRotated, askTrust, "the list of releases of %s that came along is older than this site's trust, and no key that counts today vouches for it", channel)
		}
		return m, err
	}
	if meta.VerifyLengthHashes(data) != nil {
		return nil, w.absent(name)
	}
	if err := checkMetadata(role, data); err != nil {
		return nil, distrust(CodeTrustForm, askAgain, "%s: %v", name, err)
	}
	m, err := w.tm.UpdateDelegatedTargets(data, role, release.RoleTargets)
	if err != nil {
		return nil, w.misfit(name, err)
	}
	return m, nil
}
