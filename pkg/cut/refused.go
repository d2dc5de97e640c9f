package cut

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/relctl/relctl/internal/durable"
	"github.com/relctl/relctl/pkg/channel"
	"github.com/relctl/relctl/pkg/release"
)

// RefusedSchema names the format of [Refused].
const RefusedSchema = "https://relctl.dev/schema/refused/v1"

// Refused is what gates said when they last let something not through, with the records of what they were told. No event
// of the ledger relies on it, so it lies in this clone only, until the next refusal takes its place.
type Refused struct {
	Schema  string `json:"schema"`
	Channel string `json:"channel"`
	// Ring that the release was to leave, "" for a cut.
	Ring     string            `json:"ring,omitempty"`
	Version  release.Version   `json:"version"`
	Time     time.Time         `json:"time"`
	Verdicts []release.Verdict `json:"verdicts"`
}

// refusedPath is the file dist/relctl/refused-<channel>.json of cuts, or refused-<channel>-<ring>.json.
func (p *Project) refusedPath(channel, ring string) string {
	name := "refused-" + channel
	if ring != "" {
		name += "-" + ring
	}
	return filepath.Join(p.Dist(), name+".json")
}

// keepRefused writes down verdicts of which one lets nothing through.
func (p *Project) keepRefused(channel, ring string, v release.Version, verdicts []release.Verdict) error {
	if len(release.Blocking(verdicts)) == 0 {
		return nil
	}
	raw, err := release.Encode(Refused{
		Schema: RefusedSchema, Channel: channel, Ring: ring, Version: v, Time: p.now().UTC().Truncate(time.Second), Verdicts: verdicts,
	})
	if err != nil {
		return err
	}
	if err := writeOnce(filepath.Join(p.Dist(), ".gitignore"), "*\n"); err != nil {
		return err
	}
	if err := durable.Write(p.refusedPath(channel, ring), raw, 0o644); err != nil {
		return fmt.Errorf("keep what the gates were told: %w", err)
	}
	return nil
}

// Refusals returns what gates of a channel refused last in this clone, of its cuts and of each ring, with their files.
func (p *Project) Refusals(ch *channel.Channel) (refused []Refused, files []string, err error) {
	rings := []string{""}
	for _, r := range ch.Rings {
		rings = append(rings, r.Name)
	}
	for _, ring := range rings {
		path := p.refusedPath(ch.Name, ring)
		raw, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		var r Refused
		if err == nil {
			err = release.Decode(raw, &r)
		}
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w", path, err)
		}
		refused, files = append(refused, r), append(files, path)
	}
	return refused, files, nil
}
