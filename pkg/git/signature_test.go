package git_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/relctl/relctl/pkg/git"
	"github.com/relctl/relctl/pkg/internal/gittest"
)

func keyring(t testing.TB, signers ...git.Signer) git.Keyring {
	t.Helper()
	k, err := git.ParseSigners(signers)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// rewrite stores a commit object after a change to its bytes.
func rewrite(t testing.TB, r *gittest.Repo, id string, change func(string) string) string {
	t.Helper()
	was := r.Git("cat-file", "commit", id) + "\n"
	now := change(was)
	if now == was {
		t.Fatal("nothing was changed")
	}
	return r.GitIn([]byte(now), "hash-object", "-t", "commit", "-w", "--stdin", "--literally")
}

func TestSSHSignaturesOfGitAreVerified(t *testing.T) {
	r := gittest.New(t)
	unsigned := r.Commit("feat: unsigned")
	qa, other := gittest.SSHKey(t, "qa-1"), gittest.SSHKey(t, "qa-2")
	r.SignWith(qa)
	signed := r.Commit("approve: äöü\n\nbody\n")
	r.SignWith(other)
	byOther := r.Commit("approve: by another")
	repo := open(t, r.Dir)
	keys := keyring(t, git.Signer{Name: "lead-1", SSH: gittest.SSHKey(t, "lead-1").Public}, git.Signer{Name: "qa-1", SSH: qa.Public + " laptop"})

	who, err := repo.VerifyCommit(t.Context(), signed, keys)
	if err != nil || who.Name != "qa-1" || !strings.HasPrefix(who.Key, "SHA256:") {
		t.Errorf("got %+v, %v", who, err)
	}
	replace := func(old, with string) func(string) string {
		return func(s string) string { return strings.Replace(s, old, with, 1) }
	}
	sig := between(t, r.Git("cat-file", "commit", signed), "gpgsig ", "\n\n")
	for name, c := range map[string]struct {
		commit string
		keys   git.Keyring
		want   error
		says   string
	}{
		"unsigned":        {unsigned, keys, git.ErrUnsigned, ""},
		"another's":       {byOther, keys, git.ErrUntrusted, ""},
		"no keys":         {signed, git.Keyring{}, git.ErrUntrusted, ""},
		"message":         {rewrite(t, r, signed, replace("body", "bodY")), keys, git.ErrUntrusted, "key of qa-1"},
		"author":          {rewrite(t, r, signed, replace("author Dev One", "author Dev Two")), keys, git.ErrUntrusted, "key of qa-1"},
		"more":            {rewrite(t, r, signed, func(s string) string { return s + "more\n" }), keys, git.ErrUntrusted, "key of qa-1"},
		"moved":           {rewrite(t, r, byOther, replace(between(t, r.Git("cat-file", "commit", byOther), "gpgsig ", "\n\n"), sig)), keys, git.ErrUntrusted, "key of qa-1"},
		"twice":           {rewrite(t, r, signed, replace("gpgsig ", "gpgsig "+sig+"\ngpgsig ")), keys, git.ErrUntrusted, "2 signatures"},
		"garbage":         {rewrite(t, r, signed, replace(sig, "-----BEGIN SSH SIGNATURE-----\n AAAA\n -----END SSH SIGNATURE-----")), keys, git.ErrUntrusted, ""},
		"other kind":      {rewrite(t, r, signed, replace(sig, "-----BEGIN SIGNED MESSAGE-----\n AAAA")), keys, git.ErrUntrusted, "neither of SSH nor of OpenPGP"},
		"in the body":     {rewrite(t, r, unsigned, func(s string) string { return s + "\n\ngpgsig " + sig }), keys, git.ErrUnsigned, ""},
		"in another line": {rewrite(t, r, unsigned, replace("\n\n", "\nmergetag x\n gpgsig "+sig+"\n\n")), keys, git.ErrUnsigned, ""},
		"by another name": {rewrite(t, r, signed, replace("gpgsig ", "gpgsig-sha256 ")), keys, git.ErrUnsigned, ""},
	} {
		who, err := repo.VerifyCommit(t.Context(), c.commit, c.keys)
		if !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.says) || who != (git.Signed{}) {
			t.Errorf("%s: got %+v, %v, want %v that says %q", name, who, err, c.want, c.says)
		}
	}
	if _, err := repo.VerifyCommit(t.Context(), strings.Repeat("1", 40), keys); !errors.Is(err, git.ErrNotFound) {
		t.Errorf("absent commit: %v", err)
	}
}

func between(t testing.TB, s, from, to string) string {
	t.Helper()
	_, s, ok := strings.Cut(s, from)
	s, _, ok2 := strings.Cut(s, to)
	if !ok || !ok2 {
		t.Fatalf("no text between %q and %q", from, to)
	}
	return s
}

func TestSSHSignaturesOfAnotherNamespaceDoNotCount(t *testing.T) {
	r := gittest.New(t)
	key := gittest.SSHKey(t, "qa-1")
	keygen := gittest.Program(t, "ssh-keygen")
	r.SignWith(key)
	id := r.Commit("approve: x")
	repo := open(t, r.Dir)
	keys := keyring(t, git.Signer{Name: "qa-1", SSH: key.Public})
	old := between(t, r.Git("cat-file", "commit", id), "gpgsig ", "\n\n")
	payload := strings.Replace(r.Git("cat-file", "commit", id)+"\n", "gpgsig "+old+"\n", "", 1)
	payload = strings.TrimSuffix(payload, "\n") // git commit kept the message without a newline at its end
	for namespace, want := range map[string]bool{"git": true, "file": false, "gi": false} {
		file := filepath.Join(t.TempDir(), "payload")
		if err := os.WriteFile(file, []byte(payload), 0o600); err != nil {
			t.Fatal(err)
		}
		if out, err := exec.Command(keygen, "-q", "-Y", "sign", "-n", namespace, "-f", key.File, file).CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		sig, err := os.ReadFile(file + ".sig")
		if err != nil {
			t.Fatal(err)
		}
		head, body, _ := strings.Cut(payload, "\n\n")
		signed := head + "\ngpgsig " + strings.ReplaceAll(strings.TrimSpace(string(sig)), "\n", "\n ") + "\n\n" + body
		made := r.GitIn([]byte(signed), "hash-object", "-t", "commit", "-w", "--stdin")
		_, err = repo.VerifyCommit(t.Context(), made, keys)
		if want != (err == nil) || !want && (!errors.Is(err, git.ErrUntrusted) || !strings.Contains(err.Error(), "namespace")) {
			t.Errorf("namespace %s: %v", namespace, err)
		}
	}
}

// sshKey lets ssh-keygen make a key of any kind.
func sshKey(t testing.TB, args ...string) gittest.Key {
	t.Helper()
	file := filepath.Join(t.TempDir(), "key")
	cmd := exec.Command(gittest.Program(t, "ssh-keygen"), append([]string{"-q", "-N", "", "-C", "", "-f", file}, args...)...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	public, err := os.ReadFile(file + ".pub")
	if err != nil {
		t.Fatal(err)
	}
	return gittest.Key{File: file, Public: strings.TrimSpace(string(public))}
}

func TestSSHKeysOfAllStrongKindsVerify(t *testing.T) {
	for _, kind := range [][]string{{"-t", "ed25519"}, {"-t", "ecdsa", "-b", "256"}, {"-t", "ecdsa", "-b", "384"}, {"-t", "ecdsa", "-b", "521"}, {"-t", "rsa", "-b", "2048"}} {
		r := gittest.New(t)
		key := sshKey(t, kind...)
		r.SignWith(key)
		id := r.Commit("approve: x")
		if who, err := open(t, r.Dir).VerifyCommit(t.Context(), id, keyring(t, git.Signer{Name: "qa-1", SSH: key.Public})); err != nil || who.Name != "qa-1" {
			t.Errorf("%v: %+v, %v", kind, who, err)
		}
	}
}

func TestKeysThatProveNothingAreRefused(t *testing.T) {
	good := gittest.SSHKey(t, "qa-1").Public
	weak := sshKey(t, "-t", "rsa", "-b", "1024").Public
	private, err := os.ReadFile(gittest.SSHKey(t, "qa-1").File)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		signers []git.Signer
		says    string
	}{
		"no name":     {[]git.Signer{{SSH: good}}, "has no name"},
		"no key":      {[]git.Signer{{Name: "qa-1"}}, "needs either"},
		"both":        {[]git.Signer{{Name: "qa-1", SSH: good, OpenPGP: "x"}}, "needs either"},
		"garbage":     {[]git.Signer{{Name: "qa-1", SSH: "ssh-ed25519 AAAA"}}, "qa-1: SSH key"},
		"private":     {[]git.Signer{{Name: "qa-1", SSH: string(private)}}, "private SSH key"},
		"options":     {[]git.Signer{{Name: "qa-1", SSH: `command="x" ` + good}}, "options"},
		"two lines":   {[]git.Signer{{Name: "qa-1", SSH: good + "\n" + good}}, "more than one line"},
		"weak":        {[]git.Signer{{Name: "qa-1", SSH: weak}}, "at least 2048 bits"},
		"shared":      {[]git.Signer{{Name: "qa-1", SSH: good}, {Name: "qa-2", SSH: good}}, "qa-1 and qa-2 have the same key"},
		"bad OpenPGP": {[]git.Signer{{Name: "qa-1", OpenPGP: "-----BEGIN PGP PUBLIC KEY BLOCK-----\n"}}, "OpenPGP key"},
		"no armor":    {[]git.Signer{{Name: "qa-1", OpenPGP: "x"}}, "OpenPGP key"},
	} {
		if _, err := git.ParseSigners(c.signers); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: error is %v, want one that says %q", name, err, c.says)
		}
	}
}

// gpg is a keyring of its own for the gpg program.
type gpg struct {
	t       testing.TB
	program string
	home    string
}

func newGPG(t testing.TB) *gpg {
	t.Helper()
	program := gittest.Program(t, "gpg")
	home, err := os.MkdirTemp("", "gpg") // short: the agent's socket lies in it
	if err != nil {
		t.Fatal(err)
	}
	g := &gpg{t: t, program: program, home: home}
	t.Setenv("GNUPGHOME", home)
	t.Cleanup(func() {
		_ = exec.Command("gpgconf", "--homedir", home, "--kill", "all").Run() // the folder goes away anyway
		_ = os.RemoveAll(home)
	})
	return g
}

func (g *gpg) run(args ...string) string {
	g.t.Helper()
	cmd := exec.Command(g.program, append([]string{"--batch", "--quiet", "--yes", "--pinentry-mode", "loopback", "--passphrase", ""}, args...)...)
	var errs strings.Builder
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		g.t.Fatalf("gpg %s: %v\n%s", strings.Join(args, " "), err, errs.String())
	}
	return string(out)
}

// signWith makes git sign with a key by gpg, whose clock stands at a time, or runs if it is "".
func (g *gpg) signWith(r *gittest.Repo, key, clock string) {
	g.t.Helper()
	program := g.program
	if clock != "" {
		program = filepath.Join(g.home, "gpg-"+clock)
		if err := os.WriteFile(program, []byte("#!/bin/sh\nexec '"+g.program+"' --faked-system-time="+clock+" \"$@\"\n"), 0o755); err != nil {
			g.t.Fatal(err)
		}
	}
	r.Git("config", "gpg.format", "openpgp")
	r.Git("config", "gpg.program", program)
	r.Git("config", "user.signingKey", key)
	r.Git("config", "commit.gpgSign", "true")
}

func TestOpenPGPSignaturesOfGitAreVerified(t *testing.T) {
	g := newGPG(t)
	r := gittest.New(t)
	for _, key := range []struct{ user, algo, usage string }{
		{"qa-1@acme.example", "ed25519", "sign"}, {"qa-2@acme.example", "rsa2048", "sign"}, {"qa-3@acme.example", "default", "default"},
	} {
		g.run("--quick-generate-key", key.user, key.algo, key.usage, "never")
	}
	ids := map[string]string{}
	var signers []git.Signer
	for _, name := range []string{"qa-1", "qa-2", "qa-3"} {
		user := name + "@acme.example"
		g.signWith(r, user, "")
		ids[name] = r.Commit("approve: by " + name + "\n\näöü\n")
		signers = append(signers, git.Signer{Name: name, OpenPGP: g.run("--armor", "--export", user)})
	}
	repo := open(t, r.Dir)
	keys := keyring(t, signers...)
	for name, id := range ids {
		who, err := repo.VerifyCommit(t.Context(), id, keys)
		if err != nil || who.Name != name || len(who.Key) != 40 || !strings.Contains(g.run("--fingerprint", "--with-colons", name+"@acme.example"), who.Key) {
			t.Errorf("%s: %+v, %v", name, who, err)
		}
		altered := rewrite(t, r, id, func(s string) string { return strings.Replace(s, "äöü", "aou", 1) })
		if _, err := repo.VerifyCommit(t.Context(), altered, keys); !errors.Is(err, git.ErrUntrusted) || !strings.Contains(err.Error(), "key of "+name) {
			t.Errorf("%s, altered: %v", name, err)
		}
	}
	if who, err := repo.VerifyCommit(t.Context(), ids["qa-1"], keyring(t, signers[1:]...)); !errors.Is(err, git.ErrUntrusted) {
		t.Errorf("key that is not in the ring: %+v, %v", who, err)
	}
	if _, err := git.ParseSigners([]git.Signer{{Name: "qa-1", OpenPGP: g.run("--armor", "--export-secret-keys", "qa-1@acme.example")}}); err == nil || !strings.Contains(err.Error(), "private") {
		t.Errorf("private key: %v", err)
	}
	if _, err := git.ParseSigners([]git.Signer{signers[0], {Name: "qa-9", OpenPGP: signers[0].OpenPGP}}); err == nil || !strings.Contains(err.Error(), "the same key") {
		t.Errorf("shared key: %v", err)
	}
}

func TestExpiredOpenPGPKeysCountOnlyInAudits(t *testing.T) {
	g := newGPG(t)
	r := gittest.New(t)
	g.run("--faked-system-time", "20240101T000000", "--quick-generate-key", "qa-1@acme.example", "ed25519", "sign", "1y")
	g.signWith(r, "qa-1@acme.example", "20240601T000000")
	id := r.Commit("approve: x")
	repo := open(t, r.Dir)
	old := git.Signer{Name: "qa-1", OpenPGP: g.run("--armor", "--export", "qa-1@acme.example")}
	keys := keyring(t, old)
	if who, err := repo.VerifyCommit(t.Context(), id, keys); !errors.Is(err, git.ErrUntrusted) || !strings.Contains(err.Error(), "expired") {
		t.Errorf("today: %+v, %v", who, err)
	}
	day := func(y int, m time.Month, d int) time.Time { return time.Date(y, m, d, 0, 0, 0, 0, time.UTC) }
	for at, want := range map[time.Time]bool{
		day(2024, 6, 2): true, day(2024, 12, 1): true,
		day(2025, 6, 1): false, // the key had expired
		day(2024, 5, 1): false, // before the signature was made
		day(2023, 1, 1): false, // before the key was made
	} {
		if who, err := repo.VerifyCommit(t.Context(), id, keys.At(at)); (err == nil) != want || err != nil && !errors.Is(err, git.ErrUntrusted) {
			t.Errorf("at %s: %+v, %v", at, who, err)
		}
	}
	// Whoever prolongs a key makes what it signed count again.
	fpr := strings.Split(strings.Split(g.run("--list-keys", "--with-colons"), "\nfpr:::::::::")[1], ":")[0]
	g.run("--quick-set-expire", fpr, "10y")
	longer := keyring(t, git.Signer{Name: "qa-1", OpenPGP: g.run("--armor", "--export", "qa-1@acme.example")})
	for _, k := range []git.Keyring{longer, longer.At(day(2024, 6, 2))} {
		if who, err := repo.VerifyCommit(t.Context(), id, k); err != nil || who.Name != "qa-1" {
			t.Errorf("prolonged: %+v, %v", who, err)
		}
	}
}

func TestRevokedOpenPGPKeysNeverCount(t *testing.T) {
	g := newGPG(t)
	r := gittest.New(t)
	g.run("--quick-generate-key", "qa-1@acme.example", "ed25519", "sign", "never")
	g.signWith(r, "qa-1@acme.example", "")
	id := r.Commit("approve: x")
	// gpg prepares a revocation with every key, with a colon in front so that nobody imports it by mistake.
	files, err := filepath.Glob(filepath.Join(g.home, "openpgp-revocs.d", "*.rev"))
	if err != nil || len(files) != 1 {
		t.Fatalf("%q, %v", files, err)
	}
	text, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(files[0], []byte(strings.Replace(string(text), ":-----", "-----", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	g.run("--import", files[0])
	keys := keyring(t, git.Signer{Name: "qa-1", OpenPGP: g.run("--armor", "--export", "qa-1@acme.example")})
	for _, k := range []git.Keyring{keys, keys.At(time.Now())} {
		if who, err := open(t, r.Dir).VerifyCommit(t.Context(), id, k); !errors.Is(err, git.ErrUntrusted) || !strings.Contains(err.Error(), "revoked") {
			t.Errorf("got %+v, %v", who, err)
		}
	}
}

func TestSignaturesFromTheFutureDoNotCount(t *testing.T) {
	g := newGPG(t)
	r := gittest.New(t)
	g.run("--quick-generate-key", "qa-1@acme.example", "ed25519", "sign", "never")
	for ahead, want := range map[time.Duration]bool{2 * time.Minute: true, 24 * time.Hour: false} {
		g.signWith(r, "qa-1@acme.example", time.Now().UTC().Add(ahead).Format("20060102T150405"))
		id := r.Commit("approve: x " + ahead.String())
		keys := keyring(t, git.Signer{Name: "qa-1", OpenPGP: g.run("--armor", "--export", "qa-1@acme.example")})
		if who, err := open(t, r.Dir).VerifyCommit(t.Context(), id, keys); (err == nil) != want {
			t.Errorf("%s ahead: %+v, %v", ahead, who, err)
		}
	}
}

func TestWeakHashesDoNotCount(t *testing.T) {
	g := newGPG(t)
	r := gittest.New(t)
	g.run("--quick-generate-key", "qa-1@acme.example", "rsa2048", "sign", "never")
	g.signWith(r, "qa-1@acme.example", "")
	wrapper := filepath.Join(g.home, "weak")
	if err := os.WriteFile(wrapper, []byte("#!/bin/sh\nexec '"+g.program+"' --allow-weak-digest-algos --digest-algo SHA1 \"$@\"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	r.Git("config", "gpg.program", wrapper)
	id := r.Commit("approve: x")
	keys := keyring(t, git.Signer{Name: "qa-1", OpenPGP: g.run("--armor", "--export", "qa-1@acme.example")})
	if who, err := open(t, r.Dir).VerifyCommit(t.Context(), id, keys); !errors.Is(err, git.ErrUntrusted) || !strings.Contains(err.Error(), "SHA-1") {
		t.Errorf("got %+v, %v", who, err)
	}
}
