package gittest

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
)

// Identity of everything that is committed here, unless a test configures another.
const (
	Name  = "Dev One"
	Email = "dev-1@acme.example"
)

// config is what git sees in place of the user's own file.
const config = `[user]
	name = ` + Name + `
	email = ` + Email + `
[init]
	defaultBranch = main
[advice]
	detachedHead = false
[core]
	autocrlf = false
[gc]
	auto = 0
[maintenance]
	auto = false
[protocol "file"]
	allow = always # submodules in tests lie in folders
`

// file writes config once a machine and user, and gives its name.
var file = sync.OnceValue(func() string {
	dir := filepath.Join(os.TempDir(), fmt.Sprintf("relctl-gittest-%d", os.Getuid()))
	name := filepath.Join(dir, "config")
	if have, err := os.ReadFile(name); err == nil && string(have) == config {
		return name
	}
	err := os.MkdirAll(dir, 0o700)
	tmp := fmt.Sprintf("%s.%d", name, os.Getpid())
	if err == nil {
		err = os.WriteFile(tmp, []byte(config), 0o600)
	}
	if err == nil {
		err = os.Rename(tmp, name)
	}
	if err != nil {
		panic(err) // a temporary folder that cannot be written, no test can run
	}
	return name
})

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
	return []string{
		"GIT_CONFIG_NOSYSTEM=1",
		"GIT_CONFIG_GLOBAL=" + file(),
		"GIT_ATTR_NOSYSTEM=1",
		"GIT_TERMINAL_PROMPT=0",
		"LC_ALL=C",
		"TZ=UTC",
	}
}
