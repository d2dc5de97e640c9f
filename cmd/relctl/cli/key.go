package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/relctl/relctl/pkg/project"
	"github.com/relctl/relctl/pkg/sign"
)

func newKey(s IO) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "key",
		Short:   "Make keys that sign releases",
		Example: "  relctl key generate --out channels/keys",
	}
	cmd.AddCommand(newKeyGenerate(s))
	return cmd
}

func newKeyGenerate(s IO) *cobra.Command {
	var out, name, passwordFile string
	var asJSON *bool
	cmd := &cobra.Command{
		Use:   "generate",
		Short: "Make a key pair in cosign's format",
		Long: `generate writes <name>.key, encrypted with a password, and <name>.pub, ECDSA P-256 in cosign's format. The public
part goes into channels/keys on the default branch and to your customers by another way than the bundles; the private
part goes to whoever cuts releases, never into the repository.`,
		Example: `  relctl key generate --out channels/keys
  relctl key generate --out keys --name cosign --password-file password.txt`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			private, public := filepath.Join(out, name+".key"), filepath.Join(out, name+".pub")
			for _, path := range []string{private, public} {
				if _, err := os.Lstat(path); err == nil {
					return usagef("choose another --name or --out; keys are never overwritten", "%s exists already", path)
				}
			}
			password, err := newPassword(s, passwordFile)
			if err != nil {
				return err
			}
			key, pub, err := sign.Generate(password)
			if err != nil {
				return err
			}
			if err := os.MkdirAll(out, 0o755); err != nil {
				return err
			}
			if err := writeNew(private, key, 0o600); err != nil {
				return err
			}
			if err := writeNew(public, pub, 0o644); err != nil {
				return err
			}
			parsed, err := sign.ParsePublic(pub)
			if err != nil {
				return err
			}
			if *asJSON {
				return s.json(map[string]string{"schema": "https://relctl.dev/schema/key/v1", "id": parsed.ID(), "private": private, "public": public})
			}
			s.print("private  %s   keep it secret, and out of the repository\n", private)
			s.print("public   %s   key id %s\n", public, parsed.ID())
			return nil
		},
	}
	asJSON = addJSON(cmd)
	cmd.Flags().StringVar(&out, "out", ".", "write the two files into this `folder`")
	cmd.Flags().StringVar(&name, "name", "release", "`name` of the files, before .key and .pub")
	cmd.Flags().StringVar(&passwordFile, "password-file", "", "read the password from the first line of this `file`")
	return cmd
}

// writeNew writes a file that must not exist.
func writeNew(path string, data []byte, mode fs.FileMode) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, mode)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	return errors.Join(err, f.Chmod(mode), f.Sync(), f.Close())
}

// passwordVariables may hold the password of a key; the second is cosign's own.
var passwordVariables = []string{"RELCTL_PASSWORD", "COSIGN_PASSWORD"}

// password reads a key's password from a file, the environment, or a person at a terminal.
func password(s IO, file, prompt string) ([]byte, error) {
	if file != "" {
		data, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("password: %w", err)
		}
		line, _, _ := bytes.Cut(data, []byte("\n"))
		return bytes.TrimSuffix(line, []byte("\r")), nil
	}
	for _, name := range passwordVariables {
		if value, ok := os.LookupEnv(name); ok {
			return []byte(value), nil
		}
	}
	tty, ok := s.terminal()
	if !ok {
		return nil, usagef("give --password-file, or set "+passwordVariables[0], "the key needs a password, and there is no terminal to ask for it")
	}
	_, _ = fmt.Fprint(s.Err, prompt)
	defer s.say("")
	return term.ReadPassword(int(tty.Fd()))
}

// newPassword asks twice where a person types.
func newPassword(s IO, file string) ([]byte, error) {
	first, err := password(s, file, "Password for the new key: ")
	if err != nil || file != "" || fromEnvironment() {
		return first, err
	}
	second, err := password(s, "", "The same password again: ")
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(first, second) {
		return nil, usagef("try again", "the two passwords differ")
	}
	return first, nil
}

func fromEnvironment() bool {
	for _, name := range passwordVariables {
		if _, ok := os.LookupEnv(name); ok {
			return true
		}
	}
	return false
}

// loadKeys opens private keys for signing releases.
func loadKeys(ctx context.Context, s IO, refs []string, passwordFile string) ([]project.Signer, error) {
	keys, err := openKeys(ctx, s, refs, passwordFile)
	var out []project.Signer
	for _, k := range keys {
		out = append(out, k)
	}
	return out, err
}

// openKeys opens private keys: files, which share one password source, keys in services, and tokens.
func openKeys(ctx context.Context, s IO, refs []string, passwordFile string) ([]*sign.Key, error) {
	var out []*sign.Key
	for _, ref := range refs {
		key, err := sign.Open(ctx, ref, func(file string) ([]byte, error) {
			return password(s, passwordFile, fmt.Sprintf("Password for %s: ", file))
		})
		var elsewhere *sign.ReferenceError
		switch {
		case errors.As(err, &elsewhere):
			return nil, err
		case err != nil:
			return nil, fmt.Errorf("signing key %s: %w", strings.TrimSpace(ref), err)
		}
		out = append(out, key)
	}
	return out, nil
}
