package fact

import (
	"slices"
	"strconv"
	"strings"
)

// Concern is a change that concerns one customer's configuration file.
type Concern struct {
	// Key is the key as it stands in the file, or that of the change where the file does not set it.
	Key string `json:"key"`
	// Line is where the file sets the key, 0 if it does not.
	Line   int    `json:"line,omitempty"`
	Impact Impact `json:"impact"`
	Text   string `json:"text"`
}

// ConfigCheck is what an upgrade means for one customer's configuration file.
type ConfigCheck struct {
	File string `json:"file"`
	// Keys is how many keys the file sets, Changed how many of them change.
	Keys    int `json:"keys"`
	Changed int `json:"changed"`
	// Concerns are sorted by line; those of keys that the file does not set come last.
	Concerns []Concern `json:"concerns"`
	// Unknown are the keys of the file that the new release does not know, and that did not change either.
	Unknown []Setting `json:"-"`
}

// CheckConfig says which changes from a to b concern a customer's configuration file. scope names the file where the
// product has several, as in channels/product.yaml. A changed default concerns only those who do not set the key, a
// removed value only those who use it.
func CheckConfig(a, b *Set, scope, file string, data []byte) (*ConfigCheck, error) {
	settings, err := Settings(file, data)
	if err != nil {
		return nil, err
	}
	c := &ConfigCheck{File: file, Keys: len(settings), Concerns: []Concern{}}
	changed, explained := map[int]bool{}, map[int]bool{}
	for _, change := range Diff(a, b) {
		pattern, ok := inScope(change.Name, scope)
		if change.Kind != Config || !ok {
			continue
		}
		if change.What == "renamed" {
			pattern, _ = inScope(change.Before, scope)
		}
		found := indexes(settings, pattern)
		for _, i := range found {
			explained[i] = true
			if change.concerns(settings[i]) {
				changed[i] = true
				c.Concerns = append(c.Concerns, Concern{settings[i].Key, settings[i].Line, change.Impact, change.Text})
			}
		}
		if len(found) == 0 && change.concernsUnset() && hasParent(settings, pattern) {
			c.Concerns = append(c.Concerns, Concern{pattern, 0, change.Impact, change.Text})
		}
	}
	c.Changed = len(changed)
	c.Unknown = unknown(settings, b, scope, explained)
	slices.SortStableFunc(c.Concerns, func(x, y Concern) int { return order(x.Line) - order(y.Line) })
	return c, nil
}

func order(line int) int {
	if line == 0 {
		return maxConfig
	}
	return line
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
		return !wider([]string{s.Type}, strings.Split(c.After, "|"))
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

// unknown returns the settings that b has no key for.
func unknown(settings []Setting, b *Set, scope string, explained map[int]bool) []Setting {
	var patterns []string
	for _, f := range b.Facts {
		if pattern, ok := inScope(f.Name, scope); ok && f.Kind == Config {
			patterns = append(patterns, pattern)
		}
	}
	var out []Setting
	for i, s := range settings {
		if !explained[i] && !slices.ContainsFunc(patterns, func(p string) bool { return matchKey(s.Key, p) || matchKey(p, s.Key) }) {
			out = append(out, s)
		}
	}
	return out
}
