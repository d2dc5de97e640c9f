package attest

import (
	"bytes"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/openvex/go-vex/pkg/vex"

	"github.com/relctl/relctl/pkg/release"
)

// VEXRelease is a release about which a VEX document speaks.
type VEXRelease struct {
	Version release.Version
	// Files are what it ships, by digest; without any it is named by its version alone.
	Files []Subject
	// Fixed are the names of the weaknesses that its changes mended, such as CVE-2026-31337.
	Fixed []string
}

// VEXOptions say who speaks, and when.
type VEXOptions struct {
	Product string
	// Time of the document; equal input and time give equal bytes.
	Time time.Time
}

// VEX returns an OpenVEX document (v0.2.0) that says of each release how known weaknesses concern it: by an advisory that
// speaks of the version, else fixed where its changes say so. It returns nil if there is nothing to say.
func VEX(releases []VEXRelease, advisories []*Advisory, o VEXOptions) ([]byte, error) {
	at := o.Time.UTC().Truncate(time.Second)
	doc := vex.VEX{Metadata: vex.Metadata{
		Context: vex.ContextLocator(), Author: o.Product, Timestamp: &at, Version: 1, Tooling: "relctl",
	}}
	known := map[string]*Advisory{}
	for _, a := range advisories {
		known[a.ID] = a
	}
	for _, r := range releases {
		for _, id := range r.Fixed {
			if !named(known, id) {
				known[id] = &Advisory{ID: id}
			}
		}
	}
	for _, id := range slices.Sorted(maps.Keys(known)) {
		statements, err := speak(known[id], releases, o.Product)
		if err != nil {
			return nil, err
		}
		doc.Statements = append(doc.Statements, statements...)
	}
	if len(doc.Statements) == 0 {
		return nil, nil
	}
	if _, err := doc.GenerateCanonicalID(); err != nil {
		return nil, fmt.Errorf("VEX: %w", err)
	}
	var out bytes.Buffer
	err := doc.ToJSON(&out)
	return out.Bytes(), err
}

// named reports whether an advisory has a name, as its own or as an alias.
func named(known map[string]*Advisory, id string) bool {
	for _, a := range known {
		if a.ID == id || slices.Contains(a.Aliases, id) {
			return true
		}
	}
	return false
}

// speak returns the statements about one weakness: one for each way in which releases are concerned.
func speak(a *Advisory, releases []VEXRelease, product string) ([]vex.Statement, error) {
	var out []vex.Statement
	at := map[AdvisoryVersions]int{}
	for _, r := range releases {
		said := a.Of(r.Version)
		if said == nil && slices.ContainsFunc(r.Fixed, func(id string) bool { return id == a.ID || slices.Contains(a.Aliases, id) }) {
			said = &AdvisoryVersions{Status: string(vex.StatusFixed)}
		}
		if said == nil {
			continue
		}
		key := *said
		key.Range = ""
		i, ok := at[key]
		if !ok {
			s := key.statement()
			s.Vulnerability = vex.Vulnerability{Name: vex.VulnerabilityID(a.ID), Description: a.About}
			for _, alias := range a.Aliases {
				s.Vulnerability.Aliases = append(s.Vulnerability.Aliases, vex.VulnerabilityID(alias))
			}
			i = len(out)
			at[key], out = i, append(out, s)
		}
		products, err := products(r, product)
		if err != nil {
			return nil, err
		}
		out[i].Products = append(out[i].Products, products...)
	}
	return out, nil
}

// products names a release as a whole by its package URL, and each of its files by that and its digest.
func products(r VEXRelease, product string) ([]vex.Product, error) {
	whole := "pkg:generic/" + url.PathEscape(product) + "@" + url.PathEscape(r.Version.String())
	out := []vex.Product{{Component: vex.Component{ID: whole, Identifiers: map[vex.IdentifierType]string{vex.PURL: whole}}}}
	for _, f := range r.Files {
		if err := f.check(); err != nil {
			return nil, fmt.Errorf("VEX: %w", err)
		}
		id := whole + "?checksum=sha256:" + f.SHA256 + "&file_name=" + strings.ReplaceAll(url.QueryEscape(f.Name), "+", "%20")
		out = append(out, vex.Product{Component: vex.Component{
			ID: id, Hashes: map[vex.Algorithm]vex.Hash{vex.SHA256: vex.Hash(f.SHA256)}, Identifiers: map[vex.IdentifierType]string{vex.PURL: id},
		}})
	}
	return out, nil
}
