package guide

import (
	"github.com/relctl/relctl/pkg/fact"
)

// area is a part of the product and who looks after it.
type area struct {
	title, who string
	kinds      []fact.Kind
}

// areas are in the order of a guide.
var areas = []area{
	{"Configuration", "who writes the configuration, or how the programs are started", []fact.Kind{fact.Config, fact.Flag, fact.Env}},
	{"Database", "who looks after the database", []fact.Kind{fact.Migration}},
	{"Ports, images and resources", "who looks after network, machines and registries", []fact.Kind{fact.Port, fact.Image, fact.Resource, fact.Probe}},
	{"Custom resources and API", "who calls the API or writes custom resources", []fact.Kind{fact.CRD, fact.API}},
	{"Alerts and metrics", "who watches the product: alerts, dashboards, logs", []fact.Kind{fact.Alert, fact.Recording, fact.Metric, fact.Runbook, fact.Message}},
	{"Feature flags", "who switches features on and off", []fact.Kind{fact.Feature}},
}

// advice is what to do about a change that nobody wrote a note about, and how to see that it is done; "" where that does
// not follow from the fact. Names stand in marks of code.
//
// Several changes of one kind get one advice, about all of them.
func advice(changes ...fact.Change) (act, check string) {
	c := changes[0]
	name, before, gone := code(c.Name), code(c.Before), c.What == "removed"
	if len(changes) > 1 {
		name, before = "each of them", "each old name"
		if c.What == "renamed" {
			name = "the new one"
		}
	}
	switch c.Kind {
	case fact.Config:
		check = "`relverify check-config` no longer names it"
		switch {
		case c.What == "renamed":
			return "Rename " + before + " to " + name + " in your configuration when you install the new release; the old one does not know the new name.", check
		case gone:
			return "Take " + name + " out of your configuration when you install the new release.", check
		case c.What == "added" || c.What == "required":
			return "Set " + name + " in your configuration.", check
		}
		return "Look whether your configuration sets " + name + ", and change its value if it no longer fits.", check
	case fact.Flag, fact.Env:
		check = "the program starts"
		switch {
		case c.What == "renamed":
			return "Rename " + before + " to " + name + " where you start the program.", check
		case gone:
			return "Take " + name + " out of how you start the program: units, manifests, scripts.", check
		}
		return "Look at " + name + " where you start the program: units, manifests, scripts.", check
	case fact.Migration:
		return "Make sure that nobody needs what it deletes, and that the backup is fresh and can be restored, before it runs.", "the backup can be read; nothing of yours asks for what is deleted"
	case fact.Metric, fact.Recording:
		if gone {
			return "Take " + name + " out of your dashboards and your own alerts, or replace it.", "no dashboard and no alert of yours asks for it"
		}
		return "Look at your dashboards and your own alerts that ask for " + name + ".", "they show values"
	case fact.CRD, fact.API:
		return "Change what uses " + name + " before you upgrade.", "nothing of yours uses the old form"
	case fact.Port:
		return "Let the new port through firewalls and network policies, and point clients at it.", "clients connect"
	case fact.Resource:
		switch c.What {
		case "claim":
			return "Delete the StatefulSet with `kubectl delete --cascade=orphan`, which leaves its pods and volumes alone, bring the claims that are there to what the new release asks for, and install it.",
				"`kubectl get statefulset,pvc` shows it with all its pods ready and its volumes bound"
		case "volume":
			return "Keep the volume as it is in your own manifests, or move its data to a new one before you install the new release.", "`kubectl get pvc` shows it bound"
		}
	}
	return "", ""
}
