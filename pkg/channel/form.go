package channel

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/Masterminds/semver/v3"
	"golang.org/x/crypto/ssh"

	"github.com/relctl/relctl/pkg/release"
)

// form is what a string may look like: what the tag "is" of a field names.
type form struct {
	// enum lists the only values there are.
	enum []string
	// pattern is a regular expression for the JSON Schema. It may admit more than check does.
	pattern string
	check   func(string) error
}

var forms = map[string]form{
	"kind":         {enum: []string{string(release.LTS), string(release.Rolling)}},
	"moment":       {enum: []string{string(release.Planned), string(release.Built)}},
	"scheme":       {enum: []string{SemVer, CalVer}},
	"format":       {enum: []string{CalVerFormat}},
	"engine":       {enum: []string{"argocd", "flux", "kustomize"}},
	"name":         {pattern: `^[a-z0-9]([a-z0-9._-]{0,61}[a-z0-9])?$`, check: release.CheckName},
	"branch":       {pattern: refPattern + `+$`, check: checkBranch},
	"deploybranch": {pattern: refPattern + `+$`, check: checkDeployBranch},
	"tag":          {pattern: refPattern + `*\{version\}` + refPattern[1:] + `*$`, check: checkTag},
	"type":         {pattern: commitType.String(), check: matches(commitType, "a commit type such as fix or docs")},
	"comparison":   {pattern: comparison.String(), check: matches(comparison, `a comparison such as "value < 0.01"`)},
	"argument":     {check: checkArgument},
	"text":         {pattern: `\S`, check: checkText},
	"path":         {pattern: `^[^/\\]`, check: checkPath},
	"constraint":   {pattern: `\S`, check: checkConstraint},
	"fixes":        {enum: []string{FixesWarn, FixesRefuse}},
	"pattern":      {pattern: `\S`, check: checkPattern},
	"timezone":     {pattern: `\S`, check: location},
	"sshkey":       {pattern: `^[a-z0-9@.-]+ AAAA`, check: checkSSHKey},
}

// What a plan does about fixes that an upgrade would lose.
const (
	FixesWarn   = "warn"
	FixesRefuse = "refuse"
)

// The two schemes of versions, and the one format of calendar versions.
const (
	SemVer       = "semver"
	CalVer       = "calver"
	CalVerFormat = "YYYY.MDD.N"
)

var (
	commitType = regexp.MustCompile(`^[a-z][a-z0-9._/-]{0,62}$`)
	comparison = regexp.MustCompile(`^value (<|<=|>|>=|==|!=) -?[0-9]+(\.[0-9]+)?([eE]-?[0-9]+)?$`)
)

// formError is a string of the wrong form, with what was probably meant.
type formError struct{ message, suggestion string }

func (e *formError) Error() string { return e.message }

// verify reports whether s has the form.
func (f form) verify(s string) error {
	if f.enum == nil {
		return f.check(s)
	}
	if slices.Contains(f.enum, s) {
		return nil
	}
	return &formError{fmt.Sprintf("%.60q is not one of %s", s, strings.Join(f.enum, ", ")), nearest(s, f.enum)}
}

func matches(re *regexp.Regexp, what string) func(string) error {
	return func(s string) error {
		if !re.MatchString(s) {
			return fmt.Errorf("%.60q is not %s", s, what)
		}
		return nil
	}
}

func checkText(s string) error {
	switch {
	case s == "":
		return errors.New("the value is empty")
	case strings.TrimSpace(s) != s:
		return fmt.Errorf("%.60q begins or ends with a space", s)
	case strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }):
		return fmt.Errorf("%.60q has a character that cannot be seen", s)
	}
	return nil
}

// checkArgument admits what the operating system can pass to a program.
func checkArgument(s string) error {
	if strings.ContainsRune(s, 0) {
		return fmt.Errorf("%.60q has a zero byte, which no program can be given", s)
	}
	return nil
}

// checkPath admits plain paths inside the repository, which mean the same on every machine.
func checkPath(s string) error {
	if fs.ValidPath(s) && s != "." && !strings.ContainsAny(s, `\:`) && checkText(s) == nil {
		return nil
	}
	e := &formError{message: fmt.Sprintf("%.80q is not a plain path from the root of the repository", s)}
	if c := path.Clean(strings.ReplaceAll(s, `\`, "/")); s != "" && fs.ValidPath(c) && c != "." && !strings.ContainsAny(c, ":") {
		e.suggestion = quote(c)
	}
	return e
}

func checkConstraint(s string) error {
	if _, err := semver.NewConstraint(s); err != nil {
		return fmt.Errorf("%.60q is not a range of versions such as \">=2.2.0\"", s)
	}
	return nil
}

// checkPattern admits regular expressions of which something can be taken off.
func checkPattern(s string) error {
	re, err := regexp.Compile(s)
	if err != nil {
		return fmt.Errorf("%.60q is not a regular expression (RE2): %w", s, err)
	}
	if re.MatchString("") {
		return fmt.Errorf("%.60q matches the empty text", s)
	}
	return nil
}

func checkSSHKey(s string) error {
	_, err := sshKey(s)
	return err
}

// sshKey parses one public key as in authorized_keys and returns its wire form.
func sshKey(s string) (string, error) {
	key, _, options, rest, err := ssh.ParseAuthorizedKey([]byte(s))
	switch {
	case err != nil:
		return "", fmt.Errorf("%.40q is not a public SSH key such as \"ssh-ed25519 AAAA…\"", s)
	case len(options) > 0:
		return "", fmt.Errorf("SSH key has options (%.40s), which mean nothing here", strings.Join(options, ","))
	case len(rest) > 0 || strings.ContainsAny(s, "\r\n"):
		return "", errors.New("SSH key has more than one line")
	case strings.Contains(key.Type(), "-cert-"):
		return "", errors.New("SSH certificates are not supported, give the public key itself")
	}
	return string(key.Marshal()), nil
}
