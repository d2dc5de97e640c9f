set -eu
# Nothing may come from elsewhere: a network of its own, with nothing in it.
if unshare --map-root-user --net true 2>/dev/null; then
	offline='unshare --map-root-user --net'
elif sudo -n unshare --net true 2>/dev/null; then
	offline='sudo -n unshare --net'
else
	echo 'this machine gives no network namespace: run this job where unshare works, or on a machine without network' >&2
	exit 1
fi
relverify=$(command -v relverify)
n=0
for bundle in "${RELCTL_BUNDLES:-relctl-bundles}"/*.bundle; do
	[ -f "$bundle" ] || continue
	$offline "$relverify"[[range .Keys]] --key [[quote .]][[end]] --threshold [[.Threshold]] \
		--product [[quote .Product]] --channel "$CHANNEL" "$bundle"
	n=$((n + 1))
done
if [ "$n" = 0 ]; then
	echo 'there is no bundle to verify' >&2
	exit 1
fi
echo "$n checked without network"
