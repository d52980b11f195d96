# make serve: environment, install, record, index, web chat on http://127.0.0.1:7860
# make test:  environment, install, every test
PYTHON ?= python3
PORT ?= 7860
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
INSTALLED_DEV := $(VENV)/.installed-dev
# Peers have an environment of their own, so that what is tested is never what they need.
PEERS := .venv-peers
INSTALLED_PEERS := $(PEERS)/.installed
# So have the tools of "make lock" and "make audit".
TOOLS := .venv-tools
INSTALLED_TOOLS := $(TOOLS)/.installed
# Measured: a fresh environment takes 2.1 GB with a CPU build of PyTorch.
NEEDED_GB := 4
# Where the judged sets are: squad2, beir_scifact, press, press_dev, train.
DATA ?= ../shared/data

# Nothing is fetched from a model hub, at no time.
export HF_HUB_OFFLINE := 1
export GRADIO_ANALYTICS_ENABLED := False

.DEFAULT_GOAL := help
.PHONY: help serve index test test-fast lint format screenshots mutants bench bench-batch bench-disk bench-server calibrate reranker reranker-weights lock audit sbom clean

help:
	@sed -n 's/^# make/make/p' Makefile

serve: index
	$(BIN)/qa serve --port $(PORT)

index: $(INSTALLED)
	$(BIN)/qa ingest seeds
	$(BIN)/qa index

# Two processes; a file of tests stays in one, for what its tests share.
PYTEST := $(BIN)/pytest -q -n 2 --dist loadfile
NOT_FAST := slow or browser or server

# The fast tests first: a plain mistake is seen in the first minutes.
test: test-fast
	$(PYTEST) -m "$(NOT_FAST)"

# The tests that need neither the real encoder nor a browser nor a server.
test-fast: $(INSTALLED_DEV)
	$(PYTEST) -m "not ($(NOT_FAST))"

lint: $(INSTALLED_DEV)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python requirements/licences.py

format: $(INSTALLED_DEV)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# Faults planted one at a time, which the tests must notice: all, or those in FILES (below src/qa),
# for as long as MINUTES.
mutants: $(INSTALLED_DEV)
	$(BIN)/python tests/mutants.py $(FILES) $(if $(MINUTES),--minutes $(MINUTES))

# Speed, size, growth, quality and peers, into benchmarks/results/. About an hour.
bench: $(INSTALLED_PEERS)
	$(PEERS)/bin/python benchmarks/speed.py $(DATA)
	$(PEERS)/bin/python benchmarks/peers.py $(DATA)
	$(PEERS)/bin/python benchmarks/precision.py $(DATA)
	$(PEERS)/bin/python benchmarks/growth.py $(DATA)

# Answering in batches: killed and resumed, and its memory.
bench-batch: index
	$(BIN)/python benchmarks/batch.py

# A server under overload, beside slow clients, with new snapshots; a visitor's wait in the chat.
# About fifteen minutes.
bench-server: $(INSTALLED_DEV)
	$(BIN)/python benchmarks/load.py $(DATA)
	$(BIN)/python benchmarks/publishing.py $(DATA)
	$(BIN)/python benchmarks/browser.py $(DATA)

# How much disk an installation for serving takes, beside all of it.
bench-disk:
	$(PYTHON) benchmarks/disk.py

# The coefficients of relevance, fitted anew on the judged sets in DATA.
calibrate: $(INSTALLED_DEV)
	$(BIN)/python benchmarks/fitting_sets.py $(DATA)/train $(DATA)/press $(DATA)/press_dev -o .fitting
	QA_PASSAGE_CHARS=1000 $(BIN)/python benchmarks/calibrate.py --order-only journalists \
	  $(DATA)/squad2@0/2 $(DATA)/beir_scifact:queries_train.jsonl:qrels_train.tsv \
	  .fitting/journalists .fitting/clapnq_dev .fitting/friendsqa

# Fit the bundled reranker on the public sets in DATA and on benchmarks/questions/; some hours on two
# cores, and an interrupted fit resumes. Prints the sha256 that src/qa/answer/reranker.py must state
# before "make reranker-weights" fits the weight of its scores.
reranker: $(INSTALLED_DEV)
	$(BIN)/python benchmarks/reranker/rows.py $(DATA) -o .fitting/reranker/rows
	$(BIN)/python benchmarks/reranker/fit.py .fitting/reranker/rows -o .fitting/reranker/fitted
	$(BIN)/python benchmarks/reranker/export.py .fitting/reranker/fitted -o src/qa/answer/bundled

reranker-weights: $(INSTALLED_DEV)
	$(BIN)/python benchmarks/fitting_sets.py $(DATA)/train $(DATA)/press $(DATA)/press_dev -o .fitting
	QA_PASSAGE_CHARS=1000 $(BIN)/python benchmarks/reranker/combine.py $(DATA)/squad2@6/8 \
	  .fitting/reranker/rows/held_out_set .fitting/clapnq_dev

# The lock files in requirements/: versions of constraints.txt, hashes of the package index.
lock: $(INSTALLED_TOOLS)
	$(TOOLS)/bin/python requirements/lock.py

# Known vulnerabilities of what constraints.txt names. Needs the network.
audit: $(INSTALLED_TOOLS)
	$(TOOLS)/bin/pip-audit --strict --disable-pip --no-deps --requirement constraints.txt

# What is installed and bundled, models included, as CycloneDX: into sbom.json.
sbom: $(INSTALLED_DEV)
	$(BIN)/python requirements/sbom.py -o sbom.json

# The pictures in docs/, taken anew from a server this starts.
screenshots: $(INSTALLED_DEV)
	$(BIN)/python docs/screenshots.py

clean:
	rm -rf $(VENV) $(PEERS) $(TOOLS) sbom.json .fitting .pytest_cache .mypy_cache .ruff_cache

PIP_INSTALL := -m pip install --quiet --disable-pip-version-check
# A file is refused whose hash the lock does not name. PyTorch has no lock, since its build differs
# by machine; the project is built by the locked hatchling. "pip check" sees that nothing is missing.
define install
	$(1)/python $(PIP_INSTALL) --no-deps --require-hashes --requirement requirements/$(2).txt
	$(1)/python $(PIP_INSTALL) --constraint constraints.txt torch
	$(1)/python $(PIP_INSTALL) --no-deps --no-build-isolation --editable .
	$(1)/python -m pip check
endef

$(INSTALLED): pyproject.toml constraints.txt requirements/serve.txt requirements/all.txt
	@command -v $(PYTHON) >/dev/null || { echo "Python is missing: install Python 3.11 or newer, or name it with PYTHON=..." >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Python 3.11 or newer is needed, this is %d.%d: name another with PYTHON=..." % sys.version_info[:2])'
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "Python lacks venv: install it (on Debian: apt-get install python3-venv)." >&2; exit 1; }
	@$(PYTHON) -c 'import shutil, sys; free = shutil.disk_usage(".").free >> 30; sys.exit(0 if free >= $(NEEDED_GB) else "Installing needs $(NEEDED_GB) GB of disk, %d GB are free here." % free)'
	$(PYTHON) -m venv $(VENV)
	$(call install,$(BIN),all)
	@touch $@

$(INSTALLED_DEV): $(INSTALLED) requirements/cluster.txt requirements/dev.txt
	$(call install,$(BIN),dev)
	@touch $@

$(INSTALLED_PEERS): $(INSTALLED_DEV) requirements/peers.txt
	$(PYTHON) -m venv $(PEERS)
	$(call install,$(PEERS)/bin,peers)
	@touch $@

$(INSTALLED_TOOLS): requirements/tools.txt
	$(PYTHON) -m venv $(TOOLS)
	$(TOOLS)/bin/python $(PIP_INSTALL) --no-deps --require-hashes --requirement requirements/tools.txt
	@touch $@
