// Package guide tells operators how to get from one release to another: what people wrote about single changes (notes),
// and the upgrade guide, computed from facts, notes, the path over required stops and the changes of the releases.
//
//	notes, err := guide.ReadNotes(fsys, "docs/operator/notes")
//	g := guide.New(guide.Request{Product: "acme", Points: points, Steps: steps})
//	page := g.Markdown()
//
// The package reads no repository and no clock. Whatever names and texts say, the Markdown that it writes holds no markup
// but its own.
package guide
