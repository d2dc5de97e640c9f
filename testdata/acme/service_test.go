package acme

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/relctl/relctl/pkg/channel"
)

// worktree is a copy of the channel files, scripts and manifests of main, and of the orders' code.
func worktree(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{"channels", "hack", "deploy/base", "internal/orders"} {
		if err := os.CopyFS(filepath.Join(dir, name), os.DirFS(filepath.Join(sample.Repo, name))); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestAServiceIsAPolicyThatLoads(t *testing.T) {
	dir := worktree(t)
	if err := Configure(dir, Policy{PublicKey: []byte("a key\n")}); err != nil {
		t.Fatal(err)
	}
	ssh := "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJmu3QSPvTHm3O6rRkCLIYLEqGlX4TmZzmgIS0wCz8hC"
	service := Service{Store: "../store", Metrics: filepath.Join(dir, "lost.txt"), Roles: []Role{
		{Name: "cells", Signers: []Signer{{"eu-1", ssh + " eu-1"}}}, {Name: "qa", Signers: []Signer{{"qa-1", ssh + " qa-1"}}},
	}}
	if err := ConfigureService(dir, service); err != nil {
		t.Fatal(err)
	}
	policy, err := channel.Load(os.DirFS(dir))
	if err != nil {
		t.Fatal(err)
	}
	if got := policy.Product; len(got.Images) != 1 || len(got.Stores) != 1 || len(got.Roles["cells"]) != 1 || len(got.Roles["qa"]) != 1 {
		t.Errorf("the product is %+v", got)
	}
	line, err := policy.Channel("lts-2.4")
	if err != nil || line.Soak.Approval == nil {
		t.Errorf("line 2.4 has no approval in place of soak: %v", err)
	}
	if err := ConfigureService(dir, service); err == nil {
		t.Error("a policy that has a service already got a second one")
	}
	service.Metrics = "it's"
	if err := ConfigureService(worktree(t), service); err == nil {
		t.Error("a path with a quote became part of a script")
	}
}

func TestTheHastyChangeFitsOnce(t *testing.T) {
	dir := worktree(t)
	if err := Hasty(dir); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Join(dir, "internal/orders/orders.go"))
	if err != nil || strings.Contains(string(data), "Sync()") {
		t.Errorf("orders still wait for the disk: %v", err)
	}
	if err := Hasty(dir); err == nil {
		t.Error("it was applied twice")
	}
}
