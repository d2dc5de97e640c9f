set -eu
wanted='--key=RELCTL_RELEASE_KEY
[[- if .Trust]] --trust-key=RELCTL_CHANNEL_KEY --trust-key=RELCTL_SNAPSHOT_KEY --trust-key=RELCTL_TIMESTAMP_KEY[[end]]'
[[template "keys.sh" .]]
[ -z "${PLAN:-}" ] || set -- "$@" --plan "$PLAN"
made=$keys/made
RELCTL_OUTPUT=$made relctl cut "$CHANNEL" "$@"[[if .Shards]] --from-shards [[.Shards]][[end]]
[ -z "${RELCTL_OUTPUT:-}" ] || cat "$made" >>"$RELCTL_OUTPUT"
# What customers get, for the job that verifies it.
release=${RELCTL_BUNDLES:-relctl-bundles}
mkdir -p "$release"
bundle=$(sed -n 's/^RELCTL_BUNDLE=//p' "$made")
[ -z "$bundle" ] || cp "$bundle" "$release/"
