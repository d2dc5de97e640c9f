package cli

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"golang.org/x/term"

	"github.com/relctl/relctl/pkg/project"
	"github.com/relctl/relctl/pkg/release"
)

// IO is what a command reads and writes. The product of a command goes to Out, the talk to Err.
type IO struct {
	In       io.Reader
	Out, Err io.Writer
	// Watch, if not nil, is told of each stage of a cut.
	Watch func(project.Progress)
	// Now tells the time; nil is the time that it is.
	Now func() time.Time
}

// now is the time by which a command judges.
func (s IO) now() time.Time {
	if s.Now != nil {
		return s.Now()
	}
	return time.Now()
}

// say writes one line of talk.
func (s IO) say(format string, args ...any) {
	_, _ = fmt.Fprintf(s.Err, format+"\n", args...)
}

// print writes to the product.
func (s IO) print(format string, args ...any) {
	_, _ = fmt.Fprintf(s.Out, format, args...)
}

// json writes v as the product.
func (s IO) json(v any) error {
	data, err := release.Encode(v)
	if err != nil {
		return err
	}
	_, err = s.Out.Write(data)
	return err
}

// terminal returns the terminal that a person types into, if there is one.
func (s IO) terminal() (*os.File, bool) {
	f, ok := s.In.(*os.File)
	return f, ok && term.IsTerminal(int(f.Fd()))
}

// colour reports whether the product goes to a terminal that wants colours.
func (s IO) colour() bool {
	f, ok := s.Out.(*os.File)
	return ok && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb" && term.IsTerminal(int(f.Fd()))
}

// paint wraps text in a terminal style such as "1" (bold) or "31" (red) where colours are wanted.
func (s IO) paint(style, text string) string {
	if !s.colour() {
		return text
	}
	return "\x1b[" + style + "m" + text + "\x1b[0m"
}

// plainLines is [plain] for text of several lines.
func plainLines(text string) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		lines[i] = plain(line)
	}
	return strings.Join(lines, "\n")
}

// plain makes text from outside fit for one line of a terminal: no control or bidirectional characters.
func plain(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\t' || r == '\n':
			return ' '
		case r < ' ', r >= 0x7f && r < 0xa0, r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x2069, r == 0x200e, r == 0x200f, r == 0xfeff:
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, "�"))
}
