// Package portal renders what a company wants to see of its own releases: what runs where, how long each line is
// supported, which ways lead from one release to another, what is missing on which line, what happened, and what changed.
//
//	report, err := portal.Write("dist/relctl/site", model)
//
// The pages are static HTML in the frame of [site.Shell]. They work from a folder, without a network and without a server;
// only search needs JavaScript. Charts are SVG, with a title, a description and a table that says the same.
//
// A [Model] is plain data. A page is rendered again only if what it shows has changed, see [Write]; the changes of a
// release, which are most of what there is, are not even read then, see [Release.Changes].
package portal
