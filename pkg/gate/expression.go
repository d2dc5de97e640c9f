package gate

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
)

// Expression is the condition that a metric must meet, either on a number alone, "value < 0.01", or on a number and its
// control, "candidate <= 1.5 * control + 0.001".
type Expression struct {
	text     string
	operator string
	// The limit is factor * control + offset, or minus it; without a control the factor is 0.
	factor, offset float64
	control, minus bool
}

const numberForm = `-?[0-9]+(?:\.[0-9]+)?(?:[eE]-?[0-9]+)?`

var (
	valueForm     = regexp.MustCompile(`^value (<|<=|>|>=|==|!=) (` + numberForm + `)$`)
	candidateForm = regexp.MustCompile(`^candidate (<|<=|>|>=|==|!=) (?:(` + numberForm + `) \* )?control(?: ([+-]) (` + numberForm + `))?$`)
)

// ParseExpression reads an expression as channel files have it, with one space between words, operators and numbers:
//
//	value OP number
//	candidate OP [number *] control [+ number | - number]
//
// OP is one of < <= > >= == !=.
func ParseExpression(s string) (Expression, error) {
	e := Expression{text: s}
	var numbers []string
	if m := valueForm.FindStringSubmatch(s); m != nil {
		e.operator = m[1]
		numbers = []string{"0", m[2]}
	} else if m := candidateForm.FindStringSubmatch(s); m != nil {
		e.operator, e.control = m[1], true
		numbers = []string{orElse(m[2], "1"), orElse(m[4], "0")}
		e.minus = m[3] == "-"
	}
	for i, to := range []*float64{&e.factor, &e.offset}[:len(numbers)] {
		var err error
		if *to, err = strconv.ParseFloat(numbers[i], 64); err != nil {
			return Expression{}, fmt.Errorf("the number %.40s in %.80q is too large", numbers[i], s)
		}
	}
	if e.operator == "" {
		return Expression{}, fmt.Errorf("%.80q is not a condition such as \"value < 0.01\" or \"candidate <= 1.5 * control\"", s)
	}
	return e, nil
}

// NeedsControl reports whether the expression is about a control too.
func (e Expression) NeedsControl() bool { return e.control }

// limit returns what a value is held against.
func (e Expression) limit(control float64) float64 {
	switch {
	case !e.control:
		return e.offset
	case e.minus:
		return e.factor*control - e.offset
	}
	return e.factor*control + e.offset
}

// Met reports whether a value, and its control, meet the condition. What is no number, or an infinite one, meets none.
func (e Expression) Met(value, control float64) bool {
	limit := e.limit(control)
	if !finite(value) || !finite(limit) {
		return false
	}
	switch e.operator {
	case "<":
		return value < limit
	case "<=":
		return value <= limit
	case ">":
		return value > limit
	case ">=":
		return value >= limit
	case "==":
		return value == limit
	case "!=":
		return value != limit
	}
	return false
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }

// bound returns the part of the text after the first word, such as "< 0.01".
func (e Expression) bound() string {
	_, bound, _ := strings.Cut(e.text, " ")
	return bound
}

// String returns the text from which the expression was read.
func (e Expression) String() string { return e.text }
