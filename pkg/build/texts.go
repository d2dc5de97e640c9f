package build

import (
	"maps"
	"slices"
)

func sortedKeys(m map[string]any) []string { return slices.Sorted(maps.Keys(m)) }

// anyText reports whether match holds for a text anywhere in a YAML value.
func anyText(v any, match func(string) bool) bool {
	switch v := v.(type) {
	case string:
		return match(v)
	case []any:
		return slices.ContainsFunc(v, func(e any) bool { return anyText(e, match) })
	case map[string]any:
		for _, e := range v {
			if anyText(e, match) {
				return true
			}
		}
	}
	return false
}
