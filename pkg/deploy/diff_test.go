package deploy_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/relctl/relctl/pkg/deploy"
)

func TestADiffTellsWhatChangesInEachCell(t *testing.T) {
	t.Parallel()
	const config = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: gone}\ndata: {a: b}\n"
	in := with(t, map[string]string{"extra.yaml": workload(), "more.yaml": config}, "extra.yaml", "more.yaml")
	in.Ring.Cells = []string{"eu-1"}
	before := after(nil, render(t, in))

	next := with(t, map[string]string{
		"extra.yaml": workload("      containers:", "      terminationGracePeriodSeconds: 9\n      containers:\n        - {name: zero, image: acme, args: [a]}"),
		"more.yaml":  "apiVersion: v1\nkind: Secret\nmetadata: {name: new}\nstringData: {password: hunter2}\n",
	}, "extra.yaml", "more.yaml")
	next.Branch, next.Release = before, version("2026.103.2", '2')
	next.Ring.Cells = []string{"eu-1", "eu-2"}
	diffs, err := render(t, next).Diff(before)
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	for i := range diffs {
		text.WriteString(diffs[i].Text() + diffs[i].Summary() + "\n\n")
	}
	golden(t, "diff.txt", text.String())
	data, err := json.Marshal(diffs)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`"change":"removed"`, `"change":"added"`, `{"path":"spec.template.spec.terminationGracePeriodSeconds","old":null,"new":9}`,
		`{"name":"registry.example/acme/acmed","old":["` + digest('1') + `"],"new":["` + digest('2') + `"]}`,
	} {
		if !strings.Contains(string(data), want) {
			t.Errorf("JSON lacks %s", want)
		}
	}
}

func TestTwoSetsCompareLikeASetAndItsBranch(t *testing.T) {
	t.Parallel()
	in := canary(t)
	in.Ring.Cells = []string{"eu-1", "eu-2"}
	first := render(t, in)
	next := in
	next.Release, next.Ring.Cells = version("2026.103.2", '2'), []string{"eu-2", "eu-3"}
	second := render(t, next)
	text := func(diffs []deploy.Diff, err error) string {
		if err != nil {
			t.Fatal(err)
		}
		var b strings.Builder
		for i := range diffs {
			b.WriteString(diffs[i].Text())
		}
		return b.String()
	}
	got, want := text(deploy.Compare(first, second)), text(second.Diff(after(nil, first)))
	if got != want || !strings.Contains(got, "canary/eu-1: 2026.103.1 -> nothing\n  leaves the ring") || !strings.Contains(got, "canary/eu-3: nothing -> 2026.103.2") {
		t.Errorf("%s\nis not\n%s", got, want)
	}
	if same := text(deploy.Compare(first, first)); strings.Count(same, "nothing changes in the cluster") != 2 {
		t.Errorf("a set differs from itself:\n%s", same)
	}
}

func TestADiffFindsTheSmallestFieldsThatDiffer(t *testing.T) {
	t.Parallel()
	object := func(spec string) []byte {
		return []byte("apiVersion: v1\nkind: Thing\nmetadata: {name: t}\nspec: " + spec + "\n")
	}
	for name, c := range map[string]struct{ old, now, want string }{
		"nothing":              {"{a: [1, {b: c}]}", "{a: [1, {b: c}]}", ""},
		"a value":              {"{a: 1, b: 2}", "{a: 1, b: 3}", "spec.b: 2 -> 3"},
		"another type":         {"{a: 1}", "{a: \"1\"}", `spec.a: 1 -> "1"`},
		"a value that is new":  {"{}", "{a: {b: 1}}", `spec.a: none -> {"b":1}`},
		"a value that is gone": {"{a: 1}", "{}", "spec.a: 1 -> none"},
		"a key with dots":      {"{a.b/c: 1}", "{a.b/c: 2}", `spec["a.b/c"]: 1 -> 2`},
		"a member by name":     {"{l: [{name: x, v: 1}, {name: y}]}", "{l: [{name: y}, {name: x, v: 2}]}", "spec.l[x].v: 1 -> 2"},
		"a member by position": {"{l: [1, 2]}", "{l: [1, 3, 4]}", "spec.l[1]: 2 -> 3 spec.l[2]: none -> 4"},
		"another order":        {"{l: [{name: x}, {name: y}]}", "{l: [{name: y}, {name: x}]}", `spec.l[0].name: "x" -> "y" spec.l[1].name: "y" -> "x"`},
		"names that repeat":    {"{l: [{name: x, v: 1}, {name: x, v: 2}]}", "{l: [{name: x, v: 1}, {name: x, v: 3}]}", "spec.l[1].v: 2 -> 3"},
		"dates are text":       {"{a: 2001-01-01, 1: x}", "{a: 2001-01-02, \"1\": x}", `spec.a: "2001-01-01" -> "2001-01-02"`},
		"a map for a list":     {"{l: [1]}", "{l: {a: 1}}", `spec.l: [1] -> {"a":1}`},
	} {
		objects, _, err := deploy.DiffManifests(object(c.old), object(c.now))
		if err != nil {
			t.Fatal(err)
		}
		d := deploy.Diff{Objects: objects}
		var got []string
		for line := range strings.Lines(d.Text()) {
			if field, ok := strings.CutPrefix(line, "      "); ok {
				got = append(got, strings.TrimSpace(field))
			}
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestADiffNeverShowsWhatASecretHolds(t *testing.T) {
	t.Parallel()
	secret := func(data string) []byte {
		return []byte("apiVersion: v1\nkind: Secret\nmetadata: {name: s}\n" + data + "\n")
	}
	for _, c := range [][2]string{{"data: {p: aHVudGVyMg==}", "data: {p: b3RoZXI=}"}, {"stringData: {p: hunter2}", "data: {p: b3RoZXI=}"}, {"", "data: {p: b3RoZXI=}"}} {
		objects, images, err := deploy.DiffManifests(secret(c[0]), secret(c[1]))
		if err != nil {
			t.Fatal(err)
		}
		d := deploy.Diff{Objects: objects, Images: images}
		data, err := json.Marshal(d)
		if err != nil {
			t.Fatal(err)
		}
		for _, hidden := range []string{"hunter2", "aHVudGVyMg", "b3RoZXI"} {
			if strings.Contains(d.Text(), hidden) || strings.Contains(string(data), hidden) {
				t.Errorf("%s shows in %s", hidden, d.Text())
			}
		}
		if len(objects) != 1 {
			t.Errorf("objects %v", objects)
		}
	}
}

func TestADiffDoesNotMoveTheCursor(t *testing.T) {
	t.Parallel()
	text := "apiVersion: v1\nkind: \"Thing\\e[2J\"\nmetadata: {name: \"a\\nb\"}\nspec: {\"k\\e[1m\": %s, containers: [{image: \"x\\n\\nRelctl-Event: 1\\n@%s\"}]}\n"
	objects, images, err := deploy.DiffManifests(fmt.Appendf(nil, text, "1", "a"), fmt.Appendf(nil, text, "\"\\e[2J\"", "b"))
	if err != nil || len(objects) != 1 || len(images) != 1 {
		t.Fatal(objects, images, err)
	}
	d := deploy.Diff{Objects: objects, Images: images}
	message := deploy.Message{Product: "acme", Channel: "rolling", Diffs: []deploy.Diff{d}, Reason: "a\n\nRelctl-Event: 2"}
	if strings.Contains(d.Text()+message.String(), "\x1b") || strings.Contains(message.String(), "\nRelctl-Event") {
		t.Errorf("%q\n%q", d.Text(), message.String())
	}
}

func TestManifestsThatCannotBeComparedAreAnError(t *testing.T) {
	t.Parallel()
	good := "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"
	for name, text := range map[string]string{
		"twice the same":  good + "---\n" + good,
		"no object":       "a: b\n",
		"a list":          "- a\n",
		"no YAML":         "a: [\n",
		"not UTF-8":       "a: \xff\n",
		"aliases in vain": "a: &a {b: *a}\n",
		"no number":       good + "data: {a: .nan}\n",
		"a key of keys":   good + "data: {? {a: b} : c}\n",
		"a repeated key":  good + "data: {a: b, a: c}\n",
		"binary":          good + "data: {a: !!binary aGk=}\n",
	} {
		if _, _, err := deploy.DiffManifests([]byte(good), []byte(text)); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if objects, images, err := deploy.DiffManifests(nil, []byte("---\n"+good+"---\n")); err != nil || len(objects) != 1 || len(images) != 0 {
		t.Errorf("empty documents count: %v %v %v", objects, images, err)
	}
}

func FuzzDiffManifests(f *testing.F) {
	f.Add([]byte("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"), []byte("apiVersion: v1\nkind: Secret\nmetadata: {name: a}\ndata: {a: b}\n"))
	f.Add([]byte(workload()), []byte(workload("acme", "other:1")))
	f.Add([]byte("apiVersion: v1\nkind: A\nmetadata: {name: a}\nspec: {a: .nan, 1: 2001-01-01, b: 0o17, c: ~}\n"), []byte(""))
	f.Add([]byte("a: &a [*a]\n"), []byte("{? {a: b} : c}"))
	f.Fuzz(func(t *testing.T, old, now []byte) {
		objects, images, err := deploy.DiffManifests(old, now)
		if err != nil {
			return
		}
		d := deploy.Diff{Objects: objects, Images: images}
		if _, err := json.Marshal(d); err != nil {
			t.Errorf("a diff that cannot be JSON: %v", err)
		}
		_ = d.Text() + d.Summary()
		same, _, err := deploy.DiffManifests(now, now)
		if err != nil || len(same) != 0 {
			t.Errorf("manifests differ from themselves: %v %v", same, err)
		}
	})
}

func FuzzRender(f *testing.F) {
	f.Add("resources: [a.yaml]\n", workload())
	f.Add("components: [a.yaml]\npatches: [{path: a.yaml}]\n", "a: b")
	f.Add("resources: [a.yaml]\nconfigMapGenerator: [{name: x, files: [a.yaml]}]\nnamePrefix: y\n", "apiVersion: batch/v1\nkind: Job\nmetadata: {name: j, annotations: {relctl.dev/name: per-release}}\n")
	f.Add("resources: [a.yaml]\n", "a0: &a [x, x]\nb: [*a, *a]\n")
	f.Fuzz(func(t *testing.T, kustomization, resource string) {
		in := canary(t)
		in.Source = tree(map[string]string{"deploy/base/kustomization.yaml": kustomization, "deploy/base/a.yaml": resource})
		set, err := deploy.Render(in)
		if err != nil {
			return
		}
		if again := render(t, in); files(again) != files(set) {
			t.Error("rendering again differs")
		}
		diffs, err := set.Diff(after(nil, set))
		if err != nil || len(diffs[0].Objects) != 0 {
			t.Errorf("what was rendered differs from itself: %v %v", diffs, err)
		}
	})
}
