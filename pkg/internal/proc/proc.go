// Package proc runs programs so that nothing of them outlives the call: each gets a process group of its own, which is
// asked to stop when the context ends and killed when it does not.
package proc

import (
	"os/exec"
	"time"
)

// Grace is how long a program may take to stop after it was asked to.
const Grace = 5 * time.Second

// Group makes cmd, made by exec.CommandContext and not yet started, the leader of a process group that ends with the
// context: SIGTERM to the whole group, and SIGKILL to the leader after [Grace]. Whoever starts programs that start
// others, as goreleaser does with compilers, calls [Run], which kills what is left of the group.
func Group(cmd *exec.Cmd) {
	group(cmd)
	cmd.WaitDelay = Grace
}

// Run runs cmd in a group of its own and kills what is left of the group when it returns.
func Run(cmd *exec.Cmd) error {
	Group(cmd)
	err := cmd.Run()
	sweep(cmd)
	return err
}
