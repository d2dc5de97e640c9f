package build

import (
	"slices"
	"testing"
)

func TestAKeyBesideAMergeKeyOverridesIt(t *testing.T) {
	c, err := parseConfig([]byte(`
common: &common {id: both, goos: [linux, darwin], flags: [-trimpath]}
builds:
  - <<: *common
    id: server
    goos: [linux]
`))
	if err != nil {
		t.Fatal(err)
	}
	if b := c.Builds[0]; b.ID != "server" || !slices.Equal(b.Goos, words{"linux"}) || !slices.Equal(b.Flags, words{"-trimpath"}) {
		t.Errorf("%+v", b)
	}
}
