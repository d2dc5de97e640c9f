package update

import (
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/relctl/relctl/internal/durable"
	"github.com/relctl/relctl/pkg/release"
)

// memorySchema names the format of memory.
const memorySchema = "https://relctl.dev/schema/update-memory/v1"

const (
	memoryName     = "update.json"
	maxMemoryBytes = 64 << 10
)

// memory is update.json: when was asked, and what servers said. It can be lost: all that counts is in the site's state.
type memory struct {
	Schema string `json:"schema"`
	// Checked is when a source was last asked with success, and Source which.
	Checked time.Time `json:"checked,omitzero"`
	Source  string    `json:"source,omitempty"`
	// Next is when to ask again, Failures how often in a row nobody could be asked.
	Next     time.Time `json:"next,omitzero"`
	Failures int       `json:"failures,omitempty"`
	// Timestamps are by the digest of a source's address.
	Timestamps map[string]seenTimestamp `json:"timestamps,omitempty"`
}

// seenTimestamp is what a server said about timestamp.json of a digest. It is used only while the state still holds those
// bytes.
type seenTimestamp struct {
	seen
	Digest string `json:"digest"`
}

// recall reads the memory of a folder; one that is lost or damaged is empty.
func recall(dir string) *memory {
	empty := &memory{Schema: memorySchema, Timestamps: map[string]seenTimestamp{}}
	f, err := os.Open(filepath.Join(dir, memoryName))
	if err != nil {
		return empty
	}
	defer func() { _ = f.Close() }()
	data, err := io.ReadAll(io.LimitReader(f, maxMemoryBytes))
	if err != nil {
		return empty
	}
	return decodeMemory(data, empty)
}

func decodeMemory(data []byte, empty *memory) *memory {
	m := &memory{}
	if release.Decode(data, m) != nil || m.Schema != memorySchema {
		return empty
	}
	if m.Timestamps == nil {
		m.Timestamps = map[string]seenTimestamp{}
	}
	for at, t := range m.Timestamps {
		t.ETag, t.Modified = tag(t.ETag), tag(t.Modified)
		m.Timestamps[at] = t
	}
	m.Failures = min(max(m.Failures, 0), maxFailures)
	return m
}

func (m *memory) save(dir string) error {
	data, err := release.Encode(m)
	if err != nil {
		return err
	}
	return durable.Write(filepath.Join(dir, memoryName), data, 0o600)
}
