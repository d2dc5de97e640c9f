package ledger

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"

	"github.com/relctl/relctl/internal/disk"
)

const cacheSchema = "https://relctl.dev/schema/ledger-cache/v5"

// The cache holds the state of one head. It may be deleted at any time, and whatever is wrong with it means that the
// events are folded again.
type cache struct {
	Schema string `json:"schema"`
	State  *State `json:"state"`
}

func (l *Ledger) cachePath() string {
	name := l.remote
	if name == "" {
		name = "local"
	}
	return filepath.Join(l.repo.CommonDir(), "relctl", "ledger-"+filepath.Base(name)+".json")
}

func readCache(path string) (cache, error) {
	var c cache
	data, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(data, &c)
	}
	return c, err
}

// cached returns the newest known state that head builds on, the empty one if there is none.
func (l *Ledger) cached(ctx context.Context, head string) *State {
	if last := l.last.Load(); last != nil && last.Head == head {
		return last.clone()
	}
	c, err := readCache(l.cachePath())
	if err != nil || c.Schema != cacheSchema || c.State == nil || c.State.Channels == nil || c.State.Head == "" {
		return NewState()
	}
	if c.State.Head == head {
		return c.State
	}
	if ok, err := l.repo.IsAncestor(ctx, c.State.Head, head); err != nil || !ok {
		return NewState()
	}
	return c.State
}

// keep stores a state; a cache that cannot be written costs time, nothing else.
func (l *Ledger) keep(s *State) {
	l.last.Store(s.clone())
	data, err := json.Marshal(cache{Schema: cacheSchema, State: s})
	if err != nil {
		return
	}
	dir := filepath.Dir(l.cachePath())
	if disk.MkdirAll(dir, 0o755) != nil {
		return
	}
	tmp, err := disk.CreateTemp(dir, "ledger-")
	if err != nil {
		return
	}
	_, err = tmp.Write(data)
	if errors.Join(err, tmp.Close()) != nil || disk.Rename(tmp.Name(), l.cachePath()) != nil {
		_ = disk.Remove(tmp.Name())
	}
}
