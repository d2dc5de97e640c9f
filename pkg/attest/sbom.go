package attest

import (
	"bytes"
	"crypto/sha256"
	"debug/buildinfo"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	cdx "github.com/CycloneDX/cyclonedx-go"
)

// SBOM returns the bill of materials of the file at path as CycloneDX 1.6 JSON. The file must have the subject's
// SHA-256: it is read once, and what is described is what was hashed. The date of the document is sourceDate, the
// commit's.
//
// For a Go program it lists the main module, every module linked in with its version and go.sum hash, and the standard
// library; each depends on nothing but the program depends on all, since a binary does not tell who imported whom. It
// says that the list is complete, or incomplete where cgo may have linked C libraries. For any other file it holds that
// file alone and says that its contents are unknown.
func SBOM(path string, s Subject, sourceDate time.Time) ([]byte, error) {
	bom, err := describe(path, s, sourceDate)
	if err != nil {
		return nil, fmt.Errorf("sbom of %s: %w", s.Name, err)
	}
	plain, err := encode(bom)
	if err != nil {
		return nil, fmt.Errorf("sbom of %s: %w", s.Name, err)
	}
	bom.SerialNumber = serial(plain)
	return encode(bom)
}

func describe(path string, s Subject, sourceDate time.Time) (*cdx.BOM, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	if sourceDate.IsZero() {
		return nil, errors.New("the source date is missing")
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return nil, err
	}
	if got := hex.EncodeToString(h.Sum(nil)); got != s.SHA256 {
		return nil, fmt.Errorf("%s has sha256 %s, expected %s", path, got, s.SHA256)
	}
	bom := newBOM(s, sourceDate)
	// The file was readable to its end, so that an error here is about what it is.
	if info, err := buildinfo.Read(f); err == nil {
		addGo(bom, info)
	} else {
		addUnknown(bom)
	}
	return bom, nil
}

// newBOM returns a document about the subject as a whole.
func newBOM(s Subject, sourceDate time.Time) *cdx.BOM {
	main := &cdx.Component{
		BOMRef:  "binary:" + s.Name + "@" + s.Version,
		Type:    cdx.ComponentTypeFile,
		Name:    s.Name,
		Version: s.Version,
		Hashes:  &[]cdx.Hash{{Algorithm: cdx.HashAlgoSHA256, Value: s.SHA256}},
	}
	if s.Platform != "" {
		addProperty(main, "relctl:platform", s.Platform)
	}
	bom := cdx.NewBOM()
	bom.Metadata = &cdx.Metadata{
		Timestamp: sourceDate.UTC().Format(time.RFC3339),
		Tools:     &cdx.ToolsChoice{Components: &[]cdx.Component{{Type: cdx.ComponentTypeApplication, Name: "relctl"}}},
		Component: main,
	}
	return bom
}

// addUnknown says that nothing is known about the inside of the file.
func addUnknown(bom *cdx.BOM) {
	main := bom.Metadata.Component
	addProperty(main, "relctl:contents", "unknown: not a Go program with build information")
	ref := []cdx.BOMReference{cdx.BOMReference(main.BOMRef)}
	bom.Compositions = &[]cdx.Composition{{Aggregate: cdx.CompositionAggregateUnknown, Assemblies: &ref, Dependencies: &ref}}
}

func addProperty(c *cdx.Component, name, value string) {
	if c.Properties == nil {
		c.Properties = &[]cdx.Property{}
	}
	*c.Properties = append(*c.Properties, cdx.Property{Name: name, Value: value})
}

// serial names a document by its content: a UUID of version 8 (RFC 9562, section 5.8) from the SHA-256 of the document
// without serial number.
func serial(plain []byte) string {
	sum := sha256.Sum256(plain)
	u := sum[:16]
	u[6] = u[6]&0x0f | 0x80
	u[8] = u[8]&0x3f | 0x80
	return fmt.Sprintf("urn:uuid:%x-%x-%x-%x-%x", u[:4], u[4:6], u[6:8], u[8:10], u[10:])
}

func encode(bom *cdx.BOM) ([]byte, error) {
	var buf bytes.Buffer
	enc := cdx.NewBOMEncoder(&buf, cdx.BOMFileFormatJSON).SetPretty(true).SetEscapeHTML(false)
	if err := enc.EncodeVersion(bom, cdx.SpecVersion1_6); err != nil {
		return nil, err
	}
	return buf.Bytes(), nil
}
