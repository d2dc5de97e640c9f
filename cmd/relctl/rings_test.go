package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/relctl/relctl/pkg/cut"
	"github.com/relctl/relctl/pkg/ledger"
	"github.com/relctl/relctl/pkg/release"
)

// cmdRings makes the rings of the sample that lies here ready for scripts, see testdata/rings: gates that can be asked, keys
// of cells in keys/, an image. healthy.sh is there afterwards.
func cmdRings(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 0 {
		ts.Fatalf("usage: rings")
	}
	ts.Check(os.CopyFS(ts.MkAbs("."), os.DirFS(filepath.Join("..", "..", "testdata", "rings"))))
	ts.Check(ts.Exec("sh", "-c", "cd repo && sh ../policy.sh"))
}

// health records what a cell saw, up to the time of the clock, signed with the key that git is configured with:
//
//	health channel version ring cell status length
func health(ctx context.Context, args []string) error {
	if len(args) != 6 {
		return errors.New("usage: health channel version ring cell status length")
	}
	v, err := release.ParseVersion(args[1])
	if err != nil {
		return err
	}
	length, err := time.ParseDuration(args[5])
	if err != nil {
		return err
	}
	now := clock(os.Getenv("RELCTL_TEST_NOW"))
	p, err := cut.Open(ctx, ".", cut.OpenOptions{Act: true})
	if err != nil {
		return err
	}
	p.Ledger.SetClock(now)
	_, err = p.Ledger.Append(ctx, func(*ledger.State) (*ledger.Event, error) {
		return &ledger.Event{Type: ledger.TypeObserve, Channel: args[0], Observe: &ledger.Observe{
			Kind: ledger.ObserveHealth, Version: v, Ring: args[2], Cell: args[3], Status: release.Status(args[4]),
			From: now().Add(-length), To: now(),
		}}, nil
	}, ledger.AppendOptions{Sign: true})
	return err
}
