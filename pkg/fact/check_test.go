package fact_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/relctl/relctl/pkg/fact"
)

func key(name string, a fact.Attributes) fact.Fact {
	return fact.Fact{Kind: fact.Config, Name: name, Attributes: a}
}

func TestOnlyChangesThatConcernAFileAreTold(t *testing.T) {
	t.Parallel()
	type a = fact.Attributes
	before := set(
		key("listen", a{Default: ptr(":80")}), key("timeout", a{Default: ptr("10s")}), key("mode", a{Enum: []string{"fast", "safe"}}),
		key("retries", a{Type: "integer", Minimum: "0"}), key("gone", a{}), key("old", a{}), key("routes[].path", a{}), key("labels.*", a{}), key("routes[].code", a{}),
	)
	after := set(
		key("listen", a{Default: ptr(":81")}), key("timeout", a{Default: ptr("30s")}), key("mode", a{Enum: []string{"safe"}}),
		key("retries", a{Type: "integer", Minimum: "2"}), key("renamed", a{RenamedFrom: []string{"old"}}), key("routes[].path", a{}), key("labels.*", a{}),
		key("routes[].id", a{Required: true}), key("secret", a{Required: true}),
	)
	for _, c := range []struct {
		says, name, text, want string
	}{
		{"a default concerns who does not set it", "a.yaml", "listen: :90\nlabels: {any: x}\n", "0 of 2\n" +
			"0 secret: new and required, without a default\n0 timeout: default changed from 10s to 30s"},
		{"values concern who uses them", "a.yaml", "listen: x\ntimeout: y\nsecret: z\nmode: fast\nretries: 1\ngone: 1\nold: 1\n", "4 of 7\n" +
			"4 mode: no longer takes the value fast\n5 retries: minimum changed from 0 to 2\n6 gone: removed\n7 renamed: renamed from old"},
		{"who uses others is not bothered", "a.yaml", "listen: x\ntimeout: y\nsecret: z\nmode: safe\nretries: 2\n", "0 of 5"},
		{"keys in a list, in TOML", "a.toml", "listen = 'x'\ntimeout = 'y'\nsecret = 'z'\n[[routes]]\npath = '/'\ncode = 1\n", "1 of 5\n" +
			"6 routes[].code: removed"},
		{"JSON", "a.json", `{"listen": "x", "timeout": "y", "secret": "z", "gone": {"a": 1}}`, "1 of 4\n1 gone: removed"},
		{"an empty file", "a.yaml", "# nothing\n", "0 of 0\n0 listen: default changed from :80 to :81\n0 secret: new and required, without a default\n0 timeout: default changed from 10s to 30s"},
	} {
		got, err := fact.CheckConfig(before, after, "", c.name, []byte(c.text))
		if err != nil {
			t.Errorf("%s: %v", c.says, err)
			continue
		}
		text := fmt.Sprintf("%d of %d", got.Changed, got.Keys)
		for _, concern := range got.Concerns {
			text += fmt.Sprintf("\n%d %s", concern.Line, concern.Text)
		}
		if sorted(text) != sorted(c.want) {
			t.Errorf("%s:\n%s\nwant:\n%s", c.says, text, c.want)
		}
	}
}

// sorted leaves the order of concerns about no line open.
func sorted(s string) string {
	list := strings.Split(s, "\n")
	for i := range list {
		for j := range list[:i] {
			if list[j] > list[i] {
				list[i], list[j] = list[j], list[i]
			}
		}
	}
	return strings.Join(list, "\n")
}

func TestKeysOfOneOfSeveralFilesAreKeptApart(t *testing.T) {
	t.Parallel()
	before := set(key("acmed listen", fact.Attributes{}), key("proxy listen", fact.Attributes{}))
	after := set(key("acmed listen", fact.Attributes{}))
	for scope, want := range map[string]int{"acmed": 0, "proxy": 1} {
		got, err := fact.CheckConfig(before, after, scope, "a.yaml", []byte("listen: x"))
		if err != nil || got.Changed != want {
			t.Errorf("%s: %+v, %v, want %d", scope, got, err, want)
		}
	}
}

func TestSettingsAreReadWithTheirPlaces(t *testing.T) {
	t.Parallel()
	const want = "2 server.listen string :80 (The address.\nbeside)\n3 server.tags array [a, b] ()\n5 routes[].path string / ()\n"
	for name, text := range map[string]string{
		"a.yaml": "server:\n  listen: \":80\" # beside\n  tags: [a, b]\nroutes:\n  - path: /\n",
		"a.toml": "[server]\nlisten = ':80' # beside\ntags = ['a', 'b']\n[[routes]]\npath = '/'\n",
	} {
		if name == "a.yaml" {
			text = strings.Replace(text, "server:\n", "server:\n  # The address.\n", 1)
		} else {
			text = strings.Replace(text, "listen", "# The address.\nlisten", 1)
		}
		got, err := fact.Settings(name, []byte(text))
		var b strings.Builder
		for _, s := range got {
			fmt.Fprintf(&b, "%d %s %s %s (%s)\n", s.Line-1, s.Key, s.Type, s.Value, s.Comment)
		}
		if err != nil || b.String() != want {
			t.Errorf("%s: %v\n%swant:\n%s", name, err, b.String(), want)
		}
	}
}

func TestSettingsOfHostileFilesAreRefused(t *testing.T) {
	t.Parallel()
	bomb := "a: &a [x, x, x, x, x, x, x, x]\n"
	for c := 'b'; c < 'k'; c++ {
		bomb += fmt.Sprintf("%c: &%c [*%c, *%c, *%c, *%c, *%c, *%c, *%c, *%c]\n", c, c, c-1, c-1, c-1, c-1, c-1, c-1, c-1, c-1)
	}
	for name, text := range map[string]string{
		"bomb.yaml": bomb, "deep.json": strings.Repeat(`{"a":`, 200) + "1" + strings.Repeat("}", 200), "two.yaml": "a: 1\n---\nb: 2\n",
		"list.yaml": "just text", "twice.toml": "a = 1\na = 2\n", "large.yaml": strings.Repeat("#\n", 3<<20), "self.yaml": "a: &a\n  b: *a\n",
	} {
		if got, err := fact.Settings(name, []byte(text)); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %d settings, %v", name, len(got), err)
		}
	}
}

// FuzzSettings reads configuration files from anywhere.
func FuzzSettings(f *testing.F) {
	f.Add("a.yaml", []byte("a: &x {b: [1, {c: 2}]}\nd: *x\n<<: *x\n"))
	f.Add("a.env", []byte("# c\nexport A_B='x'\n"))
	f.Add("a.toml", []byte("# c\na = [1, {b = 2}] # d\n[[x.y]]\n'q.r' = 1979-05-27\n"))
	f.Fuzz(func(t *testing.T, name string, data []byte) {
		got, err := fact.Settings(name, data)
		if err != nil {
			return
		}
		for _, s := range got {
			if s.Key == "" && s.Line == 0 {
				t.Errorf("a setting without key and line: %+v", s)
			}
		}
		before := set(key("a.b[].c", fact.Attributes{Type: "integer"}), key("d", fact.Attributes{Default: ptr("1")}))
		after := set(key("a.b[].e", fact.Attributes{RenamedFrom: []string{"a.b[].c"}, Required: true}), key("d", fact.Attributes{Type: "object", Minimum: "2"}))
		check, err := fact.CheckConfig(before, after, "", name, data)
		if err != nil {
			t.Error(err)
		} else if check.Changed > check.Keys || check.Keys != len(got) {
			t.Errorf("%d of %d keys change, of %d", check.Changed, check.Keys, len(got))
		}
	})
}
