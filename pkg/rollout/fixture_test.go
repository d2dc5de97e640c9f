package rollout_test

import (
	"os"
	"testing"

	"github.com/relctl/relctl/pkg/internal/cuttest"
	"github.com/relctl/relctl/pkg/internal/gittest"
)

func TestMain(m *testing.M) {
	gittest.Isolate()
	os.Exit(m.Run())
}

// world is the product whose releases go to rings here.
type world struct{ *cuttest.World }

// begin makes a product whose line 2.4 has one fix to release, see [cuttest.Begin].
func begin(t *testing.T, files ...string) *world {
	t.Helper()
	return &world{cuttest.Begin(t, files...)}
}

// elsewhere is the world as another clone of the same remote sees it.
func (w *world) elsewhere() *world {
	w.T.Helper()
	return &world{w.Elsewhere()}
}
