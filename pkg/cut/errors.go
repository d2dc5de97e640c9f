package cut

import (
	"fmt"
	"slices"
	"strings"

	"github.com/relctl/relctl/pkg/plan"
	"github.com/relctl/relctl/pkg/release"
)

// StageError says in which stage of the pipeline a cut failed.
type StageError struct {
	Stage string
	Err   error
}

func (e *StageError) Error() string { return e.Stage + ": " + e.Err.Error() }
func (e *StageError) Unwrap() error { return e.Err }

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

// KeyError is a signing key that the policy does not know, or none at all.
type KeyError struct{ Text, Remedy string }

func (e *KeyError) Error() string { return e.Text }

// Hint says what to do about the key.
func (e *KeyError) Hint() string { return e.Remedy }
