// Package scaffold proposes channel files for a repository that has none, from its branches, tags and files.
package scaffold

import (
	"cmp"
	"errors"
	"io/fs"
	"regexp"
	"slices"
	"strings"

	"github.com/relctl/relctl/pkg/release"
)

// Repository is what a proposal is made from.
type Repository struct {
	// Name is what the repository is called, such as the last part of its address.
	Name string
	// Default is the default branch, and Branches are all branches of the remote, by their short names.
	Default  string
	Branches []string
	// Tags are the short names of all tags.
	Tags []string
	// Files is the tree of the default branch.
	Files fs.FS
	// Conventional says that most subjects of commits are conventional.
	Conventional bool
}

// Line is a maintained branch.
type Line struct {
	release.Line
	// Channel is what its channel is called, such as lts-2.4.
	Channel string
	Branch  string
	// Releases are the final versions of the line that have a tag, the newest first.
	Releases []release.Version
}

// File is a file to write.
type File struct {
	// Path is relative to the root of the repository, with slashes.
	Path string
	Data []byte
}

// Proposal is what was found, and the files that say so.
type Proposal struct {
	Product string
	Default string
	// Tag is the form of tags, such as v{version}.
	Tag string
	// Lines are the maintained branches that get a channel, the newest first; Others are those that do not.
	Lines, Others []Line
	Build         Build
	// CI is what runs the repository's jobs, "" if nothing is known.
	CI    string
	Files []File
	// Conventional says that most subjects of commits are conventional.
	Conventional bool
	// Docs is the folder with the operator's guide, "" if there is none.
	Docs string
}

// maxLines is how many lines get a channel if none is asked for by name.
const maxLines = 3

// Propose looks at a repository. Lines that are asked for get a channel whether or not they are among the newest.
func Propose(r Repository, lines []release.Line) (*Proposal, error) {
	p := &Proposal{Product: productName(r.Name), Default: r.Default, CI: ci(r.Files), Conventional: r.Conventional}
	if p.Default == "" {
		return nil, errors.New("the repository has no default branch")
	}
	all := findLines(r)
	p.Tag = tagForm(r.Tags, all)
	for i := range all {
		all[i].Releases = released(r.Tags, p.Tag, all[i].Line)
	}
	all = slices.DeleteFunc(all, func(l Line) bool { // 4667 is the number of an issue
		return len(l.Releases) == 0 && strings.Trim(l.Branch, "0123456789") == ""
	})
	p.Lines, p.Others = choose(all, lines)
	var err error
	if p.Build, err = findBuild(r.Files); err != nil {
		return nil, err
	}
	if info, err := fs.Stat(r.Files, "docs/operator"); err == nil && info.IsDir() {
		p.Docs = "docs/operator"
	}
	p.Files, err = p.write()
	return p, err
}

var (
	// lineBranch is the end of a branch name that is a line: 2.4, v2.4.x, 16-3-stable.
	lineBranch = regexp.MustCompile(`^v?(0|[1-9][0-9]{0,8})(?:[.-](0|[1-9][0-9]{0,8}))?(?:[.-]x)?(?:[-_](?:stable|lts|maint|maintenance|release))?$`)
	// lineWords come before it: release/2.4, stable-2.4.
	lineWords = regexp.MustCompile(`^(?:(?:origin/)?(?:releases?|rel|stable|maint|maintenance|support|lts|branch|line)[-/_])?(?:branch[-/_])?(.*)$`)
)

// findLines are the branches whose names are those of lines, the newest line first. Of two branches for one line the
// first by name counts.
func findLines(r Repository) []Line {
	var out []Line
	for _, branch := range slices.Sorted(slices.Values(r.Branches)) {
		if branch == r.Default {
			continue
		}
		m := lineBranch.FindStringSubmatch(lineWords.FindStringSubmatch(branch)[1])
		if m == nil {
			continue
		}
		text := m[1]
		if m[2] != "" {
			text += "." + m[2]
		}
		line, err := release.ParseLine(text)
		if err != nil || slices.ContainsFunc(out, func(l Line) bool { return l.Line == line }) {
			continue
		}
		out = append(out, Line{Line: line, Channel: "lts-" + text, Branch: branch})
	}
	slices.SortFunc(out, func(a, b Line) int { return b.First().Compare(a.First()) })
	return out
}

// versionTag is a tag that ends with a version.
var versionTag = regexp.MustCompile(`^(|.*[^0-9.])((?:0|[1-9][0-9]*)\.(?:0|[1-9][0-9]*)\.(?:0|[1-9][0-9]*)(?:-[0-9A-Za-z.-]+)?)$`)

// tagForm is what most tags of the lines begin with, or most of all tags if there are no lines.
func tagForm(tags []string, lines []Line) string {
	count := map[string]int{}
	for _, tag := range tags {
		m := versionTag.FindStringSubmatch(tag)
		if m == nil {
			continue
		}
		v, err := release.ParseVersion(m[2])
		if err != nil || strings.HasSuffix(m[1], "-") && v.Prerelease() != "" {
			continue
		}
		count[m[1]]++
		if slices.ContainsFunc(lines, func(l Line) bool { return l.Contains(v) }) {
			count[m[1]] += 1000
		}
	}
	best := "v"
	for prefix, n := range count {
		if n > count[best] || n == count[best] && prefix < best {
			best = prefix
		}
	}
	return best + "{version}"
}

// released are the final versions of a line that have a tag, the newest first.
func released(tags []string, form string, line release.Line) []release.Version {
	prefix := strings.TrimSuffix(form, "{version}")
	var out []release.Version
	for _, tag := range tags {
		text, ok := strings.CutPrefix(tag, prefix)
		if !ok {
			continue
		}
		if v, err := release.ParseVersion(text); err == nil && v.Prerelease() == "" && line.Contains(v) {
			out = append(out, v)
		}
	}
	slices.SortFunc(out, func(a, b release.Version) int { return b.Compare(a) })
	return out
}

// choose takes the lines that are asked for, or else the newest with a release. A line within another, as 2.4 within 2,
// is left to the other: no two channels own the same version.
func choose(all []Line, asked []release.Line) (take, leave []Line) {
	for _, l := range all {
		wanted := slices.Contains(asked, l.Line)
		if len(asked) == 0 {
			wanted = len(take) < maxLines && (len(l.Releases) > 0 || !slices.ContainsFunc(all, func(l Line) bool { return len(l.Releases) > 0 }))
		}
		if wanted && !slices.ContainsFunc(take, func(t Line) bool { return t.Contains(l.First()) || l.Contains(t.First()) }) {
			take = append(take, l)
		} else {
			leave = append(leave, l)
		}
	}
	return take, leave
}

// notName is what the name of a product cannot hold.
var notName = regexp.MustCompile(`[^a-z0-9._-]+`)

// productName makes a name that channel files take.
func productName(name string) string {
	name = notName.ReplaceAllString(strings.ToLower(strings.TrimSuffix(name, ".git")), "-")
	name = strings.Trim(name[:min(len(name), 60)], "._-")
	return cmp.Or(name, "product")
}

// ci names what runs the repository's jobs.
func ci(files fs.FS) string {
	for _, known := range []struct{ path, name string }{
		{".github/workflows", "GitHub Actions"}, {".gitlab-ci.yml", "GitLab CI"}, {".circleci", "CircleCI"}, {"Jenkinsfile", "Jenkins"},
		{".tekton", "Tekton"}, {".buildkite", "Buildkite"}, {".woodpecker.yml", "Woodpecker"}, {".drone.yml", "Drone"},
	} {
		if _, err := fs.Stat(files, known.path); err == nil {
			return known.name
		}
	}
	return ""
}
