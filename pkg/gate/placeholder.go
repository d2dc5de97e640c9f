package gate

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// placeholder is a word in braces, which PromQL itself has nowhere: a selector in braces holds at least an operator.
var placeholder = regexp.MustCompile(`\{([a-z]+)\}`)

// Expand puts values into the placeholders of a query, such as ring="{ring}". A placeholder without a value is an
// error, and so is a value that would end the text in which it stands.
func Expand(query string, values map[string]string) (string, error) {
	var err error
	out := placeholder.ReplaceAllStringFunc(query, func(found string) string {
		name := strings.Trim(found, "{}")
		v, ok := values[name]
		switch {
		case !ok:
			err = fmt.Errorf("%s is not known here; known are %s", found, strings.Join(slices.Sorted(maps.Keys(values)), ", "))
		case v == "" || strings.ContainsAny(v, "\"'`\\{}\n"):
			err = fmt.Errorf("the value %.60q cannot stand for %s in a query", v, found)
		}
		return v
	})
	return out, err
}
