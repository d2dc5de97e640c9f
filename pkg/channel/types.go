package channel

import (
	"github.com/relctl/relctl/pkg/release"
)

// Channel is a named line of delivery, one file channels/<name>.yaml.
type Channel struct {
	// Name is the name of the channel's file without ".yaml".
	Name string `json:"name" yaml:"-"`
	// Kind is "lts" for a long-lived branch that ships to customers as signed bundles, "rolling" for a branch that
	// follows development and deploys to the managed service.
	Kind release.Kind `json:"kind" is:"kind"`
	// Line is the range of versions that the channel owns, in quotes: "2.4" owns 2.4.x, "2" owns 2.x. No two channels
	// may own the same version.
	Line release.Line `json:"line,omitzero" only:"lts,required"`
	// Branch is the short name of the branch that the channel releases from, such as release/2.4.
	Branch string `json:"branch" is:"branch"`
	// Tag is the name of a release's tag, with {version} in the place of the version. Default for lts channels is
	// "v{version}"; a rolling channel without it makes no tags.
	Tag string `json:"tag,omitempty" is:"tag"`
	// Accept lists the types of conventional commits that may be released, such as fix and security. Anything else
	// needs a waiver with a reason. Without it every change may be released.
	Accept []string `json:"accept,omitempty" is:"type" only:"lts"`
	// Source is the rolling channel on whose branch every change must exist first.
	Source string `json:"source,omitempty" is:"name" only:"lts"`
	// Soak is how long every change must have run healthy in the source channel's service.
	Soak *Soak `json:"soak,omitempty" only:"lts"`
	// Checks are the names of the CI checks that a commit must have passed to be released, such as unit and e2e. CI says
	// so with relctl observe check. A plan takes the newest commit whose checks all passed. Without it a plan takes the
	// branch's newest commit.
	Checks []string `json:"checks,omitempty" is:"text" only:"rolling"`
	// Gates are further conditions that a release must meet.
	Gates []Gate `json:"gates,omitempty"`
	// Support tells customers how long they can count on the line.
	Support *Support `json:"support,omitempty" only:"lts"`
	// Upgrade says which installations may upgrade to the channel's releases.
	Upgrade *Upgrade `json:"upgrade,omitempty" only:"lts"`
	// Trust is how long what customers may trust about the channel lasts.
	Trust Trust `json:"trust,omitzero" only:"lts"`
	// Version is how the channel's versions are formed. Default is {scheme: semver}.
	Version Scheme `json:"version,omitzero" only:"rolling"`
	// Rings are the stages of the rollout, in order: a release enters the first and is promoted from ring to ring.
	Rings []Ring `json:"rings,omitempty" only:"rolling"`
	// Freeze lists the times in which nothing is promoted.
	Freeze []Freeze `json:"freeze,omitempty" only:"rolling"`
	// Deploy is the engine that applies what a promotion renders.
	Deploy *Deploy `json:"deploy,omitempty" only:"rolling"`
}

// Ref returns the full ref name of the channel's branch, such as "refs/heads/release/2.4".
func (c *Channel) Ref() string { return "refs/heads/" + c.Branch }

// Soak is a time that a change must have been deployed and healthy, without a break, in a ring of the source channel.
type Soak struct {
	// Ring is the name of a ring of the source channel.
	Ring string `json:"ring" is:"name"`
	// For is the unbroken time in that ring, such as 72h.
	For Duration `json:"for"`
	// Gap is the longest time between two healthy observations of a cell that counts as unbroken. Default is 15m.
	Gap Duration `json:"gap,omitzero"`
	// Approval asks people to approve the commit of a change that no ring can vouch for: a pick that had to be adapted, or
	// a change of the line alone. Without it such a change needs a waiver.
	Approval *Approval `json:"approval,omitempty"`
}

// Gate is a condition that a cut must meet. Exactly one of approval, command, prometheus and gitops says how it is
// asked.
type Gate struct {
	// Name is the gate's name, by which it is approved or waived.
	Name string `json:"name" is:"name"`
	// When is the moment at which the gate is asked: "planned" before the build, "built" on the files that will ship.
	// Default is planned. Gates of a ring have none, they are asked at promotion.
	When release.Moment `json:"when,omitempty" is:"moment"`
	// Approval asks for people.
	Approval *Approval `json:"approval,omitempty" one:"how the gate is asked"`
	// Command is a program with its arguments, run from the root of the default branch's tree; exit code 0 passes.
	Command []string `json:"command,omitempty" is:"argument" one:"how the gate is asked"`
	// Prometheus asks a metric.
	Prometheus *Prometheus `json:"prometheus,omitempty" one:"how the gate is asked"`
	// GitOps asks whether Argo CD or Flux runs our revision and finds it healthy.
	GitOps *GitOps `json:"gitops,omitempty" one:"how the gate is asked"`
	// Timeout ends a command or a query that takes longer, such as 30m.
	Timeout Duration `json:"timeout,omitzero"`
}

// Approval asks that people of a role approve, each with a signature.
type Approval struct {
	// Role is a key of roles in product.yaml.
	Role string `json:"role" is:"name"`
	// Count is how many different people must approve. Default is 1.
	Count int `json:"count,omitempty"`
}

// Prometheus asks a metric. A query without an answer is no data, and no data is no pass. In all queries {channel},
// {ring}, {cell}, {version} and {previous}, the version that the ring ran before, stand for what is judged.
type Prometheus struct {
	// Server is the address of the metric server, such as http://prometheus:9090. Default is the address that relctl is
	// started with.
	Server string `json:"server,omitempty" is:"server"`
	// Query is a PromQL expression that gives one number.
	Query string `json:"query" is:"text"`
	// Pass is the condition that the number must meet, such as "value < 0.01", or with a control
	// "candidate <= 1.5 * control + 0.001".
	Pass string `json:"pass" is:"comparison"`
	// Control is a PromQL expression that gives the number of what the candidate is compared to, for the same moments.
	Control string `json:"control,omitempty" is:"text"`
	// Window is the time until now in which the condition must hold without a break, such as 30m. Without it the
	// condition must hold now.
	Window Duration `json:"window,omitzero"`
	// Step is the time between two answers in the window, at most 5m. Default depends on the window.
	Step Duration `json:"step,omitzero"`
	// Traffic is the least that must go on for the metric to mean anything.
	Traffic *Traffic `json:"traffic,omitempty"`
}

// Traffic is the least that must go on for a metric to mean anything; with less there is no data.
type Traffic struct {
	// Query is a PromQL expression that gives one number, such as the requests of the last ten minutes.
	Query string `json:"query" is:"text"`
	// Least is the number that it must reach, in quotes, such as "100".
	Least string `json:"least" is:"decimal"`
}

// GitOps asks for the status objects of Argo CD (Application) or Flux (Kustomization, HelmRelease, OCIRepository,
// GitRepository): all must be applied, healthy, and at our revision.
type GitOps struct {
	// Command prints the objects, one or a list, as kubectl get -o json does. It runs as the commands of gates do and
	// also sees the variables by which kubectl finds its cluster.
	Command []string `json:"command,omitempty" is:"argument" one:"where the objects are"`
	// File is a file with the objects, a path from the folder in which relctl runs. One that was written more than 15
	// minutes ago is no data.
	File string `json:"file,omitempty" is:"path" one:"where the objects are"`
	// Names are the objects that must be there, as name or namespace/name; others are passed over. Without it all count.
	Names []string `json:"names,omitempty" is:"object"`
}

// Support is how long customers can count on a line.
type Support struct {
	// Maintenance is the day from which only serious faults are fixed, such as 2027-03-01.
	Maintenance Date `json:"maintenance,omitzero"`
	// EOL is the day from which nothing is fixed any more, such as 2028-03-01; it lies after maintenance.
	EOL Date `json:"eol,omitzero"`
}

// Upgrade says which installations may upgrade.
type Upgrade struct {
	// From is the range of versions from which an upgrade is possible, such as ">=2.2.0".
	From string `json:"from" is:"constraint"`
	// Fixes says what happens if a release of an older line, from which an upgrade is possible, has fixes that this
	// channel's next release has not: "warn" tells, "refuse" stops the cut. Default is warn.
	Fixes string `json:"fixes,omitempty" is:"fixes"`
	// Stops are releases, of this line or an older one, that must be installed on the way.
	Stops []UpgradeStop `json:"stops,omitempty"`
	// Blocked are ways that are not offered, though from admits them. Ways on which a fix would go missing need not be
	// listed: relctl finds them.
	Blocked []UpgradeBlock `json:"blocked,omitempty"`
	// Conditions are what must be done or hold before a way is taken.
	Conditions []UpgradeCondition `json:"conditions,omitempty"`
}

// UpgradeStop is a release that must be installed on the way from older versions to newer ones of the channel.
type UpgradeStop struct {
	// Version is the release's version, such as 2.4.1.
	Version release.Version `json:"version"`
	// For is the range of installed versions below it that must stop here, such as "<2.4.0". Default is all.
	For string `json:"for,omitempty" is:"constraint"`
	// Reason is why, in words that customers will read.
	Reason string `json:"reason" is:"statement"`
}

// UpgradeBlock is a way that is not offered.
type UpgradeBlock struct {
	// From is the range of installed versions, such as "=2.2.9".
	From string `json:"from" is:"constraint"`
	// To is the range of the channel's releases that they cannot go to, such as "<2.4.2".
	To string `json:"to" is:"constraint"`
	// Reason is why, in words that customers will read.
	Reason string `json:"reason" is:"statement"`
}

// UpgradeCondition must hold before a way is taken.
type UpgradeCondition struct {
	// From is the range of installed versions that it is for, such as "<2.4.0". Default is all.
	From string `json:"from,omitempty" is:"constraint"`
	// To is the range of the channel's releases that it is for. Default is all.
	To string `json:"to,omitempty" is:"constraint"`
	// Text is what must be done or hold, in words that customers will read.
	Text string `json:"text" is:"statement"`
}

// Scheme is how a rolling channel's versions are formed.
type Scheme struct {
	// Scheme is "semver", where changes decide the next version, or "calver", where the date in UTC does.
	Scheme string `json:"scheme" is:"scheme"`
	// Format is the form of a calendar version. There is one, "YYYY.MDD.N", such as 2026.103.1 for the first release of
	// January 3rd: it is a valid semantic version on every day of the year.
	Format string `json:"format,omitempty" is:"format"`
}

// Ring is a stage of the rollout.
type Ring struct {
	// Name is the ring's name, such as canary.
	Name string `json:"name" is:"name"`
	// Soak is how long a release must have been healthy in this ring before it is promoted, such as 24h.
	Soak Duration `json:"soak,omitzero"`
	// Gap is the longest time between two healthy observations of a cell that counts as unbroken. Default is 15m.
	Gap Duration `json:"gap,omitzero"`
	// Cells are the deployments in the ring. A cell stands in one ring only.
	Cells []string `json:"cells" is:"name"`
	// Gates are further conditions for promotion.
	Gates []Gate `json:"gates,omitempty"`
}

// Freeze is a time in which nothing is promoted: whole days, or hours of every week, in one time zone.
type Freeze struct {
	// Name is the freeze's name, such as year-end.
	Name string `json:"name" is:"name"`
	// From is the first frozen day, such as 2026-12-20.
	From Date `json:"from,omitzero" one:"when the freeze is"`
	// To is the last frozen day, such as 2027-01-04.
	To Date `json:"to,omitzero"`
	// Weekdays are the frozen days of every week, such as [sat, sun].
	Weekdays []string `json:"weekdays,omitempty" is:"weekday" one:"when the freeze is"`
	// Start is the time of day at which the freeze of a weekday begins, in quotes, such as "18:00". Without start and
	// end it is the whole day.
	Start string `json:"start,omitempty" is:"time"`
	// End is the time of day at which it ends; if that is not after start, it is one of the next day.
	End string `json:"end,omitempty" is:"time"`
	// Timezone is the IANA name of the time zone of days and hours, such as Europe/Berlin. Default is UTC.
	Timezone string `json:"timezone,omitempty" is:"timezone"`
}

// Deploy is how the rolling channel's manifests reach a cluster.
type Deploy struct {
	// Engine applies the manifests that relctl renders.
	Engine string `json:"engine" is:"engine"`
}
