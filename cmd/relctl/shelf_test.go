package main

import (
	"os"
	"path/filepath"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/relctl/relctl/internal/trusttest"
)

// cmdShelf writes into the current folder what a customer has been sent, and sets the clock to a day on which it is
// good: shelf.
func cmdShelf(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 0 {
		ts.Fatalf("usage: shelf")
	}
	for name, data := range trusttest.Shelf() {
		path := ts.MkAbs(name)
		ts.Check(os.MkdirAll(filepath.Dir(path), 0o755))
		ts.Check(os.WriteFile(path, data, 0o600))
	}
	ts.Setenv("RELCTL_TEST_NOW", trusttest.ShelfTime.Format("2006-01-02T15:04:05Z"))
}
