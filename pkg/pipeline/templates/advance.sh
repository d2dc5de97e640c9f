set -eu
[[- if .Artifacts]]
wanted='--key=RELCTL_ARTIFACT_KEY'
[[template "keys.sh" .]]
[[- end]]
[[- if .Deploy]]
# The repository that holds what rings run, if it is not this one; git reads the token from the environment.
if [ -n "${RELCTL_DEPLOY_TOKEN:-}" ]; then
	git config [[quote (print "http." .Deploy ".extraheader")]] ''
	git config [[quote (print "credential." .Deploy ".helper")]] '!f() { echo username=relctl; echo "password=$RELCTL_DEPLOY_TOKEN"; }; f'
fi
[[- end]]
code=0
[[- range .Rolled]]
relctl advance [[quote .Name]][[if $.Artifacts]] "$@"[[end]] || code=$?
[[- end]]
exit "$code"
