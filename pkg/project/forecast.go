package project

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"

	"github.com/relctl/relctl/internal/durable"
	"github.com/relctl/relctl/pkg/backport"
	"github.com/relctl/relctl/pkg/git"
	"github.com/relctl/relctl/pkg/history"
)

// Missing is a change that a line does not have.
type Missing struct {
	Change *history.Known
	// Line is the name of the line's channel.
	Line string
}

// key names the answer about a change and a line's tip.
func (m Missing) key(onto string) string { return m.Change.Commit + " " + onto }

// keptForecast is an answer, and whether earlier changes were looked for.
type keptForecast struct {
	backport.Forecast
	Searched bool `json:"searched,omitempty"`
}

// Forecasts tells for each missing change whether a pick would apply, in their order; with search also which earlier
// changes would help where it does not, which takes far longer. Answers are kept for as long as the line's tip stays
// where it is.
func (p *Project) Forecasts(ctx context.Context, ix *history.Index, missing []Missing, search bool) ([]backport.Forecast, error) {
	kept := p.keptForecasts()
	out := make([]backport.Forecast, len(missing))
	var requests []backport.Request
	var at []int
	for i, m := range missing {
		onto := ix.Tip(m.Line)
		if f, ok := kept[m.key(onto)]; ok && (f.Searched || !search || f.Outcome != backport.Conflicts) {
			out[i] = f.Forecast
			continue
		}
		r := backport.Request{Change: pickOf(m.Change), Onto: onto}
		if search {
			r.Earlier = func(ctx context.Context, files []string) ([]backport.Change, error) {
				return p.Earlier(ctx, ix, m.Change.Commit, onto, files)
			}
		}
		requests = append(requests, r)
		at = append(at, i)
	}
	if len(requests) == 0 {
		return out, nil
	}
	f, err := p.Repo.Forecaster(ctx)
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // a temporary folder
	found, err := backport.Forecasts(ctx, p.Repo, f, requests, backport.Options{})
	if err != nil {
		return nil, err
	}
	for k, i := range at {
		out[i] = found[k]
		kept[missing[i].key(requests[k].Onto)] = keptForecast{found[k], search}
	}
	p.keepForecasts(kept, ix)
	return out, nil
}

// pickOf is how a change is picked: a merge as a whole, against its mainline.
func pickOf(c *history.Known) backport.Change {
	return backport.Change{ID: c.Commit, Picks: []git.Pick{{Commit: c.Commit, Parent: c.Parent}}}
}

// Earlier lists the changes before a commit that the line at tip misses and that touch any of the files, oldest first.
func (p *Project) Earlier(ctx context.Context, ix *history.Index, commit, tip string, files []string) ([]backport.Change, error) {
	line := ""
	for _, name := range ix.Lines() {
		if ix.Tip(name) == tip {
			line = name
		}
	}
	commits, err := p.Repo.LastTouching(ctx, tip, commit, files, 2*backport.DefaultTries)
	if err != nil {
		return nil, err
	}
	var out []backport.Change
	seen := map[string]bool{commit: true}
	for _, id := range commits {
		for _, c := range ix.Of(id) {
			if !seen[c.Commit] && ix.State(c, line).Presence == history.Missing {
				out = append(out, pickOf(c))
			}
			seen[c.Commit] = true
		}
	}
	return out, nil
}

func (p *Project) forecastsPath() string {
	return filepath.Join(p.Repo.CommonDir(), "relctl", "history", "forecasts.json")
}

// keptForecasts reads the answers of earlier runs, by the ids of change and tip. A file that cannot be read is none.
func (p *Project) keptForecasts() map[string]keptForecast {
	kept := map[string]keptForecast{}
	data, err := os.ReadFile(p.forecastsPath())
	if err == nil && json.Unmarshal(data, &kept) != nil {
		return map[string]keptForecast{}
	}
	return kept
}

// keepForecasts writes the answers that hold for the tips of now. Failing to is no error.
func (p *Project) keepForecasts(kept map[string]keptForecast, ix *history.Index) {
	tips := map[string]bool{}
	for _, name := range ix.Lines() {
		tips[ix.Tip(name)] = true
	}
	for key := range kept {
		if _, onto, _ := strings.Cut(key, " "); !tips[onto] {
			delete(kept, key)
		}
	}
	data, err := json.Marshal(kept)
	if err == nil {
		_ = durable.Write(p.forecastsPath(), data, 0o644)
	}
}
