package git

import (
	"os"
	"slices"
	"strings"
)

// always are the settings of every run. Messages are parsed, so that they have to be in English.
var always = []string{"LC_ALL=C", "LANGUAGE=C"}

// kept are the GIT_ variables of the caller that reach the program where the user's configuration counts: who, by which
// configuration, over which transport. GIT_DIR and its like, which a hook may have set, would point it at another
// repository.
var kept = []string{
	"GIT_AUTHOR_", "GIT_COMMITTER_", "GIT_CONFIG_", "GIT_SSH", "GIT_ASKPASS", "GIT_TERMINAL_PROMPT", "GIT_SSL_",
	"GIT_HTTP_", "GIT_PROXY_", "GIT_EXEC_PATH", "GIT_ALLOW_PROTOCOL", "GIT_PROTOCOL_FROM_USER",
}

// userEnv is the environment for commands that use the user's configuration.
func userEnv() []string {
	env := keep(kept...)
	if !interactive() {
		env = append(env, "GIT_TERMINAL_PROMPT=0")
	}
	return env
}

// hermeticEnv is the environment for reading: the same answer on every machine.
func hermeticEnv() []string {
	return append(keep("GIT_EXEC_PATH"),
		"GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_ATTR_NOSYSTEM=1",
		"GIT_NO_REPLACE_OBJECTS=1", "GIT_GRAFT_FILE="+os.DevNull, "GIT_NO_LAZY_FETCH=1",
		"GIT_OPTIONAL_LOCKS=0", "GIT_TERMINAL_PROMPT=0",
	)
}

// hermeticConfig overrides what the repository's own configuration could run.
var hermeticConfig = []string{
	"-c", "core.hooksPath=" + os.DevNull, "-c", "core.fsmonitor=false", "-c", "core.quotePath=false", "-c", "advice.detachedHead=false",
}

// keep returns the environment without GIT_ variables other than those with the given prefixes.
func keep(prefixes ...string) []string {
	env := slices.Clone(always)
	for _, kv := range os.Environ() {
		name, _, _ := strings.Cut(kv, "=")
		if name == "LC_ALL" || name == "LANGUAGE" {
			continue
		}
		if strings.HasPrefix(name, "GIT_") && !slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(name, p) }) {
			continue
		}
		env = append(env, kv)
	}
	return env
}
