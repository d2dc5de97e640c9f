package git

import (
	"bytes"
	"os"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestRedactTakesSecretsOutOfURLs(t *testing.T) {
	for in, want := range map[string]string{
		"https://user:pw@h/x":                      "https://h/x",
		"https://token@h/x":                        "https://h/x",
		"http://u:p@ss@h:8080/x and https://t@g/y": "http://h:8080/x and https://g/y",
		"HTTPS://u:p@h/x":                          "HTTPS://h/x",
		"ssh://git@h/x":                            "ssh://git@h/x",
		"ssh://git:pw@h:22/x":                      "ssh://git@h:22/x",
		"git@h:x/y.git":                            "git@h:x/y.git",
		"fatal: 'https://u:p@h/x' failed":          "fatal: 'https://h/x' failed",
		"/path/with@at":                            "/path/with@at",
		"https://h/x?mail=a@b":                     "https://h/x?mail=a@b",
		"svn+ssh://u:p@h/":                         "svn+ssh://u@h/",
	} {
		if got := redact(in); got != want {
			t.Errorf("redact(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestBriefKeepsWhatHelps(t *testing.T) {
	for in, want := range map[string]string{
		"fatal: no\nhint: try\n\nerror: more\n": "no; more",
		"a\rb\r\n":                              "a; b",
		"\x1b[31mred\x1b[0m \xff":               "[31mred[0m ?",
		"remote: \nremote: text\n":              "remote: text",
		"1\n2\n3\n4\n5\n6\n":                    "1; 2; 3; 4; 5; …",
		"":                                      "",
		"evil \u202e text":                      "evil  text",
	} {
		if got := brief(in); got != want {
			t.Errorf("brief(%q) = %q, want %q", in, got, want)
		}
	}
	if got := brief(strings.Repeat("日", 1000)); len(got) > maxText+8 || !utf8.ValidString(got) {
		t.Errorf("%d bytes", len(got))
	}
}

func TestTheEnvironmentKeepsIdentityAndTransportOnly(t *testing.T) {
	for k, v := range map[string]string{
		"GIT_DIR": "/x", "GIT_INDEX_FILE": "/x", "GIT_TRACE": "1", "GIT_QUARANTINE_PATH": "/x", "GIT_REPLACE_REF_BASE": "x", "GIT_PREFIX": "x",
		"GIT_SSH_COMMAND": "ssh -i key", "GIT_ASKPASS": "ask", "GIT_AUTHOR_NAME": "QA", "GIT_CONFIG_PARAMETERS": "'a.b=c'", "GIT_CONFIG_GLOBAL": "/home/config",
		"LC_ALL": "de_DE.UTF-8", "LANGUAGE": "de", "RELCTL_TEST": "kept",
	} {
		t.Setenv(k, v)
	}
	last := func(env []string) map[string]string {
		out := map[string]string{}
		for _, kv := range env {
			k, v, _ := strings.Cut(kv, "=")
			out[k] = v
		}
		return out
	}
	user, hermetic := last(userEnv()), last(hermeticEnv())
	for _, env := range []map[string]string{user, hermetic} {
		for _, name := range []string{"GIT_DIR", "GIT_INDEX_FILE", "GIT_TRACE", "GIT_QUARANTINE_PATH", "GIT_REPLACE_REF_BASE", "GIT_PREFIX"} {
			if v, ok := env[name]; ok {
				t.Errorf("%s=%s leaks", name, v)
			}
		}
		if env["LC_ALL"] != "C" || env["LANGUAGE"] != "C" || env["RELCTL_TEST"] != "kept" || env["PATH"] != os.Getenv("PATH") {
			t.Errorf("got %v", env)
		}
	}
	for _, name := range []string{"GIT_SSH_COMMAND", "GIT_ASKPASS", "GIT_AUTHOR_NAME", "GIT_CONFIG_PARAMETERS"} {
		if user[name] != os.Getenv(name) {
			t.Errorf("the user's %s is %q", name, user[name])
		}
		if v, ok := hermetic[name]; ok {
			t.Errorf("%s=%s reaches reading", name, v)
		}
	}
	if user["GIT_CONFIG_GLOBAL"] != "/home/config" || hermetic["GIT_CONFIG_GLOBAL"] != os.DevNull {
		t.Errorf("configuration is %q and %q", user["GIT_CONFIG_GLOBAL"], hermetic["GIT_CONFIG_GLOBAL"])
	}
}

func FuzzParseTree(f *testing.F) {
	f.Add([]byte("100644 a\x00aaaaaaaaaaaaaaaaaaaa40000 b\x00bbbbbbbbbbbbbbbbbbbb"))
	f.Add([]byte("100644 a\x00short"))
	f.Add([]byte(" \x00aaaaaaaaaaaaaaaaaaaa"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		list, err := parseTree(raw)
		if err != nil {
			return
		}
		size := 0
		for _, e := range list {
			if e.name == "" || strings.Contains(e.name, "/") || !isID(e.id) {
				t.Errorf("entry %+v", e)
			}
			size += len(e.mode) + len(e.name) + 22
		}
		if size != len(raw) {
			t.Errorf("%d of %d bytes are accounted for", size, len(raw))
		}
	})
}

func FuzzSplitSignature(f *testing.F) {
	f.Add([]byte("tree x\ngpgsig -----BEGIN\n AAAA\n -----END\nauthor y\n\nmessage\n"))
	f.Add([]byte("gpgsig \n\ngpgsig "))
	f.Add([]byte("tree x\nmergetag a\n gpgsig b\n\n"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		payload, sig, err := splitSignature(raw)
		if err != nil {
			return
		}
		// Nothing that was not in the commit may count as signed.
		for line := range bytes.SplitSeq(payload, []byte("\n")) {
			if !bytes.Contains(raw, line) {
				t.Errorf("line %q is made up", line)
			}
		}
		if head, _, _ := bytes.Cut(payload, []byte("\n\n")); bytes.HasPrefix(head, []byte("gpgsig ")) || bytes.Contains(head, []byte("\ngpgsig ")) {
			t.Errorf("a signature is left in %q", head)
		}
		if len(sig) == 0 {
			t.Error("no signature and no error")
		}
	})
}

func FuzzVerify(f *testing.F) {
	f.Add([]byte("tree x\ngpgsig -----BEGIN SSH SIGNATURE-----\n U1NIU0lHAAAAAQ==\n -----END SSH SIGNATURE-----\n\nm"))
	f.Add([]byte("tree x\ngpgsig -----BEGIN PGP SIGNATURE-----\n \n iHUEABYKAB0=\n -----END PGP SIGNATURE-----\n\nm"))
	keys, err := ParseSigners([]Signer{{Name: "qa-1", SSH: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPhFEzFY7VSPLLSuAkLqqVWbwQhWOZUXVcVbUGTEyYLW"}})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		if who, err := verify(raw, keys); err == nil {
			t.Errorf("%+v signed %q", who, raw)
		}
	})
}

func FuzzParseIdent(f *testing.F) {
	for _, s := range []string{"QA <qa-1@acme.example> 1767603600 +0100", "<> 0", "a < b > c", ">", "\xff <\xfe> 99999999999999999999"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, line string) {
		s := parseIdent(line)
		if !utf8.ValidString(s.Name) || !utf8.ValidString(s.Email) {
			t.Errorf("got %+q", s)
		}
		if _, err := s.When.MarshalJSON(); err != nil {
			t.Errorf("date of %q: %v", line, err)
		}
	})
}

func FuzzPushError(f *testing.F) {
	f.Add("!\tx:refs/heads/a\t[rejected] (stale info)\n", "remote: no\n")
	f.Add("To x\n!\t:\t\n!\t\t\nDone\n", "\x1b[31m\xff")
	f.Fuzz(func(t *testing.T, out, stderr string) {
		err := pushError("origin", parsePorcelain(out), &Error{Command: "push", Code: 1, Stderr: brief(stderr), raw: stderr})
		text := err.Error()
		if !strings.HasPrefix(text, "push ") || strings.ContainsAny(text, "\x1b\r") {
			t.Errorf("got %q", text)
		}
	})
}
