package gittest

import (
	"os"
	"strconv"
	"strings"
	"sync"
)

// Identity of everything that is committed here, unless a test configures another.
const (
	Name  = "Dev One"
	Email = "dev-1@acme.example"
)

// config is what git sees in place of the user's own.
var config = [][2]string{
	{"user.name", Name},
	{"user.email", Email},
	{"init.defaultBranch", "main"},
	{"advice.detachedHead", "false"},
	{"core.autocrlf", "false"},
	{"gc.auto", "0"},
	{"maintenance.auto", "false"},
	{"protocol.file.allow", "always"}, // submodules in tests lie in folders
}

var isolate = sync.OnceFunc(func() {
	for _, kv := range os.Environ() {
		if name, _, _ := strings.Cut(kv, "="); strings.HasPrefix(name, "GIT_") && name != "GIT_EXEC_PATH" {
			_ = os.Unsetenv(name) // fails on no name that the system itself gave
		}
	}
	for _, kv := range Env() {
		name, value, _ := strings.Cut(kv, "=")
		if err := os.Setenv(name, value); err != nil {
			panic(err) // the names are ours and valid
		}
	}
})

// Isolate cuts the process off from the user's configuration of git. [New] does so by itself.
func Isolate() { isolate() }

// Env returns the variables, as "NAME=value", that cut git off from the user's configuration, for tests that give a
// program an environment of its own. Drop other GIT_ variables there.
func Env() []string {
	env := []string{
		"GIT_CONFIG_NOSYSTEM=1",
		"GIT_CONFIG_GLOBAL=" + os.DevNull,
		"GIT_ATTR_NOSYSTEM=1",
		"GIT_TERMINAL_PROMPT=0",
		"LC_ALL=C",
		"TZ=UTC",
		"GIT_CONFIG_COUNT=" + strconv.Itoa(len(config)),
	}
	for i, kv := range config {
		n := strconv.Itoa(i)
		env = append(env, "GIT_CONFIG_KEY_"+n+"="+kv[0], "GIT_CONFIG_VALUE_"+n+"="+kv[1])
	}
	return env
}
