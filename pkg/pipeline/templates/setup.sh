set -eu
bin=${RELCTL_BIN:-${RUNNER_TEMP:+$RUNNER_TEMP/relctl-bin}}
[ -n "$bin" ] || bin=$(mktemp -d)
mkdir -p "$bin"
PATH=$bin:$PATH
export PATH
[[- if .Setup]]
[[quote .Setup]] "$bin"
[[- else]]
# What the machine has is used; the rest is installed.
command -v relctl >/dev/null || GOBIN=$bin go install github.com/relctl/relctl/cmd/relctl@[[.Version]]
command -v relverify >/dev/null || GOBIN=$bin go install github.com/relctl/relctl/cmd/relverify@[[.Version]]
[[- if .Goreleaser]]
command -v goreleaser >/dev/null || GOBIN=$bin go install github.com/goreleaser/goreleaser/v2@v2.16.0
[[- end]]
[[- end]]
[ -z "${GITHUB_PATH:-}" ] || printf '%s\n' "$bin" >>"$GITHUB_PATH"
# Who makes tags and writes the ledger, unless the machine has a name of its own.
git config user.name >/dev/null || git config user.name [[quote .Product]]-releases
git config user.email >/dev/null || git config user.email [[quote .Product]]-releases@localhost
