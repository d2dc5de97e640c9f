package cli_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/relctl/relctl/cmd/relverify/cli"
	"github.com/relctl/relctl/pkg/verify"
)

func TestAnswersAndTheirExitCodes(t *testing.T) {
	site(t)
	if err := os.MkdirAll("there/inside", 0o755); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		line string
		code int
		// says must all be in the answer, on stdout for the codes 0 and 4, on stderr for the others.
		says []string
	}{
		{"--key acme.pub acme-2.4.7.bundle", 0, []string{"GENUINE  acme 2.4.7 (lts-2.4, sequence 7)", "freshness      not evaluated"}},
		{"acme-2.4.7.bundle --key acme.pub", 0, []string{"GENUINE"}},
		{"--key acme.pub --min-version 2.4.7 acme-2.4.7.bundle", 0, []string{"GENUINE", "version from 2.4.7"}},
		{"--key stranger.pub --key a.pub acme-2.4.7.bundle", 0, []string{"signed by 1 of 2 trusted keys, 1 needed"}},
		{"--version", 0, []string{"relverify "}},

		{"--key acme.pub absent.bundle", 1, []string{"relverify: open absent.bundle: no such file"}},
		{"--key acme.pub there", 1, []string{"relverify: there is not a file"}},
		{"unpack --key acme.pub acme-2.4.7.bundle absent/new", 1, []string{"relverify: unpack: ", "absent"}},

		{"", 2, []string{"relverify: which bundle? no key to verify with", "hint: give the vendor's public key with --key, or set up a site with init"}},
		{"acme-2.4.7.bundle", 2, []string{"relverify: no key to verify with: a bundle cannot vouch for itself", "hint: give the vendor's public key with --key"}},
		{"unpack acme-2.4.7.bundle new", 2, []string{"no key to verify with"}},
		{"--key acme.pub --colour acme-2.4.7.bundle", 2, []string{"not defined: -colour", "hint: relverify --help"}},
		{"--key acme.pub acme-2.4.7.bundle altered.bundle", 2, []string{`too many arguments: "altered.bundle"`}},
		{"unpack --key acme.pub acme-2.4.7.bundle", 2, []string{"unpack needs a bundle and a new folder"}},
		{"unpack --key acme.pub acme-2.4.7.bundle new other", 2, []string{`too many arguments: "other"`}},
		{"--key acme.pub --threshold 0 acme-2.4.7.bundle", 2, []string{"--threshold must be 1 or more"}},
		{"--key acme.pub --threshold many acme-2.4.7.bundle", 2, []string{`invalid value "many" for flag -threshold`}},
		{"--key absent.pub acme-2.4.7.bundle", 2, []string{"key: open absent.pub: no such file"}},
		{"--key bad.pub acme-2.4.7.bundle", 2, []string{"key bad.pub: not a public key in PEM form"}},
		{"--key acme.pub --min-version new acme-2.4.7.bundle", 2, []string{"--min-version: "}},
		{"unpack --key acme.pub acme-2.4.7.bundle there", 2, []string{"there exists already", "hint: name a new folder"}},

		{"--key acme.pub altered.bundle", 4, []string{"REFUSED  artifacts/acme was changed", "reason   file-digest", "do       do not use this bundle"}},
		{"--key acme.pub empty.bundle", 4, []string{"REFUSED", "reason   bundle-truncated"}},
		{"--key acme.pub short.bundle", 4, []string{"REFUSED", "reason   bundle-truncated"}},
		{"--key stranger.pub acme-2.4.7.bundle", 4, []string{"REFUSED  0 of 1 trusted keys have signed, 1 needed", "reason   threshold", "ask your vendor"}},
		{"--key a.pub --threshold 2 acme-2.4.7.bundle", 4, []string{"REFUSED  1 of 1 trusted keys have signed, 2 needed", "do       give as many different keys"}},
		{"--key a.pub --key acme.pub --threshold 2 acme-2.4.7.bundle", 4, []string{"1 of 1 trusted keys", "the same key twice counts once"}},
		{"--key a.pub --key stranger.pub --threshold 2 acme-2.4.7.bundle", 4, []string{"1 of 2 trusted keys have signed, 2 needed", "do not use this bundle"}},
		{"--key acme.pub --product other acme-2.4.7.bundle", 4, []string{"REFUSED  the bundle is of product acme, not other", "it may be genuine, and it is not for you"}},
		{"--key acme.pub --channel lts-2.6 acme-2.4.7.bundle", 4, []string{"of channel lts-2.4, not lts-2.6"}},
		{"--key acme.pub --min-version 2.4.8 acme-2.4.7.bundle", 4, []string{"2.4.7, older than 2.4.8"}},
		{"unpack --key acme.pub altered.bundle new", 4, []string{"REFUSED", "file-digest"}},
	} {
		t.Run(c.line, func(t *testing.T) {
			code, stdout, stderr := relverify(t, c.line)
			if code != c.code {
				t.Errorf("exit code %d, want %d", code, c.code)
			}
			answer, silent := stdout, stderr
			if c.code == 1 || c.code == 2 {
				answer, silent = stderr, stdout
			}
			for _, says := range c.says {
				if !strings.Contains(answer, says) {
					t.Errorf("%q is not in:\n%s", says, answer)
				}
			}
			if silent != "" {
				t.Errorf("it speaks on the other stream too: %s", silent)
			}
			if next := map[int]string{1: "\nhint: this says nothing about the bundle", 2: "\nhint: ", 4: "\n  do       "}[c.code]; !strings.Contains(answer, next) {
				t.Errorf("the next step is not in:\n%s", answer)
			}
			if c.code != 0 && strings.Contains(stdout+stderr, "GENUINE") {
				t.Errorf("it is called genuine:\n%s%s", stdout, stderr)
			}
		})
	}
	if _, err := os.Lstat("new"); err == nil {
		t.Error("a refused bundle left a folder")
	}
	if got := files(t, "there"); len(got) != 0 {
		t.Errorf("the folder that was there holds %v", got)
	}
}

// commands are the lines of a part of the help that begin with the program's name.
func commands(help, heading string) []string {
	_, rest, _ := strings.Cut(help, heading)
	part, _, _ := strings.Cut(strings.TrimSpace(rest), "\n\n")
	var lines []string
	for line := range strings.Lines(part) {
		if args, ok := strings.CutPrefix(strings.TrimSpace(line), "relverify "); ok {
			lines = append(lines, args)
		}
	}
	return lines
}

func TestEveryExampleOfTheHelpRuns(t *testing.T) {
	site(t)
	code, help, stderr := relverify(t, "--help")
	if code != 0 || stderr != "" {
		t.Fatalf("exit code %d, stderr %q", code, stderr)
	}
	examples := commands(help, "Examples:\n")
	if len(examples) < 3 {
		t.Fatalf("the help has %d examples:\n%s", len(examples), help)
	}
	for _, line := range examples {
		if code, stdout, stderr := relverify(t, line); code != 0 {
			t.Errorf("%s: exit code %d\n%s%s", line, code, stdout, stderr)
		}
	}
	if len(commands(help, "Usage:\n")) != 12 {
		t.Error("the help does not show every command")
	}
}

func TestTheHelpNamesEveryFlagAndExitCode(t *testing.T) {
	site(t)
	_, help, _ := relverify(t, "--help")
	if _, again, _ := relverify(t, "unpack -h"); again != help {
		t.Errorf("unpack -h says something else:\n%s", again)
	}
	flags := regexp.MustCompile(`(?m)^  --([a-z-]+)( <[a-z]+>)? `).FindAllStringSubmatch(help, -1)
	var names []string
	for _, f := range flags {
		names = append(names, f[1])
		line := "--" + f[1]
		if f[2] != "" {
			line += " 1"
		}
		if _, _, stderr := relverify(t, line); strings.Contains(stderr, "not defined") || strings.Contains(stderr, "needs an argument") {
			t.Errorf("%s: %s", line, stderr)
		}
	}
	slices.Sort(names)
	if want := []string{"accept", "channel", "dry-run", "fingerprint", "from", "installed", "json", "key", "max-age", "min-version", "product", "root", "scope", "site", "threshold", "version"}; !slices.Equal(names, want) {
		t.Errorf("the help has the flags %v, want %v", names, want)
	}
	_, codes, _ := strings.Cut(help, "Exit codes:")
	for _, code := range []int{0, 1, 2, 4, 6, 7, 130} {
		if !regexp.MustCompile(fmt.Sprintf(`(^|\s)%d `, code)).MatchString(codes) {
			t.Errorf("exit code %d is not in the help", code)
		}
	}
}

func TestTheHelpSpeaksOfTheProgramThatWasCalled(t *testing.T) {
	t.Setenv("RELVERIFY_SITE", filepath.Join(t.TempDir(), "none"))
	var out, errs bytes.Buffer
	cli.Run(t.Context(), []string{"--help"}, nil, &out, &errs, "relctl verify")
	if !strings.Contains(out.String(), "\n  relctl verify unpack ") || strings.Contains(out.String(), "\n  relverify") {
		t.Errorf("help:\n%s", out.String())
	}
	cli.Run(t.Context(), nil, nil, &out, &errs, "relctl verify")
	if !strings.HasPrefix(errs.String(), "relctl verify: which bundle? no key") {
		t.Errorf("error %q", errs.String())
	}
	errs.Reset()
	cli.Run(t.Context(), []string{"--colour"}, nil, &out, &errs, "relctl verify")
	if !strings.HasSuffix(errs.String(), "\nhint: relctl verify --help\n") {
		t.Errorf("error %q", errs.String())
	}
}

// published is the schema that the documentation gives for the evidence.
func published(t *testing.T) *jsonschema.Schema {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "..", "..", "docs", "schema", "verification.json"))
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	// The schema lets later versions add fields; today's evidence has only those that are described.
	for _, object := range []any{doc, doc.(map[string]any)["$defs"].(map[string]any)["check"]} {
		object.(map[string]any)["additionalProperties"] = false
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("schema.json", doc); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile("schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

func TestTheEvidenceHasItsPublishedForm(t *testing.T) {
	schema := published(t)
	s := site(t)
	for _, c := range []struct {
		line string
		code int
		last string
	}{
		{"--json --key acme.pub --product acme acme-2.4.7.bundle", 0, verify.CodeFreshnessUnknown},
		{"unpack --json --key acme.pub acme-2.4.7.bundle new", 0, verify.CodeFreshnessUnknown},
		{"--json --key acme.pub altered.bundle", 4, verify.CodeFileDigest},
		{"--json --key acme.pub empty.bundle", 4, "bundle-truncated"},
	} {
		code, stdout, stderr := relverify(t, c.line)
		if code != c.code || stderr != "" {
			t.Errorf("%s: exit code %d, want %d, stderr %q", c.line, code, c.code, stderr)
		}
		evidence, err := jsonschema.UnmarshalJSON(strings.NewReader(stdout))
		if err != nil {
			t.Fatalf("%s: %v\n%s", c.line, err, stdout)
		}
		if err := schema.Validate(evidence); err != nil {
			t.Errorf("%s: %v", c.line, err)
		}
		var rep verify.Report
		if err := json.Unmarshal([]byte(stdout), &rep); err != nil {
			t.Fatal(err)
		}
		if rep.Schema != verify.ReportSchema || rep.Genuine != (code == 0) || rep.Checks[len(rep.Checks)-1].Code != c.last {
			t.Errorf("%s: %+v", c.line, rep)
		}
		if rep.Genuine && (rep.Release != s.digest || !slices.Equal(rep.Keys, []string{s.firstKey}) || rep.Version.String() != "2.4.7") {
			t.Errorf("%s: %+v", c.line, rep)
		}
	}
}

func TestWithoutAnAnswerThereIsNoEvidence(t *testing.T) {
	site(t)
	for _, line := range []string{"--json acme-2.4.7.bundle", "--json --key acme.pub absent.bundle", "--json --key bad.pub acme-2.4.7.bundle"} {
		if code, stdout, stderr := relverify(t, line); code == 0 || stdout != "" || stderr == "" {
			t.Errorf("%s: exit code %d, stdout %q, stderr %q", line, code, stdout, stderr)
		}
	}
}

func TestUnpackWritesTheBundleAndNothingElse(t *testing.T) {
	site(t)
	code, stdout, _ := relverify(t, "unpack --key a.pub --key b.pub --threshold 2 acme-2.4.7.bundle new")
	if code != 0 || !strings.HasSuffix(stdout, "\nunpacked into new\n") {
		t.Errorf("exit code %d\n%s", code, stdout)
	}
	got := files(t, "new")
	if len(got) != 8 || !slices.Contains(got, "new/artifacts/acme") || !slices.Contains(got, "new/release.json") {
		t.Errorf("files %v", got)
	}
	if data, err := os.ReadFile("new/artifacts/acme"); err != nil || string(data) != "a program" {
		t.Errorf("got %q, %v", data, err)
	}
}

func TestAReadOnlyMediumIsReadAndLeftAlone(t *testing.T) {
	s := site(t)
	if err := os.Mkdir("medium", 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile("medium/acme.bundle", s.bundle, 0o400); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod("medium", 0o500); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Chmod("medium", 0o700) })
	before, err := os.Stat("medium")
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{"--key acme.pub medium/acme.bundle", "unpack --key acme.pub medium/acme.bundle new"} {
		if code, _, stderr := relverify(t, line); code != 0 {
			t.Errorf("%s: exit code %d: %s", line, code, stderr)
		}
	}
	after, err := os.Stat("medium")
	if err != nil || !after.ModTime().Equal(before.ModTime()) {
		t.Errorf("something was written beside the bundle: %v", err)
	}
	if data, err := os.ReadFile("medium/acme.bundle"); err != nil || !bytes.Equal(data, s.bundle) {
		t.Errorf("the bundle was changed: %v", err)
	}
}

func TestInterruptedMeansNoAnswerAndNoFolder(t *testing.T) {
	site(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var out, errs bytes.Buffer
	code := cli.Run(ctx, strings.Fields("unpack --key acme.pub acme-2.4.7.bundle new"), nil, &out, &errs, "relverify")
	if code != 130 || out.Len() != 0 || !strings.Contains(errs.String(), "interrupted; nothing was unpacked") {
		t.Errorf("exit code %d, stdout %q, stderr %q", code, out.String(), errs.String())
	}
	if _, err := os.Lstat("new"); err == nil {
		t.Error("there is a folder")
	}
}

func TestAnAnswerThatCannotBePrintedIsNoSuccess(t *testing.T) {
	site(t)
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skipf("this system has no device that is always full: %v", err)
	}
	defer func() { _ = full.Close() }()
	for line, want := range map[string]int{
		"--json --key acme.pub acme-2.4.7.bundle": 1,
		"--key acme.pub acme-2.4.7.bundle":        1,
		"--json --key acme.pub altered.bundle":    4,
	} {
		var errs bytes.Buffer
		if code := cli.Run(t.Context(), strings.Fields(line), nil, full, &errs, "relverify"); code != want {
			t.Errorf("%s: exit code %d, want %d", line, code, want)
		}
		if want == 1 && !strings.Contains(errs.String(), "could not be printed") {
			t.Errorf("%s: stderr %q", line, errs.String())
		}
	}
}

func TestNamesCannotCommandTheTerminal(t *testing.T) {
	site(t)
	for _, name := range []string{"x\x1b[31m", "x\u202egnp", "x\u009b31m", "x\xff", "x\ny"} {
		var out, errs bytes.Buffer
		cli.Run(t.Context(), []string{"--key", "acme.pub", name}, nil, &out, &errs, "relverify")
		text := errs.String()
		if strings.ContainsAny(text, "\x1b\u202e\u009b") || !utf8.ValidString(text) || strings.Count(text, "\n") != 2 || !strings.Contains(text, "no such file") {
			t.Errorf("%q: stderr %q", name, text)
		}
	}
}
