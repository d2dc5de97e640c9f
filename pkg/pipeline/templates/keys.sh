# A key is a file, the text of one, or the address of a key service. Texts are gone when this ends.
keys=$(mktemp -d)
trap 'rm -rf "$keys"' EXIT
trap 'exit 143' HUP INT TERM
set --
for key in $wanted; do
	flag=${key%%=*} name=${key#*=}
	eval "value=\${$name:-}"
	case $value in
	'') continue ;;
	*-----BEGIN*)
		printf '%s\n' "$value" >"$keys/$name"
		value=$keys/$name
		;;
	esac
	set -- "$@" "$flag" "$value"
done
[[- if .Registries]]
# The registries of the stores, unless somebody logged in already.
if [ -n "${RELCTL_REGISTRY_PASSWORD:-}" ]; then
	DOCKER_CONFIG=$keys
	export DOCKER_CONFIG
	auth=$(printf '%s:%s' "$RELCTL_REGISTRY_USER" "$RELCTL_REGISTRY_PASSWORD" | base64 | tr -d '\n')
	printf '{"auths":{[[range $i, $r := .Registries]][[if $i]],[[end]]"[[$r]]":{"auth":"%s"}[[end]]}}\n' [[range .Registries]]"$auth" [[end]]>"$keys/config.json"
fi
[[- end]]
