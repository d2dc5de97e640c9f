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
	"time"

	"github.com/spf13/cobra"

	"github.com/relctl/relctl/internal/tool"
	"github.com/relctl/relctl/testdata/acme"
)

func newDemo(s IO) *cobra.Command {
	var d demo
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Show the whole story on a sample product, offline",
		Long: `demo builds the repository of a small product with a bare remote beside it. A release of main goes through the rings
of its service and soaks there; the LTS line 2.4 then ships those very changes, with the proof, as a bundle that a customer
without network verifies, with documentation for whoever runs it. A byte that was changed, a release that loses orders, and
a change that did not soak are refused. The demo has a clock of its own, so that days of soak take no time, and says so. It
works in a temporary folder; --dir keeps everything. Without ssh-keygen, with which cells and people sign, the service is
left out.`,
		Example: `  relctl demo
  relctl demo --dir acme               keep all files there
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
	sample     *acme.Sample
	// clock is the demo's own, by which all of its commands judge.
	clock time.Time
	// signers is whether there is an ssh-keygen, with which cells and people sign what they say.
	signers bool
	// brief keeps the talk of a command for the case that it fails.
	brief bool
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
	for _, step := range d.story() {
		if err := step(ctx); err != nil {
			return err
		}
	}
	d.close()
	return nil
}

// story is what happens, in its order.
func (d *demo) story() []func(context.Context) error {
	_, err := exec.LookPath("ssh-keygen")
	d.signers = err == nil
	steps := []func(context.Context) error{d.begin, d.product, d.keys, d.adopt, d.refuse}
	if d.signers {
		return append(steps, d.release, d.rings, d.approve, d.cut, d.verify, d.tamper, d.read, d.fail, d.pick, d.where, d.record)
	}
	return append(steps, d.waive, d.cut, d.verify, d.tamper, d.read, d.record)
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
	return d.prompt(ctx, "", want, args...)
}

// prompt is relctl with the name of who types it.
func (d *demo) prompt(ctx context.Context, who string, want int, args ...string) error {
	d.say("  %s$ %s", who, d.io.paint("36", "relctl "+d.typed(args)))
	out := &indent{w: d.io.Out, root: d.root}
	var kept strings.Builder
	talk := io.Writer(out)
	if d.brief {
		talk = &kept
	}
	now := func() time.Time { return d.clock }
	code := Run(ctx, append([]string{"-C", d.path("repo")}, args...), IO{In: strings.NewReader(""), Out: out, Err: talk, Now: now})
	if code != want {
		_, _ = io.WriteString(out, kept.String())
		return fmt.Errorf("demo: relctl %s ended with exit code %d, not %d", args[0], code, want)
	}
	return nil
}

// pass lets time go by on the demo's clock.
func (d *demo) pass(t time.Duration) { d.clock = d.clock.Add(t) }

// typed writes arguments as one would type them in the repository, without the demo's folder.
func (d *demo) typed(args []string) string {
	short := make([]string, len(args))
	for i, a := range args {
		short[i] = strings.ReplaceAll(a, d.root, "..")
		if strings.ContainsAny(a, " '") {
			short[i] = "'" + strings.ReplaceAll(short[i], "'", `'\''`) + "'"
		}
	}
	return strings.Join(short, " ")
}

// git shows and runs git commands in the sample's repository.
func (d *demo) git(ctx context.Context, commands ...[]string) error {
	for _, args := range commands {
		d.say("  $ %s", d.io.paint("36", "git "+d.typed(args)))
	}
	return d.gitQuietly(ctx, commands...)
}

// gitQuietly runs git commands that are no part of the story, at the time of the demo's clock.
func (d *demo) gitQuietly(ctx context.Context, commands ...[]string) error {
	date := d.clock.Format(time.RFC3339)
	for _, args := range commands {
		cmd := exec.CommandContext(ctx, "git", append([]string{"-C", d.path("repo")}, args...)...)
		cmd.Env = append(os.Environ(), "GIT_AUTHOR_DATE="+date, "GIT_COMMITTER_DATE="+date)
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("demo: git %s: %w: %s", args[0], err, out)
		}
	}
	return nil
}

// begin says what is missing here, and sets the clock.
func (d *demo) begin(ctx context.Context) error {
	d.clock = time.Date(2026, time.June, 1, 8, 0, 0, 0, time.UTC)
	if !d.signers {
		d.say("ssh-keygen is not on the PATH. Cells and people sign with it, so the half of the demo about the service is left out.")
	}
	return d.chooseBuilder(ctx)
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

func (d *demo) product(ctx context.Context) error {
	d.title("A product that ships two ways")
	var err error
	if d.sample, err = acme.Replay(ctx, d.root); err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	d.say("  acme is a small service with a command line. main feeds the service that its makers run;")
	d.say("  branch release/2.4 feeds customers who run it themselves, some without any network.")
	d.say("  Its repository is %s, its remote %s.", d.place("repo"), d.place("remote.git"))
	d.say("  The demo has a clock of its own and moves it: days of waiting pass at once. It is %s.\n", d.clock.Format("Monday, 2006-01-02 15:04 MST"))
	return d.relctl(ctx, exitDone, "channels")
}

func (d *demo) keys(ctx context.Context) error {
	d.title("Keys, and the policy that names them")
	d.say("  The private part of this key stays with whoever cuts releases. The public part is policy, so")
	d.say("  it is committed to main; customers get it by another way than the bundles.\n")
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
	if err := d.service(ctx); err != nil {
		return err
	}
	return d.git(ctx, []string{"add", "channels", "hack", "deploy"}, []string{"commit", "--quiet", "--message", "ci: who signs, and where we publish"},
		[]string{"push", "--quiet", "origin", "main"})
}

func (d *demo) adopt(ctx context.Context) error {
	d.title("Take over what was released before relctl")
	d.say("  The ledger, a branch that only grows, records all that relctl does. It begins with the tags")
	d.say("  that the line has already.\n")
	return d.relctl(ctx, exitDone, "adopt", "lts-2.4")
}

// refuse shows the rule that the story is about.
func (d *demo) refuse(ctx context.Context) error {
	d.title("What has not soaked is not released")
	d.say("  Customers get a change once it ran healthy in the service, here for 72 hours for all of its")
	d.say("  tenants. Nothing ran yet: the cut is refused, and says for each change what it lacks.\n")
	return d.relctl(ctx, exitGate, d.withBuilder("cut", "lts-2.4", "--dry-run")...)
}

// waive lets the soak pass, which nothing can prove while no service runs.
func (d *demo) waive(ctx context.Context) error {
	d.title("A waiver, for what cannot be proven here")
	d.say("  It needs a reason, and stands in the ledger and in the release.\n")
	return d.relctl(ctx, exitDone, "waive", "lts-2.4", "--gate", "soak", "--reason", "no service runs in this demo")
}

// withBuilder adds the flag that names goreleaser where it is not on the PATH.
func (d *demo) withBuilder(args ...string) []string {
	if d.wantGoreleaser {
		args = append(args, "--goreleaser", d.goreleaser)
	}
	return args
}

// cutting is the command that cuts a channel's release with the demo's key.
func (d *demo) cutting(channel string) []string {
	return d.withBuilder("cut", channel, "--key", d.path("keys", "cosign.key"), "--password-file", d.path("keys", "password"))
}

func (d *demo) cut(ctx context.Context) error {
	d.title("Cut the release for customers")
	d.say("  Build in a scratch checkout, SBOM and provenance for each binary, changelog, release.json,")
	d.say("  signature, gates on the built files; then one atomic push of tag and ledger, the commit point.")
	d.say("  The evidence of the plan is in release.json, and in plain words in the changelog.\n")
	if err := d.relctl(ctx, exitDone, d.cutting("lts-2.4")...); err != nil {
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
	return d.prompt(ctx, "customer", exitDone, "verify", "--key", d.path("keys", "cosign.pub"), "--product", "acme", "--channel", "lts-2.4", d.bundle)
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
	if err := d.prompt(ctx, "customer", exitRefused, "verify", "--key", d.path("keys", "cosign.pub"), bad); err != nil {
		return err
	}
	d.say("  Refused, with exit code %d; nothing of it was opened.", exitRefused)
	return nil
}

// unpacked is where the customer unpacks the bundle.
func (d *demo) unpacked() string { return strings.TrimSuffix(d.bundle, ".bundle") }

// read shows what comes with the release for whoever runs it.
func (d *demo) read(ctx context.Context) error {
	d.title("What the customer's operator reads")
	d.say("  docs/ in the bundle is true for exactly this release: the guide from the release before, made of what")
	d.say("  changed and of what the developers were asked to say; every key, flag, port, alert and message of its commit;")
	d.say("  runbooks, which name nothing that is not there. Pages that need no network, one file to print, man pages.\n")
	if err := d.prompt(ctx, "customer", exitDone, "verify", "unpack", "--key", d.path("keys", "cosign.pub"), d.bundle, d.unpacked()); err != nil {
		return err
	}
	mine := d.path("my.yaml")
	if err := writeNew(mine, []byte("listen: 127.0.0.1:9000\ndata_dir: /var/lib/acme\nshutdown_timout: 5s\n"), 0o600); err != nil {
		return err
	}
	d.say("\n  What does the release say to the file that is in use here?\n")
	return d.prompt(ctx, "customer", exitDone, "verify", "check-config", "--key", d.path("keys", "cosign.pub"), mine, d.bundle)
}

func (d *demo) record(ctx context.Context) error {
	d.title("What happened, by whom")
	d.say("  The timeline tells the ledger to people, ledger verify checks all of it, and site build makes pages of")
	d.say("  all that relctl knows, for the people inside.\n")
	for _, args := range [][]string{{"timeline"}, {"ledger", "verify"}, {"site", "build", "--output", d.path("site")}} {
		if err := d.relctl(ctx, exitDone, args...); err != nil {
			return err
		}
	}
	return nil
}

func (d *demo) close() {
	if !d.kept {
		d.say("\nThat was all of it. relctl demo --dir <folder> keeps repository, store, bundle, documentation and portal to look at.")
		return
	}
	d.say("\n%s", d.io.paint("1", "Where to look"))
	for _, row := range [][2]string{
		{"repo/", "the product's repository; channels/ is its policy, dist/relctl/ the files of the cut"},
		{"remote.git", "its remote, with the tag and the branches relctl/ledger and relctl/deploy"},
		{"keys/cosign.pub", "the public key"},
		{"store/", "the directory store, as a web server would serve it"},
		{filepath.Base(d.bundle), "the bundle; VERIFY.md in it says how to check it with cosign and sha256sum"},
		{filepath.Base(d.unpacked()) + "/", "what the customer unpacked; docs/index.html is for whoever runs it"},
		{"tampered.bundle", "the refused one"},
		{"site/", "the release portal: index.html"},
	} {
		d.say("  %-22s %s", row[0], row[1])
	}
	d.say("\nNext: relctl -C %s status   how it all stands, by your own clock", d.path("repo"))
}

// place names a place of the demo for a person.
func (d *demo) place(name string) string {
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

// indent sets every line of a command's output off from the story, and names files as one sees them from the repository.
type indent struct {
	w    io.Writer
	root string
	open bool
}

func (i *indent) Write(p []byte) (int, error) {
	for line := range strings.Lines(string(p)) {
		lead := "    "
		if i.open || line == "\n" {
			lead = ""
		}
		if _, err := io.WriteString(i.w, lead+strings.ReplaceAll(line, i.root, "..")); err != nil {
			return 0, err
		}
		i.open = !strings.HasSuffix(line, "\n")
	}
	return len(p), nil
}
