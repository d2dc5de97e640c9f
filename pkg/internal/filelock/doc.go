// Package filelock lets one process at a time change what a folder holds.
package filelock
