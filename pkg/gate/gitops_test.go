package gate_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/relctl/relctl/pkg/gate"
	"github.com/relctl/relctl/pkg/release"
)

const (
	ours   = "53e28ff20cc530b9ada2173fbbd64d48338583ba" // the commit of the deploy branch
	digest = "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
	chart  = "2026.103.1+1a2b3c"
)

// status returns the objects of testdata/gitops/<name>.json, after each change of one text to another.
func status(t testing.TB, name string, changes ...string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", "gitops", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	text := string(data)
	for i := 0; i < len(changes); i += 2 {
		if !strings.Contains(text, changes[i]) {
			t.Fatalf("%s holds no %s", name, changes[i])
		}
		text = strings.ReplaceAll(text, changes[i], changes[i+1])
	}
	return text
}

// gitops asks about objects given as text.
func gitops(objects string, names ...string) gate.GitOps {
	return gate.GitOps{
		Read:      func(context.Context, gate.Subject) ([]byte, error) { return []byte(objects), nil },
		Names:     names,
		Revisions: []string{ours, digest, chart},
	}
}

func list(objects ...string) string {
	return `{"apiVersion":"v1","kind":"List","metadata":{"resourceVersion":""},"items":[` + strings.Join(objects, ",") + `]}`
}

func TestGitOpsPassesWhatIsOursSyncedAndHealthy(t *testing.T) {
	t.Parallel()
	var all []string
	for _, name := range []string{"application", "kustomization", "helmrelease", "ocirepository", "gitrepository"} {
		all = append(all, status(t, name))
		expect(t, ask(t, gitops(status(t, name))), release.Pass, " is synced and healthy at ")
	}
	expect(t, ask(t, gitops(list(all...))), release.Pass, "Application argocd/acme-eu-1 is synced and healthy at 53e28ff20cc5; and 4 more")
}

func TestGitOpsSaysWhyAnApplicationIsNotReady(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		changes []string
		status  release.Status
		reason  string
	}{
		"another commit":              {[]string{ours, strings.Repeat("1", 40)}, "no-data", "Application argocd/acme-eu-1 has 111111111111, which is not ours"},
		"another commit, degraded":    {[]string{ours, strings.Repeat("1", 40), `"status": "Healthy"`, `"status": "Degraded"`}, "no-data", "which is not ours"},
		"a branch of our name":        {[]string{ours, "main"}, "no-data", "has main, which is not ours"},
		"degraded":                    {[]string{`"status": "Healthy"`, `"status": "Degraded", "message": "crash\nloop"`}, "fail", "is not healthy: Degraded: crash loop"},
		"missing":                     {[]string{`"status": "Healthy"`, `"status": "Missing"`}, "fail", "Missing"},
		"progressing":                 {[]string{`"status": "Healthy"`, `"status": "Progressing"`}, "no-data", "is not ready: health Progressing"},
		"suspended":                   {[]string{`"status": "Healthy"`, `"status": "Suspended"`}, "no-data", "health Suspended"},
		"unknown health":              {[]string{`"status": "Healthy"`, `"status": "Unknown"`}, "no-data", "health Unknown"},
		"a health from the future":    {[]string{`"status": "Healthy"`, `"status": "Splendid"`}, "no-data", "health Splendid"},
		"no health":                   {[]string{`"status": "Healthy"`, `"state": "Healthy"`}, "no-data", "health is not there"},
		"out of sync":                 {[]string{`"status": "Synced"`, `"status": "OutOfSync"`}, "no-data", "it is not synced"},
		"sync unknown":                {[]string{`"status": "Synced"`, `"status": "Unknown"`}, "no-data", "sync status Unknown"},
		"no sync status":              {[]string{`"status": "Synced"`, `"state": "Synced"`}, "no-data", "sync status is not there"},
		"a running sync":              {[]string{`"phase": "Succeeded"`, `"phase": "Running"`}, "no-data", "a sync is running"},
		"a failed sync":               {[]string{`"phase": "Succeeded"`, `"phase": "Failed"`}, "fail", "the sync ended as Failed: successfully synced"},
		"a failed sync of another":    {[]string{`"phase": "Succeeded"`, `"phase": "Error"`, `"revision": "` + ours + `",` + "\n        \"source\"", `"revision": "0",` + "\n        \"source\""}, "pass", "synced"},
		"an error in the description": {[]string{`"conditions": []`, `"conditions": [{"type":"ComparisonError","message":"cannot render"}]`}, "fail", "ComparisonError: cannot render"},
		"a warning":                   {[]string{`"conditions": []`, `"conditions": [{"type":"OrphanedResourceWarning","message":"one"}]`}, "pass", "synced"},
		"being deleted":               {[]string{`"generation": 7`, `"generation": 7, "deletionTimestamp": "2026-01-05T12:00:00Z"`}, "no-data", "it is being deleted"},
		"without a status":            {[]string{`"status": {`, `"state": {`}, "no-data", "does not say which revision it has: no status"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			expect(t, ask(t, gitops(status(t, "application", c.changes...))), c.status, c.reason)
		})
	}
}

func TestGitOpsSaysWhyAFluxObjectIsNotReady(t *testing.T) {
	t.Parallel()
	ready := []string{`"status": "True",` + "\n        \"type\": \"Ready\"", `"status": "False",` + "\n        \"type\": \"Ready\""}
	for name, c := range map[string]struct {
		object  string
		changes []string
		status  release.Status
		reason  string
	}{
		"applied another commit":          {"kustomization", []string{ours, strings.Repeat("1", 40)}, "no-data", "Kustomization flux-system/acme-eu-1 has "},
		"failed with ours":                {"kustomization", append([]string{`"reason": "ReconciliationSucceeded"`, `"reason": "HealthCheckFailed"`}, ready...), "fail", "is not healthy: HealthCheckFailed: Applied revision"},
		"failed with another, ours runs":  {"kustomization", append([]string{`"lastAttemptedRevision": "relctl/deploy@sha1:` + ours, `"lastAttemptedRevision": "relctl/deploy@sha1:0`}, ready...), "no-data", "which is not ours"},
		"failed with ours, another runs":  {"kustomization", append([]string{`"lastAppliedRevision": "relctl/deploy@sha1:` + ours, `"lastAppliedRevision": "relctl/deploy@sha1:0`}, ready...), "fail", "is not healthy"},
		"waits for another object":        {"kustomization", append([]string{`"reason": "ReconciliationSucceeded"`, `"reason": "DependencyNotReady"`}, ready...), "no-data", "DependencyNotReady"},
		"gave way to a newer revision":    {"kustomization", append([]string{`"reason": "ReconciliationSucceeded"`, `"reason": "HealthCheckCanceled"`}, ready...), "no-data", "is not ready: HealthCheckCanceled"},
		"progresses":                      {"kustomization", append([]string{`"reason": "ReconciliationSucceeded"`, `"reason": "Progressing"`}, ready...), "no-data", "is not ready: Progressing"},
		"ready is unknown":                {"kustomization", []string{ready[0], strings.Replace(ready[1], "False", "Unknown", 1)}, "no-data", "is not ready: ReconciliationSucceeded"},
		"reconciles again":                {"kustomization", []string{`"conditions": [`, `"conditions": [{"type":"Reconciling","status":"True"},`}, "no-data", "it is being reconciled"},
		"stalled":                         {"kustomization", []string{`"conditions": [`, `"conditions": [{"type":"Stalled","status":"True","reason":"BuildFailed","message":"m"},`}, "fail", "Stalled: BuildFailed: m"},
		"suspended":                       {"kustomization", []string{`"prune": true`, `"prune": true, "suspend": true`}, "no-data", "it is suspended"},
		"a status older than the spec":    {"kustomization", []string{`"generation": 3`, `"generation": 4`}, "no-data", "its status is older than its spec"},
		"no condition":                    {"kustomization", []string{`"type": "Ready"`, `"type": "Steady"`}, "no-data", "there is no condition Ready"},
		"a branch is no revision":         {"kustomization", []string{"@sha1:" + ours, ""}, "no-data", "has relctl/deploy, which is not ours"},
		"another chart":                   {"helmrelease", []string{chart, "2026.102.1", digest, "sha256:00"}, "no-data", "HelmRelease acme/acme has 2026.102.1, which is not ours"},
		"rolled back after ours failed":   {"helmrelease", append([]string{`"chartVersion": "` + chart, `"chartVersion": "2026.102.1`, `"ociDigest": "` + digest, `"ociDigest": "sha256:00`}, ready...), "fail", "is not healthy: UpgradeSucceeded"},
		"another artifact":                {"ocirepository", []string{digest, "sha256:00"}, "no-data", "which is not ours"},
		"our tag with another artifact":   {"ocirepository", []string{"2026.103.1@" + digest, chart + "@sha256:00"}, "no-data", "which is not ours"},
		"an artifact that cannot be read": {"ocirepository", append([]string{`"reason": "Succeeded"`, `"reason": "OCIArtifactPullFailed"`}, ready...), "fail", "OCIArtifactPullFailed"},
		"no artifact yet":                 {"gitrepository", []string{`"artifact"`, `"nothing"`}, "no-data", "does not say which revision it has"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			expect(t, ask(t, gitops(status(t, c.object, c.changes...))), c.status, c.reason)
		})
	}
}

func TestGitOpsJudgesAllObjectsThatCount(t *testing.T) {
	t.Parallel()
	good := status(t, "application")
	sick := status(t, "application", "acme-eu-1", "acme-eu-2", `"status": "Healthy"`, `"status": "Degraded"`)
	slow := status(t, "application", "acme-eu-1", "acme-us-1", `"status": "Healthy"`, `"status": "Progressing"`)

	expect(t, ask(t, gitops(list(good, slow, sick))), release.Fail, "argocd/acme-eu-2 is not healthy") // a fail outweighs what is not known
	expect(t, ask(t, gitops(list(good, slow))), release.NoData, "argocd/acme-us-1 is not ready")
	expect(t, ask(t, gitops(list(good, sick, slow), "acme-eu-1")), release.Pass, "Application argocd/acme-eu-1 is synced and healthy at 53e28ff20cc5")
	expect(t, ask(t, gitops(list(good, sick), "argocd/acme-eu-1")), release.Pass, "Application argocd/acme-eu-1 is synced and healthy at 53e28ff20cc5")
	expect(t, ask(t, gitops(list(good, sick), "other/acme-eu-1")), release.NoData, "there is no object other/acme-eu-1")
	expect(t, ask(t, gitops(list(good), "acme-eu-1", "acme-eu-3")), release.NoData, "there is no object acme-eu-3")
	expect(t, ask(t, gitops(list())), release.NoData, "there are no objects")
	two := strings.ReplaceAll(sick, "acme-eu-2", "acme-eu-3")
	expect(t, ask(t, gitops(list(sick, two))), release.Fail, "; and 1 more")
}

func TestGitOpsCannotJudgeWhatItCannotRead(t *testing.T) {
	t.Parallel()
	good := status(t, "application")
	for want, objects := range map[string]string{
		"is not what kubectl get -o json prints":     "NAME SYNC STATUS",
		"unexpected end of JSON input":               good[:len(good)-3],
		`"Deployment" of "apps/v1" is not an object`: list(good, `{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"a"}}`),
		`"Application" of "example.com/v1" is not`:   strings.Replace(good, "argoproj.io/v1alpha1", "example.com/v1", 1),
		`"" of "" is not an object`:                  `{}`,
		"an object has no name":                      status(t, "application", `"name": "acme-eu-1"`, `"title": "acme-eu-1"`),
		"is there twice":                             list(good, good),
		"cannot unmarshal":                           status(t, "application", `"conditions": []`, `"conditions": "none"`),
	} {
		expect(t, ask(t, gitops(objects)), release.Errored, want)
	}
	unknown := gitops(good)
	unknown.Revisions = nil
	expect(t, ask(t, unknown), release.Errored, "it is not known which revision is ours")
	unknown.Revisions = []string{""}
	expect(t, ask(t, unknown), release.Errored, "it is not known which revision is ours")
}

func TestGitOpsReadsFilesAndTheOutputOfCommands(t *testing.T) {
	t.Setenv("KUBECONFIG", "/etc/cluster")
	t.Setenv("GITHUB_TOKEN", "secret")
	file := filepath.Join(t.TempDir(), "status.json")
	if err := os.WriteFile(file, []byte(status(t, "application")), 0o600); err != nil {
		t.Fatal(err)
	}
	g := gitops("")
	g.Read = gate.File(file, 0)
	expect(t, ask(t, g), release.Pass, "Application argocd/acme-eu-1 is synced and healthy at 53e28ff20cc5")
	g.Read = gate.File(file+".none", 0)
	expect(t, ask(t, g), release.Errored, "no such file")

	if err := os.Chtimes(file, time.Time{}, time.Now().Add(-16*time.Minute)); err != nil {
		t.Fatal(err)
	}
	g.Read = gate.File(file, 0)
	expect(t, ask(t, g), release.NoData, "more than 15m ago")
	g.Read = gate.File(file, time.Hour)
	expect(t, ask(t, g), release.Pass, "is synced and healthy")

	run := func(text string) release.Verdict {
		g.Read = gate.Output(script(t, text))
		return ask(t, g)
	}
	expect(t, run("echo warning >&2; cat "+file), release.Pass, "Application argocd/acme-eu-1 is synced and healthy at 53e28ff20cc5")
	expect(t, run("cat "+file+"; echo connection refused >&2; exit 1"), release.Errored, "cannot read the GitOps objects: connection refused")
	expect(t, run("echo no cluster >&2; exit 75"), release.NoData, "no data: no cluster")
	expect(t, run(`test "$KUBECONFIG" = /etc/cluster && test -z "$GITHUB_TOKEN" && cat `+file), release.Pass, "Application argocd/acme-eu-1 is synced and healthy at 53e28ff20cc5")
	expect(t, run("head -c 17000000 /dev/zero"), release.Errored, "there are more than 16 MiB")
}

// TestTheRecordOfGitOpsHoldsNoSecrets looks for what a spec may hold and a ledger must not.
func TestTheRecordOfGitOpsHoldsNoSecrets(t *testing.T) {
	t.Parallel()
	g := gitops(status(t, "helmrelease", `"values": {`, `"values": {"password": "hunter2",`))
	data, err := json.Marshal(g.Observe(t.Context(), subject))
	if err != nil || strings.Contains(string(data), "hunter2") || !strings.Contains(string(data), chart[:10]) {
		t.Errorf("%v %s", err, data)
	}
}

func FuzzParseObjects(f *testing.F) {
	for _, name := range []string{"application", "kustomization", "helmrelease", "ocirepository", "gitrepository"} {
		f.Add([]byte(status(f, name)))
		f.Add([]byte(list(status(f, name))))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		objects, err := gate.ParseObjects(data)
		if err != nil {
			return
		}
		for _, o := range objects {
			if o.Name == "" || o.Kind == "" {
				t.Errorf("an object without a name: %+v", o)
			}
		}
		if v := ask(t, gitops(string(data))); v.Status == release.Pass && !strings.Contains(string(data), ours) && !strings.Contains(string(data), digest) && !strings.Contains(string(data), chart) {
			t.Errorf("passes what is not ours: %s", v.Reason)
		}
	})
}

func ExampleGitOps() {
	const status = `{"apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": {"name": "acme-eu-1", "namespace": "argocd"},
		"status": {"sync": {"status": "Synced", "revision": "53e28ff"}, "health": {"status": "Degraded"}}}`
	g := gate.GitOps{
		Read:      func(context.Context, gate.Subject) ([]byte, error) { return []byte(status), nil },
		Revisions: []string{"53e28ff"},
	}
	v := gate.Recorded(g, nil).Evaluate(context.Background(), gate.Subject{})
	fmt.Println(v.Status, v.Reason)
	// Output: fail Application argocd/acme-eu-1 is not healthy: Degraded
}
