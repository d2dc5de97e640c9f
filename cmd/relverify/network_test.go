package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// TestTheVerifierHoldsNoNetworkCode looks for the functions that dial, listen and resolve in the table of functions,
// which every Go program carries. Package net itself is linked for the form of addresses in certificates.
func TestTheVerifierHoldsNoNetworkCode(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "relverify")
	if out, err := build(path); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(data, []byte("cmd/relverify/cli.RunAt")) {
		t.Fatal("the program has no table of functions")
	}
	for _, name := range []string{"net.(*Dialer)", "net.(*sysDialer)", "net.(*sysListener)", "net.(*Resolver)", "net.socket", "net/http.", "crypto/tls.", "syscall.connect"} {
		if bytes.Contains(data, []byte(name)) {
			t.Errorf("it holds %s", name)
		}
	}
}
