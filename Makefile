# The course's commands; `make help` lists them. PYTHON=python3.12 chooses the Python of a new environment.
PYTHON ?=
PORT ?= 8000
SAMPLE ?= 0
BOOT := $(or $(PYTHON),python3)
PY := .venv/bin/python

.DEFAULT_GOAL := help
.PHONY: help env notebooks book serve slides pdf test quick lighthouse bench clean

help: ## this list
	@grep -E '^[a-z]+:.*##' Makefile | sed -E 's/:[^#]*## /\t/' | expand -t 14

env: ## virtual environment, pinned packages and web assets
	@$(BOOT) -c '' 2>/dev/null || { \
	  echo "[setup] STOP: '$(BOOT)' does not run; install Python 3.11 or 3.12 and say where it is: make book PYTHON=/path/to/python3.12" >&2; exit 1; }
	@$(BOOT) book/tools/setup_env.py $(if $(PYTHON),--python $(PYTHON))

notebooks: env ## generated notebooks (chapters for Colab, exercises for students)
	@$(PY) book/tools/generate.py

book: notebooks ## execute the chapters and build the site; prints where to open it
	@$(PY) book/tools/build_book.py

serve: book ## build, then serve the site on this machine
	@$(PY) book/tools/serve.py $(PORT)

slides: book ## slides of the chapters with speaker notes, for lectures without network
	@$(PY) book/tools/build_slides.py

pdf: book ## the whole site as one PDF for reading and printing (needs Chromium)
	@$(PY) book/tools/build_pdf.py

test: notebooks ## everything: style, types, library, notebooks, pages in a browser
	@$(PY) book/tools/run_tests.py

quick: env ## the developer's loop: style and the fast tests
	@$(PY) book/tools/run_tests.py --quick

lighthouse: book ## Lighthouse on every page of the site, or on some: SAMPLE=6 (needs Chromium)
	@$(PY) book/tools/run_lighthouse.py --sample $(SAMPLE)

bench: env ## time, memory and error of all layers, into book/ledger/benchmarks (10 minutes)
	@$(PY) -m course_lib bench
	@$(PY) -m course_lib bench --part particles

clean: ## remove what is built (the environment stays; remove .venv yourself to start anew)
	rm -rf _build book/web/build .ci/lighthouse/node_modules .pytest_cache .ruff_cache .hypothesis .import_linter_cache

.DEFAULT:
	@echo "There is no target '$@'. These exist:" >&2; $(MAKE) --no-print-directory help >&2; exit 2
