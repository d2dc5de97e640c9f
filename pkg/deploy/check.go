package deploy

import (
	"fmt"
	"regexp"
	"strings"
)

// checker holds rendered objects against what clusters refuse and people regret.
type checker struct {
	in      *Input
	w       *workspace
	dir     string
	objects []*object

	problems, warnings Problems
}

func (c *checker) run() {
	if len(c.objects) == 0 {
		c.problems = append(c.problems, Problem{File: c.dir, Message: "gives no objects",
			Fix: "name the release in the ring's kustomization: \"components: [release]\""})
	}
	scaled := c.autoscaled()
	for _, o := range c.objects {
		c.identity(o)
		c.job(o)
		c.secret(o)
		if by := scaled[o.kind+"/"+o.name]; by != nil && dig(o.fields, "spec")["replicas"] != nil {
			c.warn(o, "spec.replicas", fmt.Sprintf("is set, and %s sets it too: each deployment takes back what it scaled", by),
				"remove replicas from the manifest")
		}
		walk("", o.fields, func(f field) { c.field(o, f) })
	}
}

func (c *checker) problem(o *object, field, message, fix string) Problem {
	return Problem{File: c.where(o), Object: o.String(), Field: field, Message: message, Fix: fix}
}

// where returns the file in which an object is declared.
func (c *checker) where(o *object) string { return c.w.where(o.kind, o.declared, c.dir) }

func (c *checker) refuse(o *object, field, message, fix string) {
	c.problems = append(c.problems, c.problem(o, field, message, fix))
}

func (c *checker) warn(o *object, field, message, fix string) {
	c.warnings = append(c.warnings, c.problem(o, field, message, fix))
}

// identity refuses objects that lie outside of the release or of a namespace.
func (c *checker) identity(o *object) {
	r := &c.in.Release
	if dig(o.fields, "metadata", "labels")[LabelVersion] != r.Version.String() {
		c.refuse(o, "metadata.labels", "does not bear the release's labels",
			"list the component \"release\" in the ring's kustomization, objects beside it as its resources, and leave its labels alone")
	}
	if namespaced, known := o.scope(); known && namespaced && o.namespace == "" {
		c.refuse(o, "metadata.namespace", "has no namespace, so that it lands where the engine happens to point",
			"set \"namespace:\" in the ring's kustomization")
	}
}

const pinFix = "images of the product: let the manifest use the name under which the release lists the image. Others: pin them with \"images: [{name: …, digest: sha256:…}]\" in the base's or the ring's kustomization"

var digested = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._:/-]*@sha256:[0-9a-f]{64}$`)

// unpinned says why an image may be another one tomorrow, or "".
func unpinned(ref string) string {
	name, digest, _ := strings.Cut(ref, "@")
	_, tag, tagged := strings.Cut(name[strings.LastIndex(name, "/")+1:], ":")
	switch {
	case ref == "":
		return "is empty"
	case digested.MatchString(ref):
		return ""
	case digest != "":
		return fmt.Sprintf("%s has a digest that is none: sha256: and 64 hex digits", ref)
	case tag == "latest":
		return fmt.Sprintf("%s follows latest, which is another image every day", ref)
	case tagged:
		return fmt.Sprintf("%s has a tag, which can be moved, and no digest", ref)
	}
	return fmt.Sprintf("%s has no digest", ref)
}

// isOpaque reports whether a path leads into what is the product's, whatever it looks like.
func isOpaque(path string) bool {
	top := path[:len(path)-len(strings.TrimLeft(path, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"))]
	return top == "data" || top == "binaryData" || top == "stringData"
}

// lastKey returns the last key of a path, and whether the path leads to a member of the list there.
func lastKey(path string) (key string, member bool) {
	key, _, member = strings.Cut(path[strings.LastIndexByte(path, '.')+1:], "[")
	return key, member
}

// isContainer reports whether a path leads to a container of a pod, whatever kind of object that is in.
func isContainer(path string) bool {
	key, member := lastKey(path)
	return member && (key == "containers" || key == "initContainers" || key == "ephemeralContainers")
}

// field judges one map of an object.
func (c *checker) field(o *object, f field) {
	m, ok := f.value.(map[string]any)
	if !ok || isOpaque(f.path) {
		return
	}
	key, member := lastKey(f.path)
	switch {
	case isContainer(f.path):
		c.image(o, f.path+".image", m["image"])
	case member && key == "volumes":
		if volume := dig(m, "image"); volume != nil {
			c.image(o, f.path+".image.reference", volume["reference"])
		}
	case member && key == "matchExpressions":
		if label, ok := m["key"].(string); ok && c.volatile(label, nil) {
			c.refuse(o, f.path+".key", fmt.Sprintf("selects by %s, which changes with every release", label), selectorFix)
		}
	case member:
	case key == "template" && dig(m, "spec")["containers"] != nil:
		c.template(o, f.path, m)
	case strings.HasSuffix("."+f.path, ".metadata.labels"):
		c.labels(o, f.path, m)
	case key == "matchLabels":
		c.labels(o, f.path, m)
		c.selector(o, f.path, m)
	case key == "selector":
		c.selector(o, f.path, m)
	}
}

func (c *checker) image(o *object, path string, v any) {
	ref, _ := v.(string)
	if why := unpinned(ref); why != "" {
		c.refuse(o, path, why, pinFix)
	}
}

// volatile reports whether a label changes from release to release.
func (c *checker) volatile(key string, value any) bool {
	r := &c.in.Release
	v := r.Version.String()
	return key == LabelVersion || value == v || value == "v"+v || value == r.Commit || value == r.Digest
}

const selectorFix = "select by labels that stay: selectors cannot be changed, and pods of the release before would be lost sight of. In kustomize use \"labels:\" without includeSelectors, not \"commonLabels:\""

func (c *checker) selector(o *object, path string, m map[string]any) {
	for _, k := range sortedKeys(m) {
		if c.volatile(k, m[k]) {
			c.refuse(o, join(path, k), "selects by a label that changes with every release", selectorFix)
		}
	}
}

func (c *checker) template(o *object, path string, m map[string]any) {
	if o.kind == "Job" && o.group == "batch" {
		return // each release runs its own
	}
	for _, part := range []string{"labels", "annotations"} {
		values := dig(m, "metadata", part)
		for _, k := range sortedKeys(values) {
			if c.volatile(k, values[k]) {
				c.refuse(o, join(path+".metadata."+part, k), "changes with every release and restarts pods that otherwise stay the same",
					"leave the version out of pod templates: it stands at the object itself")
			}
		}
	}
}

var (
	labelForm  = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$`)
	prefixForm = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$`)
)

// labelValue says what is wrong with a label's value, or "".
func labelValue(v string) string {
	switch {
	case v == "":
		return ""
	case len(v) > 63:
		return fmt.Sprintf("it has %d characters, at most 63 are allowed", len(v))
	case strings.Contains(v, "+"):
		return `"+" is not allowed in labels, so that build metadata of versions has no place there`
	case !labelForm.MatchString(v):
		return "only letters, digits and inside also dots, hyphens, underscores are allowed"
	}
	return ""
}

// labelKey says what is wrong with a label's name, or "".
func labelKey(key string) string {
	prefix, name, ok := strings.Cut(key, "/")
	if !ok {
		prefix, name = "", key
	}
	switch {
	case ok && (len(prefix) > 253 || !prefixForm.MatchString(prefix)):
		return "the part before the slash is no DNS name"
	case name == "":
		return "the name is empty"
	}
	return labelValue(name)
}

func (c *checker) labels(o *object, path string, m map[string]any) {
	const fix = "correct the label: the API server refuses the object"
	for _, k := range sortedKeys(m) {
		if why := labelKey(k); why != "" {
			c.refuse(o, join(path, k), "is no name of a label: "+why, fix)
		}
		v, ok := m[k].(string)
		if !ok {
			c.refuse(o, join(path, k), fmt.Sprintf("is %v, not text", m[k]), "put the value into quotes")
			continue
		}
		if why := labelValue(v); why != "" {
			c.refuse(o, join(path, k), fmt.Sprintf("%q is no value of a label: %s", v, why), fix)
		}
	}
}

// job refuses Jobs that can run once only: what a Job runs cannot be changed, so the second release would fail.
func (c *checker) job(o *object) {
	if o.kind != "Job" || o.group != "batch" {
		return
	}
	if len(o.name) > 63 {
		c.refuse(o, "metadata.name", fmt.Sprintf("has %d characters, and a Job's pods can bear 63", len(o.name)), "shorten the Job's name")
	}
	version := c.in.Release.slug()
	if replaced(c.in.Engine, o) || strings.Contains(o.name, version) || strings.Contains(o.name, c.in.Release.Version.String()) {
		return
	}
	c.refuse(o, "metadata.name", "is a Job of the same name in every release, and Jobs cannot be changed", jobFix[c.in.Engine])
}

// secret warns of secrets that everybody can read. Encrypted ones are of other kinds, or carry the key of sops.
func (c *checker) secret(o *object) {
	if o.kind != "Secret" || o.group != "" || o.fields["sops"] != nil {
		return
	}
	for _, f := range []string{"data", "stringData"} {
		if len(dig(o.fields, f)) > 0 {
			c.warn(o, f, "can be read by everybody who reads the deploy branch", "let the cluster fetch or decrypt the secret")
		}
	}
}

const ownName = "annotate the Job in the base with " + AnnotationName + ": " + PerRelease + ", so that its name bears the version"

var jobFix = map[Engine]string{
	ArgoCD:    ownName + "; or make it a hook, argocd.argoproj.io/hook: PreSync; or argocd.argoproj.io/sync-options: Force=true,Replace=true",
	Flux:      ownName + "; or kustomize.toolkit.fluxcd.io/force: enabled",
	Kustomize: ownName,
}

// replaced reports whether the engine deletes an object and makes it anew.
func replaced(e Engine, o *object) bool {
	a := o.annotations()
	switch e {
	case ArgoCD:
		options := strings.Split(strings.ReplaceAll(a["argocd.argoproj.io/sync-options"], " ", ""), ",")
		force := map[string]bool{}
		for _, option := range options {
			force[option] = true
		}
		return a["argocd.argoproj.io/hook"] != "" || a["helm.sh/hook"] != "" || force["Force=true"] && force["Replace=true"]
	case Flux:
		return strings.EqualFold(a["kustomize.toolkit.fluxcd.io/force"], "enabled")
	}
	return false
}

// autoscaled returns what scales an object, by its kind and name.
func (c *checker) autoscaled() map[string]*object {
	out := map[string]*object{}
	for _, o := range c.objects {
		if o.kind != "HorizontalPodAutoscaler" && o.kind != "ScaledObject" {
			continue
		}
		target := dig(o.fields, "spec", "scaleTargetRef")
		kind, _ := target["kind"].(string)
		if kind == "" {
			kind = "Deployment" // KEDA's default
		}
		if name, ok := target["name"].(string); ok {
			out[kind+"/"+name] = o
		}
	}
	return out
}
