package extract

import (
	"strings"

	"github.com/relctl/relctl/pkg/fact"
)

// lockRule says which lock a clause of a statement takes. The first rule that fits counts.
type lockRule struct {
	// begin are the words that the statement begins with, has those that stand after its first two, lacks those that do
	// not.
	begin, has, lacks string
	lock              fact.Lock
}

// lockRules are what the manuals say: PostgreSQL 17 (explicit locking, ALTER TABLE), MySQL 8.4 (online DDL operations of
// InnoDB), SQLite 3 (one writer at a time for the whole database).
var lockRules = map[string][]lockRule{
	"postgres": {
		{begin: "create index", has: "concurrently", lock: fact.LockNone},
		{begin: "create unique index", has: "concurrently", lock: fact.LockNone},
		{begin: "drop index", has: "concurrently", lock: fact.LockNone},
		{begin: "reindex", has: "concurrently", lock: fact.LockNone},
		{begin: "refresh materialized view", has: "concurrently", lock: fact.LockNone},
		{begin: "create index", lock: fact.LockWrites},
		{begin: "create unique index", lock: fact.LockWrites},
		{begin: "reindex", lock: fact.LockAll},
		{begin: "cluster", lock: fact.LockAll},
		{begin: "vacuum full", lock: fact.LockAll},
		{begin: "refresh materialized view", lock: fact.LockAll},
		{begin: "lock", lock: fact.LockAll},
		{begin: "truncate", lock: fact.LockShort},
		{begin: "alter table", has: "validate constraint", lock: fact.LockNone},
		{begin: "alter table", has: "set statistics", lock: fact.LockNone},
		{begin: "alter table", has: "using index", lock: fact.LockShort},
		{begin: "alter table", has: "not valid", lock: fact.LockShort},
		{begin: "alter table", has: "foreign key", lock: fact.LockWrites},
		{begin: "alter table", has: "references", lock: fact.LockWrites},
		{begin: "alter table", has: "set not null", lock: fact.LockAll},
		{begin: "alter table", has: "alter", lacks: "type", lock: fact.LockShort},
		{begin: "alter table", has: "alter", lock: fact.LockAll},
		{begin: "alter table", has: "set logged", lock: fact.LockAll},
		{begin: "alter table", has: "set unlogged", lock: fact.LockAll},
		{begin: "alter table", has: "set tablespace", lock: fact.LockAll},
		{begin: "alter table", has: "unique", lock: fact.LockAll},
		{begin: "alter table", has: "primary key", lock: fact.LockAll},
		{begin: "alter table", has: "check", lock: fact.LockAll},
		{begin: "alter table", has: "exclude", lock: fact.LockAll},
		{begin: "alter table", has: "generated always", lock: fact.LockAll},
		{begin: "alter table", has: "serial", lock: fact.LockAll},
		{begin: "alter table", has: "bigserial", lock: fact.LockAll},
		{begin: "alter table", has: "gen_random_uuid", lock: fact.LockAll}, // a default that differs by row
		{begin: "alter table", has: "random", lock: fact.LockAll},
		{begin: "alter table", has: "clock_timestamp", lock: fact.LockAll},
		{begin: "create trigger", lock: fact.LockShort},
	},
	"mysql": {
		{has: "algorithm = instant", lock: fact.LockNone},
		{has: "lock = none", lock: fact.LockNone},
		{has: "lock = shared", lock: fact.LockWrites},
		{has: "lock = exclusive", lock: fact.LockAll},
		{has: "algorithm = copy", lock: fact.LockWrites},
		{begin: "lock", lock: fact.LockAll},
		{begin: "optimize", lock: fact.LockShort},
		{begin: "create fulltext", lock: fact.LockWrites},
		{begin: "create spatial", lock: fact.LockWrites},
		{begin: "create index", lock: fact.LockShort},
		{begin: "create unique index", lock: fact.LockShort},
		{begin: "alter table", has: "fulltext", lock: fact.LockWrites},
		{begin: "alter table", has: "spatial", lock: fact.LockWrites},
		{begin: "alter table", has: "modify", lock: fact.LockWrites},
		{begin: "alter table", has: "change", lock: fact.LockWrites},
		{begin: "alter table", has: "convert to", lock: fact.LockWrites},
		{begin: "alter table", has: "foreign key", lock: fact.LockWrites},
		{begin: "alter table", has: "partition", lock: fact.LockWrites},
		{begin: "alter table", has: "drop primary key", lacks: "add primary key", lock: fact.LockWrites},
		{begin: "alter table", has: "stored", lock: fact.LockWrites},
		{begin: "alter table", has: "auto_increment", lock: fact.LockWrites},
		{begin: "truncate", lock: fact.LockShort},
	},
	"sqlite": {
		{begin: "vacuum", lock: fact.LockAll},
		{begin: "create index", lock: fact.LockWrites},
		{begin: "create unique index", lock: fact.LockWrites},
		{begin: "reindex", lock: fact.LockWrites},
		{begin: "alter table", has: "drop column", lock: fact.LockWrites},
		{begin: "insert", lock: fact.LockWrites},
		{begin: "update", lock: fact.LockWrites},
		{begin: "delete", lock: fact.LockWrites},
	},
}

// rest are the locks of what no rule names, in every dialect.
var rest = []lockRule{
	{begin: "update", lock: fact.LockWrites}, // of the rows that it changes, which may be all
	{begin: "delete", lock: fact.LockWrites},
	{begin: "insert", has: "select", lock: fact.LockNone},
	{begin: "alter table", lock: fact.LockShort},
	{begin: "drop", lock: fact.LockShort},
	{begin: "rename", lock: fact.LockShort},
}

// lockOf returns the lock of a statement; of one with several clauses the worst.
func lockOf(s statement, dialect string) fact.Lock {
	worst := fact.LockNone
	for _, c := range clauses(s) {
		if l := clauseLock(c, dialect); l.Worse(worst) {
			worst = l
		}
	}
	return worst
}

func clauseLock(s statement, dialect string) fact.Lock {
	body := s[min(len(s), 2):]
	for _, rules := range [][]lockRule{lockRules[dialect], rest} {
		for _, r := range rules {
			if s.is(r.begin) && body.has(r.has) && (r.lacks == "" || !body.has(r.lacks)) {
				return r.lock
			}
		}
	}
	return fact.LockNone
}

// clauses splits ALTER TABLE t a, b into ALTER TABLE t a and ALTER TABLE t b; other statements stay whole. What says how
// MySQL is to go about it counts for all clauses.
func clauses(s statement) []statement {
	if !s.is("alter table") || s.has("algorithm =") || s.has("lock =") {
		return []statement{s}
	}
	head := statement{"alter", "table"}
	var out []statement
	depth, start := 0, 2
	for i, w := range s {
		switch w {
		case "(":
			depth++
		case ")":
			depth--
		case ",":
			if depth == 0 {
				out = append(out, append(head[:2:2], s[start:i]...))
				start = i + 1
			}
		}
	}
	return append(out, append(head[:2:2], s[start:]...))
}

// destroys names what a statement deletes for good, or "".
func destroys(s statement) []string {
	var out []string
	add := func(what, name string) {
		if name != "" {
			out = append(out, what+" "+name)
		}
	}
	switch {
	case s.is("drop table"), s.is("drop schema"), s.is("drop database"), s.is("drop materialized view"):
		add("drops "+strings.ToLower(s[1]), s.after(s[0]+" "+s[1]))
	case s.is("truncate"):
		add("empties table", s.after("truncate"))
	case s.is("delete from"):
		if s.has("where") {
			add("deletes rows of", s.after("delete from"))
		} else {
			add("deletes all rows of", s.after("delete from"))
		}
	case s.is("alter table"):
		table := s.after("alter table")
		for _, c := range clauses(s) {
			if column := droppedColumn(c); column != "" {
				add("drops column", table+"."+column)
			}
		}
	}
	return out
}

// droppedColumn returns the column that a clause of ALTER TABLE drops: the word COLUMN may be left out.
func droppedColumn(c statement) string {
	if c.has("drop column") {
		return c.after("drop column")
	}
	switch name := c.after("drop"); strings.ToLower(name) {
	case "constraint", "index", "key", "primary", "foreign", "check", "default", "partition", "identity", "expression":
		return ""
	default:
		if c.has("alter column") || c.has("drop not null") || c.has("drop default") {
			return ""
		}
		return name
	}
}
