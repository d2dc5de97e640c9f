package acme

import (
	"embed"
	"fmt"
	"io/fs"
	"net/mail"
	"strings"
	"time"

	"golang.org/x/tools/txtar"
)

//go:embed steps/*.txtar
var embedded embed.FS

// diffName is the file of an archive that patches others.
const diffName = "changes.diff"

// step is one file of steps/.
type step struct {
	// ID is the number at the beginning of the file's name, by which other steps refer to this one.
	ID     string
	Branch string
	From   string
	By     *mail.Address
	Date   time.Time
	// Act is commit, merge, pick, pick-conflict or revert, or "" if the step only opens a branch or tags.
	Act string
	// Target is the step or, for a merge, the branch that Act is about.
	Target  string
	Subject string
	Body    string
	Tag     string
	Remove  []string
	Diff    []byte
	Files   []txtar.File
}

// readSteps reads all steps in the order of their names.
func readSteps(fsys fs.FS) ([]*step, error) {
	names, err := fs.Glob(fsys, "*.txtar")
	if err != nil {
		return nil, err
	}
	var list []*step
	for _, name := range names { // fs.Glob sorts
		data, err := fs.ReadFile(fsys, name)
		if err != nil {
			return nil, err
		}
		s, err := parseStep(name, data)
		if err != nil {
			return nil, fmt.Errorf("step %s: %w", name, err)
		}
		list = append(list, s)
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("there are no steps")
	}
	return list, nil
}

func parseStep(name string, data []byte) (*step, error) {
	archive := txtar.Parse(data)
	s := &step{}
	s.ID, _, _ = strings.Cut(strings.TrimSuffix(name, ".txtar"), "-")
	head, body, _ := strings.Cut(string(archive.Comment), "\n\n")
	s.Body = strings.TrimSpace(body)
	for line := range strings.Lines(head) {
		key, value, ok := strings.Cut(strings.TrimSpace(line), ": ")
		if !ok || value == "" {
			return nil, fmt.Errorf("%q is not of the form \"key: value\"", strings.TrimSpace(line))
		}
		if err := s.set(key, value); err != nil {
			return nil, fmt.Errorf("%s: %w", key, err)
		}
	}
	for _, f := range archive.Files {
		if f.Name == diffName {
			s.Diff = f.Data
		} else if fs.ValidPath(f.Name) {
			s.Files = append(s.Files, f)
		} else {
			return nil, fmt.Errorf("file %q is outside of the repository", f.Name)
		}
	}
	return s, s.check()
}

func (s *step) set(key, value string) (err error) {
	switch key {
	case "branch":
		s.Branch = value
	case "from":
		s.From = value
	case "by":
		s.By, err = mail.ParseAddress(value)
	case "date":
		s.Date, err = time.Parse(time.RFC3339, value)
	case "commit":
		s.Subject = value
		if s.Act == "" {
			s.Act = "commit"
		}
	case "merge", "pick", "pick-conflict", "revert":
		if s.Target != "" {
			return fmt.Errorf("the step has %s already", s.Act)
		}
		s.Act, s.Target = key, value
	case "remove":
		s.Remove = append(s.Remove, value)
	case "tag":
		s.Tag = value
	default:
		return fmt.Errorf("unknown key")
	}
	return err
}

// check refuses a step that says too little or what would be passed over.
func (s *step) check() error {
	changes := len(s.Files) + len(s.Diff) + len(s.Remove)
	switch {
	case s.Branch == "" || s.By == nil || s.Date.IsZero():
		return fmt.Errorf("branch, by and date are needed")
	case s.Act == "" && s.Tag == "" && s.From == "":
		return fmt.Errorf("it does nothing")
	case s.Act == "merge" && s.Subject == "":
		return fmt.Errorf("a merge needs a subject in commit")
	case s.Act != "commit" && s.Act != "merge" && s.Subject != "":
		return fmt.Errorf("git writes the subject of a %s", s.Act)
	case (s.Act == "commit" || s.Act == "pick-conflict") != (changes > 0):
		return fmt.Errorf("files are for commits and for picks with a conflict, and those need some")
	case s.Body != "" && s.Subject == "" && s.Act != "revert" && s.Tag == "":
		return fmt.Errorf("nothing takes the body")
	}
	return nil
}

// message is the step's message for a commit or a tag, after a subject.
func (s *step) message(subject string) string {
	if s.Body == "" {
		return subject + "\n"
	}
	return subject + "\n\n" + s.Body + "\n"
}
