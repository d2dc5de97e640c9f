package gate

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/relctl/relctl/pkg/release"
)

// kubeObject is the part of a Kubernetes object that a gate reads; the status depends on the kind.
type kubeObject struct {
	APIVersion string            `json:"apiVersion"`
	Kind       string            `json:"kind"`
	Items      []json.RawMessage `json:"items"`
	Metadata   struct {
		Name              string `json:"name"`
		Namespace         string `json:"namespace"`
		Generation        int64  `json:"generation"`
		DeletionTimestamp string `json:"deletionTimestamp"`
	} `json:"metadata"`
	Spec struct {
		Suspend bool `json:"suspend"`
	} `json:"spec"`
	Status json.RawMessage `json:"status"`
}

// ParseObjects reads what kubectl get -o json prints, a single object or a List, and returns the objects sorted by kind,
// namespace and name. An object of another kind is an error: a gate that looked past it would see less than it was shown.
func ParseObjects(data []byte) ([]Object, error) {
	var top kubeObject
	if err := json.Unmarshal(data, &top); err != nil {
		return nil, fmt.Errorf("it is not what kubectl get -o json prints: %w", err)
	}
	all := []json.RawMessage{data}
	if strings.HasSuffix(top.Kind, "List") {
		all = top.Items
	}
	if len(all) > maxObjects {
		return nil, fmt.Errorf("there are %d objects, more than %d", len(all), maxObjects)
	}
	var out []Object
	for _, raw := range all {
		o, err := parseObject(raw)
		if err != nil {
			return nil, err
		}
		out = append(out, o)
	}
	slices.SortFunc(out, func(a, b Object) int { return strings.Compare(a.String(), b.String()) })
	for i := range out[min(1, len(out)):] {
		if out[i].String() == out[i+1].String() {
			return nil, fmt.Errorf("%s is there twice", out[i])
		}
	}
	return out, nil
}

// readers read a status, by API group and kind.
var readers = map[string]func(*Object, kubeObject) error{
	"argoproj.io/Application":                   readApplication,
	"kustomize.toolkit.fluxcd.io/Kustomization": readFlux,
	"helm.toolkit.fluxcd.io/HelmRelease":        readFlux,
	"source.toolkit.fluxcd.io/OCIRepository":    readFlux,
	"source.toolkit.fluxcd.io/GitRepository":    readFlux,
}

func parseObject(raw json.RawMessage) (Object, error) {
	var k kubeObject
	if err := json.Unmarshal(raw, &k); err != nil {
		return Object{}, fmt.Errorf("object: %w", err)
	}
	o := Object{Kind: clip(k.Kind), Namespace: clip(k.Metadata.Namespace), Name: clip(k.Metadata.Name), Health: release.NoData}
	group, _, _ := strings.Cut(k.APIVersion, "/")
	read, ok := readers[group+"/"+k.Kind]
	switch {
	case !ok:
		return Object{}, fmt.Errorf("%.60q of %.60q is not an object of Argo CD or Flux that has a health", k.Kind, k.APIVersion)
	case o.Name == "":
		return Object{}, errors.New("an object has no name")
	}
	if len(k.Status) > 0 {
		if err := read(&o, k); err != nil {
			return Object{}, fmt.Errorf("status of %s: %w", o, err)
		}
	}
	if k.Metadata.DeletionTimestamp != "" {
		o.set(release.NoData, "it is being deleted")
	}
	return o, nil
}

// set gives the object its health, with the reason in one line.
func (o *Object) set(s release.Status, words ...string) {
	words = slices.DeleteFunc(words, func(w string) bool { return w == "" })
	o.Health, o.Reason = s, clip(strings.Join(words, ": "))
}

// application is the status of Argo CD's Application, see
// https://argo-cd.readthedocs.io/en/stable/operator-manual/health/ and pkg/apis/application/v1alpha1/types.go there.
type application struct {
	Sync struct {
		Status    string   `json:"status"`
		Revision  string   `json:"revision"`
		Revisions []string `json:"revisions"`
	} `json:"sync"`
	Health struct {
		Status  string `json:"status"`
		Message string `json:"message"`
	} `json:"health"`
	Operation *struct {
		Phase   string `json:"phase"`
		Message string `json:"message"`
		Result  *struct {
			Revision  string   `json:"revision"`
			Revisions []string `json:"revisions"`
		} `json:"syncResult"`
	} `json:"operationState"`
	Conditions []struct {
		Type    string `json:"type"`
		Message string `json:"message"`
	} `json:"conditions"`
}

func readApplication(o *Object, k kubeObject) error {
	var a application
	if err := json.Unmarshal(k.Status, &a); err != nil {
		return err
	}
	o.Attempted = revisions(append(a.Sync.Revisions, a.Sync.Revision)...)
	phase, message := "", ""
	if op := a.Operation; op != nil {
		phase, message = op.Phase, op.Message
	}
	if a.Sync.Status == "Synced" { // else this is what should run, not what does
		o.Applied = o.Attempted
	}
	o.set(release.NoData, "health "+orElse(a.Health.Status, "is not there"), a.Health.Message)
	for _, c := range a.Conditions {
		if strings.HasSuffix(c.Type, "Error") {
			o.set(release.Fail, c.Type, c.Message)
			return nil
		}
	}
	switch sync := a.Sync.Status; {
	case phase == "Running" || phase == "Terminating":
		o.set(release.NoData, "a sync is running", message)
	case (phase == "Failed" || phase == "Error") && a.ofThis():
		o.set(release.Fail, "the sync ended as "+phase, message)
	case sync == "OutOfSync":
		o.set(release.NoData, "it is not synced")
	case sync != "Synced":
		o.set(release.NoData, "sync status "+orElse(sync, "is not there"))
	case a.Health.Status == "Healthy":
		o.set(release.Pass, "Synced, Healthy")
	case a.Health.Status == "Degraded" || a.Health.Status == "Missing":
		o.set(release.Fail, a.Health.Status, a.Health.Message)
	}
	return nil
}

// ofThis reports whether the last sync was one of the revision that the application should have.
func (a application) ofThis() bool {
	r := a.Operation.Result
	return r == nil || slices.Equal(revisions(append(r.Revisions, r.Revision)...), revisions(append(a.Sync.Revisions, a.Sync.Revision)...))
}

// fluxStatus is what the statuses of Flux's objects have in common, see https://fluxcd.io/flux/components/.
type fluxStatus struct {
	ObservedGeneration int64 `json:"observedGeneration"`
	Conditions         []struct {
		Type    string `json:"type"`
		Status  string `json:"status"`
		Reason  string `json:"reason"`
		Message string `json:"message"`
	} `json:"conditions"`
	// Kustomization, and HelmRelease for what it tried.
	LastAppliedRevision         string `json:"lastAppliedRevision"`
	LastAttemptedRevision       string `json:"lastAttemptedRevision"`
	LastAttemptedRevisionDigest string `json:"lastAttemptedRevisionDigest"`
	// HelmRelease: the latest is first. Kustomization has a history too, without these fields.
	History []struct {
		ChartVersion string `json:"chartVersion"`
		OCIDigest    string `json:"ociDigest"`
	} `json:"history"`
	// Sources.
	Artifact *struct {
		Revision string `json:"revision"`
	} `json:"artifact"`
}

func readFlux(o *Object, k kubeObject) error {
	var f fluxStatus
	if err := json.Unmarshal(k.Status, &f); err != nil {
		return err
	}
	applied := []string{f.LastAppliedRevision}
	if len(f.History) > 0 {
		applied = append(applied, f.History[0].ChartVersion, f.History[0].OCIDigest)
	}
	if f.Artifact != nil {
		applied = append(applied, f.Artifact.Revision)
	}
	o.Applied = revisions(applied...)
	o.Attempted = revisions(f.LastAttemptedRevision, f.LastAttemptedRevisionDigest)
	o.set(release.NoData, "there is no condition Ready")
	reconciling, stalled := false, false
	for _, c := range f.Conditions {
		switch {
		case c.Type == "Stalled" && c.Status == "True":
			stalled = true
			o.set(release.Fail, "Stalled", c.Reason, c.Message)
		case c.Type == "Reconciling" && c.Status == "True":
			reconciling = true
		case stalled || c.Type != "Ready":
		case c.Status == "True":
			o.set(release.Pass, "Ready", c.Reason)
		case c.Status == "False" && c.Reason != "DependencyNotReady" && c.Reason != "HealthCheckCanceled" && !strings.HasPrefix(c.Reason, "Progressing"):
			o.set(release.Fail, c.Reason, c.Message)
		default:
			o.set(release.NoData, c.Reason, c.Message)
		}
	}
	switch {
	case k.Spec.Suspend:
		o.set(release.NoData, "it is suspended")
	case f.ObservedGeneration < k.Metadata.Generation:
		o.set(release.NoData, "its status is older than its spec")
	case reconciling && o.Health == release.Pass:
		o.set(release.NoData, "it is being reconciled")
	}
	return nil
}

// revisions returns all names of revisions. Flux's "main@sha1:<commit>" and "2.4.1@sha256:<digest>" are pinned by what
// follows the branch or tag, which is no revision by itself. Argo CD gives plain commits, versions and digests.
func revisions(in ...string) []string {
	var out []string
	for _, r := range in {
		r = clip(r)
		if _, pin, pinned := strings.Cut(r, "@"); pinned && pin != "" {
			out = append(out, strings.TrimPrefix(pin, "sha1:"))
		}
		if r != "" {
			out = append(out, r)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}
