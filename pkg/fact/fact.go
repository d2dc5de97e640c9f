package fact

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/relctl/relctl/pkg/release"
)

// Schema names the format of a [Set].
const Schema = "https://relctl.dev/schema/facts/v1"

// Kind says what a fact is about.
type Kind string

// The kinds of facts, in the order in which people read them.
const (
	Config    Kind = "config"    // a key of a configuration file, such as server.listen
	Flag      Kind = "flag"      // a flag of a program, such as --data-dir
	Command   Kind = "command"   // a command of a program, such as items
	Env       Kind = "env"       // an environment variable that a program reads
	Migration Kind = "migration" // a step of a database's schema, such as 0007_add_index
	CRD       Kind = "crd"       // a custom resource, or a field of one
	API       Kind = "api"       // an operation of an HTTP API, or a parameter of one
	Port      Kind = "port"      // a port that something listens on
	Image     Kind = "image"     // a container image
	Resource  Kind = "resource"  // how much there is of something: CPU, memory, storage, replicas
	Probe     Kind = "probe"     // how a container is asked for its health
	Alert     Kind = "alert"     // an alert of Prometheus
	Recording Kind = "recording" // a recording rule of Prometheus
	Metric    Kind = "metric"    // a metric that the product exports
	Runbook   Kind = "runbook"   // a page that says what to do about an alert
	Message   Kind = "message"   // a log message or an error code
	Feature   Kind = "feature"   // a feature flag
)

// Kinds are all kinds, in the order of a set.
var Kinds = []Kind{Config, Flag, Command, Env, Migration, CRD, API, Port, Image, Resource, Probe, Alert, Recording, Metric, Runbook, Message, Feature}

// Set is what is known about a product at one commit.
type Set struct {
	Schema  string          `json:"schema"`
	Product string          `json:"product"`
	Version release.Version `json:"version,omitzero"`
	Commit  string          `json:"commit,omitempty"`
	// Facts are sorted by kind and name, each pair once.
	Facts []Fact `json:"facts"`
	// Missing are the sources that name nothing at this commit.
	Missing []Missing `json:"missing,omitempty"`
}

// Missing is a source of facts that is named in channels/product.yaml and that a commit does not have.
type Missing struct {
	Kind string `json:"kind"`
	Path string `json:"path"`
}

// Fact is one thing that an operator cares about.
type Fact struct {
	Kind Kind `json:"kind"`
	// Name is the same at every commit as long as it is the same thing.
	Name string `json:"name"`
	// Text describes it to people. It is wording and never compared.
	Text       string     `json:"text,omitempty"`
	Attributes Attributes `json:"attributes,omitzero"`
	// Path and Line are where it was read: a path in the repository, or a command.
	Path string `json:"path,omitempty"`
	Line int    `json:"line,omitempty"`
}

// Attributes are what is compared. Which of them a fact has depends on its kind.
type Attributes struct {
	// Type is the type of a value: a type of JSON Schema, of a flag, or of a metric.
	Type string `json:"type,omitempty"`
	// Default is the value that counts where none is given; nil says that it is not known or that there is none.
	Default *string `json:"default,omitempty"`
	// Required says that a value must be given.
	Required bool `json:"required,omitempty"`
	// Enum are the only values there are, sorted.
	Enum []string `json:"enum,omitempty"`
	// Minimum and Maximum bound a number.
	Minimum string `json:"minimum,omitempty"`
	Maximum string `json:"maximum,omitempty"`
	// Deprecated says that it will be removed, and what to use instead. It is never empty for what is deprecated.
	Deprecated string `json:"deprecated,omitempty"`
	// RemovedIn is the version that will not have it any more.
	RemovedIn string `json:"removed_in,omitempty"`
	// RenamedFrom are the names that it had before.
	RenamedFrom []string `json:"renamed_from,omitempty"`

	// Value is what there is one of: an image's reference, a port with its protocol, a quantity, a probe's target.
	Value string `json:"value,omitempty"`
	// State of a feature flag: "on", "off", or the name of its default variant.
	State string `json:"state,omitempty"`

	// Lock is the longest lock that a migration takes: none, short, writes or all.
	Lock Lock `json:"lock,omitempty"`
	// Reversible says that a migration comes with a way back.
	Reversible bool `json:"reversible,omitempty"`
	// Destructive names what a migration deletes, such as "drops column orders.note".
	Destructive []string `json:"destructive,omitempty"`
	// Statements are what a migration does, one short phrase a statement.
	Statements []string `json:"statements,omitempty"`
	// Digest of a migration's statements, without comments and white space: sha256 in hex.
	Digest string `json:"digest,omitempty"`

	// Expr is the expression of a rule, For how long it must hold, Severity its label.
	Expr     string `json:"expr,omitempty"`
	For      string `json:"for,omitempty"`
	Severity string `json:"severity,omitempty"`
	// RunbookURL is the annotation runbook_url of an alert.
	RunbookURL string `json:"runbook_url,omitempty"`
	// Metrics are the metrics that a rule uses, sorted.
	Metrics []string `json:"metrics,omitempty"`
	// Labels are the labels of a metric, sorted; nil says that they are not known.
	Labels []string `json:"labels,omitempty"`
	// Anchors are the headings of a page as anchors, sorted.
	Anchors []string `json:"anchors,omitempty"`
	// Versions are the versions of a custom resource that the API server answers for, sorted; Storage is the one in which
	// it keeps them.
	Versions []string `json:"versions,omitempty"`
	Storage  string   `json:"storage,omitempty"`
}

// Lock is what a migration keeps others from while it runs.
type Lock string

// The locks, from the least to the worst.
const (
	LockNone   Lock = "none"   // nobody waits
	LockShort  Lock = "short"  // all wait for a moment, however large the table is
	LockWrites Lock = "writes" // writers wait as long as the table is worked through
	LockAll    Lock = "all"    // readers and writers wait as long as the table is worked through
)

var locks = []Lock{"", LockNone, LockShort, LockWrites, LockAll}

// Worse reports whether l is a longer lock than m.
func (l Lock) Worse(m Lock) bool { return slices.Index(locks, l) > slices.Index(locks, m) }

// key is what a set has once.
type key struct {
	kind Kind
	name string
}

func (f Fact) key() key { return key{f.Kind, f.Name} }

// Where returns the place of a fact as people read it, such as config/schema.json:12.
func (f Fact) Where() string {
	if f.Line == 0 {
		return f.Path
	}
	return fmt.Sprintf("%s:%d", f.Path, f.Line)
}

func compare(a, b Fact) int {
	return cmp.Or(cmp.Compare(slices.Index(Kinds, a.Kind), slices.Index(Kinds, b.Kind)), cmp.Compare(a.Name, b.Name))
}

// Sort brings facts into the order of a set.
func Sort(facts []Fact) { slices.SortStableFunc(facts, compare) }

// MaxFacts is the largest number of facts in a set.
const MaxFacts = 100_000

// MaxBytes is the largest file with a set, in bytes.
const MaxBytes = 64 << 20

// Decode reads a set as a release carries it.
func Decode(data []byte) (*Set, error) {
	if len(data) > MaxBytes {
		return nil, fmt.Errorf("facts of %d bytes are more than %d", len(data), MaxBytes)
	}
	var s Set
	if err := release.Decode(data, &s); err != nil {
		return nil, fmt.Errorf("facts: %w", err)
	}
	if s.Schema != Schema {
		return nil, &SchemaError{Schema: s.Schema}
	}
	return &s, s.check()
}

// check holds what a set promises.
func (s *Set) check() error {
	if len(s.Facts) > MaxFacts {
		return fmt.Errorf("%d facts are more than %d", len(s.Facts), MaxFacts)
	}
	for i, f := range s.Facts {
		switch {
		case !slices.Contains(Kinds, f.Kind):
			return fmt.Errorf("facts: fact %d is of the kind %.40q, which does not exist", i, f.Kind)
		case f.Name == "":
			return fmt.Errorf("facts: fact %d (%s) has no name", i, f.Kind)
		case i > 0 && compare(s.Facts[i-1], f) >= 0:
			return fmt.Errorf("facts: %s %.80q is not in its place, or there twice", f.Kind, f.Name)
		}
	}
	return nil
}

// SchemaError is a file that is no set of facts, or one of a later format.
type SchemaError struct{ Schema string }

func (e *SchemaError) Error() string {
	return fmt.Sprintf("facts have the schema %.80q, not %s", e.Schema, Schema)
}

// Hint says where such a file comes from.
func (*SchemaError) Hint() string {
	return "a release carries its facts as docs/facts.json; relctl facts <ref> --json writes them for any commit"
}
