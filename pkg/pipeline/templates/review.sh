set -eu
# Exit code 5: nothing new to release. An earlier cut that did not finish goes on without a plan.
code=0
relctl plan "$CHANNEL" --fetch || code=$?
[ "$code" = 5 ] || exit "$code"
