package channel

import (
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/Masterminds/semver/v3"
	"golang.org/x/crypto/ssh"

	"github.com/relctl/relctl/internal/nearest"
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
	"decimal":      {pattern: decimal.String(), check: matches(decimal, `a number such as "100"`)},
	"server":       {pattern: `^https?://`, check: checkServer},
	"object":       {pattern: object.String(), check: matches(object, "the name of an object such as acme or argocd/acme")},
	"weekday":      {enum: []string{"mon", "tue", "wed", "thu", "fri", "sat", "sun"}},
	"time":         {pattern: timeOfDay.String(), check: matches(timeOfDay, `a time of day such as "18:00"`)},
	"argument":     {check: checkArgument},
	"text":         {pattern: `\S`, check: checkText},
	"path":         {pattern: `^[^/\\]`, check: checkPath},
	"statement":    {pattern: `\S`, check: checkStatement},
	"constraint":   {pattern: `\S`, check: checkConstraint},
	"fixes":        {enum: []string{FixesWarn, FixesRefuse}},
	"pattern":      {pattern: `\S`, check: checkPattern},
	"timezone":     {pattern: `\S`, check: location},
	"sshkey":       {pattern: `^[a-z0-9@.-]+ AAAA`, check: checkSSHKey},
	"registry":     {pattern: registry.String(), check: matches(registry, "a registry such as registry.acme.example/acme, with neither https:// nor a tag")},
	"repository":   {pattern: repository.String(), check: matches(repository, "the path of a repository such as service/acmed")},
	"base":         {pattern: base.String(), check: matches(base, `an image with its digest such as gcr.io/distroless/static@sha256:…, nor "scratch"`)},
	"program":      {pattern: program.String(), check: matches(program, "the name of a program, without folder")},
	"variable":     {pattern: variable.String(), check: matches(variable, "a variable such as GOMAXPROCS=2")},
	"user":         {pattern: user.String(), check: matches(user, `a user such as "65532:65532", in numbers`)},
	"port":         {pattern: port.String(), check: matches(port, "a port such as 8080/tcp")},
	"target":       {pattern: target.String(), check: checkTarget},
	"mode":         {enum: []string{"0644", "0755"}},
	"secret":       {pattern: secret.String(), check: matches(secret, "the name of a Secret such as registry-acme")},
	"factkind":     {enum: FactKinds},
	"dialect":      {enum: []string{"postgres", "mysql", "sqlite"}},
	"contract":     {enum: []string{"refuse", "warn", "off"}},
	"glob":         {pattern: `^[^/\\]`, check: checkGlob},
	"factpattern":  {pattern: `\(\?P?<name>`, check: checkFactPattern},
	"storeurl":     {pattern: storeURL.String(), check: matches(storeURL, "a store such as oci://registry.acme.example/acme/releases or s3://bucket/prefix?endpoint=https://s3.acme.example, without credentials")},
	"deployurl":    {pattern: `\S`, check: checkDeployURL},
	"notes":        {enum: []string{NotesRefuse, NotesWarn, NotesOff}},
	"page":         {pattern: page.String(), check: matches(page, "a page such as install.md or install.md#kubernetes")},
}

// component is a part of a repository's path in a registry.
const component = `[a-z0-9]+([._-][a-z0-9]+)*`

var (
	registry   = regexp.MustCompile(`^([a-z0-9-]+(\.[a-z0-9-]+)+|localhost)(:[1-9][0-9]{0,4})?(/` + component + `)*$`)
	storeURL   = regexp.MustCompile(`^(oci://([a-z0-9-]+(\.[a-z0-9-]+)+|localhost)(:[1-9][0-9]{0,4})?(/` + component + `)+|s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[A-Za-z0-9_][A-Za-z0-9._-]*)*(\?(endpoint=(https://[a-z0-9.-]+(:[0-9]+)?|http://(localhost|127\.0\.0\.1)(:[0-9]+)?)(&region=[a-z0-9-]+)?|region=[a-z0-9-]+))?)$`)
	repository = regexp.MustCompile(`^` + component + `(/` + component + `)*$`)
	base       = regexp.MustCompile(`^(scratch|[^@\s]+@sha256:[0-9a-f]{64})$`)
	program    = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9._+-]*$`)
	variable   = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*=[^\x00]*$`)
	user       = regexp.MustCompile(`^(0|[1-9][0-9]{0,9})(:(0|[1-9][0-9]{0,9}))?$`)
	port       = regexp.MustCompile(`^[1-9][0-9]{0,4}/(tcp|udp|sctp)$`)
	secret     = regexp.MustCompile(`^[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?$`)
	page       = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_-]*([./][A-Za-z0-9_-]+)*\.md(#[A-Za-z0-9_-]+)?$`)
	target     = regexp.MustCompile(`^(/[!-.0-~]+)+$`)
)

// checkTarget admits plain absolute paths. A name that begins with ".wh." would delete a file of the base.
func checkTarget(s string) error {
	if !target.MatchString(s) || path.Clean(s) != s || strings.Contains(s, "/.wh.") {
		return fmt.Errorf("%.80q is not a plain absolute path such as /etc/acme/ca.pem", s)
	}
	return nil
}

// What a plan does about fixes that an upgrade would lose.
const (
	FixesWarn   = "warn"
	FixesRefuse = "refuse"
)

// What a plan does about breaking facts without a note.
const (
	NotesRefuse = "refuse"
	NotesWarn   = "warn"
	NotesOff    = "off"
)

// The two schemes of versions, and the one format of calendar versions.
const (
	SemVer       = "semver"
	CalVer       = "calver"
	CalVerFormat = "YYYY.MDD.N"
)

// Parts of a gate's condition.
const (
	operator = `(<|<=|>|>=|==|!=) `
	number   = `-?[0-9]+(\.[0-9]+)?([eE]-?[0-9]+)?`
)

var (
	commitType = regexp.MustCompile(`^[a-z][a-z0-9._/-]{0,62}$`)
	comparison = regexp.MustCompile(`^(value ` + operator + number + `|candidate ` + operator + `(` + number + ` \* )?control( [+-] ` + number + `)?)$`)
	decimal    = regexp.MustCompile(`^` + number + `$`)
	object     = regexp.MustCompile(`^([a-z0-9.-]{1,253}/)?[a-z0-9.-]{1,253}$`)
	timeOfDay  = regexp.MustCompile(`^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$`)
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
	return &formError{fmt.Sprintf("%.60q is not one of %s", s, strings.Join(f.enum, ", ")), nearest.Word(s, f.enum)}
}

func matches(re *regexp.Regexp, what string) func(string) error {
	return func(s string) error {
		if !re.MatchString(s) {
			return fmt.Errorf("%.60q is not %s", s, what)
		}
		return nil
	}
}

// checkServer admits addresses without user and password: channel files are no place for secrets.
func checkServer(s string) error {
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return fmt.Errorf("%.60q is not the address of a server such as http://prometheus:9090, without user and password", s)
	}
	return checkText(s)
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
		e.suggestion = strconv.Quote(c)
	}
	return e
}

func checkConstraint(s string) error {
	if len(s) > 200 {
		return fmt.Errorf("a range of %d bytes, at most 200 are allowed", len(s))
	}
	if _, err := semver.NewConstraint(s); err != nil {
		return fmt.Errorf("%.60q is not a range of versions such as \">=2.2.0\"", s)
	}
	return nil
}

// checkStatement admits what a signed statement may carry for people.
func checkStatement(s string) error { return release.CheckTexts(s) }

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
