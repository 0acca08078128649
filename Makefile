# Two commands do everything: `make demo` and `make test`. Both set up .venv first if there is none.
PYTHON ?=
VENV := .venv
RUN := $(VENV)/bin/python
DEMO ?= out/demo
# Real pictures and motion capture for the tests that want them; those tests skip where the folder is absent.
export PLAFOND_TEST_DATA ?= $(abspath $(wildcard ../shared/data))

.PHONY: setup demo test lint clean

setup: $(VENV)/installed

$(VENV)/installed: pyproject.toml
	@sh assets/setup.sh "$(PYTHON)" "$(VENV)"

# The demo's refiner is so small that a second thread waits more than it works.
demo: setup
	@$(RUN) generate.py render --config assets/demo/render.yaml --out $(DEMO)/S
	@$(RUN) generate.py check $(DEMO)/S
	@$(RUN) generate.py view $(DEMO)/S
	@$(RUN) generate.py stats $(DEMO)/S --reference None --out $(DEMO)/stats.html
	@$(RUN) generate.py render --config assets/demo/standin.yaml --out $(DEMO)/stand-in
	@$(RUN) generate.py split $(DEMO)/stand-in --config assets/demo/split.yaml --out $(DEMO)/R
	@OMP_NUM_THREADS=1 $(RUN) generate.py refine --config assets/demo/refine.yaml --synthetic $(DEMO)/S --real $(DEMO)/R/train --out $(DEMO)/S+
	@$(RUN) generate.py evaluate --config assets/demo/evaluate.yaml --out $(DEMO)/report \
	    --train S=$(DEMO)/S S+=$(DEMO)/S+ --val $(DEMO)/R/val --test $(DEMO)/R/test

test: setup
	@$(RUN) -m pytest -q -n 2 --dist loadfile

lint: setup
	@$(RUN) -m ruff check . && $(RUN) -m ruff format --check . && $(RUN) -m mypy .

clean:
	rm -rf $(VENV) out
