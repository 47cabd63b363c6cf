#!/usr/bin/env bash
# Opens pages in a real headless Chromium, at the width of a desk and of a phone, light and dark; each must
# ask for nothing but itself and say nothing to the console.
#
#   tests/page.sh PAGE… [--shots FOLDER]
#
# Chromium is Debian's package; without it, and without a way to install it, nothing is checked and that is said.
set -euo pipefail
shots=
pages=()
while test $# -gt 0; do
    case $1 in
        --shots) shots=$(mkdir -p "$2" && cd "$2" && pwd); shift 2 ;;
        *) pages+=("$1"); shift ;;
    esac
done
browser=$(command -v chromium || command -v chromium-browser || command -v google-chrome || true)
if test -z "$browser" && test "$(id -u)" -eq 0 && command -v apt-get > /dev/null; then
    { apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends chromium fonts-dejavu-core; } \
        > /dev/null 2>&1 || true
    browser=$(command -v chromium || true)
fi
test -n "$browser" || { echo "not checked: there is no Chromium, and it cannot be installed"; exit 0; }
work=$(mktemp -d)
server=
trap 'test -z "$server" || kill "$server" 2> /dev/null; rm -rf "$work"' EXIT
mkdir "$work/site"
for page in "${pages[@]}"; do cp "$page" "$work/site/"; done
# Serves the pages and keeps what was asked for.
python3 - "$work" > "$work/port" 2>> "$work/asked" <<'PYTHON' &
import functools, http.server, sys
handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=sys.argv[1] + "/site")
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
print(server.server_address[1], flush=True)
server.serve_forever()
PYTHON
server=$!
until test -s "$work/port"; do sleep 0.1; done
port=$(cat "$work/port")
for page in "${pages[@]}"; do
    name=$(basename "$page")
    for look in 1280:0 390:0 1280:1; do
        width=${look%:*} dark=${look#*:}
        : > "$work/asked"
        shot=$work/shot.png
        test -z "$shots" || shot=$shots/${name%.html}-$width$(test "$dark" = 0 || echo -dark).png
        # Every other host is nowhere, so a request to the outside would fail and be told.
        timeout 180 "$browser" --headless --no-sandbox --disable-gpu --disable-background-networking \
            --disable-component-update --no-first-run --hide-scrollbars --user-data-dir="$work/profile" \
            --host-resolver-rules="MAP * ~NOTFOUND, EXCLUDE 127.0.0.1" \
            --blink-settings=preferredColorScheme=$((1 - dark)) \
            --enable-logging=stderr --window-size="$width,2400" --screenshot="$shot" \
            "http://127.0.0.1:$port/$name" > "$work/out" 2>&1
        test -s "$shot" || { cat "$work/out"; echo "$name: no picture at $width"; exit 1; }
        if grep -q ":CONSOLE" "$work/out"; then
            grep ":CONSOLE" "$work/out"
            echo "$name: something on the console at $width"
            exit 1
        fi
        asked=$(grep -o '"GET [^"]*"' "$work/asked" | sort -u)
        test "$asked" = "\"GET /$name HTTP/1.1\"" || { echo "$name: asked for: $asked"; exit 1; }
    done
    echo "$name: nothing on the console, nothing asked for but the page"
done
