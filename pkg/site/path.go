package site

// PagePath is where the page of a Markdown file lies, both relative to the folder of the documentation.
func PagePath(markdown string) string { return htmlPath(markdown) }
