# ChainBot Desktop. On a machine with Python 3.11 or newer, git and make, `make run` is all it takes;
# what it installs goes into .venv, and system packages through apt (kiosk/system-packages/list).
#
# ARGS="..." is passed on: make run ARGS="--demo", make test ARGS="-k journal".

SHELL = /bin/sh
.DEFAULT_GOAL := help
.NOTPARALLEL:
.SUFFIXES:
MAKEFLAGS += --no-builtin-rules

BIN := .venv/bin
ARGS ?=
ONLY ?=
UPGRADE ?=

# Compiled files are what makes the second start quick; another Python's settings are not for this one.
unexport PYTHONDONTWRITEBYTECODE PYTHONPATH PYTHONHOME
export QT_API := pyside6

# With ARGS="-k word" it may be that one half of the tests has no such test: that is no failure.
NONE_IS_FINE = $(if $(strip $(ARGS)),|| [ $$? -eq 5 ])
PYTEST := QT_QPA_PLATFORM=offscreen $(BIN)/python -m pytest
# Most tests wait for something most of the time: one more at a time than there are cores.
WORKERS ?= $(shell echo $$(($$(nproc 2>/dev/null || echo 1) + 1)))
SIDE_BY_SIDE := -n $(WORKERS)
LOCK := pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
	--no-emit-package pyqt6-qt6 --group build
CACHES := .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis .coverage
PACKAGES := chainbot_desktop api tests

.PHONY: help run test check bench screens lock install-desktop uninstall-desktop install install-test clean distclean

help:  ## what can be made
	@echo 'make run                 install what is missing, then start the panel'
	@echo 'make run ARGS="--demo"   the same, with arguments (see: make run ARGS=--help)'
	@echo 'make test                everything that is checked: make check, then all other tests'
	@echo 'make check               ruff, import rules, types, quick tests'
	@echo 'make bench               measure; ONLY=name for one; writes build/bench.json'
	@echo 'make screens             screenshots of every window, in build/screens'
	@echo 'make install-desktop     an entry in the applications menu for you (uninstall-desktop: away with it)'
	@echo 'make lock                recompile the lock files (UPGRADE=1: to the newest versions)'
	@echo 'make clean               away with what was built; distclean: and with .venv'

run: install
	@exec $(BIN)/chainbot-desktop $(ARGS)

# The screenshots of tests/ui are for a person to look at (make screens): what they show is asserted by other tests.
test: check
	$(PYTEST) $(SIDE_BY_SIDE) tests/api tests/ui -m 'not screens' $(ARGS) $(NONE_IS_FINE)
	$(PYTEST) $(SIDE_BY_SIDE) tests/end2end $(ARGS) $(NONE_IS_FINE)

check: install-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/mypy --strict
	$(PYTEST) $(SIDE_BY_SIDE) tests/unit $(ARGS) $(NONE_IS_FINE)

bench: install-test
	$(BIN)/python -m tests.bench $(ONLY)

screens: install-test
	$(PYTEST) -m screens tests/ui tests/end2end $(ARGS)

install:
	@kiosk/python-environment run

install-test:
	@kiosk/python-environment test

# The locks name exact files for x86_64 and aarch64, Python 3.11 to 3.13, and no index. PyQt6-Qt6 (220 MB) is left out:
# PySide6 brings the same libraries. uv is taken from the PATH, or into build/.
lock:
	@if uv --version >/dev/null 2>&1; then uv=uv; else \
		uv=build/uv/bin/uv; \
		[ -x $$uv ] || { "$${PYTHON:-python3}" -m venv build/uv && build/uv/bin/pip install --quiet uv; } || exit 1; \
	fi; \
	case '$(UPGRADE)' in '') set -- ;; 1|yes|all) set -- --upgrade ;; *) set -- --upgrade-package '$(UPGRADE)' ;; esac; \
	$$uv $(LOCK) --group test "$$@" pyproject.toml -o requirements-test.lock && \
	$$uv $(LOCK) --constraint requirements-test.lock "$$@" pyproject.toml -o requirements.lock && \
	for extra in alerts recall; do \
		$$uv $(LOCK) --extra $$extra --constraint requirements-test.lock "$$@" pyproject.toml -o requirements-$$extra.lock || exit 1; \
	done; \
	echo 'requirements.lock, requirements-alerts.lock, requirements-recall.lock and requirements-test.lock are up to date'

install-desktop: install
	@kiosk/desktop-entry install

uninstall-desktop:
	@kiosk/desktop-entry uninstall

clean:
	rm -rf build dist $(CACHES)
	find $(wildcard $(PACKAGES)) -name __pycache__ -type d -prune -exec rm -rf {} +

distclean: clean
	rm -rf .venv
