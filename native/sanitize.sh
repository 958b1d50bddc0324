#!/usr/bin/env bash
# Builds the engine with AddressSanitizer and UBSan for every instruction level that this processor has, and runs its
# tests with each: native/sanitize.sh [.venv/bin/python]; CHAINRULE_ISA=avx2 native/sanitize.sh for one level.
# The interpreter needs chainrule's test and build requirements, which are read from pyproject.toml's extras.
set -euo pipefail
cd "$(dirname "$0")/.."
python=$(realpath -s "${1:-.venv/bin/python}")
every='from chainrule.engine.native_loading import LEVELS, NEEDED, _features
print(*(level for level in LEVELS if NEEDED[level] <= _features()))'
levels=${CHAINRULE_ISA:-$("$python" -c "$every")}
build=build/sanitize
cmake=$(dirname "$python")/cmake
command -v "$cmake" > /dev/null || cmake=cmake
"$cmake" -S . -B $build -DPython_EXECUTABLE="$python" -DCMAKE_BUILD_TYPE=Debug -DCHAINRULE_SANITIZE=address,undefined > /dev/null
rm -rf $build/lib
mkdir -p $build/lib
cp -r src/chainrule $build/lib/
rm -f $build/lib/chainrule/engine/_native_*
site=$("$python" -c 'import sysconfig; print(sysconfig.get_path("platlib"))')
preload="$(c++ -print-file-name=libasan.so) $(c++ -print-file-name=libubsan.so) $(c++ -print-file-name=libstdc++.so)"
for level in $levels; do
  "$cmake" --build $build --target "_native_$level" --parallel 2
  cp $build/_native_"$level"*.so $build/lib/chainrule/engine/
  # -S keeps an editable installation out of the way; tests that start processes would load the ordinary modules there
  CHAINRULE_ISA=$level LD_PRELOAD=$preload ASAN_OPTIONS=detect_leaks=0 UBSAN_OPTIONS=print_stacktrace=1 \
    OPENBLAS_NUM_THREADS=1 PYTHONPATH=$build/lib:$site \
    "$python" -S -m pytest -o pythonpath=tests -p no:cacheprovider -q -k "not fork and not level" \
    tests/native/test_parity.py tests/native/test_functions.py tests/native/test_inputs.py tests/native/test_running.py
done
