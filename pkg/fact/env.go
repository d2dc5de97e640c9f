package fact

import (
	"fmt"
	"path"
	"regexp"
	"strings"
)

// isEnv reports whether a file sets environment variables, by its name: acme.env, .env, .env.local.
func isEnv(name string) bool {
	return path.Ext(name) == ".env" || strings.HasPrefix(path.Base(name), ".env.")
}

var variable = regexp.MustCompile(`^(?:export[ \t]+)?([A-Za-z_][A-Za-z0-9_]*)=(.*)$`)

// envSettings reads a file of environment variables, as systemd, Docker and shells do: NAME=value, one a line.
func envSettings(name string, data []byte) ([]Setting, error) {
	var out []Setting
	comment := []string{}
	for i, line := range strings.Split(strings.ToValidUTF8(string(data), "?"), "\n") {
		line = strings.TrimSpace(line)
		m := variable.FindStringSubmatch(line)
		switch {
		case line == "":
			comment = nil
		case line[0] == '#' || line[0] == ';':
			comment = append(comment, line)
		case m == nil:
			return nil, fmt.Errorf("%s: line %d: NAME=value is expected here", name, i+1)
		case len(out) == maxSettings:
			return nil, fmt.Errorf("%s: more than %d variables", name, maxSettings)
		default:
			out = append(out, Setting{Key: m[1], Value: unquote(strings.TrimSpace(m[2])), Type: "string", Comment: comments(comment...), Line: i + 1})
			comment = nil
		}
	}
	return out, nil
}

func unquote(s string) string {
	if n := len(s); n >= 2 && (s[0] == '"' || s[0] == '\'') && s[n-1] == s[0] {
		return s[1 : n-1]
	}
	return s
}
