set -eu
wanted='--key=RELCTL_SHARD_KEY'
[[template "keys.sh" .]]
relctl build "$CHANNEL" --fetch --plan "$RELCTL_PLAN" --shard "$SHARD" --to [[quote .ShardStore]] "$@"
