package cut

import (
	"fmt"
	"strings"

	"github.com/relctl/relctl/pkg/release"
)

// StageError says in which stage of the pipeline a cut failed.
type StageError struct {
	Stage string
	Err   error
}

func (e *StageError) Error() string { return e.Stage + ": " + e.Err.Error() }
func (e *StageError) Unwrap() error { return e.Err }

// WaitingError is a release that is staged and lacks signatures.
type WaitingError struct {
	Channel  string
	Version  release.Version
	Have     []string
	Missing  []string
	Required int
	// Image is the container image that lacks them, "" for the release itself.
	Image string
}

func (e *WaitingError) Error() string {
	what := ""
	if e.Image != "" {
		what = "image " + e.Image + " of "
	}
	return fmt.Sprintf("%s%s %s waits for signatures: %d of %d are there; it lacks %s",
		what, e.Channel, e.Version, len(e.Have), e.Required, strings.Join(e.Missing, ", "))
}

// Hint says how the others sign.
func (e *WaitingError) Hint() string {
	text := fmt.Sprintf("whoever holds one of these keys runs: relctl cut %s --key <file>", e.Channel)
	if e.Image != "" {
		text += "\nor signs the image in the registry: cosign sign --key <file> " + e.Image
	}
	return text
}
