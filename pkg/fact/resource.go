package fact

import (
	"strconv"
	"strings"
)

// resourceName is the name of a resource: StatefulSet/acme/data requests.storage.
type resourceName struct {
	// workload is the object, such as StatefulSet/acme, and kind its kind.
	workload, kind string
	// property is what there is an amount of, such as requests.storage.
	property string
}

// The properties that claims of volumes have.
const (
	storageProperty = "requests.storage"
	volumeProperty  = "volume" // access modes and class
)

func parseResource(name string) resourceName {
	where, property := name, ""
	if i := strings.LastIndexByte(name, ' '); i >= 0 {
		where, property = name[:i], name[i+1:]
	}
	w := workloadOf(where)
	kind, _, _ := strings.Cut(w[strings.LastIndexByte(w, ' ')+1:], "/")
	return resourceName{workload: w, kind: kind, property: property}
}

// workloadOf is StatefulSet/acme for StatefulSet/acme/data and StatefulSet/acme/acmed:http.
func workloadOf(where string) string {
	kind, rest, _ := strings.Cut(where, "/")
	if end := strings.IndexAny(rest, "/: "); end >= 0 {
		rest = rest[:end]
	}
	return kind + "/" + rest
}

// claim reports whether it is about the claim of a volume.
func (r resourceName) claim() bool {
	return r.property == storageProperty || r.property == volumeProperty
}

// Grown is what changed of a volume that is larger now: it does not shrink again.
const Grown = "size"

// What Kubernetes refuses to change of an object that is there.
const (
	refusedOfSet    = "which Kubernetes refuses for a StatefulSet that exists"
	refusedOfVolume = "which Kubernetes refuses for a claim that exists"
)

// resource compares quantities: more of something needs room.
func (d *differ) resource(f Fact, a, b string) {
	x, okX := quantity(a)
	y, okY := quantity(b)
	numbers := okX && okY
	if a == b || numbers && x == y {
		return
	}
	says := "changed"
	switch {
	case numbers && y < x:
		says = "less,"
	case numbers:
		says = "more,"
	}
	says += " from " + value(a) + " to " + value(b)
	switch r := parseResource(f.Name); {
	case r.kind == "StatefulSet" && r.claim():
		d.add(f, Breaking, "claim", a, b, "%s, %s", says, refusedOfSet)
	case r.kind == "PersistentVolumeClaim" && (r.property == volumeProperty || numbers && y < x):
		d.add(f, Breaking, "volume", a, b, "%s, %s", says, refusedOfVolume)
	case r.kind == "PersistentVolumeClaim" && numbers:
		d.add(f, Action, Grown, a, b, "%s", says)
	case numbers && y < x:
		d.add(f, Notice, "value", a, b, "%s", says)
	default:
		d.add(f, Action, "value", a, b, "%s", says)
	}
}

func (d *differ) addedResource(f Fact) {
	r, v := parseResource(f.Name), f.Attributes.Value
	if d.had == nil {
		d.had = workloads(d.before)
	}
	switch there := d.had[r.workload]; {
	case there && r.kind == "StatefulSet" && r.property == storageProperty:
		d.add(f, Breaking, "claim", "", v, "new, %s, %s", shorten(v), refusedOfSet)
	case there && r.property == "replicas":
		d.add(f, Action, "added", "", v, "set now, to %s; before, 1 ran, or what an autoscaler chose", shorten(v))
	default:
		d.add(f, Notice, "added", "", v, "new, %s", shorten(v))
	}
}

func (d *differ) removedResource(f Fact) {
	r, v := parseResource(f.Name), f.Attributes.Value
	if d.has == nil {
		d.has = workloads(d.after)
	}
	switch there := d.has[r.workload]; {
	case there && r.kind == "StatefulSet" && r.property == storageProperty:
		d.add(f, Breaking, "claim", v, "", "removed, %s", refusedOfSet)
	case there && r.property == "replicas":
		d.add(f, Action, "removed", v, "", "no longer set (it was %s): 1 runs, or what an autoscaler chooses", shorten(v))
	case r.kind == "PersistentVolumeClaim" && r.property == storageProperty:
		d.add(f, Action, "removed", "", "", "removed; what prunes such objects deletes the data, too")
	case r.property == volumeProperty:
		d.add(f, Notice, "removed", "", "", "removed")
	default:
		d.add(f, Action, "removed", "", "", "removed")
	}
}

// workloads are the objects that the facts of manifests are about.
func workloads(facts map[key]Fact) map[string]bool {
	out := map[string]bool{}
	for k := range facts {
		switch k.kind {
		case Resource, Probe:
			out[parseResource(k.name).workload] = true
		case Image, Port:
			out[workloadOf(k.name)] = true
		}
	}
	return out
}

// suffixes of quantities as Kubernetes writes them.
var suffixes = map[string]float64{
	"": 1, "m": 1e-3, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15, "E": 1e18,
	"Ki": 1 << 10, "Mi": 1 << 20, "Gi": 1 << 30, "Ti": 1 << 40, "Pi": 1 << 50, "Ei": 1 << 60,
}

func quantity(s string) (float64, bool) {
	number := strings.TrimRight(s, "mkMGTPEi")
	factor, known := suffixes[s[len(number):]]
	n, err := strconv.ParseFloat(number, 64)
	return n * factor, err == nil && known
}
