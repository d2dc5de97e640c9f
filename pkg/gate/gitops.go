package gate

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/relctl/relctl/pkg/release"
)

// GitOps asks whether Argo CD or Flux has applied our revision and found it healthy. It reads status objects as
// kubectl get -o json prints them: Argo CD's Application, Flux's Kustomization, HelmRelease, OCIRepository and
// GitRepository, one object or a List.
type GitOps struct {
	// Read returns the objects as JSON, see [Output] and [File].
	Read func(ctx context.Context, s Subject) ([]byte, error)
	// Names are the objects that must be there, as name or namespace/name; others are passed over. Without names all
	// objects count, and there must be one.
	Names []string
	// Revisions are ours: commits, digests or versions, any of which counts. A deploy branch moves on for other rings,
	// so there may be several.
	Revisions []string
	// At is the moment for which the gate asks. Default is now.
	At time.Time
}

// GitOpsRecord is what a [GitOps] saw.
type GitOpsRecord struct {
	Names     []string `json:"names,omitempty"`
	Revisions []string `json:"revisions"`
	// Failure says why there are no objects, and NoData that whoever was asked said that it does not know.
	Failure string `json:"failure,omitempty"`
	NoData  bool   `json:"no_data,omitempty"`
	// Objects are those that count, sorted.
	Objects []Object `json:"objects,omitempty"`
}

// Object is what the status of one object says, in the same words for Argo CD and Flux.
type Object struct {
	Kind      string `json:"kind"`
	Namespace string `json:"namespace,omitempty"`
	Name      string `json:"name"`
	// Applied are the names of the revision that runs: a commit, a version, a digest. Attempted are those of the one
	// that was tried last, as far as the object tells them apart.
	Applied   []string `json:"applied,omitempty"`
	Attempted []string `json:"attempted,omitempty"`
	// Health is pass, fail or no-data, with the engine's own words.
	Health release.Status `json:"health"`
	Reason string         `json:"reason,omitempty"`
}

// maxObjects is how many objects a gate looks at.
const maxObjects = 2000

// Observe reads the objects.
func (g GitOps) Observe(ctx context.Context, s Subject) Record {
	r := newRecord(moment(g.At), s)
	rec := &GitOpsRecord{Names: g.Names, Revisions: g.Revisions}
	r.GitOps = rec
	data, err := g.Read(ctx, s)
	if err != nil {
		rec.Failure, rec.NoData = clip(err.Error()), errors.Is(err, ErrNoData)
		return r
	}
	objects, err := ParseObjects(data)
	if err != nil {
		rec.Failure = clip(err.Error())
		return r
	}
	for _, o := range objects {
		if len(g.Names) == 0 || slices.ContainsFunc(g.Names, o.named) {
			rec.Objects = append(rec.Objects, o)
		}
	}
	return r
}

// named reports whether a name, or a namespace with a name, is the object's.
func (o Object) named(name string) bool {
	if ns, n, ok := strings.Cut(name, "/"); ok {
		return o.Namespace == ns && o.Name == n
	}
	return o.Name == name
}

// String names the object.
func (o Object) String() string {
	if o.Namespace == "" {
		return o.Kind + " " + o.Name
	}
	return o.Kind + " " + o.Namespace + "/" + o.Name
}

func (r *GitOpsRecord) judge(time.Time) release.Verdict {
	switch {
	case r.Failure != "" && r.NoData:
		return noData("%s", r.Failure)
	case r.Failure != "":
		return errored("cannot read the GitOps objects: %s", r.Failure)
	case len(r.Revisions) == 0 || slices.Contains(r.Revisions, ""):
		return errored("it is not known which revision is ours")
	}
	for _, name := range r.Names {
		if !slices.ContainsFunc(r.Objects, func(o Object) bool { return o.named(name) }) {
			return noData("there is no object %s", name)
		}
	}
	if len(r.Objects) == 0 {
		return noData("there are no objects")
	}
	return r.worst()
}

// worst returns a fail if any object fails, then no-data if one does not know.
func (r *GitOpsRecord) worst() release.Verdict {
	said := map[release.Status][]string{}
	for _, o := range r.Objects {
		status, reason := r.look(o)
		said[status] = append(said[status], fmt.Sprintf("%s %s", o, reason))
	}
	for _, status := range []release.Status{release.Fail, release.NoData} {
		if len(said[status]) > 0 {
			return release.Verdict{Status: status, Reason: first(said[status])}
		}
	}
	return passed("%s", first(said[release.Pass]))
}

func first(reasons []string) string {
	if n := len(reasons) - 1; n > 0 {
		return fmt.Sprintf("%s; and %d more", reasons[0], n)
	}
	return reasons[0]
}

// look judges one object. What is not ours says nothing about us, be it healthy or not.
func (r *GitOpsRecord) look(o Object) (release.Status, string) {
	at := o.Applied
	if o.Health != release.Pass && len(o.Attempted) > 0 {
		at = o.Attempted
	}
	switch {
	case len(at) == 0:
		return release.NoData, "does not say which revision it has: " + orElse(o.Reason, "no status")
	case !r.ours(at):
		return release.NoData, fmt.Sprintf("has %s, which is not ours: %s", short12(at[0]), o.Reason)
	case o.Health == release.Fail:
		return release.Fail, "is not healthy: " + o.Reason
	case o.Health != release.Pass:
		return release.NoData, "is not ready: " + orElse(o.Reason, "no status")
	}
	return release.Pass, "is synced and healthy at " + short12(at[0])
}

// ours reports whether one of the names is ours.
func (r *GitOpsRecord) ours(names []string) bool {
	return slices.ContainsFunc(names, func(n string) bool { return slices.Contains(r.Revisions, n) })
}

// short12 cuts a commit id for people.
func short12(revision string) string {
	if len(revision) == 40 && strings.Trim(revision, "0123456789abcdef") == "" {
		return revision[:12]
	}
	return revision
}
