package channel

import (
	"reflect"
	"strings"
)

// field is what the tags of a struct's field say about a key.
type field struct {
	name  string
	index int
	typ   reflect.Type
	// goName is the field's name, by which its comment is found.
	goName string
	// is names the form of its strings.
	is string
	// only is the kind of channel that the key belongs to, "" for both.
	only string
	// needed says that the key must be there, in channels of that kind.
	needed bool
	// one says what exactly one of several keys decides, "" for a key that stands alone.
	one         string
	oneOptional bool
}

// allows reports whether the key may stand in a channel of a kind, "" being one that is not known.
func (f field) allows(kind string) bool { return f.only == "" || kind == "" || f.only == kind }

// required reports whether the key must stand in a channel of a kind.
func (f field) required(kind string) bool { return f.needed && (f.only == "" || f.only == kind) }

// fields returns the keys of a struct in the order of its fields, those of embedded structs in their place.
func fields(t reflect.Type) []field {
	var out []field
	for i := range t.NumField() {
		sf := t.Field(i)
		name, options, _ := strings.Cut(sf.Tag.Get("json"), ",")
		switch {
		case sf.Anonymous && name == "":
			embedded := sf.Type
			if embedded.Kind() == reflect.Pointer {
				embedded = embedded.Elem()
			}
			out = append(out, fields(embedded)...) // as encoding/json does
			continue
		case !sf.IsExported(), name == "-", sf.Tag.Get("yaml") == "-":
			continue
		case name == "":
			name = sf.Name
		}
		f := field{name: name, index: i, typ: sf.Type, goName: sf.Name, is: sf.Tag.Get("is")}
		var need, optional string
		f.only, need, _ = strings.Cut(sf.Tag.Get("only"), ",")
		f.one, optional, _ = strings.Cut(sf.Tag.Get("one"), ",")
		f.oneOptional = optional == "optional"
		f.needed = need == "required" || !strings.HasPrefix(options, "omit")
		out = append(out, f)
	}
	return out
}
