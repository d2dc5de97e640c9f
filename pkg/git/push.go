package git

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Update is one ref that a push changes.
type Update struct {
	// Ref is the full name, New the object that it shall point at.
	Ref, New string
	// Old is what it must point at on the remote, an ancestor of New; "" means that it must not exist.
	Old string
}

// Push changes refs of a remote, all or none. It never forces: a ref that is to be created must not exist, one that is
// to move must be where Old says and go forward. A ref that is already where it shall be is let pass beside others that
// move; if nothing is left to do, somebody else did it, which is [Stale]. A failure is a [*PushError], and then nothing
// has changed.
func (r *Repo) Push(ctx context.Context, remote string, updates []Update) error {
	return r.push(ctx, remote, updates)
}

// TryPush does all of [Repo.Push] but the change: it finds a remote that does not take pushes from here, or not several
// refs at once. Rules that the server applies to what was pushed show only in a real push.
func (r *Repo) TryPush(ctx context.Context, remote string, updates []Update) error {
	return r.push(ctx, remote, updates, "--dry-run")
}

// Delete removes a ref from a remote if it is where id says.
func (r *Repo) Delete(ctx context.Context, remote, ref, id string) error {
	if err := errors.Join(checkRemote(remote), checkUpdates([]Update{{Ref: ref, New: id}})); err != nil {
		return err
	}
	out, err := r.run(ctx, "push", "--porcelain", "--no-progress", "--force-with-lease="+ref+":"+id, "--", remote, ":"+ref)
	var exit *Error
	if errors.As(err, &exit) {
		return pushError(remote, parsePorcelain(string(out)), exit)
	}
	return err
}

func (r *Repo) push(ctx context.Context, remote string, updates []Update, flags ...string) error {
	if err := errors.Join(checkRemote(remote), checkUpdates(updates)); err != nil {
		return err
	}
	args := []string{"push", "--atomic", "--porcelain", "--no-follow-tags", "--recurse-submodules=no", "--no-progress"}
	args = append(args, flags...)
	var specs []string
	for _, u := range updates {
		if u.Old != "" {
			// A lease would also let a ref go backwards.
			forward, err := r.IsAncestor(ctx, u.Old, u.New)
			if err != nil {
				return err
			}
			if !forward {
				return &PushError{Remote: remote, Ref: u.Ref, Reason: Stale, Text: fmt.Sprintf("%.10s does not follow %.10s", u.New, u.Old)}
			}
		}
		args = append(args, "--force-with-lease="+u.Ref+":"+u.Old)
		specs = append(specs, u.New+":"+u.Ref)
	}
	out, err := r.run(ctx, append(append(args, "--", remote), specs...)...)
	var exit *Error
	if err != nil && !errors.As(err, &exit) {
		return err
	}
	lines := parsePorcelain(string(out))
	if exit != nil {
		return pushError(remote, lines, exit)
	}
	if !slices.ContainsFunc(lines, func(l pushLine) bool { return l.flag != "=" }) {
		return &PushError{Remote: remote, Ref: updates[0].Ref, Reason: Stale, Text: "it is there already"}
	}
	return nil
}

func checkUpdates(updates []Update) error {
	if len(updates) == 0 {
		return errors.New("push: no ref to update")
	}
	seen := map[string]bool{}
	for _, u := range updates {
		if err := CheckRef(u.Ref); err != nil {
			return fmt.Errorf("push: %w", err)
		}
		if !isID(u.New) || u.Old != "" && !isID(u.Old) {
			return fmt.Errorf("push %s: %q and %q are not full object ids", u.Ref, u.New, u.Old)
		}
		if seen[u.Ref] {
			return fmt.Errorf("push %s: named twice", u.Ref)
		}
		seen[u.Ref] = true
	}
	return nil
}

// pushLine is a line of `git push --porcelain`: "!\t<from>:<to>\t[rejected] (why)".
type pushLine struct{ flag, ref, text string }

func parsePorcelain(out string) []pushLine {
	var lines []pushLine
	for line := range strings.Lines(out) {
		f := strings.SplitN(strings.TrimSuffix(line, "\n"), "\t", 3)
		if len(f) != 3 || len(f[0]) != 1 {
			continue // "To <url>", "Done"
		}
		_, ref, _ := strings.Cut(f[1], ":")
		lines = append(lines, pushLine{flag: f[0], ref: clean(ref), text: clean(f[2])})
	}
	return lines
}
