set -eu
# Exit code 5: nothing new to release. An earlier cut that did not finish goes on without a plan.
code=0
[[- if .Shards]]
# The machines that build get exactly the plan that is shown.
relctl plan "$CHANNEL" --fetch --json >"$RELCTL_PLAN" || code=$?
if [ -s "$RELCTL_PLAN" ]; then
	RELCTL_OUTPUT='' GITHUB_OUTPUT='' GITHUB_STEP_SUMMARY='' relctl plan "$CHANNEL" || true
fi
[[- else]]
relctl plan "$CHANNEL" --fetch || code=$?
[[- end]]
[ "$code" = 5 ] || exit "$code"
