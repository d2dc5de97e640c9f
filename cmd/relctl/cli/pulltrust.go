package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/relctl/relctl/internal/durable"
	"github.com/relctl/relctl/pkg/bundle"
	"github.com/relctl/relctl/pkg/project"
	"github.com/relctl/relctl/pkg/release"
	"github.com/relctl/relctl/pkg/verify"
)

// gather walks over the trust of a store, as a client does that knows nothing. Nothing is verified.
func gather(ctx context.Context, store project.Store, wanted verify.Wanted) (verify.Files, error) {
	files, err := verify.Gather(&verify.State{}, wanted, func(w verify.Want) ([]byte, error) { return store.Get(ctx, w.Name) })
	if err != nil {
		return nil, fmt.Errorf("the trust in %s: %w", store, err)
	}
	return files, nil
}

// newestIn returns the newest final release of a channel that a store's trust lists, without those that must not be
// installed.
func newestIn(ctx context.Context, store project.Store, channel string) (release.Version, error) {
	var none release.Version
	files, err := gather(ctx, store, verify.Wanted{Standings: []string{channel}, Releases: channel})
	if err != nil {
		return none, err
	}
	all, err := files.Listed(channel)
	if err != nil {
		return none, fmt.Errorf("the trust in %s: %w", store, err)
	}
	if len(all) == 0 {
		return none, &noNewestError{fmt.Sprintf("%s has no list of releases of %s", store, plain(channel)), "look for a typing error in the channel's name"}
	}
	standing := &release.Standing{}
	if raw := files[release.StandingTarget(channel)]; raw != nil {
		if standing, err = release.DecodeStanding(raw); err != nil {
			return none, fmt.Errorf("%s in %s: %w", release.StandingTarget(channel), store, err)
		}
	}
	usable := slices.DeleteFunc(all, func(v release.Version) bool {
		return v.Prerelease() != "" || standing.Withdrawal(v) != nil || standing.Floor != nil && v.Compare(standing.Floor.Version) < 0
	})
	if len(usable) == 0 {
		return none, &noNewestError{
			fmt.Sprintf("no release of %s in %s can be installed: each is withdrawn, below the floor, or no final one", channel, store),
			fmt.Sprintf("relctl pull <version> --channel %s fetches any release", channel),
		}
	}
	return slices.MaxFunc(usable, release.Version.Compare), nil
}

// noNewestError is a channel of which no release can be chosen.
type noNewestError struct{ text, hint string }

func (e *noNewestError) Error() string { return e.text }
func (e *noNewestError) Hint() string  { return e.hint }

// pullTrust writes the store's trust of today for the channels of which a fetched bundle carries the news, beside the
// bundle's place. It returns nil if the store has no trust.
func pullTrust(ctx context.Context, store project.Store, fetched, place string) (*pulledTrust, error) {
	if head, err := store.Get(ctx, release.TrustDir+release.RoleTimestamp+".json"); head == nil || err != nil {
		return nil, err
	}
	channels, err := bundleChannels(fetched)
	if err != nil {
		return nil, err
	}
	files, err := gather(ctx, store, verify.Wanted{Standings: channels})
	if err != nil {
		return nil, err
	}
	issued, err := files.Issued()
	if err != nil {
		return nil, fmt.Errorf("the trust in %s: timestamp.json: %w", store, err)
	}
	var sources []bundle.Source
	for name, data := range files {
		sources = append(sources, bundle.Memory(release.TrustDir+name, data))
	}
	var buf bytes.Buffer
	if err := bundle.WriteTrust(&buf, issued, sources); err != nil {
		return nil, err
	}
	t := &pulledTrust{File: strings.TrimSuffix(place, ".bundle") + ".trust", Size: buf.Len(), Channels: channels, AsOf: issued}
	return t, durable.Write(t.File, buf.Bytes(), 0o644)
}

// bundleChannels are the channels of which a bundle carries the news, none if it carries no trust.
func bundleChannels(path string) (channels []string, err error) {
	a, end, err := bundle.OpenFile(path)
	if err != nil {
		return nil, fmt.Errorf("what was fetched is no bundle: %w", err)
	}
	defer func() { err = errors.Join(err, end()) }()
	for _, e := range a.Entries() {
		if name, ok := strings.CutPrefix(e.Name, release.TrustDir+release.StandingDir); ok {
			channels = append(channels, strings.TrimSuffix(name, ".json"))
		}
	}
	return channels, nil
}
