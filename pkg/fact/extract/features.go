package extract

import (
	"errors"
	"slices"

	"go.yaml.in/yaml/v3"

	"github.com/relctl/relctl/pkg/channel"
	"github.com/relctl/relctl/pkg/fact"
)

// features reads feature flags as OpenFeature's flagd has them: {"flags": {"name": {"state", "variants",
// "defaultVariant"}}}, in JSON or YAML.
func features(_ channel.FactSource, f file) ([]fact.Fact, error) {
	root, err := document(f.data)
	if err != nil {
		return nil, err
	}
	if at(root, "flags") == nil {
		return nil, errors.New("there is no key flags, as flagd has it")
	}
	var out []fact.Fact
	for k, v := range pairs(at(root, "flags")) {
		one := fact.Fact{Kind: fact.Feature, Name: k.Value, Line: k.Line, Attributes: fact.Attributes{State: featureState(v)}}
		for variant := range pairs(at(v, "variants")) {
			one.Attributes.Enum = append(one.Attributes.Enum, variant.Value)
		}
		slices.Sort(one.Attributes.Enum)
		annotate(&one, or(text(v, "metadata", "description"), text(v, "description")))
		out = append(out, one)
	}
	return out, nil
}

// featureState says what those get whom no rule names. Flags with rules are marked, since some get something else.
func featureState(v *yaml.Node) string {
	if text(v, "state") == "DISABLED" {
		return "disabled"
	}
	state := or(text(v, "defaultVariant"), "on")
	if first(at(v, "targeting")) != nil {
		state += " (with targeting)"
	}
	return state
}
