#!/usr/bin/env bash
# Breaks runs over an archive off and goes on with them; the outcome must be that of a run left alone.
#
#   tests/resume.sh COMMAND MANIFEST [TIMES] [OPTIONS OF THE COMMAND…]
#
# Each time a run is ended by kill -9 at a random moment (every fourth time by SIGTERM, and every third
# time its continuation is ended by kill -9 as well), then gone on with to its end. Rows, failures and
# journal must be the same bytes. At the end the same on a disk that fills up, where this user may mount one.
# The seed of the moments is printed and can be given as SEED.
set -euo pipefail
command=$1 manifest=$2 times=${3:-10}
shift $(($# < 3 ? $# : 3))
options=(--quiet "$@")
work=$(mktemp -d)
disk=$work/disk
trap 'mountpoint -q "$disk" 2>/dev/null && umount "$disk"; rm -rf "$work"' EXIT
RANDOM=${SEED:=$$}
echo "seed $SEED"

# Runs the command; 1 says that calls failed, which is no fault here.
run() {
    local code=0
    "$command" "$manifest" "${options[@]}" "$@" || code=$?
    test "$code" -le 1 || return "$code"
}
same() {
    for suffix in "" .errors.jsonl .journal; do
        cmp "$work/whole.jsonl$suffix" "$1$suffix" || { echo "another outcome: $1$suffix"; exit 1; }
    done
    rm -f "$1" "$1".*
}

begin=$(date +%s%N)
run --out "$work/whole.jsonl"
took=$((($(date +%s%N) - begin) / 1000000))
echo "a run left alone: $took ms, $(wc -c < "$work/whole.jsonl") bytes"

# Starts a run and ends it by a signal at a random moment of its time.
break_off() {
    local signal=$1 moment=$((RANDOM * took / 32768))
    shift
    "$command" "$manifest" "${options[@]}" "$@" 2> /dev/null &
    local pid=$!
    sleep "$((moment / 1000)).$(printf '%03d' $((moment % 1000)))"
    kill -"$signal" "$pid" 2> /dev/null || true
    wait "$pid" 2> /dev/null || true
}

kept=0 unfinished=0
for ((i = 1; i <= times; i++)); do
    out=$work/broken.jsonl
    break_off "$( ((i % 4 == 0)) && echo TERM || echo KILL)" --out "$out"
    test -e "$out" || unfinished=$((unfinished + 1))
    if test -e "$out.partial.journal" && test "$(wc -l < "$out.partial.journal")" -gt 1; then
        kept=$((kept + 1))
    fi
    ((i % 3)) || break_off KILL --out "$out" --resume
    run --out "$out" --resume
    same "$out"
done
echo "$times runs broken off, $unfinished before their end, $kept of them with rows to go on from: all ended alike"

if mkdir "$disk" && mount -t tmpfs -o size=$(($(wc -c < "$work/whole.jsonl") / 2)) tmpfs "$disk" 2> /dev/null; then
    code=0
    "$command" "$manifest" "${options[@]}" --out "$disk/full.jsonl" 2> "$work/said" || code=$?
    cat "$work/said"
    test "$code" -eq 3 || { echo "a full disk ended with $code"; exit 1; }
    test ! -e "$disk/full.jsonl"
    mount -o remount,size=$(($(wc -c < "$work/whole.jsonl") * 2 + 10000000)) "$disk"
    run --out "$disk/full.jsonl" --resume
    same "$disk/full.jsonl"
    echo "a disk that filled up: went on when there was room, and ended alike"
else
    echo "no disk to fill up: this user may not mount one"
fi
