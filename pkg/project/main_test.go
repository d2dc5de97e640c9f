package project_test

import (
	"os"
	"testing"

	"github.com/relctl/relctl/pkg/internal/gittest"
)

func TestMain(m *testing.M) {
	gittest.Isolate()
	os.Exit(m.Run())
}
