package fact

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Concern is something about one customer's configuration file that the customer should know.
type Concern struct {
	// Key is the key as it stands in the file, or that of the change where the file does not set it.
	Key string `json:"key"`
	// Line is where the file sets the key, 0 if it does not.
	Line   int    `json:"line,omitempty"`
	Impact Impact `json:"impact"`
	// What is that of a [Change], or unknown for a key that the new release does not have.
	What string `json:"what"`
	// To is the new name of a key that was renamed.
	To   string `json:"to,omitempty"`
	Text string `json:"text"`
	// Do says what to do about it. It never holds a value of the file, which may be a secret.
	Do string `json:"do,omitempty"`
}

// ConfigCheck is what an upgrade means for one customer's configuration file.
type ConfigCheck struct {
	File string `json:"file"`
	// Keys is how many keys the file sets, Changed how many of them change.
	Keys    int `json:"keys"`
	Changed int `json:"changed"`
	// Concerns are changes, sorted by line; those of keys that the file does not set come last.
	Concerns []Concern `json:"concerns"`
	// Faults are what is wrong with the file by the new release alone, and is no change: unknown keys, values that may not
	// be given, required keys that are missing. They are sorted like the concerns.
	Faults []Concern `json:"faults"`
}

// Breaking counts what must be done before the new release can run with the file.
func (c *ConfigCheck) Breaking() int {
	n := 0
	for _, one := range slices.Concat(c.Concerns, c.Faults) {
		if one.Impact == Breaking {
			n++
		}
	}
	return n
}

// ScopeError is a file that may belong to one of several programs.
type ScopeError struct{ Scopes []string }

func (e *ScopeError) Error() string {
	return "the product has several configuration files, and it is not said which one this is"
}

// Hint names them.
func (e *ScopeError) Hint() string { return "name it with --scope: " + strings.Join(e.Scopes, ", ") }

// CheckConfig says which changes from a to b concern a customer's configuration file, and what is wrong with it by b; a
// is nil if only b is known. scope names the file where the product has several, as in channels/product.yaml; if it has
// one, "" stands for it. A file of environment variables is known by its name, as in acme.env. A changed default concerns
// only those who do not set the key, a removed value only those who use it.
func CheckConfig(a, b *Set, scope, file string, data []byte) (*ConfigCheck, error) {
	settings, err := Settings(file, data)
	if err != nil {
		return nil, err
	}
	kind := Config
	if isEnv(file) {
		kind = Env
	}
	if scope, err = b.onlyScope(kind, scope); err != nil {
		return nil, err
	}
	c := checker{scope: scope, kind: kind, settings: settings, explained: map[int]bool{}, out: &ConfigCheck{File: file, Keys: len(settings), Concerns: []Concern{}, Faults: []Concern{}}}
	if a != nil {
		c.changes(Diff(a, b))
	}
	c.faults(b)
	slices.SortStableFunc(c.out.Concerns, byLine)
	slices.SortStableFunc(c.out.Faults, byLine)
	return c.out, nil
}

// onlyScope returns the scope that is meant, by which names of a kind begin.
func (s *Set) onlyScope(kind Kind, scope string) (string, error) {
	if scope != "" {
		return scope, nil
	}
	var scopes []string
	for _, f := range s.Facts {
		if f.Kind != kind {
			continue
		}
		one, _, scoped := strings.Cut(f.Name, " ")
		if !scoped {
			return "", nil
		}
		if !slices.Contains(scopes, one) {
			scopes = append(scopes, one)
		}
	}
	switch len(scopes) {
	case 0:
		return "", nil
	case 1:
		return scopes[0], nil
	}
	return "", &ScopeError{scopes}
}

func byLine(x, y Concern) int {
	return cmp.Or(cmp.Compare(order(x.Line), order(y.Line)), cmp.Compare(x.Key, y.Key))
}

func order(line int) int {
	if line == 0 {
		return maxConfig
	}
	return line
}

// checker holds a file against sets of facts.
type checker struct {
	scope    string
	kind     Kind
	settings []Setting
	// explained are the settings of which a change tells.
	explained map[int]bool
	out       *ConfigCheck
}

// changes collects those that concern the file.
func (c *checker) changes(all []Change) {
	changed := map[int]bool{}
	for _, change := range all {
		pattern, ok := inScope(change.Name, c.scope)
		if change.Kind != c.kind || !ok {
			continue
		}
		to := ""
		if change.What == "renamed" {
			to = pattern
			pattern, _ = inScope(change.Before, c.scope)
		}
		found := indexes(c.settings, pattern)
		for _, i := range found {
			s := c.settings[i]
			if !change.concerns(s) {
				continue
			}
			c.explained[i], changed[i] = true, true
			c.out.Concerns = append(c.out.Concerns, Concern{s.Key, s.Line, change.Impact, change.What, to, change.Text, change.remedy(s.Key, to)})
		}
		if len(found) == 0 && change.concernsUnset() && hasParent(c.settings, pattern) && !c.sets(to) {
			c.out.Concerns = append(c.out.Concerns, Concern{pattern, 0, change.Impact, change.What, to, change.Text, change.remedy(pattern, to)})
		}
	}
	c.out.Changed = len(changed)
}

// sets reports whether the file sets a key.
func (c *checker) sets(pattern string) bool {
	return pattern != "" && len(indexes(c.settings, pattern)) > 0
}

// inScope returns the key of a fact's name, which begins with the scope of its file.
func inScope(name, scope string) (string, bool) {
	if scope == "" {
		return name, !strings.Contains(name, " ")
	}
	return strings.CutPrefix(name, scope+" ")
}

// indexes returns the settings of a key, and of what lies below it.
func indexes(settings []Setting, pattern string) []int {
	var out []int
	for i, s := range settings {
		if matchKey(s.Key, pattern) {
			out = append(out, i)
		}
	}
	return out
}

// matchKey reports whether a key is the pattern's or lies below it. The part * stands for any key of a map.
func matchKey(key, pattern string) bool {
	have, want := strings.Split(key, "."), strings.Split(pattern, ".")
	if len(have) < len(want) {
		return false
	}
	for i, w := range want {
		h := have[i]
		if i == len(want)-1 && strings.TrimRight(h, "[]") == w {
			continue // an item of the list
		}
		if w != h && w != "*" && (w != "*[]" || !strings.HasSuffix(h, "[]")) {
			return false
		}
	}
	return true
}

// hasParent reports whether somebody who sets none of a list's or map's items could be concerned by their keys.
func hasParent(settings []Setting, pattern string) bool {
	i := max(strings.LastIndex(pattern, "[]."), strings.LastIndex(pattern, "*."))
	if i < 0 {
		return true
	}
	parent := pattern[:i+strings.Index(pattern[i:], ".")]
	return len(indexes(settings, parent)) > 0
}

// concerns reports whether a change of a key concerns a file that sets it.
func (c Change) concerns(s Setting) bool {
	switch c.What {
	case "added", "default", "required":
		return false
	case "type":
		return !takes(c.After, s)
	case "enum":
		return c.Impact == Breaking && (c.Before == s.Value || c.Before == "" && !slices.Contains(strings.Split(c.After, ", "), s.Value))
	case "minimum", "maximum":
		have, err := strconv.ParseFloat(s.Value, 64)
		bound, errBound := strconv.ParseFloat(c.After, 64)
		return err != nil || errBound != nil || c.What == "minimum" && have < bound || c.What == "maximum" && have > bound
	}
	return c.Impact != Notice
}

// concernsUnset reports whether a change of a key concerns a file that does not set it.
func (c Change) concernsUnset() bool {
	switch c.What {
	case "default":
		return c.Impact != Notice
	case "added", "required":
		return c.Impact == Breaking
	}
	return false
}

// remedy says what to do about a change of a key.
func (c Change) remedy(key, to string) string {
	switch c.What {
	case "removed":
		return "take " + shorten(key) + " out"
	case "renamed":
		return fmt.Sprintf("write %s instead of %s", shorten(to), shorten(key))
	case "default":
		if c.Before != "" && c.Impact != Breaking {
			return fmt.Sprintf("to keep what you have, set %s to %s", shorten(key), value(c.Before))
		}
		return "set " + shorten(key) + ", or see whether the default suits you"
	case "added", "required":
		return "set " + shorten(key)
	case "type":
		return "give it a value of the type " + shorten(c.After)
	case "enum":
		return "give it another value"
	case "minimum":
		return "give it " + shorten(c.After) + " or more"
	case "maximum":
		return "give it " + shorten(c.After) + " or less"
	case "deprecated":
		if c.After != "" && c.After != deprecatedOnly {
			return shorten(c.After)
		}
		return "plan to do without it"
	}
	return ""
}
