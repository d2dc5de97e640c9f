package release_test

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/relctl/relctl/pkg/release"
)

func TestDecodeRefusesJSONThatReadersMayReadDifferently(t *testing.T) {
	for in, says := range map[string]string{
		`{"a":1,"a":2}`:               `repeats the key "a"`,
		`{"x":{"a":1,"a":1}}`:         `repeats the key "a"`,
		`{"Version":"1.0.0"}`:         "not in lower case",
		`{"verſion":"1.0.0"}`:         "not in lower case", // encoding/json takes a long s for an s
		`{"version":"1.0.0"} {}`:      "bytes after its end",
		`{"version":"1.0.0"}]`:        "bytes after its end",
		"{\"version\":\"\xff\"}":      "UTF-8",
		"\ufeff{}":                    "invalid character",
		`{"n":9007199254740992}`:      "2^53",
		`{"n":-9007199254740993}`:     "2^53",
		`{"n":1.5}`:                   "not an integer",
		`{"n":1e3}`:                   "not an integer",
		`{"n":`:                       "too early",
		``:                            "too early",
		strings.Repeat("[", 40):       "nested deeper",
		`{"a":1,}`:                    "invalid character",
		`{"version":1}`:               "cannot unmarshal",
		`{"version":"not-a-version"}`: "semantic version",
	} {
		var v struct {
			Version release.Version `json:"version"`
		}
		if err := release.Decode([]byte(in), &v); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("Decode(%.40q) error = %v, want one that says %q", in, err, says)
		}
	}
}

func TestDecodeIgnoresWhatItDoesNotKnow(t *testing.T) {
	var v struct {
		N int64 `json:"n"`
	}
	if err := release.Decode([]byte(` {"future": [1, {"x": null}], "n": 9007199254740991} `), &v); err != nil || v.N != 1<<53-1 {
		t.Errorf("got %d, %v", v.N, err)
	}
}

func TestEncodeIsStableAndLeavesTextAlone(t *testing.T) {
	v := map[string]any{"b": "<a & b>", "a": []int{1}}
	first, err := release.Encode(v)
	if err != nil {
		t.Fatal(err)
	}
	const want = "{\n  \"a\": [\n    1\n  ],\n  \"b\": \"<a & b>\"\n}\n"
	if string(first) != want {
		t.Errorf("got %q, want %q", first, want)
	}
}

// distinct reports whether no two keys of an object fold to one name, as the names of fields do in encoding/json.
func distinct(v any) bool {
	var inner []any
	switch v := v.(type) {
	case []any:
		inner = v
	case map[string]any:
		keys := slices.Collect(maps.Keys(v))
		for i, a := range keys {
			if slices.ContainsFunc(keys[:i], func(b string) bool { return strings.EqualFold(a, b) }) {
				return false
			}
		}
		inner = slices.Collect(maps.Values(v))
	}
	return !slices.ContainsFunc(inner, func(x any) bool { return !distinct(x) })
}

func FuzzDecode(f *testing.F) {
	for _, s := range []string{`{}`, `{"a":[1,2,{"b":null}]}`, `{"a":1,"a":2}`, `{"s":1,"ſ":2}`, `{"ϡſ":{}}`, `{"A`, `0e+`, `"\u00a`, "\"\t\"", `[[[[`, `"x"`, `1e9`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var v any
		if release.Decode(data, &v) != nil {
			return
		}
		if !json.Valid(data) {
			t.Errorf("accepted what is no JSON: %q", data)
		}
		if !distinct(v) {
			t.Errorf("accepted keys that encoding/json takes for one: %q", data)
		}
		out, err := release.Encode(v)
		if err != nil {
			t.Fatal(err)
		}
		var again any
		if err := release.Decode(out, &again); err != nil && !strings.Contains(err.Error(), "integer") {
			t.Errorf("does not read what it wrote: %v\n%s", err, out)
		}
	})
}
