// Package channel reads a repository's channel files: channels/product.yaml, which holds what all channels share, and
// one channels/<name>.yaml for each named line of delivery.
//
// The files decide what may be released, so that reading them is strict. An unknown or repeated key, a value of another
// type, an anchor, a second document: each is an error that shows file, line, column, the line itself and, where a key
// was mistyped, the nearest valid one. [Load] reports everything that is wrong at once, as [Errors].
//
// What a file may hold is said once, by the Go types of this package: names and types of keys by their json tags, the
// form of a string by the tag "is", the kind of channel that a key belongs to by the tag "only", and keys that exclude
// each other by the tag "one". The loader and the JSON Schema of [Schema] both follow them, and the descriptions in the
// schema are the comments of the fields.
package channel
