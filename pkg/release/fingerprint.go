package release

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// Fingerprint is the sha256 of a file as people read it to each other: 16 groups of four lower-case hex digits.
func Fingerprint(data []byte) string {
	sum := sha256.Sum256(data)
	digits := hex.EncodeToString(sum[:])
	var groups []string
	for i := 0; i < len(digits); i += 4 {
		groups = append(groups, digits[i:i+4])
	}
	return strings.Join(groups, " ")
}
