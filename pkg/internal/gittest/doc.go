// Package gittest builds small real git repositories for tests: a working clone and the bare remote that it pushes to,
// with pinned authors and dates, so that equal steps give equal commit ids on every machine.
//
//	r := gittest.New(t)
//	first := r.Commit("feat: one", "a.txt", "1\n")
//	r.Branch("release/2.4")
//	r.Pick(r.Commit("fix: two"))
//	r.Tag("v2.4.0")
//	r.Push()
//
// The first call cuts the whole test process off from the configuration of whoever runs it: programs that the code
// under test starts see the identity below and nothing of the user's or the system's files. Configuration that a test
// wants goes into the repository, with Git("config", …).
package gittest
