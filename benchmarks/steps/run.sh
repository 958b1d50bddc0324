#!/usr/bin/env bash
# Makes .bench-venv with the peers, compares, and writes docs/benchmarks.md: benchmarks/steps/run.sh [python3]
set -euo pipefail
cd "$(dirname "$0")/../.."
venv=.bench-venv
[ -x $venv/bin/python ] || "${1:-python3}" -m venv $venv
install() { $venv/bin/python -m pip install --quiet --disable-pip-version-check "$@"; }
install . "matplotlib>=3.9"
for peer in "torch==2.13.0" "jax>=0.4.30" "keras>=3.9"; do
  install "$peer" || echo "$peer cannot be installed; the page will name it as missing" >&2
done
$venv/bin/python benchmarks/steps --write docs/benchmarks.md
