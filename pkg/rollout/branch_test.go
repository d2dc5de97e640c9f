package rollout_test

import (
	"testing"

	"github.com/relctl/relctl/pkg/rollout"
)

func TestAddressesOfOneRepositoryAreKnownAsSuch(t *testing.T) {
	t.Parallel()
	const want = "git.example/acme/deploy"
	for _, same := range []string{
		"https://git.example/acme/deploy.git", "https://git.example/acme/deploy/", "https://token@Git.Example/acme/deploy",
		"ssh://git@git.example/acme/deploy.git", "ssh://git@git.example:7999/acme/deploy.git", "git@git.example:acme/deploy.git",
	} {
		if got := rollout.Place(same); got != want {
			t.Errorf("%s is %s", same, got)
		}
	}
	for _, other := range []string{
		"https://git.example:8443/acme/deploy.git", "https://git.example/acme/acme.git", "https://example/acme/deploy", "/git.example/acme/deploy",
		"../git.example/acme/deploy.git", "file:///git.example/acme/deploy",
	} {
		if got := rollout.Place(other); got == want {
			t.Errorf("%s is taken for %s", other, want)
		}
	}
	if rollout.Place("file:///srv/deploy.git") != rollout.Place("/srv/deploy") {
		t.Error("a folder is another by its URL")
	}
}
