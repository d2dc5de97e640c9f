package build

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
)

// inherited are the variables of the caller that a build sees: where programs, homes, caches and temporary folders lie,
// and how to fetch modules and submodules from behind proxies and logins. None of them decides what is built.
var inherited = []string{
	"PATH", "HOME", "TMPDIR", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "USER", "LOGNAME",
	"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy", "SSL_CERT_FILE", "SSL_CERT_DIR",
	"SSH_AUTH_SOCK", "NETRC", "GIT_SSH", "GIT_SSH_COMMAND", "GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM",
	"GOMAXPROCS", "GOGC", "GOMEMLIMIT",
	// Windows cannot start programs without these.
	"SystemRoot", "SystemDrive", "ComSpec", "PATHEXT", "TEMP", "TMP", "USERPROFILE", "LOCALAPPDATA", "APPDATA", "ProgramData", "ProgramFiles",
}

// goSettings are the settings of the go command that say where modules come from and lie. They are asked of the go
// command, since they may stand in its own file; that file, which may also hold flags, is then switched off.
var goSettings = []string{
	"GOCACHE", "GOMODCACHE", "GOPATH", "GOPROXY", "GONOPROXY", "GOPRIVATE", "GOSUMDB", "GONOSUMDB", "GOINSECURE", "GOVCS", "GOAUTH", "GOTOOLCHAIN",
}

// gitSettings override the user's configuration of git inside of a build. Abbreviated ids would otherwise be as long as
// the number of objects in the repository at hand makes them.
var gitSettings = [][2]string{
	{"core.abbrev", "10"},
	{"core.fsmonitor", "false"},
	{"core.hooksPath", os.DevNull},
}

// environ returns the whole environment of a build.
func environ(ctx context.Context, req Request) ([]string, error) {
	env := []string{
		"LC_ALL=C", "TZ=UTC", "NO_COLOR=1", "GOENV=off", "GIT_TERMINAL_PROMPT=0",
		"SOURCE_DATE_EPOCH=" + epoch(req),
	}
	for _, name := range inherited {
		if v, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+v)
		}
	}
	settings, err := goEnv(ctx, goSettings...)
	if err != nil {
		return nil, err
	}
	for _, name := range goSettings {
		if v := settings[name]; v != "" {
			env = append(env, name+"="+v)
		}
	}
	return append(env, gitConfig()...), nil
}

// epoch is the commit's date as SOURCE_DATE_EPOCH has it, https://reproducible-builds.org/specs/source-date-epoch/.
func epoch(req Request) string { return strconv.FormatInt(req.SourceDate.Unix(), 10) }

// goEnv asks the go command for settings; without one there are none. It is asked in a folder without a module, whose
// toolchain line would otherwise answer.
func goEnv(ctx context.Context, names ...string) (map[string]string, error) {
	program, err := exec.LookPath("go")
	if err != nil {
		return nil, nil //nolint:nilerr // a build without Go needs no Go
	}
	cmd := exec.CommandContext(ctx, program, append([]string{"env", "-json"}, names...)...)
	cmd.Dir = os.TempDir()
	cmd.Env = append(os.Environ(), "GOWORK=off", "GO111MODULE=", "PWD="+cmd.Dir)
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("%s env: %w", program, err)
	}
	settings := map[string]string{}
	if err := json.Unmarshal(out, &settings); err != nil {
		return nil, fmt.Errorf("%s env: %w", program, err)
	}
	return settings, nil
}

// gitConfig returns the variables that set gitSettings, after those that the caller has set in the same way.
func gitConfig() []string {
	n, err := strconv.Atoi(os.Getenv("GIT_CONFIG_COUNT"))
	if err != nil || n < 0 {
		n = 0
	}
	var env []string
	for i := range n {
		for _, name := range []string{fmt.Sprintf("GIT_CONFIG_KEY_%d", i), fmt.Sprintf("GIT_CONFIG_VALUE_%d", i)} {
			env = append(env, name+"="+os.Getenv(name))
		}
	}
	for i, kv := range gitSettings {
		env = append(env, fmt.Sprintf("GIT_CONFIG_KEY_%d=%s", n+i, kv[0]), fmt.Sprintf("GIT_CONFIG_VALUE_%d=%s", n+i, kv[1]))
	}
	return append(env, fmt.Sprintf("GIT_CONFIG_COUNT=%d", n+len(gitSettings)))
}

// setenv returns env with variables replaced or added.
func setenv(env []string, more ...string) []string {
	out := slices.Clone(env)
	for _, kv := range more {
		name, _, _ := strings.Cut(kv, "=")
		out = slices.DeleteFunc(out, func(have string) bool { return strings.HasPrefix(have, name+"=") })
		out = append(out, kv)
	}
	return out
}
