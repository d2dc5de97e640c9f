package git

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Tag is a tag by name.
type Tag struct {
	// Name without refs/tags/.
	Name string
	// Object is the tag object's id, the commit's if the tag is lightweight.
	Object string
	// Commit is the commit behind it.
	Commit string
	// Message of an annotated tag without its signature, as valid UTF-8 of at most [MaxMessage] bytes.
	Message string
	// Annotated tags are objects of their own.
	Annotated bool
}

const maxTag = 16 << 20

// Tag reads a tag, given without refs/tags/, or returns [ErrNotFound].
func (r *Repo) Tag(ctx context.Context, name string) (*Tag, error) {
	t := &Tag{Name: name}
	var err error
	if t.Object, err = r.lookUp("refs/tags/" + name); err != nil {
		return nil, fmt.Errorf("tag %s: %w", name, err)
	}
	found, err := r.objects.info(ctx, t.Object, t.Object+"^{}")
	if err != nil {
		return nil, fmt.Errorf("tag %s: %w", name, err)
	}
	if found[1].kind != "commit" {
		return nil, fmt.Errorf("tag %s is not of a commit: %w", name, ErrNotFound)
	}
	t.Commit = found[1].id
	if found[0].kind != "tag" {
		return t, nil
	}
	raw, err := r.objects.read(ctx, "tag", t.Object, maxTag)
	if err != nil {
		return nil, fmt.Errorf("tag %s: %w", name, err)
	}
	_, body, _ := bytes.Cut(raw, []byte("\n\n"))
	t.Annotated, t.Message = true, message(string(withoutSignature(body)))
	return t, nil
}

// armors begin the signature at the end of a tag's message.
var armors = []string{
	"-----BEGIN PGP SIGNATURE-----", "-----BEGIN PGP MESSAGE-----", "-----BEGIN SIGNED MESSAGE-----", "-----BEGIN SSH SIGNATURE-----",
}

// withoutSignature cuts a message where git finds the signature: at the last line that begins one.
func withoutSignature(body []byte) []byte {
	at := len(body)
	for off := 0; off < len(body); {
		line, _, _ := bytes.Cut(body[off:], []byte("\n"))
		if slices.ContainsFunc(armors, func(a string) bool { return bytes.HasPrefix(line, []byte(a)) }) {
			at = off
		}
		off += len(line) + 1
	}
	return body[:at]
}

// CreateTag makes an annotated tag as the user configured it, signed with tag.gpgSign or tag.forceSignAnnotated, and
// returns the id of the tag object. The message is kept byte by byte. The tag must not exist.
func (r *Repo) CreateTag(ctx context.Context, name, commit, message string) (string, error) {
	if err := errors.Join(CheckRef("refs/tags/"+name), checkTagName(name)); err != nil {
		return "", err
	}
	commit, err := r.Resolve(ctx, commit)
	if err != nil {
		return "", fmt.Errorf("tag %s: %w", name, err)
	}
	sign, err := r.signsTags(ctx)
	if err != nil {
		return "", err
	}
	// Without --annotate: that option would switch tag.forceSignAnnotated off, and a message implies it.
	_, said, err := call{dir: r.dir(), user: true, stdin: []byte(message), args: r.args([]string{
		"-c", "user.useConfigOnly=true", "-c", "i18n.commitEncoding=UTF-8", "tag", "--cleanup=verbatim", "--file=-", name, commit,
	})}.output(ctx)
	if err != nil {
		return "", fmt.Errorf("tag %s: %w", name, createError(err))
	}
	object, err := r.lookUp("refs/tags/" + name)
	if err != nil || !sign {
		return object, err
	}
	// git 2.39 makes the tag even if ssh-keygen fails.
	raw, err := r.objects.read(ctx, "tag", object, maxTag)
	if err != nil {
		return "", err
	}
	if len(withoutSignature(raw)) == len(raw) {
		err := &SignError{Err: fmt.Errorf("tag %s: %s", name, brief(said))}
		return "", errors.Join(err, r.DeleteTag(context.WithoutCancel(ctx), name, object))
	}
	return object, nil
}

// signsTags reports whether the user configured that tags with a message are signed.
func (r *Repo) signsTags(ctx context.Context) (bool, error) {
	for _, key := range []string{"tag.gpgSign", "tag.forceSignAnnotated"} {
		if on, err := r.setting(ctx, key); on || err != nil {
			return on, err
		}
	}
	return false, nil
}

// setting reads a switch of the user's configuration, false if it is not set.
func (r *Repo) setting(ctx context.Context, key string) (bool, error) {
	out, err := r.run(ctx, "config", "--type=bool", "--get", key)
	if code, ok := exitCode(err); ok && code == 1 {
		return false, nil
	}
	return strings.TrimSpace(string(out)) == "true", err
}

func checkTagName(name string) error {
	if strings.HasPrefix(name, "-") || name == "HEAD" {
		return fmt.Errorf("%q cannot be the name of a tag", name)
	}
	return nil
}

// DeleteTag deletes a local tag if it still points at object.
func (r *Repo) DeleteTag(ctx context.Context, name, object string) error {
	if err := CheckRef("refs/tags/" + name); err != nil {
		return err
	}
	if !isID(object) {
		return fmt.Errorf("delete tag %s: %q is not a full object id", name, object)
	}
	if _, err := r.read(ctx, "update-ref", "--no-deref", "-d", "refs/tags/"+name, object); err != nil {
		return fmt.Errorf("delete tag %s: %w", name, err)
	}
	return nil
}
