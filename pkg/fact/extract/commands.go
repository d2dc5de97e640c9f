package extract

import (
	"regexp"
	"strings"

	"github.com/relctl/relctl/pkg/channel"
	"github.com/relctl/relctl/pkg/fact"
)

var (
	// commandsHead is the line above a list of commands, as cobra, kingpin, urfave/cli and clap print it.
	commandsHead = regexp.MustCompile(`^(?:[A-Za-z ]+ )?(?i:commands|subcommands)(?: \([^)]*\))?:$`)
	commandLine  = regexp.MustCompile(`^ {2,4}([a-z][\w-]*(?: [a-z][\w-]*)*)(?:, [a-z][\w-]*)*(?: [<\[A-Z-].*?)?(?:(?: {2,}|: )(.*))?$`)
)

// commands reads the commands that a program's help lists, or those that a pattern finds.
func commands(s channel.FactSource, f file) ([]fact.Fact, error) {
	if s.Pattern != "" {
		return byPattern(s.Pattern, fact.Command, f)
	}
	var out []fact.Fact
	seen, inList := map[string]bool{}, false
	for i, line := range strings.Split(strings.ToValidUTF8(string(f.data), "?"), "\n") {
		line = strings.TrimRight(line, " \t\r")
		if line != "" && line[0] != ' ' {
			inList = commandsHead.MatchString(line)
			continue
		}
		m := commandLine.FindStringSubmatch(line)
		if !inList || m == nil || seen[m[1]] {
			continue
		}
		seen[m[1]] = true
		one := fact.Fact{Kind: fact.Command, Name: m[1], Line: i + 1}
		annotate(&one, m[2])
		out = append(out, one)
	}
	return out, nil
}
