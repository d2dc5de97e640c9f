// Package k8s holds what relctl renders against a real Kubernetes API server. It is a module of its own, since the server
// is large; go test in this folder builds it, the first time in some minutes.
package k8s
