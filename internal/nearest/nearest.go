// Package nearest finds the word that somebody probably meant.
package nearest

import "strings"

// Word returns the one of the known words that s was probably meant to be, or "" if none is near.
func Word(s string, known []string) string {
	s = strings.ToLower(s)
	best, least := "", len(s)/3+2 // one slip in a short word, more in a long one
	for _, k := range known {
		d := distance(s, k)
		if short := min(len(s), len(k)); short >= 3 && d > 1 && (strings.HasPrefix(k, s) || strings.HasPrefix(s, k)) {
			d = 1 // "prod" for "product"
		}
		if d < least {
			best, least = k, d
		}
	}
	return best
}

// distance counts the letters to add, drop, change or swap with a neighbour that lead from a to b.
func distance(a, b string) int {
	const far = 1 << 10
	if len(a) > 64 || len(b) > 64 {
		return far
	}
	before, above, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range above {
		above[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			change := above[j-1]
			if a[i-1] != b[j-1] {
				change++
			}
			row[j] = min(above[j]+1, row[j-1]+1, change)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, above, row = above, row, before
	}
	return above[len(b)]
}
