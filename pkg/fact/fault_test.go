package fact_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/relctl/relctl/pkg/fact"
)

// tell writes the concerns of a file, one a line.
func tell(list []fact.Concern) string {
	var b strings.Builder
	for _, c := range list {
		fmt.Fprintf(&b, "%d %s %s | %s\n", c.Line, c.What, c.Text, c.Do)
	}
	return b.String()
}

func TestAFileIsHeldAgainstTheNewReleaseAlone(t *testing.T) {
	t.Parallel()
	type a = fact.Attributes
	s := set(
		key("server.listen", a{Type: "string", Required: true}), key("server.tls.cert", a{Required: true}), key("mode", a{Enum: []string{"fast", "safe"}}), key("token", a{Required: true}),
		key("retries", a{Type: "integer", Minimum: "1", Maximum: "9"}), key("ratio", a{Type: "number"}), key("debug", a{Type: "boolean"}),
		key("labels.*", a{Type: "string"}), key("routes", a{Type: "array"}), key("routes[].path", a{Type: "string", Required: true}), key("wait", a{Type: "duration"}), key("extra", a{Type: "object"}),
		key("address", a{Type: "string", RenamedFrom: []string{"listen"}}),
	)
	for _, c := range []struct{ says, name, text, want string }{
		{"all is well", "a.yaml", "server: {listen: 1}\ntoken: x\nmode: fast\nretries: 1\nratio: 2\ndebug: true\nlabels: {a: b}\nroutes: [{path: /}]\nwait: 1s\nextra: {any: {thing: 1}}\n", ""},
		{"empty and templated values are left alone", "a.yaml", "token: x\nmode: ${MODE}\nretries:\ndebug: '{{ .Debug }}'\n", ""},
		{"a key that is not known, and one that was meant", "a.yaml", "token: x\nserver: {listem: x, listen: y}\nd: 1\n", "2 unknown server.listem: is not a key that the product knows | correct it, or take it out; did you mean server.listen?\n" +
			"3 unknown d: is not a key that the product knows | correct it, or take it out\n"},
		{"a key that has another name now", "a.yaml", "token: x\nlisten: y\n", "2 renamed listen: is called address now | write address instead of listen\n"},
		{"values that may not be given", "a.toml", "token = 'x'\nmode = 'slow'\nretries = 10\nratio = 'much'\ndebug = 3\n", "2 enum mode: does not take this value | give it one of fast, safe\n" +
			"3 maximum retries: is more than 9 | give it 9 or less\n4 type ratio: has a value of the type string, and takes number | give it a value of the type number\n" +
			"5 type debug: has a value of the type integer, and takes boolean | give it a value of the type boolean\n"},
		{"less than the least, and a list for one value", "a.yaml", "token: [a]\nretries: 0\nserver: {listen: [a, b]}\n", "2 minimum retries: is less than 1 | give it 1 or more\n" +
			"3 type server.listen: has a value of the type array, and takes string | give it a value of the type string\n"},
		{"what is required, where what holds it is there", "a.yaml", "server: {tls: {key: x}}\nroutes: [{code: 1}]\n", "1 unknown server.tls.key: is not a key that the product knows | correct it, or take it out\n" +
			"2 unknown routes[].code: is not a key that the product knows | correct it, or take it out\n" +
			"0 required routes[].path: is required, and not set | set routes[].path\n0 required server.listen: is required, and not set | set server.listen\n" +
			"0 required server.tls.cert: is required, and not set | set server.tls.cert\n0 required token: is required, and not set | set token\n"},
	} {
		got, err := fact.CheckConfig(nil, s, "", c.name, []byte(c.text))
		if err != nil {
			t.Errorf("%s: %v", c.says, err)
			continue
		}
		if text := tell(got.Faults); text != c.want || len(got.Concerns) != 0 {
			t.Errorf("%s:\n%swant:\n%s", c.says, text, c.want)
		}
		if got.Breaking() != strings.Count(c.want, "\n")-strings.Count(c.want, " unknown ") {
			t.Errorf("%s: %d must be done", c.says, got.Breaking())
		}
	}
}

func TestWhatToDoIsSaidAndNoValueOfTheFile(t *testing.T) {
	t.Parallel()
	type a = fact.Attributes
	before := set(key("old", a{}), key("gone", a{}), key("wait", a{Default: ptr("10s")}), key("n", a{Type: "string"}), key("soon", a{}), key("mode", a{Enum: []string{"hunter2", "safe"}}))
	after := set(key("new", a{RenamedFrom: []string{"old"}}), key("wait", a{Default: ptr("30s")}), key("n", a{Type: "integer"}), key("soon", a{Deprecated: "use new"}), key("mode", a{Enum: []string{"safe"}}), key("must", a{Required: true}))
	got, err := fact.CheckConfig(before, after, "", "a.yaml", []byte("old: 1\ngone: 1\nn: hunter2\nsoon: hunter2\nmode: hunter2\n"))
	want := "1 renamed new: renamed from old | write new instead of old\n2 removed gone: removed | take gone out\n" +
		"3 type n: type changed from string to integer | give it a value of the type integer\n4 deprecated soon: is deprecated: use new | use new\n" +
		"5 enum mode: no longer takes the value hunter2 | give it another value\n0 added must: new and required, without a default | set must\n" +
		"0 default wait: default changed from 10s to 30s | to keep what you have, set wait to 10s\n"
	if err != nil || tell(got.Concerns) != want || len(got.Faults) > 0 || got.Changed != 5 || got.Concerns[0].To != "new" {
		t.Errorf("%v, %+v\n%swant:\n%s", err, got, tell(got.Concerns), want)
	}
}

func TestVariablesAreHeldAgainstThoseOfTheProduct(t *testing.T) {
	t.Parallel()
	env := func(name string, at fact.Attributes) fact.Fact {
		return fact.Fact{Kind: fact.Env, Name: "acmed " + name, Attributes: at}
	}
	before := set(env("ACME_OLD", fact.Attributes{}), env("ACME_PORT", fact.Attributes{}))
	after := set(env("ACME_NEW", fact.Attributes{RenamedFrom: []string{"acmed ACME_OLD"}}), env("ACME_PORT", fact.Attributes{Type: "integer"}))
	got, err := fact.CheckConfig(before, after, "", "acme.env", []byte("# ours\nexport ACME_OLD='x'\nACME_PORT=\"http\"\nACME_PROT=1\nHTTP_PROXY=x\n\nEMPTY=\n"))
	if err != nil {
		t.Fatal(err)
	}
	want := "2 renamed acmed ACME_NEW: renamed from acmed ACME_OLD | write ACME_NEW instead of ACME_OLD\n---\n" +
		"3 type ACME_PORT: has a value of the type string, and takes integer | give it a value of the type integer\n" +
		"4 unknown ACME_PROT: is not a key that the product knows | correct it, or take it out; did you mean ACME_PORT?\n"
	if text := tell(got.Concerns) + "---\n" + tell(got.Faults); text != want || got.Keys != 5 {
		t.Errorf("%d keys\n%swant:\n%s", got.Keys, text, want)
	}
	if _, err := fact.CheckConfig(before, after, "", "acme.env", []byte("A=1\nwhat is this\n")); err == nil || !strings.Contains(err.Error(), "acme.env: line 2") {
		t.Error(err)
	}
}

func TestOneOfSeveralFilesMustBeNamed(t *testing.T) {
	t.Parallel()
	s := set(key("acmed listen", fact.Attributes{}), key("proxy listen", fact.Attributes{}))
	var several *fact.ScopeError
	if _, err := fact.CheckConfig(s, s, "", "a.yaml", []byte("listen: 1")); !errors.As(err, &several) || several.Hint() != "name it with --scope: acmed, proxy" {
		t.Errorf("%v", err)
	}
}
