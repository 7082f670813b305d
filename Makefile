# Every target that CI runs is here, so that a person can run the same.
SHELL := /bin/bash
GO    ?= go
SEED  ?= 4
FUZZ  ?= FuzzPDURead
FUZZTIME ?= 20s
PYTHON ?= python3
BIN   := bin/neckfrac
# LINT_PKGS keeps the linter off generated trees.
LINT_PKGS := ./...
# GOLDENS are the packages that own golden files.
GOLDENS := ./fhir ./pipeline/artefact

export NECKFRAC_ORT ?= $(CURDIR)/build/ort/libonnxruntime.$(if $(filter Darwin,$(shell uname -s)),dylib,so)

.PHONY: help setup build test race lint cover fuzz golden conformance interop dicomweb-peers commitment-peers archive-peers retrieve-peers pixels dataset-diff conformance-docs chaos chaos-ci chaos-short powercut faults order bench bench-dicom bench-settle bench-ensemble demo run phantom realism train-test train-demo fuzz-all fuzz-long nightly ci verify

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  %-14s %s\n", $$1, $$2}'

setup: ## get ONNX Runtime (digest-checked) and the Go modules
	@models/onnx/fetch.sh build/ort
	@mkdir -p bin && for f in build/ort/libonnxruntime.*; do ln -sf ../$$f bin/; done
	@$(GO) mod download

build: ## build bin/neckfrac
	@$(GO) build -o $(BIN) ./cmd/neckfrac

test: setup build ## all tests, with ONNX Runtime and the shipped pack required
	NECKFRAC_REQUIRE_ORT=1 $(GO) test ./...

race: ## tests under the race detector
	$(GO) test -race -short ./...

lint: build/staticcheck ## gofmt, go vet, staticcheck
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { gofmt -l $$(git ls-files '*.go'); exit 1; }
	$(GO) vet $(LINT_PKGS)
	build/staticcheck $(LINT_PKGS)

build/staticcheck: tools/go.mod tools/go.sum
	@mkdir -p build
	cd tools && $(GO) build -o ../build/staticcheck honnef.co/go/tools/cmd/staticcheck

cover: ## coverage per package
	$(GO) test -short -cover ./... | grep -v 'no test files'

fuzz: ## one fuzz target: make fuzz FUZZ=FuzzPDURead FUZZTIME=20s
	@GO="$(GO)" .ci/fuzz-one $(FUZZ) $(FUZZTIME)

fuzz-all: ## every fuzz target for FUZZTIME
	@for f in $$(grep -rhoE --include='*_test.go' 'func Fuzz[A-Za-z0-9]+\(' . | sed -E 's/func (.*)\(/\1/' | sort -u); do \
	  echo "== $$f"; $(MAKE) --no-print-directory fuzz FUZZ=$$f FUZZTIME=$(FUZZTIME) || exit 1; done

fuzz-long: ## the receiver's fuzz targets for 30 CPU minutes each (CPU=seconds)
	.ci/fuzz-long $(or $(CPU),1800)

nightly: chaos powercut faults ## what CI has no time for: 3000 kills, every fuzz target for a minute, the bench with its limits
	$(MAKE) fuzz-all FUZZTIME=60s
	$(MAKE) bench-dicom BENCH="--strace --hostile --check"

golden: ## rewrite the golden files; review the diff like code
	$(GO) test $(GOLDENS) -update

conformance: build ## FHIR goldens through HL7's validator
	.ci/fhirvalidate/run.sh --ignore 'ObservationValue#AIAST' --ig testdata/fhir/ig testdata/fhir

conformance-docs: ## rewrite docs/conformance/statement.md and series.md from the code's tables
	$(GO) test ./cmd/neckfrac -run '^TestConformanceStatement$$' -update-statement
	$(GO) test ./pipeline/volume -run '^TestSeriesDocument$$' -update-series

interop: build ## DCMTK sends to the service (installs dcmtk where apt-get exists)
	.ci/interop

dicomweb-peers: build ## dicomweb-client and Orthanc against the DICOMweb service, our client at Orthanc
	.ci/dicomweb/run.sh

retrieve-peers: build ## Orthanc announces studies (pynetdicom), we fetch them by C-GET, C-MOVE and WADO-RS
	.ci/retrieve/run.sh

commitment-peers: build ## storage commitment with pynetdicom in both roles
	.ci/commitment/run.sh

archive-peers: ## our query and retrieve client at dcmqrscp and Orthanc
	.ci/archive-peers

# CHAOS runs the kill test in the build with failpoints, from the tree's own folder.
CHAOS := .ci/failpoints && cd cmd/neckfrac && ../../build/failpoints/neckfrac.test -test.run TestKillLosesNothing -test.timeout 60m -kill-points

chaos-ci: ## 100 SIGKILLs, every named point at least twice
	@$(CHAOS) -kills 100

chaos-short: ## 300 SIGKILLs
	@$(CHAOS) -kills 300

chaos: ## 3000 SIGKILLs
	@$(CHAOS) -kills 3000

powercut: ## 200 replayed power cuts, and builds without a sync that must lose (needs strace)
	.ci/powercut 200 30

faults: ## each step of a Success fails with ENOSPC, EIO and others (needs strace)
	@.ci/need-strace
	@mkdir -p build && $(GO) test -c -o build/faults.test ./cmd/neckfrac && cd cmd/neckfrac && ../../build/faults.test -test.run TestFaults -faults

order: build ## every Success comes after its syncs, by the system calls (needs strace)
	.ci/strace-order

dataset-diff: ## our data set reader beside dcmdump on 6000 damaged objects (installs dcmtk where apt-get exists)
	.ci/dataset-diff

pixels: ## our pixel decoders against other decoders, value by value (from PyPI, and dcmtk)
	.ci/pixels/run.sh

bench: ## benchmarks of all packages, once
	$(GO) test -run '^$$' -bench . -benchtime 1x ./...

bench-dicom: build ## the receiver beside DCMTK, Orthanc and pynetdicom (BENCH="--short" for CI)
	.ci/bench-dicom --strace --hostile $(BENCH)

bench-settle: setup build ## last slice received → assessment committed, default configuration and shipped pack
	cd cmd/neckfrac && $(GO) test -run '^TestSettleTime$$' -v -count=1 . -settle-studies $(or $(STUDIES),12) -settle-binary $(CURDIR)/$(BIN)

bench-ensemble: setup build ## the ensemble beside bare ONNX Runtime and a plain Python pipeline (PYTHON with torch: full size too)
	PYTHON=$(PYTHON) .ci/bench-ensemble/run $(BENCH)

phantom: build ## one synthetic patient in build/phantom, with pictures
	$(BIN) phantom --out build/phantom --seed $(SEED)

demo: setup build ## a fractured and an unfractured synthetic patient, from C-STORE to report and card
	@$(BIN) demo --seed $(SEED) $(if $(KEEP),--keep)

run: setup build ## start the service with embedded defaults
	$(BIN) serve

# REALISM needs real CT, which is nowhere in the project: docs/phantom.md says which.
EDITION ?= phantom-3
REALISM := build/realism
realism: ## synthetic CT beside real CT (EDITION=phantom-3; needs NECKFRAC_SHARED; the classifier needs torch)
	@test -n "$(NECKFRAC_SHARED)" || { echo "realism: set NECKFRAC_SHARED to a folder with data/real-ct/openkbp (see docs/phantom.md)"; exit 1; }
	@$(MAKE) --no-print-directory build
	$(BIN) phantom --out $(REALISM)/$(EDITION) -n 60 --seed 5000 --edition $(EDITION) --protocol therapy --coverage full --acquired 2026-03-04T05:06:07Z
	$(BIN) dataset realism --real $(NECKFRAC_SHARED)/data/real-ct/openkbp --only $(NECKFRAC_SHARED)/data/real-ct/openkbp/full_cervical.txt --synthetic $(REALISM)/$(EDITION) --out $(REALISM)/report-$(EDITION)
	@if $(PYTHON) -c 'import torch' 2>/dev/null; then $(PYTHON) models/training/realism.py --patches $(REALISM)/report-$(EDITION); \
	  else echo "realism: no torch for $(PYTHON): the classifier was left out"; fi

train-test: ## tests of the training code (needs torch; skips nothing)
	cd models/training && $(PYTHON) -m pytest -q

train-demo: setup build ## from phantoms to a signed pack in build/pack
	models/training/train-demo.sh

verify: ## generated files and lists are current
	@$(GO) mod tidy -diff
	@docs/adr/index.sh --check

ci: ## what CI runs
	.ci/run
