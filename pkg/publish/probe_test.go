package publish_test

import (
	"errors"
	"testing"

	"github.com/relctl/relctl/pkg/publish"
)

func TestAProbeLeavesNothingInAnyStore(t *testing.T) {
	t.Parallel()
	onStores(t, func(t *testing.T, open opener) {
		for range 2 {
			if err := publish.Probe(t.Context(), open()); err != nil {
				t.Fatal(err)
			}
		}
	})
}

func TestAProbeShowsAStoreThatOnlyGives(t *testing.T) {
	t.Parallel()
	d := &disturber{}
	onServers(t, d.before, func(t *testing.T, open opener) {
		d.set(readOnly, 1)
		err := publish.Probe(t.Context(), open())
		var remote *publish.RemoteError
		if !errors.As(err, &remote) || remote.Hint() == "" {
			t.Errorf("error is %v", err)
		}
	})
}
