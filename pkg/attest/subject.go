package attest

import (
	"errors"
	"fmt"
	"regexp"
)

// Subject is a file that something is stated about.
type Subject struct {
	// Name in words of the release: "acme" for an SBOM, "artifacts/acme_2.4.7_linux_amd64.tar.gz" for provenance.
	Name string
	// Version of the release, "2.4.7". Provenance takes the plan's instead.
	Version string
	// Platform is "os/arch", or empty.
	Platform string
	// SHA256 of the file, 64 lower-case hex digits.
	SHA256 string
}

var sha256Hex = regexp.MustCompile(`^[0-9a-f]{64}$`)

func (s Subject) check() error {
	if s.Name == "" {
		return errors.New("subject has no name")
	}
	if !sha256Hex.MatchString(s.SHA256) {
		return fmt.Errorf("subject %q: sha256 %q is not 64 lower-case hex digits", s.Name, s.SHA256)
	}
	return nil
}
