package extract

import (
	"regexp"
	"slices"
	"strings"
)

// promWord matches what stands at the beginning of a PromQL expression. The order counts.
var promWord = regexp.MustCompile(`^(?:\s+|#[^\n]*|"(?:[^"\\]|\\(?s:.))*"|'(?:[^'\\]|\\(?s:.))*'|` + "`[^`]*`" + `|[A-Za-z_:][\w:]*|(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?\w*|[<>]/|[!=<>]=|=~|!~|(?s:.))`)

// promTokens splits an expression. Comments and white space are gone.
func promTokens(expr string) []string {
	var out []string
	for expr != "" {
		w := promWord.FindString(expr)
		expr = expr[len(w):]
		if strings.TrimSpace(w) != "" && w[0] != '#' {
			out = append(out, w)
		}
	}
	return out
}

// normal writes an expression with single spaces, so that two layouts of one are equal.
func normal(expr string) string {
	var b strings.Builder
	last := ""
	for _, w := range promTokens(expr) {
		if b.Len() > 0 && !tight(last, w) {
			b.WriteByte(' ')
		}
		b.WriteString(w)
		last = w
	}
	return b.String()
}

// tight reports whether no space stands between two words.
func tight(a, b string) bool {
	switch {
	case opening[a], matcher[a], matcher[b]:
		return true
	case b == "!=" || a == "!=":
		return strings.HasPrefix(b, `"`)
	case opening[b]:
		return !promOperators[strings.ToLower(a)]
	}
	return b == ")" || b == "]" || b == "}" || b == ","
}

var (
	opening = map[string]bool{"(": true, "[": true, "{": true}
	matcher = map[string]bool{"=": true, "=~": true, "!~": true}
)

// promOperators are words that are followed by a list in parentheses, and are no metrics.
var promOperators = map[string]bool{
	"by": true, "without": true, "on": true, "ignoring": true, "group_left": true, "group_right": true,
	"and": true, "or": true, "unless": true, "atan2": true, "offset": true, "bool": true, "start": true, "end": true, "inf": true, "nan": true,
}

// promLabels are words whose list in parentheses holds labels.
var promLabels = map[string]bool{"by": true, "without": true, "on": true, "ignoring": true, "group_left": true, "group_right": true}

// usedMetrics returns the metrics that an expression asks for, sorted. A name that stands in a label __name__ counts,
// a pattern over names does not.
func usedMetrics(expr string) []string {
	tokens := promTokens(expr)
	var out []string
	for i := 0; i < len(tokens); i++ {
		w := tokens[i]
		switch {
		case promLabels[strings.ToLower(w)] && at1(tokens, i) == "(":
			i = closing(tokens, i+1)
		case w == "[":
			i = closing(tokens, i)
		case w == "{":
			end := closing(tokens, i)
			out = append(out, namesIn(tokens[i:min(end, len(tokens))])...)
			i = end
		case promName.MatchString(w) && !promOperators[strings.ToLower(w)] && at1(tokens, i) != "(" && !aggregation(tokens, i):
			out = append(out, w)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

var promName = regexp.MustCompile(`^[A-Za-z_:][\w:]*$`)

func at1(tokens []string, i int) string {
	if i+1 < len(tokens) {
		return tokens[i+1]
	}
	return ""
}

// aggregation reports whether the word is one of sum by (job) (…).
func aggregation(tokens []string, i int) bool {
	next := strings.ToLower(at1(tokens, i))
	return (next == "by" || next == "without") && i+2 < len(tokens) && tokens[i+2] == "(" && promAggregations[strings.ToLower(tokens[i])]
}

var promAggregations = map[string]bool{
	"sum": true, "avg": true, "count": true, "min": true, "max": true, "group": true, "stddev": true, "stdvar": true,
	"topk": true, "bottomk": true, "count_values": true, "quantile": true, "limitk": true, "limit_ratio": true,
}

// closing returns where the bracket that opens at i is closed, or the end.
func closing(tokens []string, i int) int {
	depth := 0
	for ; i < len(tokens); i++ {
		switch tokens[i] {
		case "(", "[", "{":
			depth++
		case ")", "]", "}":
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return i
}

// namesIn returns the metrics that a selector names in braces: {__name__="a"} and {"a"}.
func namesIn(selector []string) []string {
	var out []string
	for i, w := range selector {
		if len(w) < 2 || !strings.ContainsAny(w[:1], "\"'`") {
			continue
		}
		named := i >= 2 && selector[i-1] == "=" && strings.Trim(selector[i-2], `"'`) == "__name__"
		alone := i >= 1 && (selector[i-1] == "{" || selector[i-1] == ",") && (i+1 == len(selector) || selector[i+1] == ",")
		if named || alone {
			out = append(out, w[1:len(w)-1])
		}
	}
	return out
}
