package channel_test

import (
	"slices"
	"testing"

	reference "go.yaml.in/yaml/v3"

	"github.com/relctl/relctl/pkg/channel"
)

// FuzzReadersAgree holds what is accepted against another reader of YAML: a reviewer's tools must not see another
// policy than relctl obeys.
func FuzzReadersAgree(f *testing.F) {
	for _, s := range []string{
		lts, rolling, "kind: rolling\nbranch: e3\n", "kind: rolling\nbranch:\nA", "kind: rolling\nbranch: ,", "kind: rolling\nbranch: ','\n", "kind: rolling\nbranch:\n A", "kind: rolling\nbranch:\n\"A\"",
		"kind: rolling\nbranch: 'a''b'\ngates:\n- name: x\n  command:\n  - |\n    foo\n      bar\n\n  - >-\n    a\n    b\n  - \"\\u00e9\\n\"\n",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		set, err := channel.Load(tree("product.yaml", product, "fuzz.yaml", string(data), "rolling.yaml", rolling))
		if err != nil {
			return
		}
		got, err := set.Channel("fuzz")
		if err != nil {
			t.Fatal(err)
		}
		var want struct {
			Kind, Branch, Tag, Source string
			Accept                    []string
			Gates                     []struct {
				Name    string
				Command []string
			}
		}
		if err := reference.Unmarshal(data, &want); err != nil {
			t.Fatalf("%q is accepted, and no YAML to others: %v", data, err)
		}
		same := string(got.Kind) == want.Kind && got.Branch == want.Branch && got.Source == want.Source &&
			(want.Tag == "" || got.Tag == want.Tag) && slices.Equal(got.Accept, want.Accept) && len(got.Gates) == len(want.Gates)
		for i := 0; same && i < len(got.Gates); i++ {
			same = got.Gates[i].Name == want.Gates[i].Name && slices.Equal(got.Gates[i].Command, want.Gates[i].Command)
		}
		if !same {
			t.Fatalf("%q is read as\n%+v, by others as\n%+v", data, got, want)
		}
	})
}
