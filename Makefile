# Everything one does with the project; `make help` lists it.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# One thread for each BLAS call: the tests run side by side, and small networks lose by more.
ONE_THREAD := OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1

.PHONY: help demo test lint soak sanitize bench docs clean
help:  ## list the targets
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

$(VENV)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "chainrule needs Python 3.11 or later; $(PYTHON) is older: make PYTHON=python3.12 ..." >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@touch $@

# What building the engine takes stays in the environment, so that a second build only compiles what has changed.
$(VENV)/build.installed: $(VENV)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check "scikit-build-core>=1.1" nanobind cmeel-eigen cmake ninja
	@touch $@

# One stamp for each set of extras, made anew when the project file or the engine changes.
$(VENV)/%.installed: pyproject.toml CMakeLists.txt $(wildcard native/*) $(VENV)/build.installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --editable ".[$*]"
	@touch $@

demo: $(VENV)/all.installed  ## train on the digits, check the gradient, predict
	@mkdir -p out
	$(BIN)/chainrule train digits --seed 0 --model out/digits.safetensors --plot out/digits.png
	$(BIN)/chainrule check out/digits.safetensors digits

test: $(VENV)/test.installed  ## run every test but the long ones
	$(ONE_THREAD) $(BIN)/python -m pytest -n 2 -m "not soak"

soak: $(VENV)/test.installed  ## run the long tests, with a fuzzer where there is a wheel of one
	-@$(BIN)/python -m pip install --quiet --disable-pip-version-check --only-binary=:all: "atheris>=3"
	$(ONE_THREAD) $(BIN)/python -m pytest -n 2 -m soak

sanitize: $(VENV)/test.installed  ## run the engine's tests with AddressSanitizer and UBSan
	native/sanitize.sh $(BIN)/python

bench: $(VENV)/python  ## compare training steps with the peers and write docs/benchmarks.md
	benchmarks/steps/run.sh $(PYTHON)

lint: $(VENV)/lint.installed  ## ruff, mypy --strict, import-linter
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

docs: $(VENV)/docs.installed  ## build the pages into site/
	$(BIN)/sphinx-build -W --keep-going -q -b html docs site
	@echo "open site/index.html"

clean:  ## remove what the other targets made
	rm -rf $(VENV) .bench-venv build site out
