// Package backport takes changes of one branch to the maintained lines.
//
// A forecast tells what a change would do on a line, and touches nothing: it applies, is there already, conflicts in
// some files, needs some earlier changes first, or is about code that the line does not have. That it needs earlier
// changes is never guessed from files in common: the picks were simulated one on top of the other.
//
//	f, err := repo.Forecaster(ctx)
//	defer f.Close()
//	out, err := backport.Forecasts(ctx, repo, f, []backport.Request{{Change: change, Onto: tip}}, backport.Options{})
//
// [Run] does the pick, for a topic branch or the line itself, and leaves a branch to resolve conflicts on where it cannot.
package backport
