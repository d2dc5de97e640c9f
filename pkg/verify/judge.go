package verify

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/theupdateframework/go-tuf/v2/metadata"

	"github.com/relctl/relctl/pkg/bundle"
	"github.com/relctl/relctl/pkg/release"
	"github.com/relctl/relctl/pkg/upgrade"
)

// The reason codes of a site's freshness and policy.
const (
	CodeExpired          = "metadata-expired"        // metadata whose makers wanted it to be renewed by now
	CodeStale            = "stale"                   // older than the site's greatest age
	CodeOutdated         = "standing-outdated"       // newer news are known to exist, and are not here
	CodeWithdrawn        = "release-withdrawn"       //
	CodeEnded            = "line-ended"              // nothing is fixed any more; installing is allowed
	CodeFresh            = "fresh-ok"                //
	CodeClockBehind      = "clock-behind"            // a warning
	CodeClockAhead       = "clock-ahead"             // a warning
	CodeFloor            = "version-below-floor"     //
	CodeBelowInstalled   = "version-below-installed" //
	CodeInstalledUnknown = "installed-unknown"       // the site's state was lost, or nobody has said
	CodeStockSignatures  = "signatures-not-needed"   // for stock tools; trust metadata decides
)

// overridable are the reasons that an operator may set aside, by name.
var overridable = []string{CodeExpired, CodeStale, CodeOutdated, CodeWithdrawn}

// Options of a judgement.
type Options struct {
	// Accept are reason codes of freshness that the operator overrides. It is written into the site's history.
	Accept []string
	// DryRun leaves the site as it is.
	DryRun bool
}

func (o Options) check() error {
	for _, code := range o.Accept {
		if !slices.Contains(overridable, code) {
			return &PolicyError{Text: fmt.Sprintf("reason %q cannot be accepted", code), Remedy: "only these can: " + strings.Join(overridable, ", ")}
		}
	}
	return nil
}

// Verify judges a bundle of size bytes by what the site trusts and has seen, and remembers what is learned from it. The
// error is a [*Refusal] if it must not be installed, or is stale, withdrawn or of a line that has ended ([Refusal.Genuine]);
// a [*PolicyError] if something must be said first, such as what is installed.
func (s *Site) Verify(ctx context.Context, r io.ReaderAt, size int64, o Options) (*Report, error) {
	rep, _, _, err := s.judge(ctx, r, size, o)
	return rep, err
}

// Unpack verifies a bundle and lays its files out in the new folder dst, as [Unpack] does; then it is what is installed,
// and its channel the one that the site follows. A bundle of a line that has ended is unpacked, and the error says so.
func (s *Site) Unpack(ctx context.Context, r io.ReaderAt, size int64, dst string, o Options) (*Report, error) {
	if err := mustBeNew(dst); err != nil {
		return nil, err
	}
	rep, a, m, err := s.judge(ctx, r, size, o)
	if err != nil && (a == nil || rep.Install != InstallAllowed) || o.DryRun {
		return rep, err
	}
	if err := layOut(ctx, a, m, rep, dst); err != nil {
		return rep, err
	}
	for _, c := range rep.Checks {
		if c.Status == Accepted {
			s.State.note(s.now(), "accept", "%s %s although %s", m.Channel, m.Version, c.Text)
		}
	}
	s.State.note(s.now(), "unpack", "%s %s (sequence %d, %s)", m.Channel, m.Version, m.Sequence, rep.Release)
	s.State.Installed = &Installed{Version: m.Version, Channel: m.Channel, Sequence: m.Sequence, Release: rep.Release}
	return rep, errors.Join(err, s.Save(), s.follow(m.Channel))
}

// Learn takes in what the trust metadata of a bundle says, without a look at its release.
func (s *Site) Learn(r io.ReaderAt, size int64, o Options) error {
	a, err := bundle.Open(r, size)
	if err != nil {
		return asRefusal(err)
	}
	files, err := a.TrustFiles()
	if err != nil {
		return asRefusal(err)
	}
	w, err := walk(s.Config.Product, s.State, files)
	return errors.Join(err, s.learned(w, o))
}

// follow moves the site to a channel.
func (s *Site) follow(channel string) error {
	if channel == s.Config.Channel {
		return nil
	}
	s.State.note(s.now(), "follow", "from %s to %s", s.Config.Channel, channel)
	s.Config.Channel = channel
	return errors.Join(s.Save(), s.write(siteName, s.Config))
}

// judge returns also the archive and the manifest, which hold if the report says genuine.
func (s *Site) judge(ctx context.Context, r io.ReaderAt, size int64, o Options) (*Report, *bundle.Archive, *release.Manifest, error) {
	rep := newReport()
	defer rep.conclude()
	if err := o.check(); err != nil {
		return rep, nil, nil, err
	}
	a, m, w, err := s.authenticate(r, size, rep)
	if w != nil {
		if err := s.learned(w, o); err != nil {
			return rep, nil, nil, err
		}
	}
	if err == nil {
		err = checkFiles(ctx, a, m, rep)
	}
	if err != nil {
		return rep, nil, nil, rep.fail(asRefusal(err))
	}
	j := judge{site: s, walker: w, manifest: m, rep: rep, options: o}
	stale, no := j.freshness(), j.policy()
	var refusal *Refusal
	rep.Genuine = !errors.As(no, &refusal)
	if no == nil {
		no = stale
	}
	return rep, a, m, no
}

// learned keeps what a walk has taught.
func (s *Site) learned(w *walker, o Options) error {
	before := s.State
	s.State = w.state
	if o.DryRun {
		return nil
	}
	if before.Timestamp != w.state.Timestamp || before.Root != w.state.Root {
		s.State.note(s.now(), "trust", "%s", w.news())
	}
	return s.Save()
}

// authenticate judges form, trust metadata and release.json, in an order in which no byte is used before somebody
// trusted has vouched for it. The walker is nil if it was not reached.
func (s *Site) authenticate(r io.ReaderAt, size int64, rep *Report) (*bundle.Archive, *release.Manifest, *walker, error) {
	a, err := bundle.Open(r, size)
	if err != nil {
		return nil, nil, nil, err
	}
	rep.pass(integrity, CodeFormat, "the archive has the one form that bundles have")
	files, err := a.TrustFiles()
	if err != nil {
		return nil, nil, nil, err
	}
	if len(files) == 0 {
		return nil, nil, nil, distrust(CodeTrustMissing, "verify it with --key and the vendor's public key, or ask for the bundle written again with trust (relctl bundle write)", "the bundle carries no trust metadata")
	}
	w, err := walk(s.Config.Product, s.State, files)
	if err != nil {
		return nil, nil, w, err
	}
	raw, err := a.ReadFile(release.ManifestName, release.MaxManifestBytes)
	if err != nil {
		return nil, nil, w, err
	}
	m, err := w.release(a, raw, rep)
	if err != nil {
		return nil, nil, w, err
	}
	rep.pass(authenticity, CodeTrust, "release %s is in the signed list of %s, under root %d", m.Version, m.Channel, w.tm.Root.Signed.Version)
	if n := len(stockSignatures(a)); n > 0 {
		rep.Checks = append(rep.Checks, Check{Verdict: authenticity, Status: Passed, Code: CodeStockSignatures, Text: release.Count(n, "signature") + " for stock tools, not needed here: the trust metadata decides"})
	}
	return a, m, w, nil
}

func stockSignatures(a *bundle.Archive) []string {
	var names []string
	for _, e := range a.Entries() {
		if bundle.IsSignature(e.Name) {
			names = append(names, e.Name)
		}
	}
	return names
}

// listed is what a channel's list says of a release, beside its digest.
type listed struct {
	Version  release.Version `json:"version"`
	Sequence uint64          `json:"sequence"`
	Event    uint64          `json:"event"`
	Ledger   string          `json:"ledger"`
}

// release finds the bytes of release.json in the list of one of the channels, and only then reads them.
func (w *walker) release(a *bundle.Archive, raw []byte, rep *Report) (*release.Manifest, error) {
	sum := sha256.Sum256(raw)
	var problem error
	for _, channel := range w.listedChannels() {
		list, err := w.list(channel)
		if err != nil {
			problem = err
			continue
		}
		for path, target := range list.Signed.Targets {
			if !bytes.Equal(target.Hashes["sha256"], sum[:]) || target.VerifyLengthHashes(raw) != nil {
				continue
			}
			if err := w.speaks(release.ReleaseRole(channel), path); err != nil {
				return nil, err
			}
			m, err := readManifest(a, raw, rep)
			if err != nil {
				return nil, err
			}
			return m, w.hold(m, channel, path, target)
		}
	}
	if problem != nil {
		return nil, problem
	}
	return nil, distrust(CodeUnlisted, callVendor, "no list of the vendor's names this release.json (sha256 %s)", hex.EncodeToString(sum[:]))
}

// listedChannels are the channels whose lists the offered files hold.
func (w *walker) listedChannels() []string {
	var found []string
	for _, channel := range w.channels() {
		if len(w.files.versions(release.ReleaseRole(channel))) > 0 {
			found = append(found, channel)
		}
	}
	return found
}

// hold compares release.json with what the list says about it, and with what this site has met.
func (w *walker) hold(m *release.Manifest, channel, path string, target *metadata.TargetFiles) error {
	if m.Channel != channel || path != release.ReleaseTarget(channel, m.Version) {
		return distrust(CodeDelegation, callVendor, "release.json is about %s %s, and listed as %s", m.Channel, m.Version, path)
	}
	if m.Product != w.product {
		return &Refusal{Code: CodeProduct, Verdict: policy, Text: fmt.Sprintf("the bundle is of product %s, this site is about %s", m.Product, w.product), Remedy: notForYou}
	}
	var says listed
	if target.Custom != nil {
		if err := json.Unmarshal(*target.Custom, &says); err != nil {
			return distrust(CodeTrustForm, askAgain, "the list's entry %s: %v", path, err)
		}
		if says.Version.Compare(m.Version) != 0 || says.Sequence != m.Sequence {
			return distrust(CodeTrustDigest, callVendor, "the list says version %s, sequence %d of what release.json calls %s, %d", says.Version, says.Sequence, m.Version, m.Sequence)
		}
	}
	c := w.state.channel(channel)
	if c == nil {
		return distrust(CodeTrustMissing, askTrust, "nothing is known of how channel %s stands", channel)
	}
	if p := m.Previous; p != nil && p.Release != "" {
		for _, r := range c.Releases {
			if r.Version.Compare(p.Version) == 0 && r.Release != p.Release {
				return distrust(CodeEquivocation, "the vendor's key shows two histories: install nothing, and call your vendor", "release.json names %s as its predecessor %s, and this site has met %s", short(p.Release), p.Version, short(r.Release))
			}
		}
	}
	return c.meet(ReleaseSeen{Version: m.Version, Sequence: m.Sequence, Release: digestOf(target), Ledger: says.Ledger})
}

func digestOf(t *metadata.TargetFiles) string {
	return "sha256:" + hex.EncodeToString(t.Hashes["sha256"])
}

// judge is the judgement of one release that is authentic and whole.
type judge struct {
	site     *Site
	walker   *walker
	manifest *release.Manifest
	rep      *Report
	options  Options
}

// refuse notes a refusal of freshness, which the operator may have accepted; it returns nil then.
func (j *judge) refuse(no *Refusal) error {
	if slices.Contains(j.options.Accept, no.Code) {
		j.rep.Checks = append(j.rep.Checks, Check{Verdict: no.Verdict, Status: Accepted, Code: no.Code, Text: no.Text, Remedy: no.Remedy})
		return nil
	}
	return j.rep.fail(no)
}

// farAhead is how far a clock may be beyond the newest signed time before it is doubted.
const farAhead = 10 * 365 * 24 * time.Hour

// Today returns the clock's time or the newest that offline keys have signed, whichever is later.
func (s *Site) Today() time.Time {
	if now := s.now(); now.After(s.State.Floor) {
		return now
	}
	return s.State.Floor
}

// clockWarning says what is wrong with this machine's clock, "" if nothing is known to be.
func (s *Site) clockWarning() (code, text string) {
	clock, floor := s.now(), s.State.Floor
	switch {
	case clock.Before(floor):
		return CodeClockBehind, fmt.Sprintf("this machine's clock says %s, and the vendor has signed news on %s: that day is taken for today", Day(clock), Day(floor))
	case !floor.IsZero() && clock.Sub(floor) > farAhead:
		return CodeClockAhead, fmt.Sprintf("this machine's clock says %s, ten years and more after the vendor's newest statement: look at the clock", Day(clock))
	}
	return "", ""
}

// freshness judges how old the news are, and what they say about the release. It returns the first refusal.
func (j *judge) freshness() (first error) {
	keep := func(err error) {
		if first == nil {
			first = err
		}
	}
	s, m := j.site, j.manifest
	now := s.Today()
	if code, text := s.clockWarning(); code != "" {
		j.rep.warn(freshness, code, "%s", text)
	}
	c := s.State.channel(m.Channel)
	st, err := c.effective()
	if err != nil {
		return err
	}
	j.rep.AsOf = c.AsOf
	if st.Newest != nil {
		j.rep.Newest = st.Newest.Version
	}
	for _, x := range j.walker.expired(m.Channel, now) {
		keep(j.refuse(&Refusal{Code: CodeExpired, Verdict: freshness, Text: x, Remedy: askTrust}))
	}
	if !j.walker.current[m.Channel] {
		keep(j.refuse(&Refusal{Code: CodeOutdated, Verdict: freshness, Text: fmt.Sprintf("there are newer news about %s than those of %s, and they are not here", m.Channel, Day(c.AsOf)), Remedy: askTrust}))
	}
	if most := time.Duration(s.Config.MaxAge) * time.Second; most > 0 && now.Sub(c.AsOf) > most {
		keep(j.refuse(&Refusal{Code: CodeStale, Verdict: freshness, Text: fmt.Sprintf("the news are of %s, %s; this site asks for %s at most", Day(c.AsOf), Age(now, c.AsOf), days(most)), Remedy: askTrust}))
	}
	if w := st.Withdrawal(m.Version); w != nil {
		text := fmt.Sprintf("%s was withdrawn on %s: %s", m.Version, Day(w.Time), w.Reason)
		if w.Abandoned {
			text = fmt.Sprintf("%s was given up before it was released: %s", m.Version, w.Reason)
		}
		if w.Advisory != "" {
			text += " (" + w.Advisory + ")"
		}
		keep(j.refuse(&Refusal{Code: CodeWithdrawn, Verdict: freshness, Text: text, Remedy: instead(st, m.Version)}))
	}
	if no := ended(st, m.Version, now); no != nil {
		keep(j.rep.fail(no))
	}
	if first == nil {
		text := fmt.Sprintf("nothing withdrawn as of %s (%s)", Day(c.AsOf), Age(now, c.AsOf))
		if st.Newest != nil && st.Newest.Version.Compare(m.Version) > 0 {
			text += fmt.Sprintf("; %s is newer", st.Newest.Version)
		}
		j.rep.pass(freshness, CodeFresh, "%s", text)
	}
	return first
}

// instead says what to install instead of a version.
func instead(st *release.Standing, v release.Version) string {
	if n := st.Newest; n != nil && n.Version.Compare(v) > 0 {
		return fmt.Sprintf("install %s, or a newer one", n.Version)
	}
	return "ask your vendor which release replaces it"
}

// ended refuses the releases of a line for which nothing is fixed any more.
func ended(st *release.Standing, v release.Version, now time.Time) *Refusal {
	until := "until then this is still the line's best release"
	if n := st.Newest; n != nil && n.Version.Compare(v) > 0 {
		until = fmt.Sprintf("until then %s is the line's best release", n.Version)
	}
	no := &Refusal{Code: CodeEnded, Verdict: freshness, Remedy: "plan the move to a newer line; " + until}
	if e := st.Ended; e != nil && !now.Before(e.Time) {
		no.Text = fmt.Sprintf("the life of %s ended on %s: %s", st.Channel, Day(e.Time), e.Reason)
		if e.Successor != "" {
			no.Remedy = fmt.Sprintf("move to %s: the command path shows the way; %s", e.Successor, until)
		}
		return no
	}
	if eol, err := time.Parse(time.DateOnly, st.Support.EOL); err == nil && !now.Before(eol) {
		no.Text = fmt.Sprintf("the support of %s ended on %s", st.Channel, Day(eol))
		return no
	}
	return nil
}

// expired lists the metadata of a channel's chain whose time is over.
func (w *walker) expired(channel string, now time.Time) []string {
	var over []string
	check := func(role string, expires time.Time) {
		if now.After(expires) {
			over = append(over, fmt.Sprintf("the vendor's %s metadata expired on %s", role, Day(expires)))
		}
	}
	check(release.RoleRoot, w.tm.Root.Signed.Expires)
	check(release.RoleTimestamp, w.tm.Timestamp.Signed.Expires)
	check(release.RoleSnapshot, w.tm.Snapshot.Signed.Expires)
	for _, role := range []string{release.RoleTargets, release.ReleaseRole(channel), release.StatusRole(channel)} {
		if m := w.tm.Targets[role]; m != nil {
			check(role, m.Signed.Expires)
		}
	}
	return over
}

// policy judges whether the release is one for this site.
func (j *judge) policy() error {
	s, m := j.site, j.manifest
	st, err := s.State.channel(m.Channel).effective()
	if err != nil {
		return err
	}
	fail := func(code, remedy, format string, args ...any) error {
		return j.rep.fail(&Refusal{Code: code, Verdict: policy, Text: fmt.Sprintf(format, args...), Remedy: remedy})
	}
	if f := st.Floor; f != nil && m.Version.Compare(f.Version) < 0 {
		return fail(CodeFloor, instead(st, m.Version), "%s lies below %s, the lowest version that may be installed: %s", m.Version, f.Version, f.Reason)
	}
	at := s.State.Installed
	other := m.Channel != s.Config.Channel
	if at == nil {
		j.rep.Checks = append(j.rep.Checks, Check{Verdict: policy, Status: NotEvaluated, Code: CodeInstalledUnknown, Text: "nobody has said what is installed here", Remedy: sayInstalled})
		return &PolicyError{Text: "what is installed here is not known, so that this release could be older, or skip a stop", Remedy: sayInstalled}
	}
	j.rep.Installed = at.Version
	switch {
	case other && at.Version.IsZero():
		return fail(CodeChannel, notForYou, "the bundle is of channel %s, this site follows %s", m.Channel, s.Config.Channel)
	case m.Version.Compare(at.Version) < 0:
		return fail(CodeBelowInstalled, "keep what is installed, or install a newer release", "%s is older than %s, which is installed", m.Version, at.Version)
	case at.Channel == m.Channel && m.Sequence < at.Sequence:
		return fail(CodeBelowInstalled, callVendor, "%s has sequence %d, lower than that of what is installed, %d", m.Version, m.Sequence, at.Sequence)
	}
	conditions, err := upgrade.NewRules(st).Direct(at.Version, m.Version)
	var no *upgrade.Refusal
	if errors.As(err, &no) {
		return fail(no.Code, no.Remedy, "%s", no.Text)
	}
	j.rep.Conditions = conditions
	text := fmt.Sprintf("%s %s is for this site", m.Channel, m.Version)
	if !at.Version.IsZero() {
		text = fmt.Sprintf("%s may follow the installed %s", m.Version, at.Version)
	}
	if other {
		text += fmt.Sprintf("; unpacking it moves this site from %s to %s", s.Config.Channel, m.Channel)
	}
	j.rep.pass(policy, CodePolicy, "%s", text)
	return err
}

const sayInstalled = "say it by the command installed: installed <version>, or installed none"

// Age says for people how long ago a time is, in days.
func Age(now, then time.Time) string {
	n := int(now.Sub(then) / (24 * time.Hour))
	switch {
	case n <= 0:
		return "today"
	case n == 1:
		return "1 day old"
	}
	return fmt.Sprintf("%d days old", n)
}

func days(d time.Duration) string { return fmt.Sprintf("%d days", int(d/(24*time.Hour))) }
