package attest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/token"
	"github.com/openvex/go-vex/pkg/vex"

	"github.com/relctl/relctl/pkg/release"
)

// Advisory is what is known of one weakness, a file such as security/CVE-2026-31337.yaml whose name is the weakness's.
type Advisory struct {
	// ID is the name of the weakness, such as CVE-2026-31337.
	ID string `yaml:"-"`
	// About says in a sentence what it is.
	About string `yaml:"about"`
	// Aliases are its other names.
	Aliases []string `yaml:"aliases"`
	// Versions are which releases it concerns, and how. The first that holds a version counts.
	Versions []AdvisoryVersions `yaml:"versions"`
}

// AdvisoryVersions is how a weakness concerns a range of releases, in the words of OpenVEX.
type AdvisoryVersions struct {
	// Range of versions, such as ">=2.2.0 <2.4.7"; "" is all.
	Range string `yaml:"range"`
	// Status is affected, not_affected, fixed or under_investigation.
	Status string `yaml:"status"`
	// Justification or Impact says why a release is not affected.
	Justification string `yaml:"justification"`
	Impact        string `yaml:"impact"`
	// Action says what to do about an affected release.
	Action string `yaml:"action"`
	// Notes say how that was found out.
	Notes string `yaml:"notes"`
}

const maxAdvisoryBytes = 64 << 10

var (
	advisoryName = regexp.MustCompile(`^([A-Z]+-[0-9]{4}-[0-9]{1,19}|GHSA(-[a-z0-9]{4}){3})$`)
	anyCase      = regexp.MustCompile(`(?i)` + advisoryName.String())
)

// IsAdvisory reports whether a file is named like an advisory, in any case; others in its folder are none of ours.
func IsAdvisory(file string) bool {
	return path.Ext(file) == ".yaml" && anyCase.MatchString(strings.TrimSuffix(path.Base(file), ".yaml"))
}

// ParseAdvisory reads an advisory strictly; file is its path, which names the weakness and stands in errors.
func ParseAdvisory(file string, data []byte) (*Advisory, error) {
	a := &Advisory{ID: strings.TrimSuffix(path.Base(file), ".yaml")}
	if !advisoryName.MatchString(a.ID) {
		return nil, fmt.Errorf("%s: the name of the file is the name of the weakness, such as CVE-2026-31337.yaml", file)
	}
	if len(data) > maxAdvisoryBytes {
		return nil, fmt.Errorf("%s: %d bytes, at most %d are read", file, len(data), maxAdvisoryBytes)
	}
	if err := plainYAML(string(data)); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	d := yaml.NewDecoder(bytes.NewReader(data), yaml.Strict())
	if err := d.Decode(a); errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%s: the file is empty", file)
	} else if err != nil {
		return nil, fmt.Errorf("%s: %s", file, strings.TrimSpace(yaml.FormatError(err, false, true)))
	}
	if err := d.Decode(&Advisory{}); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%s: there is more than one document", file)
	}
	if err := a.check(); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return a, nil
}

// plainYAML refuses what an advisory does not need, and what could make reading it expensive.
func plainYAML(text string) error {
	lists := 0
	for _, t := range lexer.Tokenize(text) {
		switch t.Type {
		case token.AnchorType, token.AliasType, token.MergeKeyType, token.TagType, token.DirectiveType, token.MappingKeyType:
			return fmt.Errorf("line %d: anchors, aliases, tags, directives and complex keys are not allowed", t.Position.Line)
		case token.SequenceStartType, token.MappingStartType, token.SequenceEntryType:
			lists++
		}
	}
	if lists > 2000 {
		return errors.New("the file holds too many lists")
	}
	return nil
}

func (a *Advisory) check() error {
	if err := release.CheckTexts(a.About); err != nil {
		return fmt.Errorf("about: %w", err)
	}
	for _, s := range a.Aliases {
		if !advisoryName.MatchString(s) || s == a.ID {
			return fmt.Errorf("aliases: %.60q is not another name of the weakness, such as GHSA-aaaa-bbbb-cccc", s)
		}
	}
	if len(a.Versions) == 0 || len(a.Versions) > 500 {
		return errors.New("versions: 1 to 500 ranges are expected, each with a status")
	}
	for i, v := range a.Versions {
		s := v.statement()
		err := errors.Join(release.CheckRange(v.Range), s.Validate())
		for _, text := range []string{v.Justification, v.Impact, v.Action, v.Notes} {
			if text != "" {
				err = errors.Join(err, release.CheckTexts(text))
			}
		}
		if err != nil {
			return fmt.Errorf("versions[%d]: %w", i, err)
		}
	}
	return nil
}

// statement says it in the words of OpenVEX, without vulnerability and products.
func (v AdvisoryVersions) statement() vex.Statement {
	return vex.Statement{
		Status: vex.Status(v.Status), Justification: vex.Justification(v.Justification), ImpactStatement: v.Impact,
		ActionStatement: v.Action, StatusNotes: v.Notes,
	}
}

// Of returns how the weakness concerns a version, nil if nothing is said about it.
func (a *Advisory) Of(v release.Version) *AdvisoryVersions {
	i := slices.IndexFunc(a.Versions, func(x AdvisoryVersions) bool {
		c, err := release.ParseRange(x.Range)
		return x.Range == "" || err == nil && release.Within(c, v)
	})
	if i < 0 {
		return nil
	}
	return &a.Versions[i]
}
