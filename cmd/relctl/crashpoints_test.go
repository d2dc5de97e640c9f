package main

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"

	"github.com/relctl/relctl/internal/disk"
)

// A point is a side effect of a command, by what it does to what, and a number where it does so again: "rename
// store/releases/lts-2.4/2.4.0 #1", "git push #2", "PUT /releases/… #1". An undisturbed run tells which there are.
//
// A fault is what happens at a point.
const (
	dieBefore = "killed before"
	dieAfter  = "killed after"
	diskFull  = "disk full"     // from there on
	readOnly  = "read-only"     // from there on
	cutOff    = "network cut"   // the remote cannot be reached
	lost      = "answer lost"   // the remote did it, and the connection breaks
	rejected  = "push rejected" // by a hook of the remote
	forbidden = "403"           // from there on
	broken    = "500"           // once
)

// Environment of a run under watch.
const (
	crashRoot  = "TEST_CRASH_ROOT"
	crashLog   = "TEST_CRASH_LOG"
	crashPoint = "TEST_CRASH_POINT"
	crashFault = "TEST_CRASH_FAULT"
)

// varying are parts of names that differ from run to run: digests, ids, random ends of temporary names.
var varying = regexp.MustCompile(`[0-9a-f]{40,64}|[A-Z2-7]{26}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9]{5,}|\*`)

// counter numbers points.
type counter struct {
	mu   sync.Mutex
	seen map[string]int
}

func (c *counter) name(label string) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.seen == nil {
		c.seen = map[string]int{}
	}
	c.seen[label]++
	return fmt.Sprintf("%s #%d", label, c.seen[label])
}

// watchDisk lets this process record its steps on the disk, or fail at one of them, as the environment says.
func watchDisk() {
	root, log, point, fault := os.Getenv(crashRoot), os.Getenv(crashLog), os.Getenv(crashPoint), os.Getenv(crashFault)
	if root == "" {
		return
	}
	var points counter
	var mu sync.Mutex
	written, failing := map[string]bool{}, false
	disk.Watch(func(s disk.Step, do func() error) error {
		mu.Lock()
		defer mu.Unlock() // a step at a time
		path := strings.TrimPrefix(strings.TrimPrefix(s.Path, root+"/"), os.TempDir())
		name := ""
		if s.Op != "write" || !written[s.Path] { // the first block of a file stands for all
			name = points.name(s.Op + " " + varying.ReplaceAllString(path, "*"))
		}
		switch s.Op {
		case "write":
			written[s.Path] = true
		case "create":
			delete(written, s.Path)
		}
		if log != "" && name != "" {
			record(log, name)
		}
		if name == point && point != "" {
			record(filepath.Join(root, "hit"), name)
			switch fault {
			case dieBefore:
				die()
			case dieAfter:
				_ = do()
				die()
			case diskFull:
				fillDisk()
			}
			failing = true
		}
		if failing && fault == diskFull && s.Op != "remove" {
			return &os.PathError{Op: s.Op, Path: s.Path, Err: syscall.ENOSPC}
		}
		if failing && fault == readOnly && s.Op != "sync" {
			return &os.PathError{Op: s.Op, Path: s.Path, Err: syscall.EROFS}
		}
		return do()
	})
}

// fillDisk lets the system refuse every further byte that this process and its children write to files.
func fillDisk() {
	signal.Ignore(syscall.SIGXFSZ)
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: 0, Max: 0}); err != nil {
		panic(err)
	}
}

// die ends this process as kill -9 does.
func die() {
	_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	select {}
}

func record(log, name string) {
	f, err := os.OpenFile(log, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err == nil {
		_, err = f.WriteString(name + "\n")
	}
	if err != nil {
		panic(err)
	}
	_ = f.Close()
}

// crashingGit is a git that records the calls that change something or go out, or fails at one of them.
const crashingGit = `#!/bin/sh
PATH=${PATH#*:}
verb=
for arg; do
	case "$arg" in
	fetch|push|ls-remote|clone|tag|update-ref|commit-tree|checkout|checkout-index|read-tree|worktree|unpack-objects|index-pack|gc|repack|config|remote|init|submodule|lfs)
		verb=$arg; break ;;
	cat-file|log|rev-list|merge-tree|for-each-ref|rev-parse|status|var|show|diff-tree|merge-base) break ;;
	esac
done
case "$verb $*" in " "*|"config "*--get*|"remote "*get-url*|"remote "*remote|"worktree "*list*) exec git "$@" ;; esac
n=$TEST_CRASH_ROOT/git-count-$verb
echo >>"$n"
point="git $verb #$(($(wc -l <"$n")))"
test -z "$TEST_CRASH_LOG" || echo "$point" >>"$TEST_CRASH_LOG"
test "$point" = "$TEST_CRASH_POINT" || exec git "$@"
echo "$point" >"$TEST_CRASH_ROOT/hit"
bare=$TEST_CRASH_ROOT/remote.git
case "$TEST_CRASH_FAULT" in
"killed before") kill -9 $PPID; exit 1 ;;
"killed after") git "$@"; kill -9 $PPID; exit 1 ;;
"disk full") trap '' XFSZ; ulimit -f 0; exec git "$@" ;;
"network cut") mv "$bare" "$bare.gone"; git "$@"; code=$?; mv "$bare.gone" "$bare"; exit $code ;;
"answer lost"|"push rejected")
	mkdir -p "$bare/hooks"
	hook=$bare/hooks/pre-receive text='echo no pushes today >&2; exit 1'
	test "$TEST_CRASH_FAULT" = "push rejected" || { hook=$bare/hooks/post-receive text='kill -9 $PPID'; }
	printf '#!/bin/sh\n%s\n' "$text" >"$hook"
	chmod +x "$hook"
	git "$@"; code=$?
	rm "$hook"
	exit $code ;;
esac
exit 1
`

// faultsOf are those that a point can have.
func faultsOf(point string) []string {
	op, rest, _ := strings.Cut(point, " ")
	verb, _, _ := strings.Cut(rest, " ")
	switch {
	case op == "git" && verb == "push":
		return []string{dieBefore, dieAfter, diskFull, cutOff, lost, rejected}
	case op == "git" && verb == "ls-remote":
		return []string{dieBefore, cutOff}
	case op == "git" && verb == "fetch":
		return []string{dieBefore, dieAfter, diskFull, cutOff}
	case op == "git":
		return []string{dieBefore, dieAfter, diskFull}
	case strings.ToUpper(op) == op:
		return []string{dieBefore, dieAfter, forbidden, broken, cutOff, lost}
	}
	// To be killed after one of these is to be killed before the next point.
	return map[string][]string{
		"mkdir": {dieBefore, diskFull, readOnly}, "create": {dieBefore, diskFull, readOnly}, "object": {dieBefore, diskFull, readOnly},
		"write": {dieBefore, dieAfter, diskFull}, "sync": {dieBefore, diskFull}, "chmod": {dieBefore, readOnly},
		"rename": {dieBefore, readOnly}, "link": {dieBefore, readOnly}, "remove": {dieBefore, readOnly},
	}[op]
}

// gateway stands before a server, records the requests that change something there, and disturbs one of them.
type gateway struct {
	real         http.Handler
	point, fault string
	// hit is a file that is made when the fault happens, kill ends the program.
	hit  string
	kill func()

	counter
	points []string
	closed bool
}

func (g *gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		g.pass(w, r)
		return
	}
	q := ""
	if r.URL.Query().Has("uploads") || r.URL.Query().Has("partNumber") {
		q = "?" + r.URL.RawQuery
	}
	name := g.name(r.Method + " " + varying.ReplaceAllString(r.URL.Path+q, "*"))
	g.mu.Lock()
	g.points = append(g.points, name)
	g.mu.Unlock()
	if name != g.point {
		g.pass(w, r)
		return
	}
	record(g.hit, name)
	switch g.fault {
	case dieBefore:
		g.killed(r)
		panic(http.ErrAbortHandler)
	case dieAfter:
		g.real.ServeHTTP(httptest.NewRecorder(), r)
		g.killed(r)
		panic(http.ErrAbortHandler)
	case cutOff:
		panic(http.ErrAbortHandler)
	case lost:
		g.real.ServeHTTP(httptest.NewRecorder(), r)
		panic(http.ErrAbortHandler)
	case broken:
		w.WriteHeader(http.StatusInternalServerError)
	case forbidden:
		g.mu.Lock()
		g.closed = true
		g.mu.Unlock()
		g.pass(w, r)
	}
}

// killed ends the program and returns once it is dead.
func (g *gateway) killed(r *http.Request) {
	g.kill()
	_, _ = io.Copy(io.Discard, r.Body) // only then a server notices that a client is gone
	<-r.Context().Done()
}

// open ends what a fault did.
func (g *gateway) open() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.closed, g.point = false, ""
}

// pass lets a request through while the server is open.
func (g *gateway) pass(w http.ResponseWriter, r *http.Request) {
	g.mu.Lock()
	closed := g.closed
	g.mu.Unlock()
	if closed {
		w.WriteHeader(http.StatusForbidden)
		return
	}
	g.real.ServeHTTP(w, r)
}

// readPoints reads a record.
func readPoints(file string) ([]string, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	return strings.Split(strings.TrimSpace(string(data)), "\n"), nil
}
