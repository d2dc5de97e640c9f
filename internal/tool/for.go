package tool

import "context"

// T is the part of testing.TB that [For] needs, so that a program which imports this package does not link testing.
type T interface {
	Helper()
	Context() context.Context
	Fatalf(format string, args ...any)
}

// For returns the path of the named program for a test, which fails if the program cannot be built.
func For(t T, name string) string {
	t.Helper()
	path, err := Path(t.Context(), name)
	if err != nil {
		t.Fatalf("%v", err)
	}
	return path
}
