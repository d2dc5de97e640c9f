package cli

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"time"
)

// screens runs a view whose texts are the answers of render in turn, on a terminal of so many lines, and returns what
// was written to the terminal.
func screens(t *testing.T, height int, render ...func() (string, error)) (string, error) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	var out strings.Builder
	tick := make(chan time.Time)
	n := 0
	v := view{out: &out, size: func() (int, int, error) { return 80, height, nil }, render: func(_ context.Context, w io.Writer) error {
		text, err := render[n]()
		if n++; n < len(render) {
			go func() { tick <- time.Time{} }()
		} else {
			stop()
		}
		_, _ = io.WriteString(w, text)
		return err
	}}
	err := v.run(ctx, tick)
	return out.String(), err
}

func says(text string) func() (string, error) { return func() (string, error) { return text, nil } }

func TestALiveViewLeavesTheTerminalAsItWas(t *testing.T) {
	t.Parallel()
	got, err := screens(t, 24, says("one\nline\n"), says("two\n"))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(got, enterScreen+toTop+"one") || !strings.HasSuffix(got, leaveScreen) {
		t.Errorf("written: %q", got)
	}
	if strings.Count(got, enterScreen) != 1 || strings.Count(got, leaveScreen) != 1 || !strings.Contains(got, toTop+"two"+endOfLine+endOfScreen) {
		t.Errorf("written: %q", got)
	}
}

func TestALiveViewFitsTheTerminalAndSaysWhatItLeavesOut(t *testing.T) {
	t.Parallel()
	got, err := screens(t, 3, says("1\n2\n3\n4\n5\n"))
	if err != nil || !strings.Contains(got, "2") || strings.Contains(got, "\n3") || !strings.Contains(got, "… and 3 lines more") {
		t.Errorf("written: %q, %v", got, err)
	}
}

func TestALiveViewShowsErrorsUntilTheyAreGone(t *testing.T) {
	t.Parallel()
	broken := func() (string, error) { return "half", errors.New("the network is \x1b[31maway") }
	got, err := screens(t, 24, says("before"), broken, says("after"))
	if err != nil || !strings.Contains(got, toTop+"relctl: the network is [31maway"+endOfLine) || strings.Contains(got, "half") || !strings.Contains(got, "after") {
		t.Errorf("written: %q, %v", got, err)
	}
	got, err = screens(t, 24, broken)
	if err == nil || got != "" {
		t.Errorf("an error at the first time: %v, written: %q", err, got)
	}
}
