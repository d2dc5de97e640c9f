// Package k8s holds what relctl renders against a real Kubernetes API server and Flux's controllers. It is a module of its
// own, since the server is large, and the controllers, which need other versions of the same modules, are in the module
// flux; go test in this folder builds all of them, the first time in some minutes.
package k8s
