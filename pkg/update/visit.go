package update

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/relctl/relctl/pkg/release"
	"github.com/relctl/relctl/pkg/verify"
)

const (
	// firstPause is the time to the next check after a first failure; it doubles up to the interval.
	firstPause  = 5 * time.Minute
	maxFailures = 20
	timestamp   = release.TrustDir + release.RoleTimestamp + ".json"
)

// due reports whether it is time to ask. A time too far ahead was written by a clock that was wrong.
func (m *memory) due(now time.Time, interval time.Duration) bool {
	return !now.Before(m.Next) || m.Next.Sub(now) > max(2*interval, longestWish)
}

// visitAll asks one place after the other until one has news that count, and notes in m how it went.
func (c *Client) visitAll(ctx context.Context, m *memory) error {
	client := c.config.HTTP
	if client == nil {
		t := http.DefaultTransport.(*http.Transport).Clone() //nolint:forcetypeassert // the standard library's
		defer t.CloseIdleConnections()
		client = &http.Client{Transport: t}
	}
	var problem error
	var wished time.Duration
	for _, at := range c.config.From {
		v := &visit{client: c, memory: m, at: at}
		err := v.run(ctx, client)
		if err == nil {
			now := c.config.Now().UTC()
			m.Checked, m.Source, m.Failures = now.Truncate(time.Second), shown(at), 0
			m.Next = now.Add(spread(c.config.Interval)).Truncate(time.Second)
			return nil
		}
		problem, wished = errors.Join(problem, err), max(wished, v.wished)
		if ctx.Err() != nil {
			return problem
		}
	}
	wait := spread(min(firstPause<<m.Failures, c.config.Interval))
	m.Failures = min(m.Failures+1, maxFailures)
	m.Next = c.config.Now().UTC().Add(max(wait, wished)).Truncate(time.Second)
	return problem
}

// visit is one place being asked.
type visit struct {
	client *Client
	memory *memory
	at     string
	source source
	// wished is the longest that the server asked to be left alone.
	wished time.Duration
}

// run gathers what is new and has the site judge it.
func (v *visit) run(ctx context.Context, client *http.Client) error {
	c := v.client
	var err error
	if v.source, err = c.config.open(v.at, client); err != nil {
		return err
	}
	s, err := verify.ReadSite(c.config.Dir, c.config.Now)
	if err != nil {
		return err
	}
	name, err := c.fits(s)
	if err != nil {
		return err
	}
	key := release.Digest([]byte(v.at))
	var said seen
	files, err := verify.Gather(s.State, verify.Wanted{Standings: append([]string{c.config.Channel}, c.config.Also...)}, func(w verify.Want) ([]byte, error) {
		if w.Name != timestamp {
			data, _, _, err := v.ask(ctx, w, seen{})
			return data, err
		}
		before := v.memory.Timestamps[key]
		if before.Digest != release.Digest([]byte(s.State.Timestamp)) {
			before.seen = seen{}
		}
		data, now, same, err := v.ask(ctx, w, before.seen)
		if same {
			data = []byte(s.State.Timestamp)
		}
		said = now
		return data, err
	})
	if err != nil {
		return err
	}
	offered := files[release.RoleTimestamp+".json"]
	files[name] = c.config.Root
	if err := v.take(ctx, files); err != nil {
		return err
	}
	v.memory.Timestamps[key] = seenTimestamp{seen: said, Digest: release.Digest(offered)}
	v.memory.forget(c.config.From)
	return nil
}

// take has the site judge files, and keep what it learns.
func (v *visit) take(ctx context.Context, files verify.Files) error {
	dir := v.client.config.Dir
	for verify.InUse(dir) {
		if err := sleep(ctx, 50*time.Millisecond); err != nil {
			return err
		}
	}
	s, err := verify.OpenSite(dir, v.client.config.Now)
	if err != nil {
		return err
	}
	defer s.Close()
	if _, err := s.Take(files, verify.Options{}); err != nil {
		return fmt.Errorf("%s: %w", shown(v.at), err)
	}
	theirs, err := files.Issued()
	if err != nil {
		return err
	}
	ours, err := verify.Files{release.RoleTimestamp + ".json": []byte(s.State.Timestamp)}.Issued()
	if err != nil {
		return err
	}
	if theirs.Before(ours) {
		return &OlderError{Source: shown(v.at), AsOf: theirs, Known: ours}
	}
	return nil
}

// OlderError is a place whose news are older than what is known already.
type OlderError struct {
	Source string
	// AsOf is when its news were vouched for, Known when those that are known were.
	AsOf, Known time.Time
}

func (e *OlderError) Error() string {
	return fmt.Sprintf("%s has news of %s, and those of %s are known", e.Source, verify.Day(e.AsOf), verify.Day(e.Known))
}

// Hint says what to do about it.
func (e *OlderError) Hint() string { return "bring the mirror up to date" }

// forget drops what was kept of places that are not asked any more.
func (m *memory) forget(places []string) {
	known := map[string]bool{}
	for _, at := range places {
		known[release.Digest([]byte(at))] = true
	}
	for key := range m.Timestamps {
		if !known[key] {
			delete(m.Timestamps, key)
		}
	}
}
