package extract

import (
	"crypto/sha256"
	"encoding/hex"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/relctl/relctl/pkg/channel"
	"github.com/relctl/relctl/pkg/fact"
)

// Marks that tell the way there from the way back within one file: goose, sql-migrate, dbmate.
var (
	upMark   = regexp.MustCompile(`(?im)^--[ \t]*(?:\+goose[ \t]+up|\+migrate[ \t]+up|migrate:up)\b.*$`)
	downMark = regexp.MustCompile(`(?im)^--[ \t]*(?:\+goose[ \t]+down|\+migrate[ \t]+down|migrate:down)\b.*$`)
)

// downName is how files with the way back are called: 0001_x.down.sql, and U1__x.sql of Flyway.
var downName = regexp.MustCompile(`^(.*)[._-]down\.sql$|^U([0-9][\w.]*__.*)\.sql$`)

// migrations reads one step of a database's schema. A file with the way back becomes a mark of its own, which
// [reversible] joins with the step.
func migrations(s channel.FactSource, f file) ([]fact.Fact, error) {
	name := path.Base(f.path)
	if m := downName.FindStringSubmatch(name); m != nil {
		back := m[1]
		if m[2] != "" {
			back = "V" + m[2]
		}
		return []fact.Fact{{Kind: fact.Migration, Name: back, Attributes: fact.Attributes{Reversible: true}}}, nil
	}
	text := strings.ToValidUTF8(string(f.data), "?")
	down := ""
	if at := downMark.FindStringIndex(text); at != nil {
		text, down = text[:at[0]], text[at[1]:]
	}
	text = upMark.ReplaceAllString(text, "")
	one := fact.Fact{Kind: fact.Migration, Name: stepName(name), Line: 1, Attributes: fact.Attributes{
		Lock: fact.LockNone, Reversible: len(statements(down, s.Dialect)) > 0,
	}}
	step(&one.Attributes, statements(text, s.Dialect), s.Dialect)
	return []fact.Fact{one}, nil
}

func stepName(name string) string {
	name = strings.TrimSuffix(name, path.Ext(name))
	for _, end := range []string{".up", "_up", "-up"} {
		name = strings.TrimSuffix(name, end)
	}
	return name
}

// step fills in what the statements of a migration do.
func step(a *fact.Attributes, list []statement, dialect string) {
	var made []string
	sum := sha256.New()
	for _, s := range list {
		sum.Write([]byte(strings.Join(s, " ") + ";"))
		if t := s.table(); t != "" && s.is("create") && s.has("table") {
			made = append(made, t)
		}
		if !slices.Contains(made, s.table()) { // nobody waits for, or misses, what did not exist before
			if l := lockOf(s, dialect); l.Worse(a.Lock) {
				a.Lock = l
			}
			a.Destructive = append(a.Destructive, destroys(s)...)
		}
		if phrase := s.phrase(); phrase != "" && len(a.Statements) < 100 {
			a.Statements = append(a.Statements, phrase)
		}
	}
	a.Digest = hex.EncodeToString(sum.Sum(nil))
}

// table returns the table that a statement is about, without its schema and in lower case, or "".
func (s statement) table() string {
	for _, words := range []string{"create table", "create temporary table", "create unlogged table", "alter table", "drop table", "update", "delete from", "insert into", "truncate"} {
		if s.is(words) {
			name := strings.ToLower(s.after(words))
			return name[strings.LastIndexByte(name, '.')+1:]
		}
	}
	if s.is("create index") || s.is("create unique index") {
		name := strings.ToLower(s.after("on"))
		return name[strings.LastIndexByte(name, '.')+1:]
	}
	return ""
}

// phrase says what a statement does, in a few words.
func (s statement) phrase() string {
	if s.is("begin") || s.is("commit") || s.is("set") || s.is("start transaction") || s.is("pragma") {
		return ""
	}
	object := map[string]string{"create": "creates", "drop": "drops", "alter": "alters", "rename": "renames"}[strings.ToLower(s[0])]
	switch {
	case object != "" && len(s) > 1:
		at := 1
		for at < len(s)-1 && modifiers[strings.ToLower(s[at])] {
			at++
		}
		return strings.TrimSpace(object + " " + strings.ToLower(s[at]) + " " + s.after(s[at]))
	case s.is("insert into"):
		return "inserts into " + s.after("insert into")
	case s.is("update"):
		return "updates " + s.after("update")
	case s.is("delete from"):
		return "deletes from " + s.after("delete from")
	}
	return strings.ToLower(s[0])
}

var modifiers = map[string]bool{"or": true, "replace": true, "unique": true, "temporary": true, "unlogged": true, "materialized": true, "fulltext": true}

// reversible joins steps with the files that hold their way back. A way back without a step is left out.
func reversible(facts []fact.Fact) []fact.Fact {
	back := map[string]bool{}
	for _, f := range facts {
		if f.Kind == fact.Migration && f.Attributes.Digest == "" {
			back[f.Name] = true
		}
	}
	if len(back) == 0 {
		return facts
	}
	facts = slices.DeleteFunc(facts, func(f fact.Fact) bool { return f.Kind == fact.Migration && f.Attributes.Digest == "" })
	for i, f := range facts {
		if f.Kind == fact.Migration && back[f.Name] {
			facts[i].Attributes.Reversible = true
		}
	}
	return facts
}
