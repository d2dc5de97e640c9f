package bundle

import (
	"fmt"

	"github.com/relctl/relctl/pkg/release"
)

// Recipe returns the commands of POSIX shells that check a bundle with tar, sha256sum and stock cosign. They end at the
// first refusal and write into the folder that they run in; file and key are words of the shell, called is the bundle in
// what they say at the end.
func Recipe(file, key, called string) string {
	return fmt.Sprintf(`set -e
export LC_ALL=C
# 1. Open only the statement, its signatures and the list of checksums; nothing is run.
tar -tf %[1]s | sort > contents.txt
tar -xf %[1]s release.json SHA256SUMS
tar -xf %[1]s $(grep '^release\.json\.[0-9a-f]*\.sigstore\.json$' contents.txt)

# 2. The statement is signed by the key that you trust.
verified=no
for signature in release.json.*.sigstore.json; do
  if cosign verify-blob --key %[2]s --bundle "$signature" --insecure-ignore-tlog release.json; then verified=yes; fi
done
test "$verified" = yes

# 3. It is about this product and channel. Look at these two lines yourself.
grep -E '^  "(product|channel)": ' release.json

# 4. The statement names the list of checksums.
grep -A 5 '"path": "SHA256SUMS"' release.json | grep "$(sha256sum SHA256SUMS | cut -d ' ' -f 1)"

# 5. Every file is what the list says.
tar -xf %[1]s
sha256sum --strict --quiet -c SHA256SUMS

# 6. There is no file that the list does not name.
{ cut -c 67- SHA256SUMS; echo SHA256SUMS; grep -E '^release\.json(\.[0-9a-f]*\.sigstore\.json)?$|^trust/' contents.txt; } | sort > expected.txt
cmp contents.txt expected.txt
echo "%[3]s is genuine by this key"`, file, key, called)
}

// VerifyRecipe returns VERIFY.md: how to check a bundle with tar, sha256sum and stock cosign, and nothing of relctl's.
// The commands stand in one block, run in the folder that holds the bundle and cosign.pub, and stop at the first
// refusal.
func VerifyRecipe(m *release.Manifest) []byte {
	return fmt.Appendf(nil, `# Verify %[1]s %[2]s by hand

`+"`relverify --key cosign.pub %[1]s-%[2]s.bundle`"+` does all of this, and more, in one step. This page is for when you
would rather trust tools that you have already: tar, sha256sum, and cosign 3.

**The public key must not come from this bundle.** Whoever can forge a bundle can forge a key and this page with it. Take
cosign.pub, and the copy of this recipe that counts, from where your vendor told you by another way: a letter, a contract, a
web page that you knew before.

Put the bundle and cosign.pub into an empty folder and run there:

`+"```sh"+`
%[3]s
`+"```"+`

What this does not tell: whether a newer release exists, or whether this one was withdrawn. `+"`--insecure-ignore-tlog`"+` is right
here: it tells cosign not to ask a public log on the internet, where this release was never written.
`, m.Product, m.Version, Recipe(fmt.Sprintf("%s-%s.bundle", m.Product, m.Version), "cosign.pub", fmt.Sprintf("%s %s", m.Product, m.Version)))
}
