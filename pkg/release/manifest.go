package release

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// ManifestSchema names the format of [Manifest].
const ManifestSchema = "https://relctl.dev/schema/release/v1"

// Limits of a manifest, applied before anything is allocated for it.
const (
	MaxManifestBytes = 16 << 20
	MaxFiles         = 20000
	MaxPathBytes     = 255
	MaxFileBytes     = 8<<30 - 1
)

// Manifest is release.json, the one signed statement about a release: immutable, and complete. What it does not list
// does not belong to the release.
type Manifest struct {
	Schema string `json:"schema"`
	// Critical names fields that a reader must understand to judge the release; one that it does not know makes it
	// refuse. Other unknown fields are ignored.
	Critical []string `json:"critical,omitempty"`
	Product  string   `json:"product"`
	Channel  string   `json:"channel"`
	Kind     Kind     `json:"kind"`
	Line     Line     `json:"line,omitzero"`
	Version  Version  `json:"version"`
	// Sequence counts the releases of the channel; it never falls and is never used twice.
	Sequence uint64 `json:"sequence"`
	Commit   string `json:"commit"`
	Tag      string `json:"tag,omitempty"`
	// SourceDate is the commit's committer date in UTC.
	SourceDate time.Time    `json:"source_date"`
	Previous   *Predecessor `json:"previous,omitempty"`
	// Plan is the digest of the plan that was cut.
	Plan     string     `json:"plan"`
	Pins     []Pin      `json:"pins"`
	Verdicts []Verdict  `json:"verdicts,omitempty"`
	Evidence []Evidence `json:"evidence,omitempty"`
	// Images are the container images, sorted by name.
	Images []Image `json:"images,omitempty"`
	// Files, every one, sorted by path.
	Files []File `json:"files"`
}

// File returns the file with the given path.
func (m *Manifest) File(path string) (File, bool) {
	i, ok := slices.BinarySearchFunc(m.Files, path, func(f File, p string) int { return strings.Compare(f.Path, p) })
	if !ok {
		return File{}, false
	}
	return m.Files[i], true
}

// DecodeManifest reads release.json strictly (see [Decode]) and validates it.
func DecodeManifest(data []byte) (*Manifest, error) {
	var m Manifest
	if err := Decode(data, &m); err != nil {
		return nil, err
	}
	if err := m.Validate(); err != nil {
		return nil, err
	}
	return &m, nil
}

// knownCritical are the manifest's fields that this version understands.
var knownCritical = []string{"product", "channel", "kind", "line", "version", "sequence", "commit", "tag", "source_date", "previous", "plan", "pins", "verdicts", "evidence", "images", "files"}

// Validate checks everything about a manifest that can be known without its files.
func (m *Manifest) Validate() error {
	if m.Schema != ManifestSchema {
		return fmt.Errorf("schema is %q, this relctl reads %q", m.Schema, ManifestSchema)
	}
	for _, c := range m.Critical {
		if !slices.Contains(knownCritical, c) {
			return &CriticalError{Field: c}
		}
	}
	if err := CheckName(m.Product); err != nil {
		return fmt.Errorf("product: %w", err)
	}
	if err := CheckName(m.Channel); err != nil {
		return fmt.Errorf("channel: %w", err)
	}
	if m.Kind != LTS && m.Kind != Rolling {
		return fmt.Errorf("kind %q is neither lts nor rolling", m.Kind)
	}
	if m.Version.IsZero() {
		return fmt.Errorf("version is missing")
	}
	if m.Kind == LTS && !m.Line.Contains(m.Version) {
		return fmt.Errorf("version %s is outside line %q", m.Version, m.Line)
	}
	if m.Sequence == 0 {
		return fmt.Errorf("sequence is missing")
	}
	if !isHex(m.Commit, 40) && !isHex(m.Commit, 64) {
		return fmt.Errorf("commit %q is not a full commit id", m.Commit)
	}
	if m.SourceDate.IsZero() {
		return fmt.Errorf("source_date is missing")
	}
	if err := CheckDigest(m.Plan); err != nil {
		return fmt.Errorf("plan: %w", err)
	}
	if err := checkFiles(m.Files); err != nil {
		return err
	}
	return m.checkImages()
}

// CriticalError is a manifest that demands a reader newer than this one.
type CriticalError struct{ Field string }

func (e *CriticalError) Error() string {
	return fmt.Sprintf("field %q is critical and unknown to this version", e.Field)
}

func checkFiles(files []File) error {
	if len(files) == 0 {
		return fmt.Errorf("files is empty")
	}
	if len(files) > MaxFiles {
		return fmt.Errorf("%d files, at most %d are allowed", len(files), MaxFiles)
	}
	folded := make(map[string]string, len(files))
	for i, f := range files {
		if err := CheckPath(f.Path); err != nil {
			return err
		}
		if i > 0 && files[i-1].Path >= f.Path {
			return fmt.Errorf("files are not sorted: %q after %q", f.Path, files[i-1].Path)
		}
		low := strings.ToLower(f.Path)
		if other, ok := folded[low]; ok {
			return fmt.Errorf("files %q and %q differ only in case", other, f.Path)
		}
		folded[low] = f.Path
		if f.Mode != "0644" && f.Mode != "0755" {
			return fmt.Errorf("file %q: mode %q is neither 0644 nor 0755", f.Path, f.Mode)
		}
		if f.Size < 0 || f.Size > MaxFileBytes {
			return fmt.Errorf("file %q: size %d is outside 0 to %d", f.Path, f.Size, int64(MaxFileBytes))
		}
		if !isHex(f.SHA256, 64) {
			return fmt.Errorf("file %q: sha256 %q is not 64 lower-case hex digits", f.Path, f.SHA256)
		}
	}
	// A name that is a file cannot be a folder of another.
	for _, f := range files {
		for p := f.Path; ; {
			i := strings.LastIndexByte(p, '/')
			if i < 0 {
				break
			}
			p = p[:i]
			if other, ok := folded[strings.ToLower(p)]; ok {
				return fmt.Errorf("file %q is also a folder of %q", other, f.Path)
			}
		}
	}
	return nil
}
