// Package changelog writes what changed, for people as Markdown and for machines as changes.json.
//
// Everything that comes from a commit is hostile: it is escaped so that markup, links, HTML, and characters that
// reorder or hide text come out as the plain characters that they are.
package changelog
