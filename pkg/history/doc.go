// Package history turns commits into changes: what a message says by the rules of Conventional Commits 1.0.0, which
// commits belong to one pull request, which were picked from where, and which took each other back.
package history
