package deploy

import (
	"fmt"
	"regexp"
)

// unchangeable are the fields that a cluster does not let change, by kind.
var unchangeable = map[string]*regexp.Regexp{
	"apps/Deployment":        regexp.MustCompile(`^spec\.selector(\.|$)`),
	"apps/DaemonSet":         regexp.MustCompile(`^spec\.selector(\.|$)`),
	"apps/ReplicaSet":        regexp.MustCompile(`^spec\.selector(\.|$)`),
	"apps/StatefulSet":       regexp.MustCompile(`^spec\.(selector|serviceName|podManagementPolicy|volumeClaimTemplates)([.[]|$)`),
	"batch/Job":              regexp.MustCompile(`^spec\.(template|selector|completionMode)(\.|$)`),
	"/PersistentVolumeClaim": regexp.MustCompile(`^spec\.(accessModes|storageClassName|volumeMode|volumeName|selector)([.[]|$)`),
}

// immutable finds changes of what runs in a cell that the cluster would refuse.
func (in *Input) immutable(old []byte, r *rendering) (Problems, error) {
	before, err := parseManifests(old)
	if err != nil {
		return nil, err
	}
	byID := map[string]*object{}
	for _, o := range before {
		byID[o.id()] = o
	}
	var found Problems
	for _, o := range r.objects {
		fields, was := unchangeable[o.group+"/"+o.kind], byID[o.id()]
		if fields == nil || was == nil || replaced(in.Engine, o) {
			continue
		}
		for _, f := range was.compare(o) {
			if fields.MatchString(f.Path) {
				found = append(found, Problem{File: r.where(o), Object: o.String(), Field: f.Path,
					Message: fmt.Sprintf("was %s and cannot be changed in place", show(f.Old)),
					Fix:     "give the object another name, or let the engine replace it (Argo CD: argocd.argoproj.io/sync-options: Force=true,Replace=true; Flux: kustomize.toolkit.fluxcd.io/force: enabled)"})
			}
		}
	}
	return found, nil
}
