//go:build unix

package git

import (
	"os/exec"
	"syscall"
)

const (
	terminalDevice = "/dev/tty"
	terminate      = syscall.SIGTERM
)

// killGroup ends what is left of a cancelled command's process group.
func killGroup(cmd *exec.Cmd) {
	if cmd.Process != nil {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // none left is the usual case
	}
}
