# The words a user types: make run, make test. PYTHON names another interpreter: make run PYTHON=python3.12
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/pip install --quiet --disable-pip-version-check
TORCH := torch==2.13.0
TORCH_CPU := https://download.pytorch.org/whl/cpu
REPORTS ?=
# Samples and everybody's own reports never share an index: a folder's index is named after its full path.
ifeq ($(strip $(REPORTS)),)
INDEX ?= index/samples
SOURCE := samples
else
INDEX ?= index/reports-$(shell cd "$(REPORTS)" 2>/dev/null && pwd -P | cksum | cut -d' ' -f1)
SOURCE := $(REPORTS)
endif

.PHONY: install run test lint eval eval-large evidence comparing distinct metadata torture fuzz soak bench bench-embedding bench-speed bench-vectors bench-peers bench-count bench-matrix browser clean

run: install
	@test -d "$(SOURCE)" || { echo "找不到文件夹 $(SOURCE) / no such folder: $(SOURCE)"; exit 1; }
	@test -f "$(INDEX)/CURRENT" || $(BIN)/wenzheng --index "$(INDEX)" index "$(SOURCE)" || test -f "$(INDEX)/CURRENT"
	@exec $(BIN)/wenzheng --index "$(INDEX)" serve

install: $(VENV)/installed

$(VENV)/installed: pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo "没有 $(PYTHON)：请安装 Python 3.11 或更新版（Debian/Ubuntu：sudo apt install python3 python3-venv）/ install Python 3.11 or newer"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "$$($(PYTHON) --version) 太旧：需要 3.11 或更新版，可用 make run PYTHON=python3.12 指定 / Python 3.11 or newer is needed"; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { echo "缺 venv：请先执行 sudo apt install python3-venv / install python3-venv first"; exit 1; }
	@echo "安装到 $(VENV)（首次约两分钟）/ installing into $(VENV), about two minutes the first time"
	@$(PYTHON) -m venv $(VENV)
	@# PyTorch's CPU build first, where pip can get one: the ordinary Linux build brings gigabytes of CUDA.
	@$(PIP) --retries 0 --timeout 10 --index-url $(TORCH_CPU) $(TORCH) >/dev/null 2>&1 || $(PIP) $(TORCH)
	@$(PIP) -e '.[dev]'
	@touch $@

test: install
	@$(BIN)/python -m pytest

lint: install
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/bandit --quiet --recursive --configfile pyproject.toml retrieval indexer webapp wenzheng
	@# Where no list of vulnerabilities can be reached nothing is audited, which is said, and is no fault of the code.
	@$(BIN)/pip-audit --skip-editable --progress-spinner off --timeout 15 >$(VENV)/audit.txt 2>&1 || { ! grep "known vulnerabilit" -B 50 -A 500 $(VENV)/audit.txt; }
	@echo "pip-audit: $$(grep -c 'could not be audited' $(VENV)/audit.txt) 个包查不到漏洞记录 / packages without a record"

eval: install
	@$(BIN)/python bench/evaluate.py

eval-large: install
	@$(BIN)/python bench/distractors.py

evidence: install
	@$(BIN)/python bench/fit_evidence.py

comparing: install
	@$(BIN)/python bench/score_comparing.py

metadata: install
	@$(BIN)/python bench/score_metadata.py

bench-matrix: install
	@$(BIN)/python bench/matrix.py

distinct: install
	@$(BIN)/python bench/fit_distinct.py

torture: install
	@$(BIN)/python bench/torture.py

fuzz: install
	@$(BIN)/python bench/fuzz.py

soak: install
	@$(BIN)/python bench/soak.py

# Everything that is measured in figures of speed and size; hours for the larger corpora.
bench: bench-embedding bench-vectors bench-speed bench-peers bench-count bench-matrix

bench-embedding: install
	@$(BIN)/python bench/embedding.py

bench-vectors: install
	@$(BIN)/python bench/vectors.py

bench-peers: install
	@$(PIP) -e '.[bench]'
	@$(BIN)/python bench/peers.py

bench-speed: install
	@$(PIP) -e '.[bench]'
	@$(BIN)/python bench/speed.py

bench-count: install
	@$(BIN)/python bench/count.py

browser:
	@command -v chromium >/dev/null || { apt-get update -qq && apt-get install -y -qq chromium fonts-noto-cjk >/dev/null; }

clean:
	rm -rf $(VENV) build dist *.egg-info
