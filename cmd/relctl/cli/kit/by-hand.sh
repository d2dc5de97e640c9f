#!/bin/sh
# sh by-hand.sh <key> <bundle> <new folder>
# The check of VERIFY.md, with tar, sha256sum and cosign 3 and nothing of this kit but a key: it says who made the bundle, and
# not whether it was withdrawn or a newer one exists. The last line, "genuine by this key", is the answer; if it does not
# come, do not use what lies in the folder.
set -eu
if test $# -ne 3; then
	echo 'usage: sh by-hand.sh <key> <bundle> <new folder>' >&2
	exit 2
fi
absolute() { printf '%s/%s\n' "$(cd "$(dirname "$1")" && pwd)" "$(basename "$1")"; }
key=$(absolute "$1")
bundle=$(absolute "$2")
mkdir "$3"
cd "$3"

{{recipe}}
