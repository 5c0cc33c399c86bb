# Two commands for a start: make serve, make test. All the others are optional and say what they need.
PYTHON ?= python3
VENV := .venv
PIP := $(VENV)/bin/python -m pip --disable-pip-version-check install --quiet
# uv installs in seconds what takes pip minutes; where uv cannot be had or cannot reach the index, pip does it.
UV := VIRTUAL_ENV=$(VENV) $(VENV)/bin/uv pip install --quiet
ORACLE := .venv-oracle
# NeMo-text-processing, whose dependencies are not those of NeMo.
ITN := .venv-itn
# NeMo 2.4.1 beside the current one: the last whose features have the form of older models.
NEMO_OLD := $(ORACLE)/nemo-2.4.1
PEERS := .venv-peers
export BENTOML_DO_NOT_TRACK := True
export ORT_DISABLE_TELEMETRY := 1

.PHONY: serve test test-slow check image prove-image prove-metrics oracle smoke-load prove-api prove-decoding prove-chaos prove-jobs prove-load prove-text prove-ui itn-reference bench medium-random docs lock lock-oracle clean

serve: $(VENV)/.serve
	$(VENV)/bin/bentoml serve service:HindiSTT

test: $(VENV)/.dev
	$(VENV)/bin/python -m pytest -q -m "not oracle and not chaos and not api and not monitoring and not ui and not jobs and not slow"

# What would make `make test` too long.
test-slow: $(VENV)/.dev
	$(VENV)/bin/python -m pytest -q -m slow

check: $(VENV)/.dev
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports

# An OCI image with docker, podman or buildah; TOOL, IMAGE, BASE, BUNDLE: see the script.
image: $(VENV)/.serve
	BENTOML=$(VENV)/bin/bentoml deploy/image/build.sh

# Build it and run it with a read-only root and no rights; podman or docker, on Linux.
prove-image: $(VENV)/.dev
	BENTOML=$(VENV)/bin/bentoml IMAGE=localhost/hindi-stt:proof deploy/image/build.sh
	HINDI_STT_TEST_IMAGE=localhost/hindi-stt:proof $(VENV)/bin/python -m pytest -q -s tests/image

# A Prometheus that scrapes two servers; needs Debian's package prometheus, or its binary on the path.
prove-metrics: $(VENV)/.dev
	$(VENV)/bin/python -m pytest -q -s -m monitoring tests/operations

# NeMo and the CPU build of PyTorch: about 2 GB of disk.
oracle: $(ORACLE)/.installed
	NEMO_OLD=$(NEMO_OLD) $(ORACLE)/bin/python -m pytest -q -m oracle -W ignore tests/oracle tests/export

# Two replicas on a Redis, every container and codec, hostile input, …: a quarter of an hour, with redis-server, ffmpeg and espeak-ng.
prove-api: $(VENV)/.dev
	$(VENV)/bin/python -m pytest -q -m api

prove-chaos: $(VENV)/.dev
	$(VENV)/bin/python -m pytest -q -s -m chaos tests/chaos

# Two thousand clips while job workers are killed and a Redis restarts: five minutes on an idle machine, with redis-server, espeak-ng and postgres.
prove-jobs: $(VENV)/.dev
	$(VENV)/bin/python -m pytest -q -s -m jobs tests/jobs

# Every integer up to 99,999 and 100,000 more from words to digits: a minute or two.
prove-text: $(VENV)/.dev
	$(VENV)/bin/python -m tests.prove_text

# The page in a browser; Chromium comes from the system (Debian: chromium, fonts-lohit-deva), axe-core from npm.
prove-ui: $(VENV)/.dev
	$(VENV)/bin/python -m pytest -q -m ui tests/test_page.py

# NeMo-text-processing's answers to the cases of tests/itn/cases.py, which the tests compare with: ten minutes or so.
itn-reference: $(VENV)/.dev $(ITN)/.installed
	mkdir -p build
	$(VENV)/bin/python -m tests.itn.cases > build/itn-cases.tsv
	$(ITN)/bin/python tests/itn/reference.py < build/itn-cases.tsv > build/itn-reference.tsv
	mv build/itn-reference.tsv tests/itn/reference.tsv

bench: $(VENV)/.dev build/medium-random/bundle.json
	$(VENV)/bin/python -m benchmarks.foundation

# Errors and costs of beam search, language models and hotwords; KenLM, which the peers stand on, is compiled.
prove-decoding: $(VENV)/.dev $(PEERS)/.installed
	$(VENV)/bin/python -m benchmarks.decoding --peers $(PEERS)/bin/python

BASELINE ?= ../shared/baseline/app.py
prove-load: $(VENV)/.load build/medium-random/bundle.json
	$(VENV)/bin/python -m loadtests.sweep --bundle build/medium-random $(if $(wildcard $(BASELINE)),--earlier $(BASELINE))

smoke-load: $(VENV)/.load
	$(VENV)/bin/python -m loadtests.sweep --contenders cost --shares 0.5 --seconds 5 --mix realistic

docs: $(VENV)/.dev
	$(VENV)/bin/python docs/generate.py

medium-random: build/medium-random/bundle.json

# The real model's architecture with random weights, from its own configuration and pieces: as fast, and says nothing.
MODEL_FACTS ?= ../shared/model
build/medium-random/bundle.json: $(ORACLE)/.installed
	$(ORACLE)/bin/python -m hindi_stt.export.random_model $(MODEL_FACTS)/stt_hi_conformer_ctc_medium.yaml $(MODEL_FACTS)/vocab.txt build/medium-random.nemo
	$(ORACLE)/bin/python export_model.py build/medium-random.nemo --name medium-random --licence Apache-2.0 --to build/medium-random

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)
	-$(PIP) uv==0.13.9

$(VENV)/.serve: requirements/serve.lock pyproject.toml | $(VENV)/bin/python
	$(UV) --require-hashes --no-deps -r $< || $(PIP) --require-hashes --no-deps -r $<
	$(PIP) --no-deps --editable .
	touch $@

$(VENV)/.dev: requirements/dev.lock $(VENV)/.serve
	$(UV) --require-hashes --no-deps -r $< || $(PIP) --require-hashes --no-deps -r $<
	touch $@

$(VENV)/.load: requirements/load.lock $(VENV)/.dev
	$(UV) --require-hashes --no-deps -r $< || $(PIP) --require-hashes --no-deps -r $<
	touch $@

$(PEERS)/.installed:
	$(PYTHON) -m venv $(PEERS)
	$(PEERS)/bin/python -m pip install --quiet pyctcdecode==0.5.0 flashlight-text==0.0.7 kenlm==0.3.0 "numpy<2"
	touch $@

$(ORACLE)/.installed: requirements/oracle.lock pyproject.toml
	test -x $(ORACLE)/bin/python || $(PYTHON) -m venv $(ORACLE)
	$(ORACLE)/bin/python -m pip install --quiet uv==0.13.9 torch==2.13.0
	VIRTUAL_ENV=$(ORACLE) $(ORACLE)/bin/uv pip install --quiet --no-deps -r $< || $(ORACLE)/bin/python -m pip install --quiet --no-deps -r $<
	$(ORACLE)/bin/python -m pip install --quiet --no-deps --upgrade --target $(NEMO_OLD) nemo_toolkit==2.4.1
	$(ORACLE)/bin/python -m pip install --quiet --no-deps --editable .
	touch $@

$(ITN)/.installed: requirements/itn.lock
	test -x $(ITN)/bin/python || $(PYTHON) -m venv $(ITN)
	$(ITN)/bin/python -m pip install --quiet --require-hashes --no-deps -r $<
	touch $@

# Needs uv (pip install uv). The oracle's lock is without hashes: builds of PyTorch differ by platform.
lock:
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url pyproject.toml -o requirements/serve.lock
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --extra dev pyproject.toml -c requirements/serve.lock -o requirements/dev.lock
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --extra dev --extra load pyproject.toml -c requirements/dev.lock -o requirements/load.lock
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url requirements/itn.in -o requirements/itn.lock

lock-oracle: $(ORACLE)/.installed
	$(ORACLE)/bin/uv pip freeze --exclude-editable | grep -v -E "^(torch|uv)==" > requirements/oracle.lock

clean:
	rm -rf $(VENV) $(ORACLE) $(PEERS) $(ITN) build dist *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
