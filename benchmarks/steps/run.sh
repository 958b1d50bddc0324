#!/usr/bin/env bash
# Makes .bench-venv with the peers, compares, and writes docs/benchmarks.md: benchmarks/steps/run.sh [python3]
set -euo pipefail
cd "$(dirname "$0")/../.."
venv=.bench-venv
[ -x $venv/bin/python ] || "${1:-python3}" -m venv $venv
$venv/bin/python -m pip install --quiet --disable-pip-version-check . "torch==2.13.0" "jax>=0.4.30" "keras>=3.9" "matplotlib>=3.9"
unset OPENBLAS_CORETYPE OPENBLAS_L2_SIZE
$venv/bin/python benchmarks/steps --write docs/benchmarks.md
