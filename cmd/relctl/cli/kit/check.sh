#!/bin/sh
# sh check.sh <channel> <bundle>
# The first run sets up a site: it asks for the fingerprint, as you compared it (FINGERPRINT.txt), and for what is
# installed. Every run checks a bundle by that site, which lies where relverify keeps it; RELVERIFY_SITE names another folder.
set -eu
if test $# -ne 2; then
	echo 'usage: sh check.sh <channel> <bundle>' >&2
	exit 2
fi
here=$(cd "$(dirname "$0")" && pwd)
system=$(uname -s | tr '[:upper:]' '[:lower:]')
machine=$(uname -m)
case $machine in x86_64) machine=amd64 ;; aarch64) machine=arm64 ;; esac
relverify=$here/relverify_${system}_$machine
if ! test -f "$relverify"; then
	echo "the kit has no relverify for $system on $machine" >&2
	exit 1
fi
test -x "$relverify" || chmod +x "$relverify"

# 2: there is no site yet.
code=0
"$relverify" status >/dev/null 2>&1 || code=$?
if test "$code" -eq 2; then
	printf 'fingerprint, as you compared it: '
	read -r fingerprint
	if test -z "$fingerprint"; then
		echo 'without a fingerprint nobody knows whose root this is; ask your vendor for it by telephone or letter' >&2
		exit 2
	fi
	printf 'version that is installed, or none: '
	read -r installed
	"$relverify" init --root "$here/root.json" --product {{product}} --channel "$1" --fingerprint "$fingerprint" --installed "$installed"
	echo
fi
exec "$relverify" "$2"
