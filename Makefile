# Two commands for a newcomer: `make book` and `make test`. Each sets up what it needs, once.
.DEFAULT_GOAL := help
.SUFFIXES:
MAKEFLAGS += --no-print-directory
SHELL := /bin/sh

VENV := .venv
PY := $(VENV)/bin/python
SITE := _build/html
LESSON ?= $(sort $(wildcard lessons/*/*.ipynb))
# An interpreter to build .venv with; empty: the first of python3, python3.14 … python3.11 that is new enough.
export PYTHON ?=
# The arrays of a lesson are small: threads inside a kernel cost more than they save, and two run at once.
export OPENBLAS_NUM_THREADS ?= 1
export OMP_NUM_THREADS ?= 1
# Notebooks and pages hold ≈, κ and β; a C locale must not decide how they are read.
export PYTHONUTF8 := 1
export JUPYTER_PLATFORM_DIRS := 1

PYTEST := $(PY) -m pytest
# In the order given: xdist would begin with the files of many tests and leave the longest one for the end.
PARALLEL := -n 2 --dist loadfile --no-loadscope-reorder
# tools.rerun has each lesson executed once, as an older processor would, for all comparisons.
NBVAL := -p tools.rerun --nbval --nbval-current-env --nbval-sanitize-with tests/nbval-sanitize.cfg

# `make book LANG=zh_CN` builds the Chinese edition. The shell has a LANG, too, which decides nothing here:
# only one that is given to make does. C and English are what the book is in; others get an error.
EDITION := $(if $(filter command,$(firstword $(origin LANG))),$(filter-out C C.% POSIX en%,$(LANG)))
ifneq ($(EDITION),)
unexport LANG
endif
# The edition to be packed beside the English one: that of LANG, else the one that has been built.
PACKED := $(or $(EDITION),$(notdir $(wildcard $(SITE)/zh_CN)))

.PHONY: help setup programs vendor pages site book messages pdf zip dist lab run exercises lint format types unit lessons \
	test test-site lighthouse gpu lock clean

help:
	@echo "make book               build the book into $(SITE)"
	@echo "make book LANG=zh_CN    then its Chinese edition, into $(SITE)/zh_CN"
	@echo "make test               everything that continuous integration checks"
	@echo "make pdf                print the book into _build/dlcourse.pdf"
	@echo "make zip                pack the site into _build/dlcourse-site.zip, to be read offline; the"
	@echo "                        Chinese edition is in it once it has been built, or with LANG=zh_CN"
	@echo "make dist               build the wheel, which runs the exercises without a clone, into dist"
	@echo "make lab                open the lessons and exercises in JupyterLab"
	@echo "make run LESSON=…       re-execute lessons (default: all) and write them back"
	@echo "make exercises          regenerate exercises/ from solutions/"
	@echo "parts of make test:     lint types unit lessons test-site; make format mends style"
	@echo "make lighthouse         scores and layout shift of four pages, on a desk and a phone"
	@echo "make gpu [PYTHON=…]     CUDA tests and times, by a Python whose PyTorch sees a GPU; without one: status 2"
	@echo "make messages           update the catalogs of translations; list what a translator has to do"
	@echo "rarely:                 lock (pin newer packages), clean"

setup:
	@sh tools/bootstrap.sh python

programs:
	@sh tools/bootstrap.sh programs

vendor: setup
	@$(PY) -m tools.vendor

pages: setup
	@$(PY) -m tools.pages

# The pages, from stored outputs: no lesson is executed here. Any warning is an error. Built afresh, for
# Sphinx neither removes the page of a deleted lesson nor looks at style sheets when no text has changed.
site: vendor pages
	@rm -rf $(SITE) _build/.doctrees
	@$(PY) -m tools.book
	@$(PY) -m tools.finish $(SITE)

ifeq ($(EDITION),)
book: site
	@echo
	@echo "The book is in $(SITE). To read it, open this file in a browser:"
	@echo "    $(CURDIR)/$(SITE)/index.html"
	@echo "or serve it:  $(PY) -m http.server --directory $(SITE) 8000   and go to http://localhost:8000"
else
# Beside the English edition, which must have been built, in a folder of its name: so the two can link.
book: vendor pages
	@$(PY) -m tools.editions $(EDITION)
	@echo
	@echo "The edition is in $(SITE)/$(EDITION); begin with index.html there."
endif

# After a change of a page that is translated: bring the catalogs up to date, and list what is to be done.
messages: setup
	@$(PY) -m tools.translations update

# Needs Chromium, as the tests do, and for the glossary a font that has Chinese.
pdf: site programs
	@$(PY) -m tools.pdf $(SITE) _build/dlcourse.pdf

# To be read offline: unpacked, it opens from its folder. The site is built afresh, and its edition with it.
zip: site
	@$(if $(PACKED),$(PY) -m tools.editions $(PACKED))
	@$(PY) -m tools.offline $(SITE) _build/dlcourse-site.zip

# The package with the claims and the exercises' notebooks inside: `pip install dist/dlcourse-….whl`.
dist: setup
	@rm -rf dist
	@$(PY) -m hatchling build -t sdist -t wheel -d dist

lab: setup
	$(PY) -m jupyterlab

run: setup
	$(PY) -m tools.notebooks run $(LESSON)

exercises: setup
	$(PY) -m tools.exercises build

lint: setup
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(VENV)/bin/lint-imports --no-logo --no-cache

format: setup
	$(PY) -m ruff check --fix .
	$(PY) -m ruff format .

types: setup
	$(PY) -m mypy

# What a developer runs between two edits: no browser, no lesson.
unit: setup
	$(PYTEST) $(PARALLEL) --doctest-modules dlcourse tests --ignore tests/test_site.py \
		--ignore tests/test_lessons.py --ignore tests/test_rerun.py

lessons: setup
	$(PYTEST) $(PARALLEL) $(NBVAL) lessons tests/test_lessons.py tests/test_rerun.py

test-site: site programs
	$(PYTEST) tests/test_site.py

lighthouse: site programs
	$(PY) -m tools.lighthouse $(SITE)

# One run of pytest for all that pytest checks, so that its closing line counts all of it. The lessons
# come last: files of half a minute at most, so that neither worker waits long for the other. What comes
# before pytest keeps one processor busy, so two things are done at once.
test:
	@$(MAKE) -j 2 site programs lint types
	$(PYTEST) $(PARALLEL) $(NBVAL) --doctest-modules dlcourse tests lessons

# Sets nothing up: the first Python whose PyTorch sees a GPU will do, with NumPy and pytest beside it.
gpu:
	@for python in $(PYTHON) python3 $(PY); do \
		if $$python -c 'import torch; assert torch.cuda.is_available()' 2>/dev/null; then \
			exec $$python -m benchmarks.gpu; \
		fi; \
	done; exec $(or $(PYTHON),$(firstword $(wildcard $(PY)) python3)) -m benchmarks.gpu

lock: setup
	$(PY) -m pip install --quiet uv
	sh tools/lock.sh

clean:
	rm -rf _build book/generated book/assets/vendor node_modules .mypy_cache .ruff_cache .pytest_cache
