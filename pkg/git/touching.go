package git

import (
	"bufio"
	"context"
	"io"
)

// Touching returns the commits that a commit's history holds and that change any of the paths, which are git pathspecs.
func (r *Repo) Touching(ctx context.Context, to string, paths []string) (map[string]bool, error) {
	if err := r.refuseShallow(); err != nil {
		return nil, err
	}
	id, err := r.Resolve(ctx, to)
	if err != nil {
		return nil, err
	}
	found := map[string]bool{}
	args := append([]string{"log", "--format=%H", "--full-history", "--no-show-signature", "--no-renames", id, "--"}, paths...)
	err = call{dir: r.dir(), args: r.args(args)}.stream(ctx, func(out io.Reader) error {
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			found[lines.Text()] = true
		}
		return lines.Err()
	})
	return found, err
}
