//go:build unix

package build

// withUmask lets a shell set the umask, which belongs to a whole process: ours may be writing files meanwhile.
func withUmask(argv []string) []string {
	return append([]string{"/bin/sh", "-c", `umask 022 && exec "$@"`, "sh"}, argv...)
}
