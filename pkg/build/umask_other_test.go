//go:build !unix

package build_test

func withTightUmask(f func()) { f() }
