// Command relctl runs rolling and LTS delivery from one repository.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/relctl/relctl/cmd/relctl/cli"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := cli.Run(ctx, os.Args[1:], cli.IO{In: os.Stdin, Out: os.Stdout, Err: os.Stderr})
	stop()
	os.Exit(code)
}
