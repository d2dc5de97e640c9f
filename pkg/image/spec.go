package image

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/relctl/relctl/pkg/release"
)

// Scratch is the base of images that hold the program and nothing else.
const Scratch = "scratch"

// DefaultUser is whom an image runs as, if neither the product nor the base says: the user "nonroot" of most bases.
const DefaultUser = "65532:65532"

// Spec says what an image is made of.
type Spec struct {
	// Name of the image, and of its file below "images".
	Name string `json:"name"`
	// Binaries are the names of programs among the artifacts; they lie in /usr/local/bin. Default is the one that is
	// called as the image.
	Binaries []string `json:"binaries,omitempty"`
	// Base is [Scratch] (or ""), a reference in a registry with a digest, such as
	// "gcr.io/distroless/static@sha256:…", or an OCI image layout in the source, "oci:deploy/base@sha256:…".
	Base string `json:"base,omitempty"`
	// Entrypoint with its arguments. Default is the first program.
	Entrypoint []string `json:"entrypoint,omitempty"`
	// Cmd are the arguments that a deployment may replace.
	Cmd []string `json:"cmd,omitempty"`
	// Env are variables such as "GOMAXPROCS=2"; they replace those of the base.
	Env []string `json:"env,omitempty"`
	// User is "<uid>" or "<uid>:<gid>", in numbers, since Kubernetes cannot tell by a name that it is not root. Default
	// is the base's, or else [DefaultUser].
	User string `json:"user,omitempty"`
	// Labels beside those that every image has: org.opencontainers.image.created, revision, version and title.
	Labels map[string]string `json:"labels,omitempty"`
	// Ports such as "8080/tcp".
	Ports []string `json:"ports,omitempty"`
	// Files are further files and folders of the source.
	Files []File `json:"files,omitempty"`
}

// File is a file or folder of the source that goes into an image.
type File struct {
	// From is its path in the source.
	From string `json:"from"`
	// To is its absolute path in the image.
	To string `json:"to"`
	// Mode is "0644" or "0755" for every file. Default is by the file's own executable bit.
	Mode string `json:"mode,omitempty"`
}

const title = "org.opencontainers.image.title"

// ours are the labels that say which release an image is. No product sets them by hand.
var ours = []string{
	"org.opencontainers.image.created", "org.opencontainers.image.revision", "org.opencontainers.image.version",
	"org.opencontainers.image.base.name", "org.opencontainers.image.base.digest",
}

var (
	user     = regexp.MustCompile(`^(0|[1-9][0-9]{0,9})(:(0|[1-9][0-9]{0,9}))?$`)
	port     = regexp.MustCompile(`^([1-9][0-9]{0,4})/(tcp|udp|sctp)$`)
	variable = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*=`)
)

// check reports what of a spec cannot become an image.
func (s Spec) check() error {
	if err := release.CheckName(s.Name); err != nil {
		return err
	}
	for i, b := range s.Binaries {
		if b == "" || b == "." || b == ".." || strings.ContainsAny(b, `/\`) || slices.Contains(s.Binaries[:i], b) {
			return fmt.Errorf("binary %q is not the name of a program, or stands there twice", b)
		}
	}
	if s.User != "" && !user.MatchString(s.User) {
		return fmt.Errorf("user %q is not \"<uid>\" or \"<uid>:<gid>\" in numbers", s.User)
	}
	for _, p := range s.Ports {
		m := port.FindStringSubmatch(p)
		if m == nil {
			return fmt.Errorf("port %q is not of the form 8080/tcp", p)
		}
		if n, _ := strconv.Atoi(m[1]); n > 65535 {
			return fmt.Errorf("port %q is above 65535", p)
		}
	}
	for _, e := range s.Env {
		if !variable.MatchString(e) {
			return fmt.Errorf("env %q is not of the form NAME=value", e)
		}
	}
	for _, l := range ours {
		if _, ok := s.Labels[l]; ok {
			return fmt.Errorf("label %s is relctl's to set", l)
		}
	}
	for _, f := range s.Files {
		if err := f.check(); err != nil {
			return err
		}
	}
	return nil
}

func (f File) check() error {
	if !fs.ValidPath(f.From) || f.From == "." {
		return fmt.Errorf("file %s: %q is not a plain path in the source", f.To, f.From)
	}
	if !slices.Contains([]string{"", "0644", "0755"}, f.Mode) {
		return fmt.Errorf("file %s: mode %q is neither 0644 nor 0755", f.To, f.Mode)
	}
	if err := checkTarget(f.To); err != nil {
		return fmt.Errorf("file %s: %w", f.To, err)
	}
	return nil
}

// checkTarget admits plain absolute paths. A name that begins with ".wh." would delete a file of the base.
func checkTarget(p string) error {
	if !strings.HasPrefix(p, "/") || path.Clean(p) != p || p == "/" {
		return errors.New("the target is not a plain absolute path")
	}
	if len(p) > release.MaxPathBytes {
		return fmt.Errorf("the target has %d bytes, at most %d are allowed", len(p), release.MaxPathBytes)
	}
	for _, part := range strings.Split(p[1:], "/") {
		if strings.HasPrefix(part, ".wh.") {
			return fmt.Errorf("the name %s would delete a file of the base", part)
		}
	}
	if strings.ContainsFunc(p, func(r rune) bool { return r <= ' ' || r >= 0x7f }) {
		return errors.New("the target has a character beyond printable ASCII")
	}
	return nil
}

// base is where an image starts.
type base struct {
	// ref is a digest reference in a registry, or the path of a layout.
	ref    string
	layout bool
	digest string
}

// parseBase reads a [Spec.Base]; nil is scratch.
func parseBase(s string) (*base, error) {
	if s == "" || s == Scratch {
		return nil, nil //nolint:nilnil // nothing below
	}
	name, digest, ok := strings.Cut(s, "@")
	if !ok {
		return nil, &UnpinnedError{Base: s}
	}
	if err := release.CheckDigest(digest); err != nil {
		return nil, fmt.Errorf("base %s: %w", s, err)
	}
	if dir, is := strings.CutPrefix(name, "oci:"); is {
		return &base{ref: dir, layout: true, digest: digest}, nil
	}
	return &base{ref: s, digest: digest}, nil
}

// UnpinnedError is a base that names no digest, and would be another image tomorrow.
type UnpinnedError struct{ Base string }

func (e *UnpinnedError) Error() string {
	return fmt.Sprintf("base %q is not pinned by a digest", e.Base)
}

// Hint says how to pin it.
func (e *UnpinnedError) Hint() string {
	return "write it as name@sha256:…; the digest is shown by: docker buildx imagetools inspect " + e.Base
}
