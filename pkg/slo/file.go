package slo

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/url"
	"regexp"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/token"

	"github.com/relctl/relctl/pkg/release"
)

// File is an SLO file.
type File struct {
	// Service is the name of the service.
	Service string `yaml:"service"`
	// RunbookURL is where people find what to do, for objectives that give none of their own.
	RunbookURL string `yaml:"runbook_url"`
	SLOs       []SLO  `yaml:"slos"`
}

// SLO is one objective.
type SLO struct {
	Name string `yaml:"name"`
	// Objective is the share of requests that must not fail, in percent, such as 99.9.
	Objective Percent `yaml:"objective"`
	// Window is the time in which the objective must be met: 30d, or 28d for whole weeks. Default is 30d.
	Window string `yaml:"window"`
	// Total and Errors select the counters of all requests and of those that failed: a name, and labels in braces.
	Total  string `yaml:"total"`
	Errors string `yaml:"errors"`
	// RunbookURL is where people find what to do about this one.
	RunbookURL string `yaml:"runbook_url"`
}

// Percent is a decimal number, kept exactly.
type Percent struct{ rat *big.Rat }

var decimal = regexp.MustCompile(`^[0-9]{1,3}(\.[0-9]{1,9})?$`)

// UnmarshalYAML reads a number such as 99.9, with or without quotes.
func (p *Percent) UnmarshalYAML(data []byte) error {
	text := strings.Trim(strings.TrimSpace(string(data)), `"'`)
	if !decimal.MatchString(text) {
		return fmt.Errorf("the objective %.40q is not a percentage such as 99.9", text)
	}
	p.rat, _ = new(big.Rat).SetString(text) // the form admits numbers only
	return nil
}

// budget returns the share of requests that may fail, such as 1/1000.
func (p Percent) budget() *big.Rat {
	hundred := big.NewRat(100, 1)
	b := new(big.Rat).Sub(hundred, p.rat)
	return b.Quo(b, hundred)
}

// maxSize is how large an SLO file may be.
const maxSize = 256 << 10

// Parse reads an SLO file. Keys that it does not know are errors, and so is everything that YAML has for repeating
// parts of a document.
func Parse(data []byte) (*File, error) {
	if len(data) > maxSize {
		return nil, fmt.Errorf("SLO file: it is larger than %d KiB", maxSize>>10)
	}
	for _, t := range lexer.Tokenize(string(data)) {
		switch t.Type {
		case token.AnchorType, token.AliasType, token.MergeKeyType, token.TagType:
			return nil, fmt.Errorf("SLO file: line %d: anchors, aliases, merges and tags are not supported", t.Position.Line)
		}
	}
	var f File
	dec := yaml.NewDecoder(bytes.NewReader(data), yaml.Strict())
	if err := dec.Decode(&f); err != nil {
		if errors.Is(err, io.EOF) {
			err = errors.New("it is empty")
		}
		return nil, fmt.Errorf("SLO file: %s", yaml.FormatError(err, false, true))
	}
	if err := dec.Decode(new(any)); !errors.Is(err, io.EOF) {
		return nil, errors.New("SLO file: it holds more than one document")
	}
	if err := f.check(); err != nil {
		return nil, fmt.Errorf("SLO file: %w", err)
	}
	return &f, nil
}

func (f *File) check() error {
	if err := release.CheckName(f.Service); err != nil {
		return fmt.Errorf("service: %w", err)
	}
	if len(f.SLOs) == 0 {
		return errors.New("there are no slos")
	}
	seen := map[string]bool{}
	for i := range f.SLOs {
		s := &f.SLOs[i]
		if s.Window == "" {
			s.Window = "30d"
		}
		if s.RunbookURL == "" {
			s.RunbookURL = f.RunbookURL
		}
		if err := s.check(); err != nil {
			return fmt.Errorf("slo %.60q: %w", s.Name, err)
		}
		if seen[s.Name] {
			return fmt.Errorf("there are two slos called %s", s.Name)
		}
		seen[s.Name] = true
	}
	return nil
}

func (s *SLO) check() error {
	if err := release.CheckName(s.Name); err != nil {
		return err
	}
	if _, ok := windows[s.Window]; !ok {
		return fmt.Errorf("the window is %.20q, not 30d or 28d", s.Window)
	}
	if s.Objective.rat == nil || s.Objective.rat.Sign() <= 0 || s.Objective.budget().Sign() <= 0 {
		return errors.New("the objective must be more than 0 and less than 100 percent")
	}
	if limit := alerts[0].pairs[0].limit(s); limit.Cmp(big.NewRat(1, 1)) >= 0 { // more errors than requests
		return errors.New("the objective is so low that its fastest alert could never fire")
	}
	if err := checkSelector(s.Total); err != nil {
		return fmt.Errorf("total: %w", err)
	}
	if err := checkSelector(s.Errors); err != nil {
		return fmt.Errorf("errors: %w", err)
	}
	if s.Total == s.Errors {
		return errors.New("total and errors select the same")
	}
	u, err := url.Parse(s.RunbookURL)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || strings.ContainsAny(s.RunbookURL, "{}\"\\ \n") {
		return fmt.Errorf("runbook_url is %.80q, not the address of a page", s.RunbookURL)
	}
	return nil
}

// selector is a metric with matchers: http_requests_total{job="api",code=~"5.."}.
var selector = func() *regexp.Regexp {
	const matcher = `[a-zA-Z_][a-zA-Z0-9_]*(=|!=|=~|!~)"([ !#-\[\]-~]|\\["\\])*"`
	return regexp.MustCompile(`^[a-zA-Z_:][a-zA-Z0-9_:]*(\{(` + matcher + `(,` + matcher + `)*)?\})?$`)
}()

func checkSelector(s string) error {
	if !selector.MatchString(s) {
		return fmt.Errorf(`%.80q is not a counter such as http_requests_total{job="api",code=~"5.."}, written without spaces`, s)
	}
	return nil
}
