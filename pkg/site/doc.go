// Package site makes the documentation that a release carries for the people who run it: from Markdown pages, static
// HTML that works from a folder without a server and without a network, the same as one file, and as man pages.
//
//	pages, assets, err := site.Read(fsys, "docs/operator")
//	built, err := site.Build(site.Site{Product: "acme", Version: "2.4.7", Pages: pages, Assets: assets})
//	// built.Files are what the release holds under docs/, built.Problems what is wrong with the pages.
//
// Whatever else has something to say to operators, such as an upgrade guide or a reference of all settings, adds a
// [Page] of Markdown; navigation, search, the single file and the man pages follow.
//
// Pages are written by many hands and may quote anything, so what they say is text: HTML in them is shown and not
// interpreted, links lead to http, https and mailto addresses or to files of the site, images come from the site, and a
// content security policy forbids the rest. Equal input gives equal bytes.
package site
