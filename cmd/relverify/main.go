// Command relverify checks a release bundle without any network, and unpacks it.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/relctl/relctl/cmd/relverify/cli"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second interrupt ends the program at once, whatever it waits for
	code := cli.Run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr, "relverify")
	stop()
	os.Exit(code)
}
