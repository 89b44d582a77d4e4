# One stuck mount or lock must not hang the rest. 124 and more is said of what took too long.
bounded() { if command -v timeout >/dev/null 2>&1; then timeout -k 1 "$@"; else shift; "$@"; fi; }
