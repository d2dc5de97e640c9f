package fact_test

import (
	"strings"
	"testing"

	"github.com/relctl/relctl/pkg/fact"
)

func ptr(s string) *string { return &s }

func set(facts ...fact.Fact) *fact.Set {
	fact.Sort(facts)
	return &fact.Set{Schema: fact.Schema, Facts: facts}
}

// one is a fact with a name that does not matter.
func one(kind fact.Kind, a fact.Attributes) *fact.Set {
	return set(fact.Fact{Kind: kind, Name: "x", Attributes: a})
}

func lines(changes []fact.Change) string {
	var out []string
	for _, c := range changes {
		out = append(out, string(c.Impact)+" "+c.Text)
	}
	return strings.Join(out, "\n")
}

func TestEachChangeIsJudgedAndSaid(t *testing.T) {
	t.Parallel()
	type a = fact.Attributes
	for _, c := range []struct {
		says   string
		kind   fact.Kind
		before *a
		after  *a
		want   string
	}{
		{"a new key", fact.Config, nil, &a{Default: ptr("")}, `notice x: new, default ""`},
		{"a new key that must be set", fact.Config, nil, &a{Required: true}, "breaking x: new and required, without a default"},
		{"a required key with a default", fact.Config, nil, &a{Required: true, Default: ptr("1")}, "notice x: new, default 1"},
		{"a key that is gone", fact.Config, &a{}, nil, "breaking x: removed"},
		{"a key that was announced to go", fact.Config, &a{Deprecated: "use y"}, nil, "breaking x: removed, as announced: use y"},
		{"another default", fact.Flag, &a{Default: ptr("10s")}, &a{Default: ptr("30s")}, "action x: default changed from 10s to 30s"},
		{"one number, written in two ways", fact.Config, &a{Default: ptr("1")}, &a{Default: ptr("1.0")}, ""},
		{"a default that is gone", fact.Config, &a{Default: ptr("1")}, &a{}, "action x: has no default any more (it was 1)"},
		{"a default that is gone, of a required key", fact.Config, &a{Default: ptr("1")}, &a{Required: true}, "breaking x: has no default any more (it was 1) and is required\nbreaking x: is required now"},
		{"a type that admits more", fact.Config, &a{Type: "integer"}, &a{Type: "number"}, "notice x: type changed from integer to number"},
		{"a type that admits less", fact.Config, &a{Type: "integer|string"}, &a{Type: "string"}, "breaking x: type changed from integer|string to string"},
		{"a type that was not known", fact.Config, &a{}, &a{Type: "string"}, ""},
		{"values", fact.Config, &a{Enum: []string{"a", "b"}}, &a{Enum: []string{"b", "c"}}, "breaking x: no longer takes the value a\nnotice x: also takes the value c"},
		{"a list of values", fact.Config, &a{}, &a{Enum: []string{"a", "b"}}, "breaking x: takes only a, b now"},
		{"a higher minimum", fact.Config, &a{Minimum: "0"}, &a{Minimum: "1"}, "breaking x: minimum changed from 0 to 1"},
		{"a higher maximum", fact.Config, &a{Maximum: "9"}, &a{Maximum: "10"}, "notice x: maximum changed from 9 to 10"},
		{"a minimum that was not there", fact.Config, &a{}, &a{Minimum: "1"}, "breaking x: has the minimum 1 now"},
		{"a deprecation", fact.Flag, &a{}, &a{Deprecated: "use y", RemovedIn: "3.0"}, "action x: is deprecated: use y, to be removed in 3.0"},
		{"other words for a deprecation", fact.Flag, &a{Deprecated: "use y"}, &a{Deprecated: "please use y"}, ""},
		{"a migration that deletes", fact.Migration, nil, &a{Destructive: []string{"drops table t"}, Lock: fact.LockShort, Reversible: true}, "breaking x: drops table t"},
		{"a migration that keeps writers out", fact.Migration, nil, &a{Statements: []string{"creates index i"}, Lock: fact.LockWrites, Reversible: true}, "action x: creates index i; writers wait while it runs"},
		{"a harmless migration", fact.Migration, nil, &a{Statements: []string{"creates table t"}, Lock: fact.LockNone, Reversible: true}, "notice x: creates table t"},
		{"a migration without a way back", fact.Migration, nil, &a{Statements: []string{"creates table t"}}, "action x: creates table t; there is no way back"},
		{"a migration edited afterwards", fact.Migration, &a{Digest: "1"}, &a{Digest: "2"}, "action x: was edited after it was released; installations that ran it before differ from new ones"},
		{"more memory", fact.Resource, &a{Value: "512Mi"}, &a{Value: "1Gi"}, "action x: more, from 512Mi to 1Gi"},
		{"less", fact.Resource, &a{Value: "1"}, &a{Value: "500m"}, "notice x: less, from 1 to 500m"},
		{"the same", fact.Resource, &a{Value: "1Gi"}, &a{Value: "1024Mi"}, ""},
		{"a new port", fact.Port, nil, &a{Value: "80/TCP"}, "action x: new, 80/TCP"},
		{"another port", fact.Port, &a{Value: "80/TCP"}, &a{Value: "81/TCP"}, "breaking x: changed from 80/TCP to 81/TCP"},
		{"another image", fact.Image, &a{Value: "a:1"}, &a{Value: "a:2"}, "notice x: changed from a:1 to a:2"},
		{"a severity", fact.Alert, &a{Severity: "page"}, &a{Severity: "ticket"}, "action x: severity changed from page to ticket"},
		{"an alert that is gone", fact.Alert, &a{}, nil, "action x: removed"},
		{"a label", fact.Metric, &a{Labels: []string{"a"}}, &a{Labels: []string{"b"}}, "breaking x: has no label a any more\nnotice x: has the new label b"},
		{"a feature", fact.Feature, &a{State: "off"}, &a{State: "on"}, "action x: state changed from off to on"},
		{"a version", fact.CRD, &a{Versions: []string{"v1beta1"}, Storage: "v1beta1"}, &a{Versions: []string{"v1"}, Storage: "v1"}, "breaking x: version v1beta1 is no longer served\naction x: version in which objects are stored changed from v1beta1 to v1\nnotice x: version v1 is served"},
		{"a section", fact.Runbook, &a{Anchors: []string{"stop", "start"}}, &a{Anchors: []string{"start"}}, "notice x: the section #stop is gone"},
	} {
		before, after := set(), set()
		if c.before != nil {
			before = one(c.kind, *c.before)
		}
		if c.after != nil {
			after = one(c.kind, *c.after)
		}
		if got := lines(fact.Diff(before, after)); got != c.want {
			t.Errorf("%s:\n%s\nwant:\n%s", c.says, got, c.want)
		}
		for _, same := range []*fact.Set{before, after} {
			if got := fact.Diff(same, same); len(got) > 0 {
				t.Errorf("%s: a set differs from itself: %v", c.says, got)
			}
		}
	}
}

func TestARenamedKeyIsOneChange(t *testing.T) {
	t.Parallel()
	old := fact.Fact{Kind: fact.Config, Name: "listen", Attributes: fact.Attributes{Default: ptr(":80")}}
	renamed := fact.Fact{Kind: fact.Config, Name: "server.listen", Attributes: fact.Attributes{Default: ptr(":81"), RenamedFrom: []string{"listen"}}}
	if got, want := lines(fact.Diff(set(old), set(renamed))), "breaking server.listen: renamed from listen\naction server.listen: default changed from :80 to :81"; got != want {
		t.Errorf("renamed:\n%s\nwant:\n%s", got, want)
	}
	alias := old
	alias.Attributes.Deprecated = "use server.listen"
	if got, want := lines(fact.Diff(set(old), set(alias, renamed))), "action listen: is deprecated: use server.listen\nnotice server.listen: new, takes the place of listen"; got != want {
		t.Errorf("with an alias:\n%s\nwant:\n%s", got, want)
	}
	if got, want := lines(fact.Diff(set(alias, renamed), set(renamed))), "breaking listen: removed, as announced: use server.listen"; got != want {
		t.Errorf("alias gone:\n%s\nwant:\n%s", got, want)
	}
}

func TestARemovedMetricNamesTheRulesThatUseIt(t *testing.T) {
	t.Parallel()
	metric := fact.Fact{Kind: fact.Metric, Name: "orders_total"}
	alert := fact.Fact{Kind: fact.Alert, Name: "Orders", Attributes: fact.Attributes{Metrics: []string{"orders_total"}}}
	if got, want := lines(fact.Diff(set(metric, alert), set(alert))), "breaking orders_total: removed, and still used by alert Orders"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestWordsAndOrderAreNoChange(t *testing.T) {
	t.Parallel()
	a := set(fact.Fact{Kind: fact.Config, Name: "a", Text: "one", Path: "x", Line: 1}, fact.Fact{Kind: fact.Flag, Name: "--b"})
	b := set(fact.Fact{Kind: fact.Flag, Name: "--b", Line: 7}, fact.Fact{Kind: fact.Config, Name: "a", Text: "two", Path: "y", Line: 2})
	if got := fact.Diff(a, b); len(got) > 0 {
		t.Errorf("changes: %v", got)
	}
}

func TestOnlyASetInOrderIsRead(t *testing.T) {
	t.Parallel()
	const head = `{"schema": "https://relctl.dev/schema/facts/v1", "product": "p", "facts": [`
	for text, want := range map[string]string{
		head + `{"kind": "config", "name": "a"}, {"kind": "config", "name": "b"}, {"kind": "flag", "name": "a"}]}`: "",
		head + `{"kind": "config", "name": "b"}, {"kind": "config", "name": "a"}]}`:                                "not in its place",
		head + `{"kind": "config", "name": "a"}, {"kind": "config", "name": "a"}]}`:                                "there twice",
		head + `{"kind": "magic", "name": "a"}]}`:                                                                  "does not exist",
		head + `{"kind": "config", "name": ""}]}`:                                                                  "has no name",
		`{"schema": "https://relctl.dev/schema/facts/v2", "facts": []}`:                                            "facts/v2",
		`[]`: "JSON",
	} {
		_, err := fact.Decode([]byte(text))
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("Decode(%s) = %v, want %q", text, err, want)
		}
	}
}

// FuzzDiff compares sets from anywhere: it must end, and a set must not differ from itself.
func FuzzDiff(f *testing.F) {
	f.Add([]byte(`{"schema": "https://relctl.dev/schema/facts/v1", "facts": [{"kind": "config", "name": "a.b[].c", "attributes": {"default": "x", "minimum": "1", "renamed_from": ["a.b[].c", "d"]}}]}`),
		[]byte(`{"schema": "https://relctl.dev/schema/facts/v1", "facts": [{"kind": "resource", "name": "d", "attributes": {"value": "1Gi"}}]}`))
	f.Fuzz(func(t *testing.T, x, y []byte) {
		a, errA := fact.Decode(x)
		b, errB := fact.Decode(y)
		if errA != nil || errB != nil {
			return
		}
		for _, c := range fact.Diff(a, b) {
			if c.Text == "" || strings.Contains(c.Text, "\n") {
				t.Errorf("a change without a sentence: %+v", c)
			}
		}
		if got := fact.Diff(a, a); len(got) > 0 {
			t.Errorf("a set differs from itself: %+v", got)
		}
	})
}
