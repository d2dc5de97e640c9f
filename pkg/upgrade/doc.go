// Package upgrade plans ways from one release to another by what the standings of channels say: which versions may
// upgrade, where they must stop, which ways are blocked, and what must hold before one is taken. It knows no git and no
// files, so that a customer's site decides by the same rules as the vendor.
package upgrade
