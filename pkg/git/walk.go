package git

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// IsAncestor reports whether commit a is b or an ancestor of it. An a that does not exist here is nobody's ancestor.
func (r *Repo) IsAncestor(ctx context.Context, a, b string) (bool, error) {
	if err := r.refuseShallow(); err != nil {
		return false, err
	}
	of, err := r.Resolve(ctx, b)
	if err != nil {
		return false, err
	}
	from, err := r.Resolve(ctx, a)
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	if err != nil || from == of {
		return err == nil, err
	}
	_, err = r.read(ctx, "merge-base", "--is-ancestor", from, of)
	if code, ok := exitCode(err); ok && code == 1 {
		return false, nil
	}
	return err == nil, err
}

// MergeBase returns the best common ancestor of two commits, or [ErrNotFound].
func (r *Repo) MergeBase(ctx context.Context, a, b string) (string, error) {
	if err := r.refuseShallow(); err != nil {
		return "", err
	}
	ids, err := r.ids(ctx, a, b)
	if err != nil {
		return "", err
	}
	out, err := r.read(ctx, "merge-base", ids[0], ids[1])
	if code, ok := exitCode(err); ok && code == 1 {
		return "", fmt.Errorf("common ancestor of %s and %s: %w", a, b, ErrNotFound)
	}
	return strings.TrimSpace(string(out)), err
}

// CountRange counts the commits that the ref or id to has and not has not.
func (r *Repo) CountRange(ctx context.Context, not, to string) (int, error) {
	if err := r.refuseShallow(); err != nil {
		return 0, err
	}
	ids, err := r.ids(ctx, not, to)
	if err != nil {
		return 0, err
	}
	out, err := r.read(ctx, "rev-list", "--count", ids[1], "^"+ids[0], "--")
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(strings.TrimSpace(string(out)))
}
