package project

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/relctl/relctl/internal/durable"
	"github.com/relctl/relctl/pkg/channel"
	"github.com/relctl/relctl/pkg/plan"
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

// KeepRefused writes down verdicts of which one lets nothing through.
func (p *Project) KeepRefused(channel, ring string, v release.Version, verdicts []release.Verdict) error {
	if len(release.Blocking(verdicts)) == 0 {
		return nil
	}
	raw, err := release.Encode(Refused{
		Schema: RefusedSchema, Channel: channel, Ring: ring, Version: v, Time: p.now().UTC().Truncate(time.Second), Verdicts: verdicts,
	})
	if err != nil {
		return err
	}
	if err := HideFromGit(p.Dist()); err != nil {
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

// RefusedError is a cut that gates stopped.
type RefusedError struct {
	Channel  string
	Version  release.Version
	Verdicts []release.Verdict
	// Lacking is the evidence of the changes that the soak gate stopped.
	Lacking []release.Evidence
}

func (e *RefusedError) Error() string {
	lines := make([]string, 0, len(e.Verdicts))
	for _, v := range e.Verdicts {
		lines = append(lines, fmt.Sprintf("  %s: %s: %s", v.Gate, v.Status, v.Reason))
		if v.Gate == plan.GateSoak {
			lines = append(lines, e.lacking()...)
		}
	}
	n := "1 gate refuses"
	if len(e.Verdicts) != 1 {
		n = fmt.Sprintf("%d gates refuse", len(e.Verdicts))
	}
	return fmt.Sprintf("%s %s %s:\n%s", n, e.Channel, e.Version, strings.Join(lines, "\n"))
}

// lacking says of each change why it is not proven, and how much soak it lacks: once, where all lack the same.
func (e *RefusedError) lacking() []string {
	var lines, lacks []string
	for _, l := range e.Lacking {
		if text := plan.Lacks(l); text != "" && !slices.Contains(lacks, text) {
			lacks = append(lacks, text)
		}
	}
	for _, l := range e.Lacking {
		lines = append(lines, fmt.Sprintf("    %s %q: %s", release.Short(l.Commit), l.Subject, l.Reason))
		if text := plan.Lacks(l); text != "" && (len(lacks) > 1 || len(e.Lacking) == 1) {
			lines = append(lines, "      it "+text)
		}
	}
	if len(lacks) == 1 && len(e.Lacking) > 1 {
		lines = append(lines, "    what must soak "+lacks[0])
	}
	return lines
}

// Hint collects what the gates advise.
func (e *RefusedError) Hint() string {
	var hints []string
	for _, v := range e.Verdicts {
		if v.Hint != "" {
			hints = append(hints, v.Hint)
		}
	}
	return strings.Join(hints, "\n")
}
