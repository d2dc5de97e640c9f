package cli

import (
	"bytes"
	"context"
	"io"
	"os"
	"strings"
	"time"

	"golang.org/x/term"

	"github.com/relctl/relctl/pkg/release"
)

// watch shows what render writes on the terminal again and again until ctx ends.
func watch(ctx context.Context, s IO, every time.Duration, render func(context.Context, io.Writer) error) error {
	f, ok := s.Out.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return usagef("leave --watch out, or run it again and again", "--watch needs a terminal to show it on")
	}
	tick := time.NewTicker(every)
	defer tick.Stop()
	v := view{out: f, size: func() (int, int, error) { return term.GetSize(int(f.Fd())) }, render: render}
	return v.run(ctx, tick.C)
}

// The control sequences of terminals that a view uses.
const (
	enterScreen = "\x1b[?1049h\x1b[?25l" // the alternate screen, without a cursor
	leaveScreen = "\x1b[?25h\x1b[?1049l"
	toTop       = "\x1b[H"
	endOfLine   = "\x1b[K"
	endOfScreen = "\x1b[J"
)

// view is a text that lives on the terminal's alternate screen.
type view struct {
	out    io.Writer
	size   func() (width, height int, err error)
	render func(context.Context, io.Writer) error
}

// run draws at once and at each tick. That it is interrupted is how it ends; an error at the first time ends it too,
// later ones are shown until they are gone.
func (v view) run(ctx context.Context, tick <-chan time.Time) (err error) {
	var b bytes.Buffer
	if err := v.render(ctx, &b); err != nil {
		return err
	}
	if _, err := io.WriteString(v.out, enterScreen); err != nil {
		return err
	}
	defer func() {
		if _, lerr := io.WriteString(v.out, leaveScreen); err == nil {
			err = lerr
		}
	}()
	for {
		if err := v.draw(b.String()); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick:
		}
		b.Reset()
		if err := v.render(ctx, &b); err != nil && ctx.Err() == nil {
			b.Reset()
			b.WriteString("relctl: " + plain(err.Error()) + "\n")
		}
	}
}

// draw replaces what the screen shows; what is below its end is left out, and said to be.
func (v view) draw(text string) error {
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	if _, height, err := v.size(); err == nil && height > 1 && len(lines) > height {
		more := len(lines) - height + 1
		lines = append(lines[:height-1], "… and "+release.Count(more, "line")+" more: make the window larger, or name a channel")
	}
	_, err := io.WriteString(v.out, toTop+strings.Join(lines, endOfLine+"\n")+endOfLine+endOfScreen)
	return err
}
