package guide

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"github.com/relctl/relctl/pkg/changelog"
	"github.com/relctl/relctl/pkg/fact"
	"github.com/relctl/relctl/pkg/release"
)

// NoteKind says how much a note asks of an operator.
type NoteKind string

// The kinds of notes, from the worst.
const (
	NoteBreaking NoteKind = "breaking"    // what worked before fails, unless the operator acts
	NoteAction   NoteKind = "action"      // it behaves differently, or somebody should prepare
	NoteNotice   NoteKind = "notice"      // good to know
	NoteKnown    NoteKind = "known-issue" // told by every release that has the file
)

// NoteKinds are all kinds.
var NoteKinds = []NoteKind{NoteBreaking, NoteAction, NoteNotice, NoteKnown}

// Note is what people wrote for operators about one change: a file such as docs/operator/notes/config-listen.md.
// Nobody writes which release it belongs to: a guide tells the notes that the commit of one release has and that of the
// other does not.
type Note struct {
	// ID is the name of the file without .md.
	ID string `json:"id"`
	// File is its path in the repository.
	File  string   `json:"file"`
	Kind  NoteKind `json:"kind"`
	Title string   `json:"title,omitempty"`
	// Facts that the note answers.
	Facts []Answer `json:"facts,omitempty"`
	// Channels whose releases tell it; none stands for all.
	Channels []string `json:"channels,omitempty"`
	// Impact says what happens to who does nothing, Action what to do, Check how one sees that it is done. They, and
	// Text, hold paragraphs, lists, blocks of code, `code`, and links to pages; everything else is text.
	Impact string `json:"impact"`
	Action string `json:"action,omitempty"`
	Check  string `json:"check,omitempty"`
	// Text is what follows the front matter.
	Text string `json:"text,omitempty"`
}

// Answer names a fact, or with a * at its end all that begin so.
type Answer struct {
	Kind fact.Kind `json:"kind"`
	Name string    `json:"name"`
}

func (a Answer) String() string { return string(a.Kind) + " " + a.Name }

// Is reports whether the answer is about a fact.
func (a Answer) Is(kind fact.Kind, name string) bool {
	if prefix, ok := strings.CutSuffix(a.Name, "*"); ok && a.Kind == kind && strings.HasPrefix(name, prefix) {
		return true
	}
	return a.Kind == kind && a.Name == name
}

// ParseAnswer reads a fact as people name it, such as "config server.listen".
func ParseAnswer(text string) (Answer, error) {
	kind, name, _ := strings.Cut(strings.TrimSpace(text), " ")
	a := Answer{fact.Kind(kind), strings.TrimSpace(name)}
	switch {
	case !slices.Contains(fact.Kinds, a.Kind):
		var kinds []string
		for _, k := range fact.Kinds {
			kinds = append(kinds, string(k))
		}
		return a, fmt.Errorf("%.60q does not begin with a kind of fact; those are %s", text, strings.Join(kinds, ", "))
	case a.Name == "" || a.Name == "*":
		return a, fmt.Errorf("%.60q names no fact; it is written like this: config server.listen", text)
	}
	return a, nil
}

// Answers reports whether a note is about a change.
func (n Note) Answers(c fact.Change) bool {
	return slices.ContainsFunc(n.Facts, func(a Answer) bool {
		return a.Is(c.Kind, c.Name) || c.What == "renamed" && a.Is(c.Kind, c.Before) ||
			slices.ContainsFunc(c.Also, func(name string) bool { return a.Is(c.Kind, name) })
	})
}

// In reports whether releases of a channel tell the note.
func (n Note) In(channel string) bool {
	return len(n.Channels) == 0 || channel == "" || slices.Contains(n.Channels, channel)
}

// Limits of notes, applied before they are parsed.
const (
	maxNotes     = 5000
	maxNoteBytes = 64 << 10
	maxFront     = 32 << 10
	maxField     = 8000
	maxNoteLine  = 4000
	maxNames     = 500
)

// NoteError is something wrong in a note.
type NoteError struct {
	File string
	// Line counts from 1; 0 is the whole file.
	Line    int
	Message string
}

func (e *NoteError) Error() string {
	text := e.File
	if e.Line > 0 {
		text = fmt.Sprintf("%s:%d", e.File, e.Line)
	}
	return changelog.Inert(text + ": " + e.Message)
}

// Hint says where the form of a note is described.
func (*NoteError) Hint() string {
	return "a note begins with kind, facts, impact, action and check between lines of three dashes; relctl docs note writes one to fill in"
}

var noteName = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,99}\.md$`)

// ReadNotes reads the notes of a folder, sorted by id; without the folder there are none. Those that can be read are
// returned even if others are wrong; the error then joins a [*NoteError] for each.
func ReadNotes(fsys fs.FS, dir string) ([]Note, error) {
	entries, err := fs.ReadDir(fsys, dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if len(entries) > maxNotes {
		return nil, &NoteError{File: dir, Message: fmt.Sprintf("the folder holds %d files, at most %d are allowed", len(entries), maxNotes)}
	}
	var notes []Note
	var errs []error
	for _, e := range entries {
		n, err := readNote(fsys, path.Join(dir, e.Name()), e)
		if err != nil {
			errs = append(errs, err)
		} else if n != nil {
			notes = append(notes, *n)
		}
	}
	return notes, errors.Join(errs...)
}

// readNote reads one file, or returns nil for one that is no note, such as a README.
func readNote(fsys fs.FS, file string, e fs.DirEntry) (*Note, error) {
	if path.Ext(file) != ".md" || strings.HasPrefix(e.Name(), ".") || strings.EqualFold(e.Name(), "README.md") {
		return nil, nil
	}
	if !e.Type().IsRegular() {
		return nil, &NoteError{File: file, Message: "a note must be a regular file, not a link or a folder"}
	}
	info, err := e.Info()
	if err != nil {
		return nil, err
	}
	if info.Size() > maxNoteBytes {
		return nil, &NoteError{File: file, Message: fmt.Sprintf("the note has %d bytes, at most %d are allowed", info.Size(), maxNoteBytes)}
	}
	data, err := fs.ReadFile(fsys, file)
	if err != nil {
		return nil, err
	}
	return ParseNote(file, data)
}

// noteReader reads one file.
type noteReader struct {
	file string
	out  Note
}

func (r *noteReader) fail(line int, format string, args ...any) error {
	return &NoteError{File: r.file, Line: line, Message: fmt.Sprintf(format, args...)}
}

// ParseNote reads a note strictly; file is its path, which names it and stands in errors. The error is a [*NoteError].
func ParseNote(file string, data []byte) (*Note, error) {
	r := noteReader{file: file, out: Note{File: file, ID: strings.TrimSuffix(path.Base(file), ".md")}}
	if !noteName.MatchString(path.Base(file)) {
		return nil, r.fail(0, "a note is called after its change, in small letters, digits and dashes, such as config-listen.md")
	}
	if len(data) > maxNoteBytes {
		return nil, r.fail(0, "the note has %d bytes, at most %d are allowed", len(data), maxNoteBytes)
	}
	data = bytes.ReplaceAll(data, []byte("\r\n"), []byte("\n"))
	if err := r.characters(data); err != nil {
		return nil, err
	}
	front, body, ok := frontMatter(data)
	if !ok {
		return nil, r.fail(1, "the note does not begin with front matter between lines of three dashes")
	}
	if len(front) > maxFront {
		return nil, r.fail(1, "the front matter has %d bytes, at most %d are allowed", len(front), maxFront)
	}
	if err := r.front(front); err != nil {
		return nil, err
	}
	r.out.Text = strings.TrimSpace(string(body))
	return &r.out, nil
}

func frontMatter(data []byte) (front, body []byte, ok bool) {
	rest, ok := bytes.CutPrefix(data, []byte("---\n"))
	if !ok {
		return nil, nil, false
	}
	rest = append(slices.Clone(rest), '\n')
	if front, body, ok = bytes.Cut(rest, []byte("\n---\n")); !ok {
		return nil, nil, false
	}
	return front, body, true
}

// characters refuses what makes a line read otherwise than it is, and lines that nobody reads.
func (r *noteReader) characters(data []byte) error {
	if !utf8.Valid(data) {
		return r.fail(0, "the note is not valid UTF-8")
	}
	n := 0
	for line := range strings.Lines(string(data)) {
		n++
		if len(line) > maxNoteLine {
			return r.fail(n, "the line has %d bytes, at most %d are allowed", len(line), maxNoteLine)
		}
		for _, c := range strings.TrimSuffix(line, "\n") {
			if c != '\t' && (unicode.IsControl(c) || unicode.Is(unicode.Cf, c) || unicode.Is(unicode.Co, c)) {
				return r.fail(n, "the invisible character %U changes how the line reads; take it out", c)
			}
		}
	}
	return nil
}

// noteKeys are the keys in the order in which they are told.
var noteKeys = []string{"kind", "title", "facts", "channels", "impact", "action", "check"}

// front reads the front matter. It begins in the second line of the file.
func (r *noteReader) front(data []byte) error {
	var doc, more yaml.Node
	dec := yaml.NewDecoder(bytes.NewReader(data))
	if err := dec.Decode(&doc); err != nil {
		return r.syntax(err)
	}
	if dec.Decode(&more) == nil {
		return r.fail(more.Line+1, "the front matter holds a second document")
	}
	root := doc.Content[0]
	if root.Kind != yaml.MappingNode {
		return r.fail(root.Line+1, "keys and values are expected here")
	}
	seen := map[string]int{}
	for i := 0; i+1 < len(root.Content); i += 2 {
		k, v := root.Content[i], root.Content[i+1]
		switch {
		case k.Kind != yaml.ScalarNode || !slices.Contains(noteKeys, k.Value):
			return r.fail(k.Line+1, "unknown key %.60q; the keys are %s", k.Value, strings.Join(noteKeys, ", "))
		case seen[k.Value] > 0:
			return r.fail(k.Line+1, "the key %s stands here again; it is already in line %d", k.Value, seen[k.Value])
		}
		seen[k.Value] = k.Line + 1
		if err := r.key(k.Value, v); err != nil {
			return err
		}
	}
	return r.complete(seen)
}

var yamlLine = regexp.MustCompile(`^yaml: line (\d+): (.*)$`)

func (r *noteReader) syntax(err error) error {
	line, text := 1, strings.TrimPrefix(err.Error(), "yaml: ")
	if m := yamlLine.FindStringSubmatch(err.Error()); m != nil {
		_, _ = fmt.Sscan(m[1], &line) // digits
		text = m[2]
	}
	return r.fail(line+1, "%s", text)
}

func (r *noteReader) key(key string, n *yaml.Node) error {
	o := &r.out
	switch key {
	case "kind":
		text, err := r.text(key, n)
		if o.Kind = NoteKind(text); err == nil && !slices.Contains(NoteKinds, o.Kind) {
			return r.fail(n.Line+1, "%.60q is no kind of note; those are breaking, action, notice and known-issue", text)
		}
		return err
	case "facts":
		return r.list(key, n, func(line int, text string) error {
			a, err := ParseAnswer(text)
			if err != nil {
				return r.fail(line, "%s", err)
			}
			o.Facts = append(o.Facts, a)
			return nil
		})
	case "channels":
		return r.list(key, n, func(line int, text string) error {
			if err := release.CheckName(text); err != nil {
				return r.fail(line, "channels: %s", err)
			}
			o.Channels = append(o.Channels, text)
			return nil
		})
	}
	to := map[string]*string{"title": &o.Title, "impact": &o.Impact, "action": &o.Action, "check": &o.Check}[key]
	var err error
	*to, err = r.text(key, n)
	if err == nil && key == "title" && strings.Contains(o.Title, "\n") {
		return r.fail(n.Line+1, "a title has one line")
	}
	return err
}

var todo = regexp.MustCompile(`\bTODO\b`)

// text reads a text of a bearable length that somebody has finished.
func (r *noteReader) text(key string, n *yaml.Node) (string, error) {
	text := strings.TrimSpace(n.Value)
	switch {
	case n.Kind != yaml.ScalarNode || n.Tag != "!!str":
		return "", r.fail(n.Line+1, "%s: text is expected here; put it in quotes", key)
	case text == "":
		return "", r.fail(n.Line+1, "%s says nothing; write it, or leave the key out", key)
	case len(text) > maxField:
		return "", r.fail(n.Line+1, "%s has %d bytes, at most %d are allowed", key, len(text), maxField)
	case todo.MatchString(text):
		at := n.Line + 1
		if n.Style == yaml.LiteralStyle {
			before, _, _ := strings.Cut(n.Value, "TODO")
			at += 1 + strings.Count(before, "\n")
		}
		return "", r.fail(at, "%s still says TODO: %s", key, noteAsks[key])
	}
	return text, nil
}

// noteAsks is what each text of a note answers.
var noteAsks = map[string]string{
	"kind": "say breaking, action, notice or known-issue", "title": "say what changed, in a few words",
	"impact": "say what happens to somebody who does nothing", "action": "say what an operator does about it",
	"check": "say how one sees that it is done",
}

func (r *noteReader) list(key string, n *yaml.Node, add func(line int, text string) error) error {
	if n.Kind != yaml.SequenceNode {
		return r.fail(n.Line+1, "%s: a list is expected here, such as [%s]", key, map[string]string{"facts": "config server.listen", "channels": "lts-2.6"}[key])
	}
	if len(n.Content) > maxNames {
		return r.fail(n.Line+1, "%s has %d items, at most %d are allowed", key, len(n.Content), maxNames)
	}
	for _, item := range n.Content {
		text, err := r.text(key, item)
		if err != nil {
			return err
		}
		if err := add(item.Line+1, text); err != nil {
			return err
		}
	}
	return nil
}

// complete checks what the keys say together.
func (r *noteReader) complete(seen map[string]int) error {
	o := &r.out
	switch {
	case o.Kind == "":
		return r.fail(0, "the key kind is missing; say breaking, action, notice or known-issue")
	case o.Impact == "":
		return r.fail(0, "the key impact is missing; %s", noteAsks["impact"])
	case o.Action == "" && (o.Kind == NoteBreaking || o.Kind == NoteAction):
		return r.fail(seen["kind"], "a note of kind %s needs the key action; %s", o.Kind, noteAsks["action"])
	case o.Check == "" && o.Kind == NoteBreaking:
		return r.fail(seen["kind"], "a note of kind breaking needs the key check; %s", noteAsks["check"])
	case len(o.Facts) == 0 && o.Title == "":
		return r.fail(0, "the note names no facts, so it needs the key title")
	}
	return nil
}
