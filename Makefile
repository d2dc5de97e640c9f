# Thin names for what the README and CI run.
.PHONY: demo test cover lint generate reliability bench ci

demo:
	go run ./cmd/relctl demo

test:
	go test -timeout 30m ./... ./testdata/acme

# The coverage of pkg/ by its own tests; the scripts of cmd/relctl cover more of pkg/cut and pkg/doctor.
cover:
	go test -timeout 30m -coverpkg=./pkg/... -coverprofile=cover.out ./pkg/...
	go tool cover -func=cover.out | tail -1

lint:
	go vet ./...
	go tool -modfile=tools/go.mod golangci-lint run ./...

generate:
	for file in docs/schema/*.json; do go run ./cmd/relctl schema $$(basename $$file .json) > $$file.new && mv $$file.new $$file || exit 1; done
	go run ./cmd/relctl reference > docs/reference.md.new && mv docs/reference.md.new docs/reference.md
	go run ./cmd/relctl ci github --setup .ci/tools

reliability:
	RELCTL_CRASH=all RELCTL_RELIABILITY=write go test -timeout 3h -count 1 -run 'TestCrashMatrix$$' ./cmd/relctl

bench:
	go test -run '^$$' -bench . -benchtime 3x ./...

ci:
	.ci/run
