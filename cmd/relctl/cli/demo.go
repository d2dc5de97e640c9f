package cli

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/relctl/relctl/internal/tool"
	"github.com/relctl/relctl/testdata/acme"
)

func newDemo(s IO) *cobra.Command {
	var d demo
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Show the whole story on a sample product, offline",
		Long: `demo builds the repository of a small product with a bare remote beside it, cuts a release of its LTS line 2.4,
verifies the bundle as a customer without network would, and tampers with one byte to show the refusal. It works in a
temporary folder; --dir keeps everything.`,
		Example: `  relctl demo
  relctl demo --dir acme               keep repository, keys, store and bundle there
  relctl demo --goreleaser             build goreleaser first, and build the product with it`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			d.io = s
			return d.run(cmd.Context())
		},
	}
	cmd.Flags().StringVar(&d.root, "dir", "", "keep everything in this new or empty `folder`")
	cmd.Flags().BoolVar(&d.wantGoreleaser, "goreleaser", false, "build goreleaser from this repository's tools, and use it")
	return cmd
}

// demo is one run of the story.
type demo struct {
	io             IO
	root           string
	wantGoreleaser bool
	// goreleaser is the path of the program, "" for the command builder.
	goreleaser string
	step       int
	bundle     string
	kept       bool
}

func (d *demo) path(elem ...string) string {
	return filepath.Join(append([]string{d.root}, elem...)...)
}

func (d *demo) run(ctx context.Context) error {
	cleanup, err := d.prepare()
	if err != nil {
		return err
	}
	defer cleanup()
	for _, step := range []func(context.Context) error{
		d.chooseBuilder, d.sample, d.keys, d.adopt, d.plan, d.waive, d.cut, d.verify, d.tamper, d.record,
	} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	d.close()
	return nil
}

func (d *demo) prepare() (func(), error) {
	if d.root == "" {
		dir, err := os.MkdirTemp("", "relctl-demo-")
		d.root = dir
		return func() { _ = os.RemoveAll(dir) }, err
	}
	abs, err := filepath.Abs(d.root)
	if err != nil {
		return nil, err
	}
	d.root, d.kept = abs, true
	if list, err := os.ReadDir(abs); err == nil && len(list) > 0 {
		return nil, usagef("give --dir a new folder", "%s is not empty", abs)
	}
	return func() {}, os.MkdirAll(abs, 0o755)
}

// say explains; it is part of the demo's product.
func (d *demo) say(format string, args ...any) { d.io.print(format+"\n", args...) }

func (d *demo) title(text string) {
	d.step++
	d.say("\n%s\n", d.io.paint("1", fmt.Sprintf("%d. %s", d.step, text)))
}

// relctl shows a command as one would type it in the sample's repository, and runs it.
func (d *demo) relctl(ctx context.Context, want int, args ...string) error {
	d.say("  $ %s", d.io.paint("36", "relctl "+d.typed(args)))
	out := &indent{w: d.io.Out}
	code := Run(ctx, append([]string{"-C", d.path("repo")}, args...), IO{In: strings.NewReader(""), Out: out, Err: out})
	if code != want {
		return fmt.Errorf("demo: relctl %s ended with exit code %d, not %d", args[0], code, want)
	}
	return nil
}

// typed shortens the demo's folder away, as if one stood in the repository.
func (d *demo) typed(args []string) string {
	short := make([]string, len(args))
	for i, a := range args {
		short[i] = strings.ReplaceAll(a, d.root, "..")
	}
	return strings.Join(short, " ")
}

// git runs a git command in the sample's repository.
func (d *demo) git(ctx context.Context, args ...string) error {
	d.say("  $ %s", d.io.paint("36", "git "+d.typed(args)))
	cmd := exec.CommandContext(ctx, "git", append([]string{"-C", d.path("repo")}, args...)...)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("demo: git %s: %w: %s", args[0], err, out)
	}
	return nil
}

func (d *demo) chooseBuilder(ctx context.Context) error {
	var err error
	if d.wantGoreleaser {
		d.say("Building goreleaser from tools/go.mod; the first time takes a few minutes.")
		if d.goreleaser, err = tool.Path(ctx, "goreleaser"); err != nil {
			return fmt.Errorf("demo: %w", err)
		}
		return nil
	}
	if d.goreleaser, err = exec.LookPath("goreleaser"); err != nil {
		d.goreleaser = ""
		d.say("goreleaser is not on the PATH, so the sample is built by its own script with the command builder.")
		d.say("relctl demo --goreleaser builds goreleaser and uses it.")
	}
	return nil
}

func (d *demo) sample(ctx context.Context) error {
	d.title("A product that ships two ways")
	if _, err := acme.Replay(ctx, d.root); err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	d.say("  acme is a small service with a command line. main feeds the service that its makers run;")
	d.say("  branch release/2.4 feeds customers who run it themselves, some without any network.")
	d.say("  Its repository is %s, its remote %s.\n", d.where("repo"), d.where("remote.git"))
	return d.relctl(ctx, exitDone, "channels")
}

func (d *demo) keys(ctx context.Context) error {
	d.title("A key that signs releases")
	d.say("  The private part stays with whoever cuts releases. The public part is policy, so it is")
	d.say("  committed to main; customers get it by another way than the bundles.\n")
	if err := os.MkdirAll(d.path("keys"), 0o755); err != nil {
		return err
	}
	if err := writeNew(d.path("keys", "password"), []byte(rand.Text()+"\n"), 0o600); err != nil {
		return err
	}
	if err := d.relctl(ctx, exitDone, "key", "generate", "--out", d.path("keys"), "--name", "cosign", "--password-file", d.path("keys", "password")); err != nil {
		return err
	}
	public, err := os.ReadFile(d.path("keys", "cosign.pub"))
	if err != nil {
		return err
	}
	if err := acme.Configure(d.path("repo"), acme.Policy{PublicKey: public, Goreleaser: d.goreleaser != ""}); err != nil {
		return err
	}
	for _, args := range [][]string{
		{"add", "channels"}, {"commit", "--quiet", "--message", "ci: sign releases with this key"}, {"push", "--quiet", "origin", "main"},
	} {
		if err := d.git(ctx, args...); err != nil {
			return err
		}
	}
	return nil
}

func (d *demo) adopt(ctx context.Context) error {
	d.title("Take over what was released before relctl")
	d.say("  The ledger, a branch that only grows, records all that relctl does. It begins with the tags")
	d.say("  that the line has already.\n")
	return d.relctl(ctx, exitDone, "adopt", "lts-2.4")
}

func (d *demo) plan(ctx context.Context) error {
	d.title("Look before acting")
	d.say("  plan changes nothing. Its digest names exactly what a cut would do.\n")
	return d.relctl(ctx, exitDone, d.withBuilder("plan", "lts-2.4")...)
}

// waive lets the soak pass, which nothing can prove while the service of the demo runs nowhere.
func (d *demo) waive(ctx context.Context) error {
	d.title("What has not soaked is not released")
	d.say("  Each change must have run healthy in the service first, and here no service runs: the cut is")
	d.say("  refused, and says for each change what it lacks.\n")
	if err := d.relctl(ctx, exitGate, d.withBuilder("cut", "lts-2.4", "--dry-run")...); err != nil {
		return err
	}
	d.say("\n  A waiver with a reason lets it through; it stands in the ledger, and in the release.\n")
	return d.relctl(ctx, exitDone, "waive", "lts-2.4", "--gate", "soak", "--reason", "a demo, without a service to soak in")
}

// withBuilder adds the flag that names goreleaser where it is not on the PATH.
func (d *demo) withBuilder(args ...string) []string {
	if d.wantGoreleaser {
		args = append(args, "--goreleaser", d.goreleaser)
	}
	return args
}

func (d *demo) cut(ctx context.Context) error {
	d.title("Cut the release")
	d.say("  Build in a scratch checkout, SBOM and provenance for each binary, changelog, release.json,")
	d.say("  signature, gates on the built files; then one atomic push of tag and ledger, the commit point.\n")
	if err := d.relctl(ctx, exitDone, d.withBuilder("cut", "lts-2.4",
		"--key", d.path("keys", "cosign.key"), "--password-file", d.path("keys", "password"), "--store", d.path("store"))...); err != nil {
		return err
	}
	found, err := filepath.Glob(d.path("store", "releases", "lts-2.4", "*", "*.bundle"))
	if err != nil || len(found) != 1 {
		return errors.Join(err, fmt.Errorf("demo: expected one bundle in the store, found %d", len(found)))
	}
	d.bundle = d.path(filepath.Base(found[0]))
	return copyTo(d.bundle, found[0])
}

func (d *demo) verify(ctx context.Context) error {
	d.title("At the customer's, without any network")
	d.say("  The bundle came on a disk, the public key by another way. relverify (here under its other")
	d.say("  name, relctl verify) needs nothing else.\n")
	return d.relctl(ctx, exitDone, "verify", "--key", d.path("keys", "cosign.pub"), "--product", "acme", "--channel", "lts-2.4", d.bundle)
}

// tamper flips one byte in the middle of a copy of the bundle.
func (d *demo) tamper(ctx context.Context) error {
	d.title("Somebody changes one byte on the way")
	bad := d.path("tampered.bundle")
	if err := copyTo(bad, d.bundle); err != nil {
		return err
	}
	f, err := os.OpenFile(bad, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	info, err := f.Stat()
	if err != nil {
		return errors.Join(err, f.Close())
	}
	at, b := info.Size()/2, make([]byte, 1)
	_, err = f.ReadAt(b, at)
	b[0] ^= 1
	_, werr := f.WriteAt(b, at)
	if err := errors.Join(err, werr, f.Close()); err != nil {
		return err
	}
	d.say("  One bit of byte %d of %d is flipped in %s.\n", at, info.Size(), filepath.Base(bad))
	if err := d.relctl(ctx, exitRefused, "verify", "--key", d.path("keys", "cosign.pub"), bad); err != nil {
		return err
	}
	d.say("  Refused, with exit code %d; nothing of it was opened.", exitRefused)
	return nil
}

func (d *demo) record(ctx context.Context) error {
	d.title("What happened, by whom")
	if err := d.relctl(ctx, exitDone, "ledger", "log"); err != nil {
		return err
	}
	return d.relctl(ctx, exitDone, "ledger", "verify")
}

func (d *demo) close() {
	if !d.kept {
		d.say("\nThat was all of it. relctl demo --dir <folder> keeps repository, keys, store and bundle to look at.")
		return
	}
	d.say("\n%s", d.io.paint("1", "Where to look"))
	for _, row := range [][2]string{
		{"repo/", "the product's repository; channels/ is its policy, dist/relctl/ the files of the cut"},
		{"remote.git", "its remote, with the tag and the branch relctl/ledger"},
		{"keys/cosign.pub", "the public key"},
		{"store/", "the directory store, as a web server would serve it"},
		{filepath.Base(d.bundle), "the bundle; VERIFY.md in it says how to check it with cosign and sha256sum"},
		{"tampered.bundle", "the refused one"},
	} {
		d.say("  %-22s %s", row[0], row[1])
	}
}

// where names a place of the demo for a person.
func (d *demo) where(name string) string {
	if d.kept {
		return d.path(name)
	}
	return name
}

func copyTo(dst, src string) error {
	in, err := os.Open(src)
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }()
	out, err := os.Create(dst)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}

// indent sets every line of a command's output off from the story.
type indent struct {
	w    io.Writer
	open bool
}

func (i *indent) Write(p []byte) (int, error) {
	for line := range strings.Lines(string(p)) {
		lead := "    "
		if i.open || line == "\n" {
			lead = ""
		}
		if _, err := io.WriteString(i.w, lead+line); err != nil {
			return 0, err
		}
		i.open = !strings.HasSuffix(line, "\n")
	}
	return len(p), nil
}
