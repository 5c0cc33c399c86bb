#!/bin/sh
# What deploy/compose.yaml runs before the replicas: a new deployment gets an API key, which is shown this once in the log
# of this container; all get a secret that the replicas sign tokens with. A deployment that has run without keys goes on
# without, and is warned.
set -eu
keys_dir=${KEYS_DIR:-/keys}
before_dir=${BEFORE_DIR:-/before}     # a volume that every deployment has filled since its first start
owner=${KEYS_OWNER:-1034:1034}        # the user of the image

umask 077
if [ ! -s "$keys_dir/token-secret" ]; then
    python -c 'import secrets; print(secrets.token_urlsafe(32))' > "$keys_dir/token-secret.new"
    mv "$keys_dir/token-secret.new" "$keys_dir/token-secret"
fi
if [ ! -s "$keys_dir/keys.json" ] && [ "${1:-}" != new-key ]; then
    if [ -z "$(ls -A "$before_dir")" ]; then
        set -- new-key first
    else
        echo "WARNING: THIS DEPLOYMENT HAS NO API KEYS: ANYBODY WHO REACHES ITS PORTS MAY USE IT. Make one:" >&2
        echo "    docker compose -f deploy/compose.yaml run --rm keys new-key NAME" >&2
        echo "and start the replicas again." >&2
    fi
fi
if [ "${1:-}" = new-key ]; then
    echo "The API key of ${2:-first}, which is shown this once:"
    hindi-stt keys --file "$keys_dir/keys.json" new "${2:-first}"
fi
# /metrics wants a key as everything else does; a server without keys does not look at it.
if [ -s "$keys_dir/keys.json" ] && ! grep -q stt_ "$keys_dir/metrics-key" 2>/dev/null; then
    hindi-stt keys --file "$keys_dir/keys.json" new prometheus --requests-per-minute 1 --audio-s-per-hour 1 \
        > "$keys_dir/metrics-key.new"
    mv "$keys_dir/metrics-key.new" "$keys_dir/metrics-key"
elif [ ! -e "$keys_dir/metrics-key" ]; then
    echo none > "$keys_dir/metrics-key"
fi
chmod 644 "$keys_dir/metrics-key"     # for Prometheus, which runs as another user
chown -R "$owner" "$keys_dir"
