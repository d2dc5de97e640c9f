package release

import (
	"fmt"
	"strings"
)

// Count writes a number of things for people: "1 change", "2 changes", "2 fixes".
func Count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	if strings.HasSuffix(noun, "x") {
		noun += "e"
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
