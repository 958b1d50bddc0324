#!/usr/bin/env bash
# Builds the engine with AddressSanitizer and UBSan and runs its tests: native/sanitize.sh [.venv/bin/python]
# The interpreter needs chainrule's test and build requirements, which are read from pyproject.toml's extras.
set -euo pipefail
cd "$(dirname "$0")/.."
python=$(realpath -s "${1:-.venv/bin/python}")
level=${CHAINRULE_ISA:-$("$python" -c 'from chainrule.engine import native; print(native.LEVEL)')}
[ "$level" = avx512 ] && level=avx2 # its code is the same, and other tools know its instructions better
build=build/sanitize
cmake=$(dirname "$python")/cmake
command -v "$cmake" > /dev/null || cmake=cmake
"$cmake" -S . -B $build -DPython_EXECUTABLE="$python" -DCMAKE_BUILD_TYPE=Debug -DCHAINRULE_SANITIZE=address,undefined > /dev/null
"$cmake" --build $build --target "_native_$level" --parallel 2
rm -rf $build/lib
mkdir -p $build/lib
cp -r src/chainrule $build/lib/
rm -f $build/lib/chainrule/engine/_native_*
cp $build/_native_"$level"*.so $build/lib/chainrule/engine/
site=$("$python" -c 'import sysconfig; print(sysconfig.get_path("platlib"))')
preload="$(c++ -print-file-name=libasan.so) $(c++ -print-file-name=libubsan.so) $(c++ -print-file-name=libstdc++.so)"
# -S keeps an editable installation out of the way; the tests of other processes load the ordinary modules
CHAINRULE_ISA=$level LD_PRELOAD=$preload ASAN_OPTIONS=detect_leaks=0 UBSAN_OPTIONS=print_stacktrace=1 \
  OPENBLAS_NUM_THREADS=1 PYTHONPATH=$build/lib:$site \
  "$python" -S -m pytest -o pythonpath=tests -p no:cacheprovider -q tests/native -k "not fork and not level"
