package verify

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/relctl/relctl/pkg/release"
	"github.com/relctl/relctl/pkg/upgrade"
)

// ReportSchema names the format of [Report].
const ReportSchema = "https://relctl.dev/schema/verification/v1"

// The reason codes, beside those of package bundle.
const (
	CodeFormat           = "format-ok"
	CodeNoSignature      = "signature-missing"
	CodeSignatureForm    = "signature-form"        // not a sigstore bundle v0.3 with one message signature
	CodeSignatureKind    = "signature-kind"        // an attestation, which says nothing about the whole release
	CodeSignatureDigest  = "signature-digest"      // over other bytes than this release.json
	CodeSignatureWrong   = "signature-wrong"       // does not hold by the key that it names
	CodeThreshold        = "threshold"             // fewer trusted keys have signed than the policy asks for
	CodeSignatures       = "signatures-ok"         //
	CodeManifest         = "manifest-form"         // release.json is not strict JSON, or not a release
	CodeCritical         = "manifest-critical"     // release.json demands a newer verifier
	CodeTimestamp        = "manifest-timestamp"    // the archive's timestamp is not the release's
	CodeProduct          = "product-other"         //
	CodeChannel          = "channel-other"         //
	CodeMinVersion       = "version-below-minimum" //
	CodePolicy           = "policy-ok"             //
	CodeFileMissing      = "file-missing"          // listed, and not there
	CodeFileUnlisted     = "file-unlisted"         // there, and not listed
	CodeFileSize         = "file-size"             //
	CodeFileMode         = "file-mode"             //
	CodeFileDigest       = "file-digest"           //
	CodeSums             = "sums-differ"           // SHA256SUMS does not say what release.json says
	CodeFiles            = "files-ok"              //
	CodeFreshnessUnknown = "freshness-not-evaluated"
	CodeNotReached       = "not-reached" // an earlier verdict stopped the work
	CodeRead             = "read-failed" // the medium failed, which says nothing about the bundle
)

// Status of a verdict.
type Status string

// The statuses of a verdict.
const (
	Passed       Status = "passed"
	Refused      Status = "refused"
	NotEvaluated Status = "not-evaluated"
	// Warning is something to look at that stops nothing.
	Warning Status = "warning"
	// Accepted is a refusal that the operator overrode; see [Options].
	Accepted Status = "accepted"
)

// The answers to whether a release may be installed.
const (
	InstallAllowed = "allowed"
	InstallRefused = "refused"
)

// Check is one thing that was looked at.
type Check struct {
	// Verdict is "integrity", "authenticity", "freshness" or "policy".
	Verdict string `json:"verdict"`
	Status  Status `json:"status"`
	Code    string `json:"code"`
	Text    string `json:"text"`
	// Remedy says what to do about a refusal, or "".
	Remedy string `json:"remedy,omitempty"`
}

// Report is the evidence of one verification.
type Report struct {
	Schema string `json:"schema"`
	// Genuine says that integrity, authenticity and policy hold.
	Genuine bool `json:"genuine"`
	// Release is the digest of release.json, "" if it was not reached.
	Release  string          `json:"release,omitempty"`
	Product  string          `json:"product,omitempty"`
	Channel  string          `json:"channel,omitempty"`
	Version  release.Version `json:"version,omitzero"`
	Sequence uint64          `json:"sequence,omitempty"`
	Commit   string          `json:"commit,omitempty"`
	// Keys are the ids of the trusted keys that signed.
	Keys   []string `json:"keys"`
	Files  int      `json:"files"`
	Bytes  int64    `json:"bytes"`
	Checks []Check  `json:"checks"`
	// Verdicts are the four answers, in the order integrity, authenticity, freshness, policy; each is the gravest of its
	// checks.
	Verdicts []Check `json:"verdicts"`
	// Install is "allowed" or "refused".
	Install string `json:"install"`
	// AsOf is when the vendor last vouched that nothing was newer, zero if that is not known.
	AsOf time.Time `json:"as_of,omitzero"`
	// Newest is the newest release of the channel at that time.
	Newest release.Version `json:"newest,omitzero"`
	// Installed is what the site has installed, zero if nothing or not known.
	Installed release.Version `json:"installed,omitzero"`
	// Conditions must hold, or be done, before the release is installed.
	Conditions []string `json:"conditions,omitempty"`
}

// gravity orders statuses: the gravest check of a verdict is the verdict.
var gravity = []Status{Passed, Warning, Accepted, NotEvaluated, Refused}

// conclude writes the verdicts and whether installing is allowed: it is if nothing refuses but the end of the line's
// life, whose last release is better than those before it.
func (r *Report) conclude() {
	r.Verdicts = []Check{}
	r.Install = InstallAllowed
	for _, verdict := range []string{integrity, authenticity, freshness, policy} {
		answer := Check{Verdict: verdict, Status: NotEvaluated, Code: CodeNotReached, Text: "it was not looked at, for what was found before"}
		for i, c := range r.Checks {
			if c.Verdict != verdict {
				continue
			}
			if answer.Code == CodeNotReached || slices.Index(gravity, c.Status) > slices.Index(gravity, answer.Status) {
				answer = r.Checks[i]
			}
			if c.Status == Refused && c.Code != CodeEnded || c.Code == CodeInstalledUnknown {
				r.Install = InstallRefused
			}
		}
		r.Verdicts = append(r.Verdicts, answer)
	}
}

// Refusal is a bundle that must not be used.
type Refusal struct {
	Code string
	Text string
	// Remedy says what to do, or "".
	Remedy string
	// Verdict that failed.
	Verdict string
}

func (e *Refusal) Error() string { return e.Text }

// Hint says what to do about the refusal.
func (e *Refusal) Hint() string { return e.Remedy }

const (
	integrity    = "integrity"
	authenticity = "authenticity"
	freshness    = "freshness"
	policy       = "policy"
)

const notForYou = "it may be genuine, and it is not for you; ask for what you need, or look at another site (--site)"

const askAgain = "do not use this bundle; copy it again from where it came, and if it is refused again, ask your vendor by another way"

func refuse(verdict, code, format string, args ...any) *Refusal {
	return &Refusal{Code: code, Text: fmt.Sprintf(format, args...), Remedy: askAgain, Verdict: verdict}
}

func (r *Report) pass(verdict, code, format string, args ...any) {
	r.Checks = append(r.Checks, Check{Verdict: verdict, Status: Passed, Code: code, Text: fmt.Sprintf(format, args...)})
}

func (r *Report) warn(verdict, code, format string, args ...any) {
	r.Checks = append(r.Checks, Check{Verdict: verdict, Status: Warning, Code: code, Text: fmt.Sprintf(format, args...)})
}

// fail notes err, if it is a refusal, and hands it on.
func (r *Report) fail(err error) error {
	var no *Refusal
	if errors.As(err, &no) {
		r.Checks = append(r.Checks, Check{Verdict: no.Verdict, Status: Refused, Code: no.Code, Text: no.Text, Remedy: no.Remedy})
	}
	return err
}

// ForOthers says that nothing is wrong with the bundle, and that it is not for who asks.
func (e *Refusal) ForOthers() bool { return e.Verdict == policy }

// NotYet says that nothing is wrong with the bundle, and that another release must be installed before it.
func (e *Refusal) NotYet() bool {
	return e.ForOthers() && (e.Code == upgrade.CodeStop || e.Code == upgrade.CodeRange)
}

// Genuine says that the bundle is what the vendor signed, and that only the news about it are bad, or old.
func (e *Refusal) Genuine() bool { return e.Verdict == freshness }
