//go:build !unix

package build

func withUmask(argv []string) []string { return argv }
