package cli_test

import (
	"bytes"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/relctl/relctl/cmd/relverify/cli"
	"github.com/relctl/relctl/internal/trusttest"
	"github.com/relctl/relctl/pkg/verify"
)

// until closes a channel when something was written.
type until struct {
	bytes.Buffer
	written chan struct{}
}

func (u *until) Write(p []byte) (int, error) {
	if u.written != nil {
		defer close(u.written)
		defer func() { u.written = nil }()
	}
	return u.Buffer.Write(p)
}

func TestWhoWaitsForASiteIsToldSo(t *testing.T) {
	site(t)
	now := func() time.Time { return trusttest.ShelfTime }
	if code, _, stderr := relverify(t, "init --root root.json --product acme --channel lts-2.4 --installed 2.4.6"); code != 0 {
		t.Fatal(stderr)
	}
	held, err := verify.OpenSite(os.Getenv("RELVERIFY_SITE"), now)
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{"status", "history", "path 2.4.6 2.4.7", "--dry-run usb/acme-2.4.7.bundle"} {
		if _, _, stderr := relverify(t, line); strings.Contains(stderr, "wait") {
			t.Errorf("%s waits, and changes nothing", line)
		}
	}
	var out bytes.Buffer
	errs := &until{written: make(chan struct{})}
	told, done := errs.written, make(chan int)
	go func() {
		done <- cli.RunAt(t.Context(), []string{"usb/acme-2.4.7.bundle"}, nil, &out, errs, "relverify", now)
	}()
	<-told
	held.Close()
	if code := <-done; code != 0 || errs.String() != "relverify: another relverify is at work at this site; waiting for it\n" {
		t.Errorf("exit code %d: %s", code, errs.String())
	}
}
