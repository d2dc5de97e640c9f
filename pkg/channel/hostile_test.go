package channel_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/relctl/relctl/pkg/channel"
)

func TestHostileFilesAreRefused(t *testing.T) {
	deep := func(open, shut string) string {
		return "kind: rolling\nbranch: main\nrings: " + strings.Repeat(open, 2_000) + strings.Repeat(shut, 2_000)
	}
	for name, c := range map[string]struct{ data, says string }{
		"byte order mark":       {"\ufeffkind: rolling\nbranch: main\n", "byte order mark"},
		"invalid UTF-8":         {"kind: rolling\nbranch: m\xffin\n", "2:10: the line is not valid UTF-8"},
		"zero byte":             {"kind: rolling\x00\nbranch: main\n", "1:14: the line has an invisible character, U+0000"},
		"escaped zero byte":     {"kind: rolling\nbranch: main\ngates: [{name: x, command: [\"a\\0b\"]}]\n", "zero byte"},
		"bidirectional text":    {"kind: rolling\nbranch: main # \u202e niam\n", "2:16: the line has an invisible character, U+202E"},
		"zero width space":      {"kind: rolling\nbranch: ma\u200bin\n", "U+200B"},
		"terminal sequence":     {"kind: rolling\nbranch: \"\x1b[31mmain\"\n", "U+001B"},
		"escaped terminal":      {"kind: rolling\nbranch: \"\\e[31mmain\"\n", "git does not allow"},
		"lone carriage return":  {"kind: rolling\rbranch: main\n", "U+000D"},
		"too large":             {"kind: rolling\n" + strings.Repeat("#\n", 200_000), "larger than 256 KiB"},
		"too many words":        {"kind: rolling\naccept: [" + strings.Repeat("a,", 50_000) + "]", "more than 20000 words"},
		"deep lists":            {deep("[", "]"), "nested more than 16 deep"},
		"deep mappings":         {deep("{a: ", "}"), "nested more than 16 deep"},
		"deep dashes":           {"rings: \n" + strings.Repeat("- ", 5_000) + "a", "nested more than 16 deep"},
		"laughing":              {"a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n", "anchors, aliases"},
		"a key that is a list":  {"[kind]: rolling\n", ""},
		"a key that is nothing": {"kind: rolling\nbranch: main\n~: x\n", "unknown key"},
	} {
		t.Run(name, func(t *testing.T) {
			set, err := channel.Load(tree("product.yaml", "name: acme\n", "rolling.yaml", c.data))
			var list channel.Errors
			if set != nil || !errors.As(err, &list) {
				t.Fatalf("Load = %v, %v", set, err)
			}
			if !strings.Contains(err.Error(), c.says) {
				t.Errorf("error does not say %q:\n%s", c.says, err)
			}
			if strings.ContainsAny(err.Error(), "\x00\x1b\r\u202e\u200b\ufeff") {
				t.Errorf("error passes on what must not reach a terminal: %q", err)
			}
		})
	}
}

func TestLinesMayEndAsOnWindows(t *testing.T) {
	set, err := channel.Load(tree("product.yaml", "name: acme\r\n", "rolling.yaml", "kind: rolling\r\n\r\nbranch: main\r\n"))
	if err != nil || set.Channels[0].Branch != "main" {
		t.Fatalf("Load = %v, %v", set, err)
	}
	_, err = channel.Load(tree("product.yaml", "name: acme\r\n", "rolling.yaml", "kind: rolling\r\n\r\nbrnach: main\r\n"))
	want := "channels/rolling.yaml:3:1: unknown key \"brnach\"; did you mean \"branch\"?\n   3 | brnach: main\n     | ^"
	if err == nil || err.Error() != want {
		t.Errorf("got\n%v\nwant\n%s", err, want)
	}
}

func TestTooManyFilesAreRefused(t *testing.T) {
	fsys := tree("product.yaml", "name: acme\n")
	for i := range 500 {
		fsys[fmt.Sprintf("channels/c%d.yaml", i)] = &fstest.MapFile{Data: []byte("kind: rolling\nbranch: main\n")}
	}
	if _, err := channel.Load(fsys); err == nil || !strings.Contains(err.Error(), "at most 500") {
		t.Fatalf("501 files: %v", err)
	}
	delete(fsys, "channels/c0.yaml")
	if set, err := channel.Load(fsys); err != nil || len(set.Channels) != 499 {
		t.Fatalf("500 files: %v", err)
	}
}

func TestLinksAndFoldersAreNoChannelFiles(t *testing.T) {
	fsys := whole()
	fsys["channels/link.yaml"] = &fstest.MapFile{Data: []byte("rolling.yaml"), Mode: fs.ModeSymlink | 0o777}
	fsys["channels/folder.yaml/x"] = &fstest.MapFile{Data: []byte("x")}
	_, err := channel.Load(fsys)
	var list channel.Errors
	if !errors.As(err, &list) || len(list) != 2 || !strings.Contains(list[0].Message, "regular file") || !strings.Contains(list[1].Message, "regular file") {
		t.Fatalf("Load = %v", err)
	}
}

func TestFilesThatCannotBeReadAreAnError(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "channels"), []byte("a file"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := channel.Load(os.DirFS(dir)); err == nil || errors.Is(err, channel.ErrNone) {
		t.Errorf("a file in the place of the folder: %v", err)
	}
	if _, err := channel.Load(failing{whole()}); !errors.Is(err, fs.ErrPermission) {
		t.Errorf("a file that may not be read: %v", err)
	}
}

// failing lists its files and opens none of them.
type failing struct{ fstest.MapFS }

func (f failing) Open(name string) (fs.File, error) {
	if strings.HasSuffix(name, ".yaml") {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrPermission}
	}
	return f.MapFS.Open(name)
}

func TestNamesOfFilesReachTheTerminalHarmless(t *testing.T) {
	_, err := channel.Load(tree("product.yaml", "name: acme\n", "a\x1b[31m\n.yaml", "kind: rolling\nbranch: main\n"))
	if err == nil || strings.ContainsAny(err.Error(), "\x1b\n") || !strings.Contains(err.Error(), "channels/a?[31m?.yaml: ") {
		t.Errorf("error = %q", err)
	}
}

func TestManyErrorsAreCutShortForPeopleAndKeptForPrograms(t *testing.T) {
	data := "kind: rolling\nbranch: main\n"
	for i := range 30 {
		data += fmt.Sprintf("zzzzzzz%d: 1\n", i)
	}
	_, err := channel.Load(tree("product.yaml", "name: acme\n", "rolling.yaml", data))
	var list channel.Errors
	if !errors.As(err, &list) || len(list) != 30 {
		t.Fatalf("%d errors: %v", len(list), err)
	}
	if !strings.HasSuffix(err.Error(), "\nand 10 more") || strings.Contains(err.Error(), "zzzzzzz20:") {
		t.Errorf("error is not cut short after 20:\n%s", err)
	}
	var one *channel.Error
	if !errors.As(err, &one) || one.File != "channels/rolling.yaml" || one.Line != 3 || one.Column != 1 || one.Source != "zzzzzzz0: 1" {
		t.Errorf("first error = %+v", one)
	}
}

// FuzzLoad asks of any bytes in the place of a channel file: no panic, and errors that can be shown.
func FuzzLoad(f *testing.F) {
	for _, s := range []string{lts, rolling, product, "", "\t", "a: [", "kind: lts\nline: 2.10\n", "- - - a", "? a\n: b", "a: |\n  b\n", "%YAML", "---\n...\n"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, files := range [][]string{
			{"product.yaml", product, "fuzz.yaml", string(data), "rolling.yaml", rolling},
			{"product.yaml", string(data)},
		} {
			set, err := channel.Load(tree(files...))
			if (set == nil) == (err == nil) {
				t.Fatalf("Load = %v, %v", set, err)
			}
			var list channel.Errors
			if err != nil && !errors.As(err, &list) {
				t.Fatalf("error is not of channel files: %v", err)
			}
			for _, e := range list {
				text := e.Error()
				if e.Message == "" || e.File == "" || strings.ContainsFunc(text, func(r rune) bool { return r < ' ' && r != '\n' }) {
					t.Fatalf("error cannot be shown: %q", text)
				}
			}
		}
	})
}
