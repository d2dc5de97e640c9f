package channel

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/relctl/relctl/internal/nearest"
	"github.com/relctl/relctl/pkg/release"
)

// ownGates are the gates that other keys of a channel file stand for; a waiver names them like any other.
var ownGates = []string{"accept", "source", "soak", "upgrade", "checks", "markers", "notes"}

// checkChannel checks what the form of single values does not show.
func (d *document) checkChannel(c *Channel) {
	d.checkGates("gates", c.Gates, false)
	d.atMost("trust.expiry", c.Trust.Expiry, maxTrustDays)
	if s := c.Support; s != nil && !s.Maintenance.IsZero() && !s.EOL.IsZero() && s.EOL.Compare(s.Maintenance) <= 0 {
		d.failAt("support.eol", "the end of life %s does not come after the maintenance from %s", s.EOL, s.Maintenance)
	}
	d.checkUpgrade(c)
	if c.Soak != nil && c.Source == "" {
		d.failAt("soak", "soak needs the key source: the rolling channel whose rings the changes ran in")
	}
	if c.Version.Scheme == SemVer && c.Version.Format != "" {
		d.failAt("version.format", "the format is for calendar versions; semantic versions have only one")
	}
	d.checkRings(c.Rings)
	seen := names{}
	for i, f := range c.Freeze {
		path := fmt.Sprintf("freeze[%d]", i)
		seen.once(d, path+".name", "freeze", f.Name)
		d.checkFreeze(path, f)
	}
}

// checkUpgrade checks that each stop is given once and lies where the way can pass it.
func (d *document) checkUpgrade(c *Channel) {
	if c.Upgrade == nil {
		return
	}
	seen := names{}
	for i, s := range c.Upgrade.Stops {
		path := fmt.Sprintf("upgrade.stops[%d].version", i)
		seen.once(d, path, "stop", s.Version.String())
		if first := firstOf(c.Line); !first.IsZero() && s.Version.Compare(first) > 0 && !c.Line.Contains(s.Version) {
			d.failAt(path, "%s lies after line %s, and is on no way to it", s.Version, c.Line)
		}
	}
}

// checkFreeze checks that the keys of days and those of hours are not mixed.
func (d *document) checkFreeze(path string, f Freeze) {
	switch {
	case !f.From.IsZero() && f.To.IsZero():
		d.failAt(path, "the key to is missing: the last frozen day")
	case f.From.IsZero() && !f.To.IsZero():
		d.failAt(path+".to", "the last frozen day needs the first, from")
	case f.To.Compare(f.From) < 0:
		d.failAt(path+".to", "the freeze ends on %s, before it begins on %s", f.To, f.From)
	}
	switch {
	case (f.Start == "") != (f.End == ""):
		d.failAt(path, "start and end need each other")
	case f.Start != "" && len(f.Weekdays) == 0:
		d.failAt(path+".start", "start and end are hours of weekdays, and there are none")
	case f.Start == "24:00":
		d.failAt(path+".start", "a day cannot begin at its end; give 00:00 of the next")
	}
}

func (d *document) checkRings(rings []Ring) {
	seen, cells := names{}, names{}
	for i, r := range rings {
		path := fmt.Sprintf("rings[%d]", i)
		seen.once(d, path+".name", "ring", r.Name)
		for j, cell := range r.Cells {
			cells.once(d, fmt.Sprintf("%s.cells[%d]", path, j), "cell", cell)
		}
		d.checkGates(path+".gates", r.Gates, true)
	}
}

// checkGates checks a list of gates; those of a ring have no moment of their own.
func (d *document) checkGates(path string, gates []Gate, ring bool) {
	seen := names{}
	for i, g := range gates {
		path := fmt.Sprintf("%s[%d]", path, i)
		seen.once(d, path+".name", "gate", g.Name)
		if slices.Contains(ownGates, g.Name) {
			d.failAt(path+".name", "the name %s is taken: it stands for the channel's own key %s", g.Name, g.Name)
		}
		if g.Timeout != 0 && g.Approval != nil {
			d.failAt(path+".timeout", "a timeout is for commands and queries; people take their time")
		}
		d.checkMetric(path+".prometheus", g.Prometheus)
		if ring && g.When != "" {
			d.failAt(path+".when", "gates of a ring are asked at promotion and have no moment of their own")
		}
	}
}

// maxStep is how long a metric server still answers for a series that has ended: longer steps would not show gaps.
const maxStep = 5 * time.Minute

// checkMetric checks that the keys of a metric fit each other.
func (d *document) checkMetric(path string, p *Prometheus) {
	if p == nil {
		return
	}
	switch about := strings.HasPrefix(p.Pass, "candidate "); {
	case about && p.Control == "":
		d.failAt(path+".pass", "the condition is about a control: give the key control, a query")
	case !about && p.Control != "":
		d.failAt(path+".control", "the condition %q does not ask for a control", p.Pass)
	}
	switch {
	case p.Step != 0 && p.Window == 0:
		d.failAt(path+".step", "a step is for a window")
	case p.Step.Duration() > maxStep:
		d.failAt(path+".step", "steps of more than %s would not show gaps", Duration(maxStep))
	case p.Step > p.Window:
		d.failAt(path+".step", "the step is longer than the window")
	}
}

// names are the names given so far in a list.
type names map[string]string

// once records an error if a name was given before.
func (n names) once(d *document, path, what, name string) {
	if before, ok := n[name]; ok {
		d.failAt(path, "there are two %ss called %s; the other stands in line %d", what, name, d.values[before].line)
		return
	}
	n[name] = path
}

// checkProduct checks what the form of single values does not show.
func (d *document) checkProduct(p *Product) {
	d.checkImages(p.Images)
	d.checkFacts(p.Docs.Facts)
	d.checkNotes(p.Docs)
	if p.Deploy != nil {
		d.checkDeploy(p.Deploy)
	}
	d.atMost("trust.root", p.Trust.Root, maxRootDays)
	d.atMost("trust.expiry", p.Trust.Expiry, maxTrustDays)
	if n := len(p.Signing.Keys); p.Signing.Threshold > n {
		d.failAt("signing.threshold", "the threshold %d can never be met: there %s", p.Signing.Threshold, are(n, "key"))
	}
	for i, key := range p.Shards.Keys {
		if slices.Contains(p.Signing.Keys, key) {
			d.failAt(fmt.Sprintf("shards.keys[%d]", i), "%s signs releases; the machines that build must not hold it", key)
		}
	}
	for _, role := range sortedKeys(p.Roles) {
		people, keys := names{}, names{}
		for i, s := range p.Roles[role] {
			path := fmt.Sprintf("roles.%s[%d]", role, i)
			people.once(d, path+".name", "signer", s.Name)
			if s.OpenPGP != "" {
				keys.onceKey(d, path+".openpgp", s.OpenPGP)
			} else if key, err := sshKey(s.SSH); err == nil {
				keys.onceKey(d, path+".ssh", key)
			}
		}
	}
}

// checkImages checks that images neither take each other's place nor claim to be another release.
func (d *document) checkImages(images []Image) {
	seen, repositories := names{}, names{}
	for i, img := range images {
		path := fmt.Sprintf("images[%d]", i)
		seen.once(d, path+".name", "image", img.Name)
		if before, ok := repositories[img.Repository]; ok {
			d.failAt(path, "the repository %s is that of the image %s as well", img.Repository, before)
		}
		repositories[img.Repository] = img.Name
		for _, label := range sortedKeys(img.Labels) {
			if slices.Contains(ownLabels, label) {
				d.failAt(path+".labels."+label, "the label %s is relctl's to set", label)
			}
		}
		for j, port := range img.Ports {
			if number, _, _ := strings.Cut(port, "/"); len(number) == 5 && number > "65535" {
				d.failAt(fmt.Sprintf("%s.ports[%d]", path, j), "the port %s is above 65535", number)
			}
		}
	}
}

// ownLabels say which release an image is.
var ownLabels = []string{
	"org.opencontainers.image.base.digest", "org.opencontainers.image.base.name", "org.opencontainers.image.created",
	"org.opencontainers.image.revision", "org.opencontainers.image.version",
}

// onceKey records an error if a key was given before: whoever holds it would count twice.
func (n names) onceKey(d *document, path, key string) {
	if before, ok := n[key]; ok {
		d.failAt(path, "the same key stands in line %d; one key counts once in a role", d.values[before].line)
		return
	}
	n[key] = path
}

// validate checks what only shows when all files are read. Files that are wrong in themselves are left out: what they
// would say is not known.
func (l *loader) validate() {
	var sound []*Channel
	for _, c := range l.set.Channels {
		if len(l.doc(c).errs) == 0 {
			sound = append(sound, c)
		}
	}
	l.checkLines(sound)
	l.checkTags(sound)
	for _, c := range sound {
		l.checkSource(c)
		if len(l.docs[productFile].errs) == 0 {
			l.checkRoles(c)
		}
	}
	for _, d := range l.docs {
		l.errs = append(l.errs, d.errs...)
	}
}

func (l *loader) doc(c *Channel) *document { return l.docs[dir+"/"+c.Name+".yaml"] }

// checkLines refuses a version that two channels own.
func (l *loader) checkLines(channels []*Channel) {
	for i, c := range channels {
		for _, before := range channels[:i] {
			if c.Line.Contains(firstOf(before.Line)) || before.Line.Contains(firstOf(c.Line)) {
				l.doc(c).failAt("line", "line %s holds versions inside the range that another channel owns: %s has line %s", c.Line, before.Name, before.Line)
			}
		}
	}
}

// checkTags refuses tags that two rolling channels would give; the lines keep those of LTS channels apart.
func (l *loader) checkTags(channels []*Channel) {
	first := map[string]string{}
	for _, c := range channels {
		if c.Kind != release.Rolling || c.Tag == "" {
			continue
		}
		if before, taken := first[c.Tag]; taken {
			l.doc(c).failAt("tag", "channel %s has the same tags; two releases could ask for one", before)
			continue
		}
		first[c.Tag] = c.Name
	}
}

// firstOf returns the first version of a line, or none of the zero line.
func firstOf(line release.Line) release.Version {
	if line.IsZero() {
		return release.Version{}
	}
	return line.First()
}

// checkSource checks that a source exists, is a rolling channel, and has the ring that changes must soak in.
func (l *loader) checkSource(c *Channel) {
	if c.Source == "" {
		return
	}
	d := l.doc(c)
	src, err := l.set.Channel(c.Source)
	if err != nil {
		var others []string
		for _, o := range l.set.Channels {
			if o.Kind == release.Rolling {
				others = append(others, o.Name)
			}
		}
		d.fail(d.values["source"], nearest.Word(c.Source, others), "there is no channel %s", c.Source)
		return
	}
	if len(l.doc(src).errs) > 0 {
		return
	}
	if src.Kind != release.Rolling {
		d.failAt("source", "channel %s is of kind %s; changes come from a rolling channel", src.Name, src.Kind)
		return
	}
	if c.Soak == nil {
		return
	}
	var rings []string
	for _, r := range src.Rings {
		rings = append(rings, r.Name)
	}
	if !slices.Contains(rings, c.Soak.Ring) {
		d.fail(d.values["soak.ring"], nearest.Word(c.Soak.Ring, rings), "channel %s has no ring %s", src.Name, c.Soak.Ring)
	}
}

// checkRoles checks that the roles of approvals exist and have enough people.
func (l *loader) checkRoles(c *Channel) {
	if c.Soak != nil {
		l.approval(c, "soak.approval", c.Soak.Approval)
	}
	l.approvals(c, "gates", c.Gates)
	for i, r := range c.Rings {
		l.approvals(c, fmt.Sprintf("rings[%d].gates", i), r.Gates)
	}
}

func (l *loader) approvals(c *Channel, path string, gates []Gate) {
	for i, g := range gates {
		l.approval(c, fmt.Sprintf("%s[%d].approval", path, i), g.Approval)
	}
}

func (l *loader) approval(c *Channel, path string, a *Approval) {
	if a == nil {
		return
	}
	d, roles := l.doc(c), l.set.Product.Roles
	people, ok := roles[a.Role]
	switch {
	case !ok:
		d.fail(d.values[path+".role"], nearest.Word(a.Role, sortedKeys(roles)), "%s has no role %s", productFile, a.Role)
	case a.Count > len(people):
		d.failAt(path+".count", "%d approvals can never be had: in role %s there %s", a.Count, a.Role, are(len(people), "signer"))
	}
}

// are returns "is 1 key" or "are 2 keys".
func are(n int, what string) string {
	if n == 1 {
		return "is 1 " + what
	}
	return fmt.Sprintf("are %d %ss", n, what)
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
