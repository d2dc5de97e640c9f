package fact

import (
	"slices"
	"strconv"
	"strings"
)

// deprecatedOnly stands where nothing is said about what to use instead.
const deprecatedOnly = "deprecated"

// attributes records what differs between two states of one fact, f being the new one.
func (d *differ) attributes(old, f Fact) {
	a, b := old.Attributes, f.Attributes
	switch f.Kind {
	case Migration:
		if a.Digest != b.Digest {
			d.add(f, Action, "statements", "", "", "was edited after it was released; installations that ran it before differ from new ones")
		}
	case Port:
		d.single(f, Breaking, "value", "changed", a.Value, b.Value)
	case Image:
		d.single(f, Notice, "value", "changed", a.Value, b.Value)
	case Probe:
		d.single(f, Notice, "value", "changed", a.Value, b.Value)
	case Resource:
		d.resource(f, a.Value, b.Value)
	case Alert, Recording:
		d.rule(f, a, b)
	case Runbook:
		for _, anchor := range missing(a.Anchors, b.Anchors) {
			d.add(f, Notice, "anchor", anchor, "", "the section #%s is gone", shorten(anchor))
		}
	case Feature:
		d.single(f, Action, "state", "state changed", a.State, b.State)
		d.schema(f, a, b)
	default:
		d.schema(f, a, b)
	}
	d.deprecation(f, a, b)
}

// schema compares what values may be given.
func (d *differ) schema(f Fact, a, b Attributes) {
	d.types(f, a.Type, b.Type)
	d.defaults(f, a, b)
	switch {
	case b.Required && !a.Required && b.Default == nil:
		d.add(f, Breaking, "required", "", "", "is required now")
	case a.Required && !b.Required:
		d.add(f, Notice, "required", "", "", "is no longer required")
	}
	d.enum(f, a.Enum, b.Enum)
	d.bound(f, "minimum", a.Minimum, b.Minimum, 1)
	d.bound(f, "maximum", a.Maximum, b.Maximum, -1)
	for _, label := range missing(a.Labels, b.Labels) {
		d.add(f, Breaking, "label", label, "", "has no label %s any more", shorten(label))
	}
	if a.Labels != nil {
		for _, label := range missing(b.Labels, a.Labels) {
			d.add(f, Notice, "label", "", label, "has the new label %s", shorten(label))
		}
	}
	for _, v := range missing(a.Versions, b.Versions) {
		d.add(f, Breaking, "version", v, "", "version %s is no longer served", shorten(v))
	}
	for _, v := range missing(b.Versions, a.Versions) {
		d.add(f, Notice, "version", "", v, "version %s is served", shorten(v))
	}
	if a.Storage != "" && b.Storage != "" {
		d.single(f, Action, "storage", "version in which objects are stored changed", a.Storage, b.Storage)
	}
}

// types compares types, where both are known. A type that admits all that the old one did breaks nothing.
func (d *differ) types(f Fact, a, b string) {
	if a == b || a == "" || b == "" {
		return
	}
	impact := Breaking
	if wider(strings.Split(a, "|"), strings.Split(b, "|")) {
		impact = Notice
	}
	d.add(f, impact, "type", a, b, "type changed from %s to %s", shorten(a), shorten(b))
}

// wider reports whether b holds all types of a; a number may be an integer.
func wider(a, b []string) bool {
	return !slices.ContainsFunc(a, func(t string) bool {
		return !slices.Contains(b, t) && (t != "integer" || !slices.Contains(b, "number"))
	})
}

func (d *differ) defaults(f Fact, a, b Attributes) {
	switch {
	case a.Default == nil && b.Default == nil:
	case a.Default == nil && a.Required: // who had to give a value goes on to give it
		d.add(f, Notice, "default", "", *b.Default, "has a default now, %s", value(*b.Default))
	case a.Default == nil:
		d.add(f, Action, "default", "", *b.Default, "has a default now, %s", value(*b.Default))
	case b.Default == nil && b.Required:
		d.add(f, Breaking, "default", *a.Default, "", "has no default any more (it was %s) and is required", value(*a.Default))
	case b.Default == nil:
		d.add(f, Action, "default", *a.Default, "", "has no default any more (it was %s)", value(*a.Default))
	case !sameValue(*a.Default, *b.Default):
		d.add(f, Action, "default", *a.Default, *b.Default, "default changed from %s to %s", value(*a.Default), value(*b.Default))
	}
}

// sameValue reports whether two values are one, written in two ways: 1.0 and 1.
func sameValue(a, b string) bool {
	if a == b {
		return true
	}
	x, errX := strconv.ParseFloat(a, 64)
	y, errY := strconv.ParseFloat(b, 64)
	return errX == nil && errY == nil && x == y
}

func (d *differ) enum(f Fact, a, b []string) {
	switch {
	case len(b) == 0 && len(a) == 0:
	case len(b) == 0:
		d.add(f, Notice, "enum", strings.Join(a, ", "), "", "takes any value now")
	case len(a) == 0:
		d.add(f, Breaking, "enum", "", strings.Join(b, ", "), "takes only %s now", shorten(strings.Join(b, ", ")))
	default:
		for _, v := range missing(a, b) {
			d.add(f, Breaking, "enum", v, "", "no longer takes the value %s", value(v))
		}
		for _, v := range missing(b, a) {
			d.add(f, Notice, "enum", "", v, "also takes the value %s", value(v))
		}
	}
}

// bound compares a bound; it is narrower where it moves in the direction of sign.
func (d *differ) bound(f Fact, what, a, b string, sign float64) {
	x, errX := strconv.ParseFloat(a, 64)
	y, errY := strconv.ParseFloat(b, 64)
	switch {
	case a == b || errX == nil && errY == nil && x == y:
	case b == "":
		d.add(f, Notice, what, a, b, "has no %s any more", what)
	case a == "":
		d.add(f, Breaking, what, a, b, "has the %s %s now", what, shorten(b))
	case errX == nil && errY == nil && (y-x)*sign < 0:
		d.add(f, Notice, what, a, b, "%s changed from %s to %s", what, shorten(a), shorten(b))
	default:
		d.add(f, Breaking, what, a, b, "%s changed from %s to %s", what, shorten(a), shorten(b))
	}
}

// single compares one value.
func (d *differ) single(f Fact, impact Impact, what, says, a, b string) {
	if a != b {
		d.add(f, impact, what, a, b, "%s from %s to %s", says, value(a), value(b))
	}
}

func (d *differ) rule(f Fact, a, b Attributes) {
	if a.Expr != b.Expr {
		impact := Notice
		if f.Kind == Recording {
			impact = Action // dashboards show it
		}
		d.add(f, impact, "expr", a.Expr, b.Expr, "asks something else now: %s", shorten(b.Expr))
	}
	d.single(f, Notice, "for", "the time until it fires changed", a.For, b.For)
	d.single(f, Action, "severity", "severity changed", a.Severity, b.Severity)
	if a.RunbookURL != "" && b.RunbookURL == "" {
		d.add(f, Notice, "runbook_url", a.RunbookURL, "", "has no runbook any more")
	}
}

func (d *differ) deprecation(f Fact, a, b Attributes) {
	switch {
	case b.Deprecated != "" && a.Deprecated == "":
		text := "is deprecated"
		if b.Deprecated != deprecatedOnly {
			text += ": " + shorten(b.Deprecated)
		}
		if b.RemovedIn != "" {
			text += ", to be removed in " + shorten(b.RemovedIn)
		}
		d.add(f, Action, "deprecated", "", b.Deprecated, "%s", text)
	case b.Deprecated == "" && a.Deprecated != "":
		d.add(f, Notice, "deprecated", a.Deprecated, "", "is no longer deprecated")
	case a.RemovedIn != b.RemovedIn && b.RemovedIn != "":
		d.add(f, Notice, "removed_in", a.RemovedIn, b.RemovedIn, "is to be removed in %s", shorten(b.RemovedIn))
	}
}

// missing returns what a holds and b does not.
func missing(a, b []string) []string {
	var out []string
	for _, s := range a {
		if !slices.Contains(b, s) {
			out = append(out, s)
		}
	}
	return out
}

// describeMigration says what a migration does and how it can be undone.
func describeMigration(a Attributes) string {
	parts := slices.Clone(a.Destructive)
	if len(parts) == 0 {
		parts = slices.Clone(a.Statements)
	}
	const most = 3
	if len(parts) > most {
		parts = append(parts[:most:most], "and more")
	}
	text := shorten(strings.Join(parts, ", "))
	if text == "" {
		text = "new"
	}
	switch a.Lock {
	case LockWrites:
		text += "; writers wait while it runs"
	case LockAll:
		text += "; readers and writers wait while it runs"
	}
	if !a.Reversible {
		text += "; there is no way back"
	}
	return text
}
