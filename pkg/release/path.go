package release

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

var name = regexp.MustCompile(`^[a-z0-9]([a-z0-9._-]{0,61}[a-z0-9])?$`)

// CheckName reports whether s may name a product or a channel: lower-case letters, digits, and inside dots, hyphens and
// underscores, at most 63 bytes, so that it fits labels, tags, file names and refs alike.
func CheckName(s string) error {
	if !name.MatchString(s) || strings.Contains(s, "..") {
		return fmt.Errorf("%q is not a name: 1 to 63 lower-case letters, digits, and inside also dots, hyphens, underscores", s)
	}
	return nil
}

// reserved are the device names of Windows, which no file may bear there with any extension.
var reserved = regexp.MustCompile(`(?i)^(con|prn|aux|nul|com[0-9]|lpt[0-9]|conin\$|conout\$) *(\.|$)`)

// CheckPath reports whether p may name a file of a release on every operating system: relative, ASCII, at most 255
// bytes, in one of [Groups] or SHA256SUMS or VERIFY.md, no empty, dot or device component, none of the characters that
// Windows refuses, no trailing dot or space.
func CheckPath(p string) error {
	if len(p) == 0 || len(p) > MaxPathBytes {
		return fmt.Errorf("path %.40q is %d bytes long, 1 to %d are allowed", p, len(p), MaxPathBytes)
	}
	for _, c := range []byte(p) {
		if c <= ' ' && c != ' ' || c >= 0x7f || strings.IndexByte(`\:*?"<>|`, c) >= 0 {
			return fmt.Errorf("path %q has a character that not every system can store", p)
		}
	}
	parts := strings.Split(p, "/")
	for _, part := range parts {
		switch {
		case part == "" || part == "." || part == "..":
			return fmt.Errorf("path %q is not a plain relative path", p)
		case strings.HasSuffix(part, ".") || strings.HasSuffix(part, " ") || strings.HasPrefix(part, " "):
			return fmt.Errorf("path %q has a component that begins or ends with a space, or ends with a dot", p)
		case reserved.MatchString(part):
			return fmt.Errorf("path %q names a device on Windows", p)
		}
	}
	if len(parts) == 1 {
		if p != SumsName && p != VerifyName {
			return fmt.Errorf("path %q stands outside the folders of a release", p)
		}
		return nil
	}
	if !slices.Contains(Groups, parts[0]) {
		return fmt.Errorf("path %q is not in one of %s", p, strings.Join(Groups, ", "))
	}
	return nil
}
