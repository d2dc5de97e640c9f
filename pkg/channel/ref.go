package channel

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/relctl/relctl/pkg/release"
)

const placeholder = "{version}"

// refPattern is a class of characters that names of refs may hold, anchored at the beginning.
const refPattern = `^[^\s~^:?*\[\\{}]`

// TagName returns the tag of a version, or "" if the channel makes no tags.
func (c *Channel) TagName(v release.Version) string {
	if c.Tag == "" {
		return ""
	}
	return strings.Replace(c.Tag, placeholder, v.String(), 1)
}

// ParseTag returns the version that a tag of this channel's form names. It does not ask whether the channel owns it.
func (c *Channel) ParseTag(tag string) (release.Version, bool) {
	before, after, ok := strings.Cut(c.Tag, placeholder)
	if !ok || len(tag) < len(before)+len(after) || !strings.HasPrefix(tag, before) || !strings.HasSuffix(tag, after) {
		return release.Version{}, false
	}
	v, err := release.ParseVersion(tag[len(before) : len(tag)-len(after)])
	return v, err == nil
}

// checkRef reports whether git takes s as the rest of a ref's name, see git-check-ref-format(1).
func checkRef(what, s string) error {
	bad := func(why string) error { return fmt.Errorf("%s %.80q %s, which git does not allow", what, s, why) }
	switch {
	case s == "":
		return fmt.Errorf("%s is empty", what)
	case len(s) > 200:
		return fmt.Errorf("%s is %d bytes long, at most 200 are allowed", what, len(s))
	case strings.HasPrefix(s, "-"):
		return bad("begins with a hyphen")
	case strings.Contains(s, ".."):
		return bad(`has ".."`)
	case s == "@", strings.Contains(s, "@{"):
		return bad(`is "@" or has "@{"`)
	case strings.HasSuffix(s, "."):
		return bad("ends with a dot")
	}
	for _, r := range s {
		if r <= ' ' || r == 0x7f || strings.ContainsRune(`~^:?*[\`, r) {
			return bad(fmt.Sprintf("has the character %q", r))
		}
	}
	for part := range strings.SplitSeq(s, "/") {
		switch {
		case part == "":
			return bad("has an empty part between slashes")
		case strings.HasPrefix(part, "."), strings.HasSuffix(part, ".lock"):
			return bad(`has a part that begins with a dot or ends with ".lock"`)
		}
	}
	return nil
}

func checkBranch(s string) error {
	if err := checkShort("branch", s, "refs/heads/"); err != nil {
		return err
	}
	if s == "relctl" || strings.HasPrefix(s, "relctl/") {
		return fmt.Errorf("branch %q is relctl's own", s)
	}
	return nil
}

// checkDeployBranch admits relctl's own name for rendered manifests, but never the ledger.
func checkDeployBranch(s string) error {
	if err := checkShort("branch", s, "refs/heads/"); err != nil {
		return err
	}
	if strings.HasPrefix(s, "relctl/ledger") {
		return fmt.Errorf("branch %q is the ledger", s)
	}
	return nil
}

// checkShort reports whether s is a ref's name without the prefix that relctl adds.
func checkShort(what, s, prefix string) error {
	if short, ok := strings.CutPrefix(s, prefix); ok {
		return &formError{fmt.Sprintf("%s %.80q is a full name where the short one is asked for", what, s), strconv.Quote(short)}
	}
	if strings.HasPrefix(s, "refs/") {
		return fmt.Errorf("%s %.80q begins with refs/, which is for full names", what, s)
	}
	return checkRef(what, s)
}

// checkTag reports whether s is the name of a tag with one place for the version.
func checkTag(s string) error {
	switch n := strings.Count(s, placeholder); {
	case n == 0:
		return &formError{fmt.Sprintf("tag %.80q has no place for the version", s), `"v{version}"`}
	case n > 1:
		return fmt.Errorf("tag %.80q has %d places for the version", s, n)
	}
	if strings.ContainsAny(strings.Replace(s, placeholder, "", 1), "{}") {
		return fmt.Errorf("tag %.80q has a placeholder other than {version}, and there is no other", s)
	}
	if err := checkShort("tag", s, "refs/tags/"); err != nil {
		return err
	}
	return checkRef("tag", strings.Replace(s, placeholder, "0.0.0", 1))
}
