package update_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"time"

	"github.com/relctl/relctl/internal/trusttest"
	"github.com/relctl/relctl/pkg/publish"
	"github.com/relctl/relctl/pkg/release"
	"github.com/relctl/relctl/pkg/update"
)

// exampleStore is a store in a folder as a vendor publishes it, with releases 2.4.5 to 2.4.7, of which 2.4.5 is withdrawn;
// and the vendor's root, which programs embed.
func exampleStore(dir string) (root []byte) {
	v := trusttest.Acme()
	c := v.Channel("lts-2.4")
	c.Standing.Withdrawn = []release.Withdrawal{{Version: release.MustVersion("2.4.5"), Time: v.Now, Reason: "it may lose data after a crash"}}
	c.Touch()
	v.Publish()
	var files []publish.Named
	for name, data := range v.Files("lts-2.4") {
		if filepath.Dir(name) == "." {
			name = "trust/" + name
		}
		files = append(files, publish.Named{Name: name, Data: data})
	}
	if err := (publish.Directory{Root: dir}).Put(context.Background(), files); err != nil {
		panic(err)
	}
	return v.Roots[0]
}

// today is a day on which the example's store is fresh.
func today() time.Time { return time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC) }

// A program asks a web server that serves the vendor's store, and a mirror if that fails.
func Example() {
	work, err := os.MkdirTemp("", "update")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = os.RemoveAll(work) }()
	root := exampleStore(filepath.Join(work, "store"))
	server := httptest.NewServer(http.FileServer(http.Dir(filepath.Join(work, "store"))))
	defer server.Close()

	c, err := update.New(update.Config{
		Product: "acme", Channel: "lts-2.4", Root: root,
		Dir:  filepath.Join(work, "kept"),
		From: []string{server.URL, "/media/mirror"},
		Now:  today, // a program leaves it out
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	a, err := c.Check(context.Background(), release.MustVersion("2.4.5"))
	if err != nil {
		fmt.Println(err)
		return
	}
	if a.Withdrawn != nil {
		fmt.Println("2.4.5 was withdrawn:", a.Withdrawn.Reason)
	}
	for _, s := range a.Steps {
		fmt.Println("install", s.Version)
	}
	fmt.Println("supported until", a.Support.EOL)
	// Output:
	// 2.4.5 was withdrawn: it may lose data after a crash
	// install 2.4.7
	// supported until 2028-03-01
}

// What was learned once is there without a network, with its age.
func ExampleClient_Check_offline() {
	work, err := os.MkdirTemp("", "update")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = os.RemoveAll(work) }()
	store := filepath.Join(work, "store")
	config := update.Config{
		Product: "acme", Channel: "lts-2.4", Root: exampleStore(store),
		Dir: filepath.Join(work, "kept"), From: []string{store}, MaxAge: 30 * 24 * time.Hour, Now: today,
	}
	c, err := update.New(config)
	if err != nil {
		fmt.Println(err)
		return
	}
	if _, err := c.Check(context.Background(), release.MustVersion("2.4.6")); err != nil {
		fmt.Println(err)
		return
	}

	// Two months later the share is not mounted.
	if err := os.Rename(store, store+".away"); err != nil {
		fmt.Println(err)
		return
	}
	later := today().AddDate(0, 2, 0)
	config.Now = func() time.Time { return later }
	if c, err = update.New(config); err != nil {
		fmt.Println(err)
		return
	}
	a, err := c.Check(context.Background(), release.MustVersion("2.4.6"))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("install", a.Steps[0].Version)
	fmt.Printf("asked %.0f days ago; reached today: %t\n", a.Age(later).Hours()/24, a.Problem == nil)
	for _, n := range a.Notices {
		fmt.Println(n.Code+":", n.Text)
	}
	// Output:
	// install 2.4.7
	// asked 61 days ago; reached today: false
	// stale: the news are of 3 May 2026, 62 days old; 30 days at most are asked for
}
