package gate_test

import (
	"math"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/relctl/relctl/pkg/channel"
	"github.com/relctl/relctl/pkg/gate"
)

func TestExpressionsHoldANumberAgainstALimit(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text           string
		value, control float64
		want           bool
	}{
		{"value < 0.01", 0.009, 0, true},
		{"value < 0.01", 0.01, 0, false},
		{"value <= 1e-2", 0.01, 0, true},
		{"value > -3", -2, 0, true},
		{"value >= 5", 4, 0, false},
		{"value == 0", 0, 0, true},
		{"value != 0", 0, 0, false},
		{"candidate <= control", 2, 2, true},
		{"candidate < control", 2, 2, false},
		{"candidate <= 1.5 * control", 3, 2, true},
		{"candidate <= 1.5 * control", 3.1, 2, false},
		{"candidate <= 1.5 * control", 0, 0, true},
		{"candidate <= 1.5 * control + 0.001", 0.001, 0, true},
		{"candidate <= 1.5 * control + 0.001", 0.002, 0, false},
		{"candidate >= control - 1", 1, 2, true},
		{"candidate >= 0.5 * control - 1", -0.1, 2, false},
		{"value != 1", math.NaN(), 0, false},
		{"value > 1", math.Inf(1), 0, false},
		{"candidate != control", 1, math.NaN(), false},
		{"candidate < control", 1, math.Inf(1), false},
	} {
		e, err := gate.ParseExpression(c.text)
		if err != nil {
			t.Error(err)
			continue
		}
		if got := e.Met(c.value, c.control); got != c.want {
			t.Errorf("%s with %v and %v: %v", c.text, c.value, c.control, got)
		}
		if e.String() != c.text || e.NeedsControl() != strings.HasPrefix(c.text, "candidate") {
			t.Errorf("%q reads as %q, with a control: %v", c.text, e, e.NeedsControl())
		}
	}
}

var notExpressions = []string{
	"", "value", "value <", "value < ", "value <0.01", " value < 1", "value < 1 ", "value  < 1", "value < 1\n", "value = 1", "value <> 1",
	"value < one", "value < 0x1", "value < 1_000", "value < .5", "value < 5.", "value < +1", "value < NaN", "value < Inf", "value < control",
	"Value < 1", "1 > value", "value < 1 + 1", "candidate < 1", "candidate < control * 2", "candidate < 2*control", "candidate < 2 control",
	"candidate < control +1", "candidate < control / 2", "candidate < control + control", "control < candidate", "value < 1; drop",
}

func TestExpressionsAreReadStrictly(t *testing.T) {
	t.Parallel()
	for _, s := range append(notExpressions, "value < 1e999", "candidate < 1e999 * control") {
		if e, err := gate.ParseExpression(s); err == nil {
			t.Errorf("%q reads as %+v", s, e)
		}
	}
}

// TestChannelFilesAndGatesReadTheSameExpressions holds the form that channel files admit against the parser.
func TestChannelFilesAndGatesReadTheSameExpressions(t *testing.T) {
	t.Parallel()
	loads := func(pass string) bool {
		control := ""
		if strings.Contains(pass, "candidate") {
			control = ", control: up"
		}
		_, err := channel.Load(fstest.MapFS{
			"channels/product.yaml": {Data: []byte("name: acme\n")},
			"channels/rolling.yaml": {Data: []byte("kind: rolling\nbranch: main\ngates: [{name: a, prometheus: {query: up, pass: '" + pass + "'" + control + "}}]\n")},
		})
		return err == nil
	}
	for _, s := range notExpressions {
		if loads(s) {
			t.Errorf("a channel file admits %q", s)
		}
	}
	for _, s := range []string{"value < 0.01", "value != -1e-3", "candidate <= control", "candidate > 0.5 * control - 1", "candidate == -1E2 * control + 3"} {
		if _, err := gate.ParseExpression(s); err != nil || !loads(s) {
			t.Errorf("%q: the gate says %v, a channel file admits it: %v", s, err, loads(s))
		}
	}
}

func TestPlaceholdersTakeOnlyWhatIsKnownAndHarmless(t *testing.T) {
	t.Parallel()
	values := map[string]string{"ring": "canary", "version": "2026.103.1", "previous": "", "cell": `a"} or up{b="c`}
	got, err := gate.Expand(`rate(errors{job="api",ring="{ring}",version="{version}"}[5m])`, values)
	if want := `rate(errors{job="api",ring="canary",version="2026.103.1"}[5m])`; err != nil || got != want {
		t.Errorf("%s, %v", got, err)
	}
	for query, want := range map[string]string{
		`up{ring="{rign}"}`:     "{rign} is not known here; known are cell, previous, ring, version",
		`up{ring="{cell}"}`:     "cannot stand for {cell}",
		`up{ring="{previous}"}`: "cannot stand for {previous}",
	} {
		if got, err := gate.Expand(query, values); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s becomes %s, %v", query, got, err)
		}
	}
}

func FuzzParseExpression(f *testing.F) {
	for _, s := range append(notExpressions, "value < 0.01", "candidate <= 1.5 * control + 1e-3") {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		e, err := gate.ParseExpression(s)
		if err != nil {
			return
		}
		again, err := gate.ParseExpression(e.String())
		if err != nil || again != e {
			t.Errorf("%q reads as %+v and %+v, %v", s, e, again, err)
		}
		if e.Met(math.NaN(), 1) || e.Met(math.Inf(-1), 1) {
			t.Errorf("%q is met by what is no number", s)
		}
	})
}
