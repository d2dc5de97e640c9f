package channel

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
)

// FactKinds are the kinds of sources of facts.
var FactKinds = []string{"config", "flags", "commands", "migrations", "manifests", "rules", "metrics", "runbooks", "messages", "features", "crds", "openapi", "facts"}

// checkGlob admits paths in which * and ** stand for names and folders.
func checkGlob(s string) error {
	if _, err := path.Match(s, ""); err != nil {
		return fmt.Errorf("%.80q is not a pattern for paths such as migrations/*.sql", s)
	}
	return checkPath(strings.NewReplacer("*", "x", "?", "x", "[", "x", "]", "x").Replace(s))
}

// checkFactPattern admits regular expressions that say which part of a match is the name.
func checkFactPattern(s string) error {
	re, err := regexp.Compile(s)
	switch {
	case err != nil:
		return fmt.Errorf("%.60q is not a regular expression (RE2): %w", s, err)
	case re.SubexpIndex("name") < 0:
		return fmt.Errorf("%.60q has no group (?P<name>…), which says what the fact is called", s)
	}
	return nil
}

// checkFacts checks that the keys of each source fit its kind.
func (d *document) checkFacts(sources []FactSource) {
	for i, s := range sources {
		at := fmt.Sprintf("docs.facts[%d]", i)
		if s.Schema != "" && s.Kind != "config" {
			d.failAt(at+".schema", "a schema is for config; facts of kind %s come from files", s.Kind)
		}
		if s.Command != nil && !slices.Contains([]string{"flags", "commands", "facts"}, s.Kind) {
			d.failAt(at+".command", "a command is for flags, commands and facts; those of kind %s come from files", s.Kind)
		}
		if s.Dialect != "" && s.Kind != "migrations" {
			d.failAt(at+".dialect", "a dialect is for migrations")
		}
		if s.Kind == "migrations" && s.Dialect == "" {
			d.failAt(at, "migrations need the key dialect: which locks a statement takes depends on the database")
		}
		if s.Pattern != "" && !slices.Contains([]string{"flags", "commands", "messages", "metrics"}, s.Kind) {
			d.failAt(at+".pattern", "a pattern is for flags, commands, messages and metrics")
		}
	}
}

// WantsNotes says what a plan does about breaking facts without a note: refuse, warn or off.
func (d Docs) WantsNotes() string {
	switch {
	case len(d.Facts) == 0 || d.Operator == "":
		return NotesOff
	case d.Notes == "":
		return NotesRefuse
	}
	return d.Notes
}

// checkNotes checks what notes and guides need.
func (d *document) checkNotes(docs Docs) {
	if docs.Notes != "" && (len(docs.Facts) == 0 || docs.Operator == "") {
		d.failAt("docs.notes", "notes answer facts, and lie in the folder of the operator's guide: docs needs the keys facts and operator")
	}
	if len(docs.Install) > 0 && docs.Operator == "" {
		d.failAt("docs.install", "the pages lie in the operator's guide, and docs has no key operator")
	}
}
