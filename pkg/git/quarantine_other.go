//go:build !linux

package git

// quarantineParent is the folder for quarantines, "" for the system's default.
func quarantineParent() string { return "" }
