package verify

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/relctl/relctl/pkg/bundle"
	"github.com/relctl/relctl/pkg/release"
)

// Policy is what a customer demands. It never comes from a bundle.
type Policy struct {
	// Keys are public keys in PEM; the same key twice counts once.
	Keys [][]byte
	// Threshold is how many of them must have signed; 0 is 1.
	Threshold int
	// Product and Channel that the bundle must be of, "" for any.
	Product, Channel string
	// MinVersion is the lowest version to accept, zero for any.
	MinVersion release.Version

	keys      []*Key
	threshold int
}

// PolicyError is a policy that cannot be used.
type PolicyError struct{ Text, Remedy string }

func (e *PolicyError) Error() string { return e.Text }

// Hint says how to mend it.
func (e *PolicyError) Hint() string { return e.Remedy }

// prepare parses the keys.
func (p Policy) prepare() (Policy, error) {
	if len(p.Keys) == 0 {
		return p, &PolicyError{
			Text:   "no key to verify with: a bundle cannot vouch for itself",
			Remedy: "give the vendor's public key with --key, or set up a site with init; key and root must have reached you by another way than the bundle",
		}
	}
	seen := map[string]bool{}
	for i, data := range p.Keys {
		k, err := ParseKey(data)
		if err != nil {
			return p, &PolicyError{Text: fmt.Sprintf("key %d: %v", i+1, err)}
		}
		if !seen[k.ID] {
			seen[k.ID] = true
			p.keys = append(p.keys, k)
		}
	}
	p.threshold = max(p.Threshold, 1)
	if p.Threshold < 0 {
		return p, &PolicyError{Text: "the threshold is below zero"}
	}
	return p, nil
}

// Bundle verifies a bundle of size bytes. The report says what was looked at, up to the first refusal; the error is a
// [*Refusal] if the bundle must not be used, a [*PolicyError] if the policy cannot, and another if reading failed.
func Bundle(ctx context.Context, r io.ReaderAt, size int64, p Policy) (*Report, error) {
	rep, _, _, err := verify(ctx, r, size, p)
	return rep, err
}

// verify returns also the opened archive and the manifest, which hold only if err is nil.
func verify(ctx context.Context, r io.ReaderAt, size int64, p Policy) (*Report, *bundle.Archive, *release.Manifest, error) {
	rep := newReport()
	defer rep.conclude()
	p, err := p.prepare()
	if err != nil {
		return rep, nil, nil, err
	}
	a, m, err := open(r, size, p, rep)
	if err == nil {
		err = checkFiles(ctx, a, m, rep)
	}
	if err != nil {
		return rep, nil, nil, rep.fail(asRefusal(err))
	}
	rep.Checks = append(rep.Checks, Check{
		Verdict: freshness, Status: NotEvaluated, Code: CodeFreshnessUnknown,
		Text:   "whether there is a newer release, and whether this one was withdrawn, is not known from a key alone",
		Remedy: "ask your vendor, or read its announcements",
	})
	rep.Genuine = true
	return rep, a, m, nil
}

func newReport() *Report {
	return &Report{Schema: ReportSchema, Keys: []string{}, Checks: []Check{}, Verdicts: []Check{}, Install: InstallRefused}
}

// asRefusal turns the errors of the archive's form into refusals.
func asRefusal(err error) error {
	var format *bundle.FormatError
	if errors.As(err, &format) {
		return refuse(integrity, format.Code, "%s", format.Error())
	}
	return err
}

// open judges everything up to the files: form, signatures, statement, policy.
func open(r io.ReaderAt, size int64, p Policy, rep *Report) (*bundle.Archive, *release.Manifest, error) {
	a, err := bundle.Open(r, size)
	if err != nil {
		return nil, nil, err
	}
	rep.pass(integrity, CodeFormat, "the archive has the one form that bundles have")
	raw, err := a.ReadFile(release.ManifestName, release.MaxManifestBytes)
	if err != nil {
		return nil, nil, err
	}
	if err := checkSignatures(a, raw, p, rep); err != nil {
		return nil, nil, err
	}
	// Only now is it worth reading.
	m, err := readManifest(a, raw, rep)
	if err != nil {
		return nil, nil, err
	}
	return a, m, checkPolicy(m, p, rep)
}

// readManifest reads release.json, whose bytes somebody trusted has vouched for.
func readManifest(a *bundle.Archive, raw []byte, rep *Report) (*release.Manifest, error) {
	rep.Release = release.Digest(raw)
	m, err := release.DecodeManifest(raw)
	if err != nil {
		var critical *release.CriticalError
		if errors.As(err, &critical) {
			return nil, &Refusal{Code: CodeCritical, Verdict: policy, Text: "release.json: " + err.Error(), Remedy: "get a newer relverify from your vendor"}
		}
		return nil, refuse(integrity, CodeManifest, "release.json: %v", err)
	}
	rep.Product, rep.Channel, rep.Version, rep.Sequence, rep.Commit = m.Product, m.Channel, m.Version, m.Sequence, m.Commit
	if !a.ModTime().Equal(m.SourceDate) {
		return nil, refuse(integrity, CodeTimestamp, "the archive is dated %s, the release %s", a.ModTime(), m.SourceDate)
	}
	return m, nil
}

func checkPolicy(m *release.Manifest, p Policy, rep *Report) error {
	other := func(code, format string, args ...any) error {
		no := refuse(policy, code, format, args...)
		no.Remedy = "this is another bundle than the one you asked for; it may be genuine, and it is not for you"
		return no
	}
	switch {
	case p.Product != "" && m.Product != p.Product:
		return other(CodeProduct, "the bundle is of product %s, not %s", m.Product, p.Product)
	case p.Channel != "" && m.Channel != p.Channel:
		return other(CodeChannel, "the bundle is of channel %s, not %s", m.Channel, p.Channel)
	case m.Version.Compare(p.MinVersion) < 0:
		return other(CodeMinVersion, "the bundle is version %s, older than %s", m.Version, p.MinVersion)
	}
	var asked []string
	for _, x := range [][2]string{{"product", p.Product}, {"channel", p.Channel}, {"version from", p.MinVersion.String()}} {
		if x[1] != "" {
			asked = append(asked, x[0]+" "+x[1])
		}
	}
	if len(asked) > 0 {
		rep.pass(policy, CodePolicy, "it is what was asked for: %s", strings.Join(asked, ", "))
	}
	return nil
}
