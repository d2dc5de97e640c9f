package ledger

import (
	"strings"
	"testing"
)

func TestAnEndorsementNamesEarlierEventsInOrder(t *testing.T) {
	t.Parallel()
	id := strings.Repeat("b", 40)
	for name, c := range map[string]struct {
		of   []Endorsed
		want string
	}{
		"one":                  {[]Endorsed{{1, id}}, ""},
		"none":                 {nil, "names no event"},
		"itself":               {[]Endorsed{{2, id}}, "event 2 is not before it"},
		"what is to come":      {[]Endorsed{{1, id}, {9, id}}, "event 9 is not before it"},
		"the same twice":       {[]Endorsed{{1, id}, {1, id}}, "not in order"},
		"no full commit id":    {[]Endorsed{{1, "b1b1b1b"}}, "not the full commit id"},
		"nothing but a number": {[]Endorsed{{Number: 1}}, "not the full commit id"},
	} {
		e := Event{Type: TypeEndorse, Schema: EventSchema, Number: 2, Actor: "a", Reason: "because", Endorse: &Endorse{Events: c.of}}
		err := e.validate()
		if err == nil {
			s := NewState()
			s.Next = 2
			err = s.Apply(Recorded{Event: e, Commit: id})
		}
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}
