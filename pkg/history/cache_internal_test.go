package history

import (
	"bufio"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// FuzzParseGraph reads whatever may lie in a cache whose checksum is right.
func FuzzParseGraph(f *testing.F) {
	n := node{
		id: "a", tree: "b", author: "x", authored: -1, committed: 2, header: "fix(a)!: b (#3)", typ: "fix", breaking: true,
		pr: 3, rare: &rare{backports: []int32{4, 5}, revertsPR: 6, picks: []string{"c", "d"}, reverts: []string{"e"}, cves: []string{"CVE-2026-1"}, only: "why"},
	}
	child := n
	child.id, child.parents = "z", []int32{0}
	good := string(appendNode(appendNode(nil, &n), &child))
	f.Add(good)
	f.Add("")
	f.Add("\n")
	f.Add(strings.ReplaceAll(good, "\t0\t", "\t1\t"))
	f.Add(strings.ReplaceAll(good, "\t0\t", "\t-1\t"))
	f.Add(strings.ReplaceAll(good, "3", "99999999999"))
	f.Fuzz(func(t *testing.T, text string) {
		g, err := parseGraph(text)
		if err != nil {
			return
		}
		for i, n := range g.nodes {
			for _, p := range n.parents {
				if p < 0 || int(p) >= i {
					t.Fatalf("record %d has the parent %d", i, p)
				}
			}
			line := string(appendNode(nil, &n))
			again, err := parseNode(strings.TrimSuffix(line, "\n"), int32(i))
			if err != nil || !reflect.DeepEqual(again, n) {
				t.Fatalf("record %d does not survive: %+v, then %+v (%v)", i, n, again, err)
			}
		}
	})
}

func FuzzReadCache(f *testing.F) {
	dir := f.TempDir()
	path := filepath.Join(dir, "cache")
	if err := writeCache(path, graphFormat, func(w *bufio.Writer) { _, _ = w.WriteString("one\ntwo\n") }); err != nil {
		f.Fatal(err)
	}
	good, err := os.ReadFile(path)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(string(good))
	f.Add(graphFormat + "\n")
	f.Add(graphFormat + "\n00000000\n")
	f.Add("")
	f.Fuzz(func(t *testing.T, text string) {
		body, err := unseal(text, graphFormat)
		if err == nil && text != graphFormat+"\n"+body+checksum(body)+"\n" {
			t.Fatalf("%q is read as %q", text, body)
		}
	})
}

func TestEveryDamagedByteOfACacheIsNoticed(t *testing.T) {
	t.Parallel()
	body := "one\t1\ntwo\t2\n"
	good := graphFormat + "\n" + body + checksum(body) + "\n"
	if got, err := unseal(good, graphFormat); err != nil || got != body {
		t.Fatalf("the cache reads as %q: %v", got, err)
	}
	for i := range good {
		for bit := range 8 {
			bad := []byte(good)
			bad[i] ^= 1 << bit
			if got, err := unseal(string(bad), graphFormat); err == nil {
				t.Errorf("bit %d of byte %d: %q is read as %q", bit, i, bad, got)
			}
		}
		if got, err := unseal(good[:i], graphFormat); err == nil {
			t.Errorf("the first %d bytes are read as %q", i, got)
		}
	}
}
