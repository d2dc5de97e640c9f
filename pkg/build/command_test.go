package build_test

import (
	"errors"
	"io/fs"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/relctl/relctl/pkg/build"
)

const buildScript = `#!/bin/sh
set -eu
for target in linux/amd64 windows/arm64; do
	os=${target%/*} arch=${target#*/} ext=
	[ "$os" = windows ] && ext=.exe
	CGO_ENABLED=0 GOOS=$os GOARCH=$arch go build -trimpath -buildvcs=false -ldflags "-s -w -X main.version=$RELCTL_VERSION" \
		-o "$RELCTL_OUTPUT/acmed_${RELCTL_VERSION}_${os}_$arch$ext" ./cmd/acmed
done
CGO_ENABLED=0 GOOS=darwin GOARCH=arm64 go build -trimpath -buildvcs=false -o tmp/bin/acmectl ./cmd/acmectl
touch -d "@$SOURCE_DATE_EPOCH" tmp/bin/acmectl
mkdir "$RELCTL_OUTPUT/mac"
tar -C tmp --sort=name --owner=0 --group=0 --mtime="@$SOURCE_DATE_EPOCH" -cf - bin ../README.md ../cmd/acmed/main.go | gzip -n >"$RELCTL_OUTPUT/mac/acmectl.tar.gz"
{ umask; pwd -P | sed "s|.*/||"; env | sed "s/=.*//" | grep -v -e ^GIT_CONFIG -e ^GO -e "^_$" -e SHLVL | sort; } >"$RELCTL_OUTPUT/env.txt"
`

func command() build.Command {
	return build.Command{Argv: []string{"./hack/build.sh"}, Output: "dist"}
}

func TestACommandShipsWhatItLeaves(t *testing.T) {
	t.Setenv("SECRET", "x")
	r := product(t, "hack/build.sh", buildScript)
	artifacts, err := command().Build(t.Context(), request(t, r))
	mustBuild(t, artifacts, err)
	const want = `ships binary artifacts/acmed_2.4.7_linux_amd64 linux/amd64 0755 acmed
ships binary artifacts/acmed_2.4.7_windows_arm64.exe windows/arm64 0755 acmed
ships file artifacts/env.txt 0644
ships archive artifacts/mac/acmectl.tar.gz darwin/arm64 0644 binaries/mac/acmectl.tar.gz/bin/acmectl
inside binary binaries/mac/acmectl.tar.gz/bin/acmectl darwin/arm64 0755 acmectl
`
	if got := listing(t, artifacts); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	env, err := os.ReadFile(find(t, artifacts, "artifacts/env.txt").Local)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Fields(string(env))
	if lines[0] != "0022" || lines[1] != "src" {
		t.Errorf("umask %s, folder %s", lines[0], lines[1])
	}
	for _, name := range []string{
		"PATH", "TZ", "LC_ALL", "SOURCE_DATE_EPOCH", "RELCTL_PRODUCT", "RELCTL_VERSION", "RELCTL_COMMIT", "RELCTL_TAG", "RELCTL_OUTPUT", "RELCTL_SOURCE_DATE_EPOCH",
	} {
		if !slices.Contains(lines, name) {
			t.Errorf("%s is not set in %q", name, lines)
		}
	}
	if slices.Contains(lines, "SECRET") {
		t.Error("the build sees a variable of the caller")
	}
}

func TestTwoRunsOfACommandAreTheSame(t *testing.T) {
	r := product(t, "hack/build.sh", buildScript)
	first, err := command().Build(t.Context(), request(t, r))
	mustBuild(t, first, err)
	t.Setenv("TZ", "America/Lima")
	t.Setenv("GOFLAGS", "-ldflags=-X=main.tag=other")
	c := r.Clone()
	c.Git("checkout", "--quiet", r.Head())
	var second []build.Artifact
	req := request(t, c)
	withTightUmask(func() { second, err = command().Build(t.Context(), req) })
	mustBuild(t, second, err)
	// The variables themselves may differ with the machine.
	first = slices.DeleteFunc(first, func(a build.Artifact) bool { return a.Path == "artifacts/env.txt" })
	second = slices.DeleteFunc(second, func(a build.Artifact) bool { return a.Path == "artifacts/env.txt" })
	if a, b := fingerprint(t, first), fingerprint(t, second); a != b {
		t.Errorf("first run\n%s\nsecond run\n%s", a, b)
	}
}

func TestWhatACommandMustNotLeaveIsRefused(t *testing.T) {
	for _, c := range []struct{ name, script, says string }{
		{"nothing", "true", "left no file in dist"},
		{"only folders", `mkdir "$RELCTL_OUTPUT/a"`, "left no file in dist"},
		{"no folder at all", `rmdir "$RELCTL_OUTPUT"`, "no such file"},
		{"a link", `ln -s /etc/passwd "$RELCTL_OUTPUT/a"`, "a is a symbolic link: only regular files can be released"},
		{"a link to a folder", `ln -s . "$RELCTL_OUTPUT/a"`, "symbolic link"},
		{"a pipe", `mkfifo "$RELCTL_OUTPUT/a"`, "a is a named pipe"},
		{"a device name", `: >"$RELCTL_OUTPUT/con.txt"`, "names a device on Windows"},
		{"a backslash", `: >"$RELCTL_OUTPUT/a\\b"`, "a character that not every system can store"},
		{"names alike", `: >"$RELCTL_OUTPUT/README"; : >"$RELCTL_OUTPUT/readme"`, "two files want the name"},
		{"a broken archive", `echo x >"$RELCTL_OUTPUT/a.tar.gz"`, "look into artifacts/a.tar.gz"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := product(t, "hack/build.sh", "#!/bin/sh\n"+c.script+"\n")
			artifacts, err := command().Build(t.Context(), request(t, r))
			if err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("error is %v with %d artifacts, want one that says %q", err, len(artifacts), c.says)
			}
		})
	}
}

func TestFilesThatTheCommitKeepsInTheOutputFolderDoNotShip(t *testing.T) {
	r := gitOnly(t, "hack/build.sh", "#!/bin/sh\necho new >out/new.txt\n", "out/old.txt", "old\n")
	artifacts, err := build.Command{Argv: []string{"./hack/build.sh"}, Output: "out/"}.Build(t.Context(), request(t, r))
	mustBuild(t, artifacts, err)
	if got := listing(t, artifacts); got != "ships file artifacts/new.txt 0644\n" {
		t.Errorf("got %s", got)
	}
}

func TestACommandThatCannotBeRunSaysWhy(t *testing.T) {
	r := gitOnly(t, "hack/plain", "#!/bin/sh\n")
	for _, c := range []struct {
		argv         []string
		output, says string
	}{
		{nil, "dist", "command is empty"},
		{[]string{"true"}, "", "does not lie inside the checkout"},
		{[]string{"true"}, "../dist", "does not lie inside the checkout"},
		{[]string{"true"}, "/srv", "does not lie inside the checkout"},
		{[]string{"../hack/build.sh"}, "dist", "does not lie inside the checkout"},
		{[]string{"./hack/build.sh"}, "dist", "./hack/build.sh is missing in the commit"},
		{[]string{"./hack/plain"}, "dist", "permission denied"},
		{[]string{"acme-no-such-program"}, "dist", "acme-no-such-program is not on the PATH"},
		{[]string{"sh", "-c", "echo broken; exit 3"}, "dist", "sh failed: exit status 3\nthe end of what it said:\n  broken"},
	} {
		_, err := build.Command{Argv: c.argv, Output: c.output}.Build(t.Context(), request(t, r))
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%q to %q: error is %v, want one that says %q", c.argv, c.output, err, c.says)
		}
	}
	var script *build.ScriptError
	_, err := build.Command{Argv: []string{"./hack/plain"}, Output: "dist"}.Build(t.Context(), request(t, r))
	if !errors.As(err, &script) || script.Hint() != "git update-index --chmod=+x hack/plain" || !errors.Is(err, fs.ErrPermission) {
		t.Errorf("error is %v", err)
	}
}

// A product in another language: the program says its platform by its header only.
func TestProgramsOfOtherLanguagesAreKnownByTheirHeader(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("takes a program of this machine for an example")
	}
	r := gitOnly(t, "hack/build.sh", "#!/bin/sh\ncp /bin/sh dist/acme-linux-"+runtime.GOARCH+"\ncp \"$0\" dist/run\n")
	artifacts, err := command().Build(t.Context(), request(t, r))
	mustBuild(t, artifacts, err)
	want := "ships binary artifacts/acme-linux-" + runtime.GOARCH + " linux/" + runtime.GOARCH + " 0755 acme\nships file artifacts/run 0755\n"
	if got := listing(t, artifacts); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestAScriptMissingInTheCommitShowsInThePlan(t *testing.T) {
	r := gitOnly(t, "hack/plain", "#!/bin/sh\n", "hack/build.sh", "#!/bin/sh\n")
	req := request(t, r)
	tree, err := req.Repo.FS(t.Context(), req.Commit)
	if err != nil {
		t.Fatal(err)
	}
	for script, says := range map[string]string{
		"./hack/none": "hack/none is missing in the commit", "./hack/plain": "hack/plain is not executable in the commit", "./hack/build.sh": "", "make": "",
	} {
		lines := build.Command{Argv: []string{script, "two words"}, Output: "dist"}.Describe(t.Context(), tree)
		if lines[0] != script+` "two words", and what it leaves in dist` {
			t.Errorf("first line is %q", lines[0])
		}
		rest := strings.Join(lines[1:], "\n")
		if says == "" && rest != "" || !strings.Contains(rest, says) {
			t.Errorf("%s: the plan says %q, want %q", script, rest, says)
		}
	}
	if _, err := os.Stat(req.Scratch); !errors.Is(err, fs.ErrNotExist) {
		t.Error("describing a build made files")
	}
}

func TestACommandDividesItsWorkItself(t *testing.T) {
	r := product(t, "hack/build.sh", "#!/bin/sh\nset -eu\nif [ $((RELCTL_SHARD % RELCTL_SHARDS)) = 0 ]; then exit; fi\necho hello >\"$RELCTL_OUTPUT/part$RELCTL_SHARD.txt\"\n")
	for shard, want := range map[build.Shard]string{{Index: 1, Of: 2}: "ships file artifacts/part1.txt 0644\n", {Index: 2, Of: 2}: ""} {
		req := request(t, r)
		req.Shard = shard
		artifacts, err := command().Build(t.Context(), req)
		if err != nil {
			t.Fatal(err)
		}
		if got := listing(t, artifacts); got != want {
			t.Errorf("shard %s made\n%s", shard, got)
		}
	}
	_, err := command().Build(t.Context(), request(t, r))
	if err == nil || !strings.Contains(err.Error(), "left no file") {
		t.Errorf("a whole build that makes nothing: %v", err)
	}
}
