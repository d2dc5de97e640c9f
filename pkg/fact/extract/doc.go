// Package extract gathers facts at a commit, by the sources that channels/product.yaml names under docs.facts.
//
// An extractor reads one file and returns facts. Files come from anybody who may commit, on any branch: each is read
// under limits, and what is not understood is an error with its place.
package extract
