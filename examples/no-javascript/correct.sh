#!/bin/sh
# What was sent in the end, by curl and the host's own key: ./correct.sh zendesk:ticket/37 'The text that went out'
set -eu
: "${FLYWHEEL_API_KEY:?set FLYWHEEL_API_KEY to the key that flywheel up printed}"
[ $# -eq 2 ] || { echo "usage: $0 REF TEXT" >&2; exit 2; }

# The event's id, a UUIDv7: 48 bits of time in milliseconds, then random ones. The same id twice is stored once.
random=$(od -An -N9 -tx1 /dev/urandom | tr -d ' \n')
time=$(printf '%012x' "$(($(date +%s) * 1000))")
id="$(echo "$time" | cut -c1-8)-$(echo "$time" | cut -c9-12)-7$(echo "$random" | cut -c1-3)-8$(echo "$random" | cut -c4-6)-$(echo "$random" | cut -c7-18)"

# JSON's escapes of a text, with what every system has: backslashes, quotes, tabs and line ends.
escape() { printf '%s' "$1" | sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e "s/$(printf '\t')/\\\\t/g" | awk '{ printf "%s%s", (NR > 1 ? "\\n" : ""), $0 }'; }

curl --silent --show-error --fail-with-body --retry 3 --retry-connrefused \
  --header "authorization: Bearer $FLYWHEEL_API_KEY" \
  --header 'content-type: application/x-ndjson' \
  --data-binary @- "${FLYWHEEL_URL:-http://127.0.0.1:8787}/v1/events" <<EOF
{"type":"feedback","id":"$id","schema_version":1,"target_kind":"ref","target":"$(escape "$1")","kind":"correction","stage":"committed","kept":"$(escape "$2")","author_kind":"expert","author_id":"agent-9"}
EOF
echo
