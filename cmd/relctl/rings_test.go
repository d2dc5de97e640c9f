package main

import (
	"os"
	"path/filepath"

	"github.com/rogpeppe/go-internal/testscript"
)

// cmdRings makes the rings of the sample that lies here ready for scripts, see testdata/rings: gates that can be asked, keys
// of cells in keys/, an image. healthy.sh is there afterwards.
func cmdRings(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 0 {
		ts.Fatalf("usage: rings")
	}
	ts.Check(os.CopyFS(ts.MkAbs("."), os.DirFS(filepath.Join("..", "..", "testdata", "rings"))))
	ts.Check(ts.Exec("sh", "-c", "cd repo && sh ../policy.sh"))
}
