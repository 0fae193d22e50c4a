#!/bin/sh
# Makes .devcontainer/seccomp.json: Docker's default profile, and userfaultfd. Needs curl and Docker, but no Node.js.
set -eu
cd "$(dirname "$0")/.."
default=https://raw.githubusercontent.com/moby/profiles/main/seccomp/default.json
new=.devcontainer/seccomp.json.new
curl -fsSL "$default" |
  docker run --rm -i -v "$PWD/scripts:/scripts:ro" node:20-bookworm node /scripts/seccomp-profile.mjs - > "$new"
mv "$new" .devcontainer/seccomp.json
