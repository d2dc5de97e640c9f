package fact

import (
	"slices"
	"strconv"
	"strings"
)

// faults collects what is wrong with the file by the facts of the new release.
func (c *checker) faults(b *Set) {
	patterns := map[string]Attributes{}
	for _, f := range b.Facts {
		if pattern, ok := inScope(f.Name, c.scope); ok && f.Kind == c.kind {
			patterns[pattern] = f.Attributes
		}
	}
	holders := parents(patterns)
	for i, s := range c.settings {
		if c.explained[i] {
			continue
		}
		pattern, known := find(patterns, holders, s.Key)
		now := ""
		if !known {
			now = c.renamed(b, s.Key)
		}
		switch {
		case now != "":
			c.fault(s, Breaking, "renamed", "is called "+shorten(now)+" now", "write "+shorten(now)+" instead of "+shorten(s.Key))
		case !known && c.strange(s.Key, patterns):
			// What the old release knew is a removed key. This one it did not know either, and ran.
			c.fault(s, Action, "unknown", "is not a key that the product knows", "correct it, or take it out"+c.nearest(s.Key, patterns))
		case known:
			c.value(s, patterns[pattern])
		}
	}
	for pattern, a := range patterns {
		if a.Required && a.Default == nil && c.misses(pattern) && !c.told(pattern) {
			c.fault(Setting{Key: pattern}, Breaking, "required", "is required, and not set", "set "+shorten(pattern))
		}
	}
}

// renamed is what a key is called now, by the facts of the new release alone; "" if it was not renamed.
func (c *checker) renamed(b *Set, key string) string {
	for _, f := range b.Facts {
		now, ok := inScope(f.Name, c.scope)
		if f.Kind != c.kind || !ok {
			continue
		}
		for _, name := range f.Attributes.RenamedFrom {
			if old, ok := inScope(name, c.scope); ok && matchKey(key, old) {
				return now
			}
		}
	}
	return ""
}

func (c *checker) fault(s Setting, impact Impact, what, text, do string) {
	c.out.Faults = append(c.out.Faults, Concern{Key: s.Key, Line: s.Line, Impact: impact, What: what, Text: shorten(s.Key) + ": " + text, Do: do})
}

// parents are the keys that hold other known keys.
func parents(patterns map[string]Attributes) map[string]bool {
	out := map[string]bool{}
	for p := range patterns {
		for i := strings.LastIndexByte(p, '.'); i > 0; i = strings.LastIndexByte(p[:i], '.') {
			out[p[:i]], out[strings.TrimRight(p[:i], "[]")] = true, true
		}
	}
	return out
}

// find returns the pattern that tells of a key: its own, or that of what holds it where nothing more is known of that.
func find(patterns map[string]Attributes, holders map[string]bool, key string) (string, bool) {
	if _, ok := patterns[key]; ok {
		return key, true
	}
	best := ""
	for p := range patterns {
		open := !holders[p] || strings.Count(p, ".") == strings.Count(key, ".")
		if open && matchKey(key, p) && (best == "" || strings.Count(p, ".") > strings.Count(best, ".") || strings.Count(p, ".") == strings.Count(best, ".") && p > best) {
			best = p
		}
	}
	return best, best != ""
}

// strange reports whether a key is none of the product's. A key above known ones is theirs; of the environment, which
// holds much else, only what begins like one of the product's variables is.
func (c *checker) strange(key string, patterns map[string]Attributes) bool {
	if c.kind == Env {
		prefix, _, _ := strings.Cut(key, "_")
		for p := range patterns {
			if strings.HasPrefix(p, prefix+"_") {
				return true
			}
		}
		return false
	}
	for p := range patterns {
		if matchKey(p, key) {
			return false
		}
	}
	return true
}

// nearest names a key that may have been meant.
func (c *checker) nearest(key string, patterns map[string]Attributes) string {
	best, least := "", 3
	for p := range patterns {
		if d := Distance(key, p, 3); d < least || d == least && p < best {
			best, least = p, d
		}
	}
	if best == "" {
		return ""
	}
	return "; did you mean " + shorten(best) + "?"
}

// value judges the value of a setting.
func (c *checker) value(s Setting, a Attributes) {
	if templated(s.Value) || s.Type == "null" {
		return
	}
	number, err := strconv.ParseFloat(s.Value, 64)
	low, errLow := strconv.ParseFloat(a.Minimum, 64)
	high, errHigh := strconv.ParseFloat(a.Maximum, 64)
	switch {
	case !takes(a.Type, s):
		c.fault(s, Breaking, "type", "has a value of the type "+s.Type+", and takes "+shorten(a.Type), "give it a value of the type "+shorten(a.Type))
	case len(a.Enum) > 0 && s.Type != "array" && !slices.Contains(a.Enum, s.Value):
		c.fault(s, Breaking, "enum", "does not take this value", "give it one of "+shorten(strings.Join(a.Enum, ", ")))
	case err == nil && errLow == nil && number < low:
		c.fault(s, Breaking, "minimum", "is less than "+shorten(a.Minimum), "give it "+shorten(a.Minimum)+" or more")
	case err == nil && errHigh == nil && number > high:
		c.fault(s, Breaking, "maximum", "is more than "+shorten(a.Maximum), "give it "+shorten(a.Maximum)+" or less")
	}
}

// templated reports whether a value is put together elsewhere.
func templated(v string) bool {
	return strings.Contains(v, "${") || strings.Contains(v, "{{") || strings.Contains(v, "$(")
}

// takes reports whether a type of facts admits a setting's value. Types that JSON does not know admit all, and so does
// string for anything written in one word: most programs read it so.
func takes(types string, s Setting) bool {
	if types == "" || s.Type == "null" {
		return true
	}
	for t := range strings.SplitSeq(types, "|") {
		switch t {
		case "integer":
			if _, err := strconv.ParseInt(strings.ReplaceAll(s.Value, "_", ""), 0, 64); err == nil {
				return true
			}
		case "number":
			if _, err := strconv.ParseFloat(strings.ReplaceAll(s.Value, "_", ""), 64); err == nil {
				return true
			}
		case "boolean":
			if s.Type == "boolean" {
				return true
			}
			if _, err := strconv.ParseBool(s.Value); err == nil && s.Type == "string" {
				return true
			}
		case "string":
			if s.Type != "array" && s.Type != "object" {
				return true
			}
		case "array":
			if s.Type == "array" || strings.HasSuffix(s.Key, "[]") || strings.Contains(s.Key, "[].") {
				return true
			}
		case "object":
			if s.Type == "object" || strings.Contains(s.Key, ".") {
				return true
			}
		case "null":
		default:
			return true
		}
	}
	return false
}

// misses reports whether a required key is not set though what holds it is there.
func (c *checker) misses(pattern string) bool {
	if len(indexes(c.settings, pattern)) > 0 {
		return false
	}
	i := strings.LastIndex(pattern, ".")
	return i < 0 || len(indexes(c.settings, pattern[:i])) > 0
}

// told reports whether a change tells of a key already.
func (c *checker) told(pattern string) bool {
	return slices.ContainsFunc(c.out.Concerns, func(one Concern) bool { return one.Key == pattern || one.To == pattern })
}

// Distance is the number of letters by which two names differ (Levenshtein), at most limit.
func Distance(a, b string, limit int) int {
	if len(a)-len(b) >= limit || len(b)-len(a) >= limit {
		return limit
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		before := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := before
			if a[i] != b[j] {
				cost++
			}
			before = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return min(row[len(b)], limit)
}
