package scaffold

import (
	"bytes"
	"embed"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"text/template"
)

//go:embed templates
var sources embed.FS

var templates = template.Must(template.New("").Funcs(template.FuncMap{
	"quote": strconv.Quote,
	"plain": plain,
	"list":  func(words []string) string { return strings.Join(words, ", ") },
}).ParseFS(sources, "templates/*.yaml"))

// bare is text that YAML reads as text without quotes, if it is none of its words.
var bare = regexp.MustCompile(`^[a-z][a-z0-9./_-]*$`)

// plain writes text for YAML, with quotes where it needs them.
func plain(text string) string {
	if bare.MatchString(text) && !slices.Contains([]string{"true", "false", "null", "yes", "no", "on", "off", "y", "n"}, text) {
		return text
	}
	return strconv.Quote(text)
}

// lineFile is what the template of a line sees.
type lineFile struct {
	Line
	Tag string
	// From is the oldest version that may upgrade.
	From         string
	Conventional bool
}

// write makes the files. A line takes upgrades from the next older one that has a channel.
func (p *Proposal) write() ([]File, error) {
	files := []File{}
	add := func(path, name string, data any) error {
		var b bytes.Buffer
		if err := templates.ExecuteTemplate(&b, name, data); err != nil {
			return err
		}
		files = append(files, File{Path: "channels/" + path, Data: b.Bytes()})
		return nil
	}
	if err := add("product.yaml", "product.yaml", p); err != nil {
		return nil, err
	}
	if err := add("rolling.yaml", "rolling.yaml", p); err != nil {
		return nil, err
	}
	for i, l := range p.Lines {
		from := l.First()
		if i+1 < len(p.Lines) {
			from = p.Lines[i+1].First()
		}
		if err := add(l.Channel+".yaml", "line.yaml", lineFile{Line: l, Tag: p.Tag, Conventional: p.Conventional, From: ">=" + from.String() + "-0"}); err != nil {
			return nil, err
		}
	}
	return files, nil
}
