//go:build !unix

package git

import (
	"os"
	"os/exec"
)

const terminalDevice = "CONIN$"

var terminate = os.Kill

func killGroup(*exec.Cmd) {}
