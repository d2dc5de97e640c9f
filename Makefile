# Thin names for what the README and CI run.
.PHONY: demo test lint generate bench ci

demo:
	go run ./cmd/relctl demo

test:
	go test -timeout 30m ./...

lint:
	go vet ./...
	go tool -modfile=tools/go.mod golangci-lint run ./...

generate:
	for name in channel event plan product release verification; do go run ./cmd/relctl schema $$name > docs/schema/$$name.json || exit 1; done
	go run ./cmd/relctl reference > docs/reference.md

bench:
	go test -run '^$$' -bench . -benchtime 3x ./...

ci:
	.ci/run
