#!/usr/bin/env bash
# Runs over a folder of broken calls with good ones among them; each must give its named error or warning.
#
#   tests/stress/check.sh COMMAND [SEED]
#
# COMMAND is score_archive. Also looked at: the good calls come out as in a clean run, every row comes out
# once, nothing panics, the time and the memory used. Needs python3 and Linux's /proc.
set -euo pipefail
command=$1 seed=${2:-1}
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# Two calls at work, the largest file held at once (a line of 100 MB, a vCon unpacked up to 256 MB), and
# room to spare: what grows with its input without bound passes it.
most_kb=${MOST_KB:-1500000}
most_s=${MOST_S:-600}
faults=0
fault() { printf 'DEVIATION %s\n' "$*"; faults=1; }

python3 "$here/make.py" "$here/../../demo" "$here/../fixtures/audio" "$work/calls" "$seed"

# Runs the command under a limit of time; sets `code`, `took` and `peak`, the most memory it held in kB.
run() {
    local begin pid held
    begin=$(date +%s%N) peak=0 code=0
    timeout "$most_s" "$command" "$@" --jobs 2 --longest 12 --call-timeout 60 > "$work/stdout" 2> "$work/stderr" &
    pid=$!
    while kill -0 "$pid" 2> /dev/null; do
        # The command is the child of `timeout`.
        for child in $(cat "/proc/$pid/task/$pid/children" 2> /dev/null); do
            held=$(awk '/^VmHWM/ { print $2 }' "/proc/$child/status" 2> /dev/null || true)
            ((${held:-0} > peak)) && peak=$held
        done
        sleep 0.02
    done
    wait "$pid" || code=$?
    took=$((($(date +%s%N) - begin) / 1000000))
    ((code != 124)) || fault "$*: not done after $most_s s"
    ((peak <= most_kb)) || fault "$*: held $peak kB, at most $most_kb"
    ! grep -q panicked "$work/stderr" || fault "$*: $(grep -m 1 panicked "$work/stderr")"
}

run "$work/calls/good.csv" --out "$work/clean.jsonl" --quiet
((code == 0)) || fault "the good calls alone: exit code $code"
echo "good calls alone: $took ms, $peak kB"
run "$work/calls/manifest.csv" --out "$work/rows.jsonl" --quiet
((code == 1)) || fault "manifest.csv: exit code $code, wanted 1: $(tail -n 1 "$work/stderr")"
echo "broken ones among them: $took ms, $peak kB"
python3 "$here/compare.py" "$work/calls" "$work/rows.jsonl" "$work/clean.jsonl" || faults=1

while IFS=, read -r name expected <&3; do
    test "$name" != name || continue
    run "$work/calls/broken/$name" --out "$work/$name.jsonl" --quiet
    printf '%-24s exit %s, %s rows, %s ms, %s kB: %s\n' "$name" "$code" \
        "$(cat "$work/$name.jsonl" 2> /dev/null | wc -l)" "$took" "$peak" "$(head -n 1 "$work/stderr" | cut -c 1-160)"
    case $expected in
        refused) ((code == 2)) && test -s "$work/stderr" || fault "$name: exit code $code, wanted 2 and a reason" ;;
        row) ((code == 1)) && grep -q '"failed"' "$work/$name.jsonl" || fault "$name: exit code $code, wanted 1 and a failed row" ;;
    esac
    rm -f "$work/$name.jsonl"*
done 3< "$work/calls/broken.csv"
exit "$faults"
