set -eu
# All lines are looked at, whatever the job checked out.
git fetch --quiet origin '+refs/heads/*:refs/remotes/origin/*' 'refs/tags/*:refs/tags/*'
comment=${RELCTL_COMMENT:-relctl-comment.md}
code=0
relctl ci comment "$@" >"$comment" || code=$?
cat "$comment"
[ -z "${GITHUB_STEP_SUMMARY:-}" ] || cat "$comment" >>"$GITHUB_STEP_SUMMARY"
exit "$code"
