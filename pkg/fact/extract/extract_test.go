package extract_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/relctl/relctl/pkg/channel"
	"github.com/relctl/relctl/pkg/fact"
	"github.com/relctl/relctl/pkg/fact/extract"
)

// gather reads one file.
func gather(t *testing.T, s channel.FactSource, name, text string) []fact.Fact {
	t.Helper()
	set, err := try(s, name, text)
	if err != nil {
		t.Fatal(err)
	}
	return set.Facts
}

func try(s channel.FactSource, name, text string) (*fact.Set, error) {
	if s.Schema == "" {
		s.Files = []string{name}
	}
	return extract.Gather(context.Background(), fstest.MapFS{name: {Data: []byte(text)}}, []channel.FactSource{s}, extract.Options{})
}

// show writes facts in lines: kind, name, and what is set of the attributes.
func show(facts []fact.Fact) string {
	var b strings.Builder
	for _, f := range facts {
		a := f.Attributes
		fmt.Fprintf(&b, "%d %s %s", f.Line, f.Kind, f.Name)
		for _, p := range []struct{ name, v string }{
			{"type", a.Type}, {"enum", strings.Join(a.Enum, ",")}, {"min", a.Minimum}, {"max", a.Maximum}, {"deprecated", a.Deprecated}, {"removed in", a.RemovedIn},
			{"from", strings.Join(a.RenamedFrom, ",")}, {"value", a.Value}, {"state", a.State}, {"for", a.For}, {"severity", a.Severity},
			{"uses", strings.Join(a.Metrics, ",")}, {"labels", strings.Join(a.Labels, ",")}, {"anchors", strings.Join(a.Anchors, ",")},
			{"versions", strings.Join(a.Versions, ",")}, {"storage", a.Storage}, {"says", f.Text},
		} {
			if p.v != "" {
				fmt.Fprintf(&b, " %s=%s", p.name, p.v)
			}
		}
		if a.Default != nil {
			fmt.Fprintf(&b, " default=%s", *a.Default)
		}
		if a.Required {
			b.WriteString(" required")
		}
		b.WriteString("\n")
	}
	return b.String()
}

func TestFactsAreReadFromEachKindOfFile(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		says   string
		source channel.FactSource
		name   string
		text   string
		want   string
	}{
		{"a JSON Schema with references, choices, lists and maps", channel.FactSource{Kind: "config", Schema: "s.json"}, "s.json", `{
  "properties": {
    "a": {"$ref": "#/$defs/port", "default": 80},
    "b": {"type": "object", "properties": {"c": {"enum": ["y", "x"], "deprecated": true}}, "required": ["c"]},
    "d": {"type": "array", "items": {"properties": {"e": {"type": ["string", "null"]}}}},
    "f": {"additionalProperties": {"type": "string"}},
    "g": {"anyOf": [{"type": "integer"}, {"type": "string"}], "x-renamed-from": ["h"], "x-removed-in": "3.0", "x-deprecated": "use i"},
    "self": {"$ref": "#"}
  },
  "$defs": {"port": {"type": "integer", "minimum": 1, "maximum": 65535, "description": "A port."}}
}`, `3 config a type=integer min=1 max=65535 says=A port. default=80
4 config b.c enum=x,y deprecated=deprecated required
5 config d type=array
5 config d[].e type=string
6 config f
6 config f.* type=string
7 config g type=integer|string deprecated=use i removed in=3.0 from=h
`},
		{"an annotated example in YAML", channel.FactSource{Kind: "config", Scope: "acmed"}, "a.yaml", `# The server.
server:
  # Where it listens.
  # @renamed-from listen
  listen: ":80" # an address
  #tls_cert: /etc/tls.pem
  # Deprecated: use listen instead, to be removed in 3.0.
  port: 80
# @required
token: example
routes:
  - path: /
`, `12 config acmed routes[].path type=string
5 config acmed server.listen type=string from=acmed listen says=Where it listens. an address default=:80
8 config acmed server.port type=integer deprecated=use listen instead removed in=3.0 says=Deprecated: use listen instead, to be removed in 3.0. default=80
6 config acmed server.tls_cert type=string
10 config acmed token type=string required
`},
		{"an annotated example in TOML", channel.FactSource{Kind: "config"}, "a.toml", "# Where.\nlisten = ':80'\n#level = 'info'\n", "3 config level type=string\n2 config listen type=string says=Where. default=:80\n"},
		{"cobra's help", channel.FactSource{Kind: "flags"}, "help.txt", `Usage:
  acme serve [flags]

Flags:
  -c, --config string       read this file (default "/etc/acme.yaml")
  -h, --help                help
      --level string        one of
                            several (default "info")
      --port int            the port
      --tls                 with TLS
      --old                 (DEPRECATED: use --tls)

Global Flags:
  - not a flag
`, `5 flag --config type=string says=read this file (default "/etc/acme.yaml") default=/etc/acme.yaml
7 flag --level type=string says=one of several (default "info") default=info
11 flag --old type=bool deprecated=use --tls says=(DEPRECATED: use --tls) default=false
9 flag --port type=int says=the port default=0
10 flag --tls type=bool says=with TLS default=false
`},
		{"kingpin's and urfave's", channel.FactSource{Kind: "flags"}, "help.txt", `Flags:
  -h, --[no-]help                Show help.
      --config.file="a.yml"      Configuration ($CONFIG_FILE)
      --[no-]web.enable          Enable.
      --storage.path=STORAGE.PATH
                                 Base path.
`, `3 flag --config.file says=Configuration ($CONFIG_FILE) default=a.yml
5 flag --storage.path says=Base path.
4 flag --web.enable type=bool says=Enable. default=false
3 env CONFIG_FILE says=stands for --config.file default=a.yml
`},
		{"Go's flag package", channel.FactSource{Kind: "flags", Scope: "acmed"}, "help.txt", "Usage of acmed:\n  -config file\n    \tread this file\n  -n int\n    \ta number (default 3)\n  -v\tsay more\n",
			"2 flag acmed -config says=read this file\n4 flag acmed -n type=int says=a number (default 3) default=3\n6 flag acmed -v type=bool says=say more default=false\n"},
		{"the help of one command keeps its program's flags among its own", channel.FactSource{Kind: "flags"}, "help.txt", "Usage:\n  acme serve [flags]\n\nFlags:\n      --port int   the port\n\nGlobal Flags:\n      --quiet   say less\n",
			"5 flag --port type=int says=the port default=0\n8 flag --quiet type=bool says=say less default=false\n"},
		{"the helps of several commands keep apart whose a flag is", channel.FactSource{Kind: "flags"}, "help.txt", `Usage:
  acme [command]

Flags:
      --quiet   say less [$ACME_QUIET]

Usage:
  acme serve [flags]

Flags:
      --dry-run   stop before it listens

Global Flags:
      --quiet   say less [$ACME_QUIET]

Usage of ./bin/acme items list:
  -dry-run
    	print what it would ask (default true)

usage: acmed [<flags>] <file>

Flags:
  --dry-run   a third
`, `5 flag acme --quiet type=bool says=say less [$ACME_QUIET] default=false
17 flag acme-items-list -dry-run type=bool says=print what it would ask (default true) default=true
11 flag acme-serve --dry-run type=bool says=stop before it listens default=false
23 flag acmed --dry-run type=bool says=a third default=false
5 env ACME_QUIET says=stands for --quiet default=false
`},
		{"pages about several commands, with a scope for the program", channel.FactSource{Kind: "flags", Scope: "acmed"}, "a.md", "## acme serve\n\n```\nacme serve <file> [flags]:\n      --json   print JSON\n```\n\n## `acme check`\n\nUsage: see above.\n\n| Flag | Text |\n| --- | --- |\n| `--json` | As JSON. |\n",
			"14 flag acmed-check --json says=As JSON.\n5 flag acmed-serve --json type=bool says=print JSON default=false\n"},
		{"a variable that is a flag's default", channel.FactSource{Kind: "flags"}, "help.txt", "Flags:\n  --at address   where (default: $ACME_AT)\n  --level name   how (default INFO)\n",
			"2 flag --at says=where (default: $ACME_AT) default=$ACME_AT\n3 flag --level says=how (default INFO) default=INFO\n2 env ACME_AT says=stands for --at default=$ACME_AT\n"},
		{"what a pod asks for as a whole", channel.FactSource{Kind: "manifests"}, "d.yaml", "kind: Deployment\nmetadata: {name: a}\nspec: {template: {spec: {resources: {requests: {cpu: 1}}, containers: [{name: b, resources: {limits: {memory: 1Gi}}}]}}}\n",
			"3 resource Deployment/a requests.cpu value=1\n3 resource Deployment/a/b limits.memory value=1Gi\n"},
		{"flags in Markdown", channel.FactSource{Kind: "flags"}, "a.md", "| Flag | Text | Default |\n| --- | --- | --- |\n| <code>-p</code>, <code>--path</code> | Where \\| what. | `data/` |\n\n```yaml\n# CLI flag: -x.y\n[y: <int> | default = 3]\n```\n",
			"3 flag --path says=Where \\| what. default=data/\n6 flag -x.y type=int default=3\n"},
		{"Kubernetes objects", channel.FactSource{Kind: "manifests"}, "a.yaml", `kind: Deployment
metadata: {name: acme}
spec:
  template:
    spec:
      containers:
        - name: acmed
          image: acme:1
          ports: [{name: http, containerPort: 8080}]
          resources: {requests: {memory: 1Gi}, limits: {cpu: "2"}}
          livenessProbe: {httpGet: {path: /healthz, port: http}}
---
kind: Service
metadata: {name: acme}
spec: {ports: [{port: 80}]}
---
kind: ConfigMap
`, `9 port Deployment/acme/acmed:http value=8080/TCP
15 port Service/acme:80 value=80/TCP
8 image Deployment/acme/acmed value=acme:1
10 resource Deployment/acme/acmed limits.cpu value=2
10 resource Deployment/acme/acmed requests.memory value=1Gi
11 probe Deployment/acme/acmed livenessProbe value=GET /healthz on http
`},
		{"how many run, and what may be taken away from them", channel.FactSource{Kind: "manifests"}, "scale.yaml", `kind: Deployment
metadata: {name: web}
spec: {replicas: 3, template: {spec: {}}}
---
kind: Deployment
metadata: {name: scaled}
spec: {template: {spec: {}}}
---
kind: HorizontalPodAutoscaler
metadata: {name: scaled}
spec:
  minReplicas: 2
  maxReplicas: 9
  metrics:
    - {type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 70}}}
    - {type: ContainerResource, containerResource: {name: memory, container: app, target: {type: AverageValue, averageValue: 1Gi}}}
    - {type: External, external: {metric: {name: queue_length}, target: {type: Value, value: "30"}}}
    - {type: Pods, pods: {target: {averageValue: 1}}}
    - none
---
kind: HorizontalPodAutoscaler
metadata: {name: old}
spec: {maxReplicas: 3, targetCPUUtilizationPercentage: 80}
---
kind: PodDisruptionBudget
metadata: {name: web}
spec: {minAvailable: 50%}
`, `3 resource Deployment/web replicas value=3
23 resource HorizontalPodAutoscaler/old maxReplicas value=3
23 resource HorizontalPodAutoscaler/old target.cpu value=80%
13 resource HorizontalPodAutoscaler/scaled maxReplicas value=9
12 resource HorizontalPodAutoscaler/scaled minReplicas value=2
16 resource HorizontalPodAutoscaler/scaled target.app/memory value=1Gi on average
15 resource HorizontalPodAutoscaler/scaled target.cpu value=70%
17 resource HorizontalPodAutoscaler/scaled target.queue_length value=30
27 resource PodDisruptionBudget/web minAvailable value=50%
`},
		{"volumes", channel.FactSource{Kind: "manifests"}, "volumes.yaml", `kind: PersistentVolumeClaim
metadata: {name: files}
spec: {accessModes: [ReadWriteMany, ReadOnlyMany], storageClassName: nfs, resources: {requests: {storage: 1Gi}}}
---
kind: StatefulSet
metadata: {name: db}
spec:
  replicas: 2
  template: {spec: {containers: [{name: db}]}}
  volumeClaimTemplates:
    - {metadata: {name: data}, spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 10Gi}}}}
    - {metadata: {name: odd}, spec: {resources: {requests: {storage: [1]}}}}
`, `3 resource PersistentVolumeClaim/files requests.storage value=1Gi
3 resource PersistentVolumeClaim/files volume value=ReadWriteMany, ReadOnlyMany, class nfs
8 resource StatefulSet/db replicas value=2
11 resource StatefulSet/db/data requests.storage value=10Gi
11 resource StatefulSet/db/data volume value=ReadWriteOnce
`},
		{"a compose file with replicas", channel.FactSource{Kind: "manifests"}, "compose.yaml", "services:\n  db: {deploy: {replicas: 2}}\n", "2 resource service/db replicas value=2\n"},
		{"a compose file", channel.FactSource{Kind: "manifests"}, "compose.yaml", "services:\n  db:\n    image: postgres:17\n    ports: ['5432:5432']\n    deploy: {resources: {limits: {memory: 1g}}}\n    healthcheck: {test: [CMD, pg_isready]}\n",
			"4 port service/db:5432 value=5432:5432\n3 image service/db value=postgres:17\n5 resource service/db limits.memory value=1g\n6 probe service/db value=[CMD, pg_isready]\n"},
		{"rules", channel.FactSource{Kind: "rules"}, "a.yaml", `groups:
  - name: a
    rules:
      - {alert: Down, expr: 'up{job="a"}  ==  0', for: 5m, labels: {severity: page}, annotations: {summary: It is down.}}
      - {alert: Down, expr: up < 1, labels: {severity: ticket}}
      - {record: a:b, expr: 'sum by (job) (rate(a_total[5m])) / on (job) b_total'}
`, `4 alert Down for=5m severity=page uses=up says=It is down.
5 alert Down #2 severity=ticket uses=up
6 recording a:b uses=a_total,b_total
`},
		{"metrics of Go source", channel.FactSource{Kind: "metrics"}, "m.go", `package m
const ns = "acme"
var (
	a = prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: ns, Name: "a_total", Help: "All a."}, []string{"y", "x"})
	b = promauto.With(r).NewGauge(prometheus.GaugeOpts{Name: "b"})
	c = prometheus.NewDesc(prometheus.BuildFQName(ns, "sub", "c"), "C.", nil, nil)
	d = prometheus.NewGauge(prometheus.GaugeOpts{Name: unknown()})
)
`, "4 metric acme_a_total type=counter labels=x,y says=All a.\n6 metric acme_sub_c says=C.\n5 metric b type=gauge\n"},
		{"what /metrics answers", channel.FactSource{Kind: "metrics"}, "metrics.txt", "# HELP a Some.\n# TYPE a histogram\na_bucket{code=\"200\",le=\"1\"} 1\na_count{code=\"200\"} 1\nb 2\n",
			"1 metric a type=histogram labels=code says=Some.\n5 metric b\n"},
		{"runbooks with their sections", channel.FactSource{Kind: "runbooks"}, "r.md", "# Acme down!\n## What to do\n## What to do\n```\n# no heading\n```\n<a id=\"own\"></a>\n### By hand {#hand}\n",
			"1 runbook r.md anchors=acme-down,hand,own,what-to-do,what-to-do-1 says=Acme down!\n"},
		{"a table of error codes", channel.FactSource{Kind: "messages"}, "e.md", "| code | text |\n|---|---|\n| `E1` | The **disk** is full, see [there](a.md#b) and `df`. |\n\nE2\tNo.\n",
			"3 message E1 says=The disk is full, see there and df.\n5 message E2 says=No.\n"},
		{"log messages in source", channel.FactSource{Kind: "messages", Pattern: `log\.(?P<type>Warn|Error)\("(?P<name>[^"]+)"`}, "a.go", "x\nlog.Warn(\"disk is full\", err)\n",
			"2 message disk is full type=warn\n"},
		{"feature flags", channel.FactSource{Kind: "features"}, "f.json", `{"flags": {
"new-search": {"state": "ENABLED", "variants": {"on": true, "off": false}, "defaultVariant": "off", "targeting": {"if": []}},
"old": {"state": "DISABLED", "variants": {"on": true}, "defaultVariant": "on"}}}`, "2 feature new-search enum=off,on state=off (with targeting)\n3 feature old enum=on state=disabled\n"},
		{"custom resources", channel.FactSource{Kind: "crds"}, "crd.yaml", `kind: CustomResourceDefinition
metadata: {name: orders.acme.example}
spec:
  scope: Namespaced
  versions:
    - name: v1
      served: true
      storage: true
      schema: {openAPIV3Schema: {properties: {kind: {type: string}, spec: {type: object, required: [size], properties: {size: {type: integer}}}}}}
    - {name: v1beta1, served: false}
`, "1 crd orders.acme.example type=Namespaced versions=v1 storage=v1\n9 crd orders.acme.example/v1 spec.size type=integer required\n"},
		{"an API", channel.FactSource{Kind: "openapi"}, "o.yaml", `openapi: 3.1.0
paths:
  /orders/{id}:
    parameters: [{name: id, in: path, required: true, schema: {type: integer}}]
    get: {summary: One order., deprecated: true}
    put:
      requestBody: {content: {application/json: {schema: {$ref: "#/components/schemas/order"}}}}
components: {schemas: {order: {required: [sku], properties: {sku: {type: string}}}}}
`, `5 api GET /orders/{id} deprecated=deprecated says=One order.
4 api GET /orders/{id} path id type=integer required
6 api PUT /orders/{id}
8 api PUT /orders/{id} body sku type=string required
4 api PUT /orders/{id} path id type=integer required
`},
	} {
		if got := show(gather(t, c.source, c.name, c.text)); got != c.want {
			t.Errorf("%s:\n%swant:\n%s", c.says, got, c.want)
		}
	}
}

func TestLocksOfStatements(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		dialect, sql string
		lock         fact.Lock
		destroys     string
	}{
		{"postgres", "CREATE TABLE t (a int); CREATE INDEX i ON t (a); ALTER TABLE t ALTER a TYPE text; DROP TABLE t;", fact.LockNone, ""},
		{"postgres", "create index i on t (a)", fact.LockWrites, ""},
		{"postgres", "CREATE UNIQUE INDEX CONCURRENTLY i ON t (a)", fact.LockNone, ""},
		{"postgres", "ALTER TABLE t ADD COLUMN type text DEFAULT 'x'", fact.LockShort, ""},
		{"postgres", "ALTER TABLE t ADD COLUMN a uuid DEFAULT gen_random_uuid()", fact.LockAll, ""},
		{"postgres", "ALTER TABLE t ALTER COLUMN a SET DATA TYPE bigint", fact.LockAll, ""},
		{"postgres", "ALTER TABLE t ALTER COLUMN a SET DEFAULT 1", fact.LockShort, ""},
		{"postgres", "ALTER TABLE t ALTER COLUMN a SET NOT NULL", fact.LockAll, ""},
		{"postgres", "ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0) NOT VALID; ALTER TABLE t VALIDATE CONSTRAINT c", fact.LockShort, ""},
		{"postgres", "ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES u", fact.LockWrites, ""},
		{"postgres", "ALTER TABLE t ADD COLUMN a int, DROP COLUMN IF EXISTS b, DROP c;", fact.LockShort, "drops column t.b, drops column t.c"},
		{"postgres", "ALTER TABLE t DROP CONSTRAINT c, ALTER COLUMN a DROP NOT NULL", fact.LockShort, ""},
		{"postgres", "DROP TABLE IF EXISTS s.t CASCADE", fact.LockShort, "drops table s.t"},
		{"postgres", "-- DROP TABLE t\n/* /* DROP */ TABLE */ SELECT 'DROP TABLE t', $a$; DROP TABLE t; $a$, E'\\'; DROP TABLE t'", fact.LockNone, ""},
		{"postgres", `UPDATE "t" SET a = 1; DELETE FROM t WHERE a`, fact.LockWrites, "deletes rows of t"},
		{"postgres", "TRUNCATE t", fact.LockShort, "empties table t"},
		{"mysql", "ALTER TABLE `t` ADD COLUMN a INT # DROP TABLE\n", fact.LockShort, ""},
		{"mysql", "ALTER TABLE t MODIFY a BIGINT", fact.LockWrites, ""},
		{"mysql", "ALTER TABLE t ADD INDEX (a), ALGORITHM=INPLACE, LOCK=NONE", fact.LockNone, ""},
		{"mysql", `INSERT INTO t VALUES ('it\'s; DROP TABLE t')`, fact.LockNone, ""},
		{"sqlite", "CREATE INDEX i ON t (a)", fact.LockWrites, ""},
		{"sqlite", "ALTER TABLE [t] DROP COLUMN [a]", fact.LockWrites, "drops column t.a"},
	} {
		got := gather(t, channel.FactSource{Kind: "migrations", Dialect: c.dialect}, "1.sql", c.sql)[0].Attributes
		if destroys := strings.Join(got.Destructive, ", "); got.Lock != c.lock || destroys != c.destroys {
			t.Errorf("%s: %s: lock %s, %q, want %s, %q", c.dialect, c.sql, got.Lock, destroys, c.lock, c.destroys)
		}
	}
}

func TestMetricsThatAnExpressionUses(t *testing.T) {
	t.Parallel()
	for expr, want := range map[string]string{
		"up": "up",
		"sum by (job, code) (rate(a_total[5m] offset 1h)) / ignoring(code) group_left() b": "a_total,b",
		"sum(a) by (job) > bool 1e-3 and on() vector(1)":                                   "a",
		`{__name__="a", job=~"b.*"} or {"c.d"}`:                                            "a,c.d",
		`{__name__=~"a.*"}`:                                                                "",
		"max_over_time(job:a:rate5m{x='}'}[1h30m:1m]) # b":                                 "job:a:rate5m",
		"label_replace(a, \"b\", \"c\", \"d\", \"e\") </ Inf":                              "a",
		"histogram_quantile(0.9, a_bucket) == NaN":                                         "a_bucket",
	} {
		text := fmt.Sprintf("groups: [{rules: [{alert: A, expr: %q}]}]", expr)
		if got := strings.Join(gather(t, channel.FactSource{Kind: "rules"}, "r.yaml", text)[0].Attributes.Metrics, ","); got != want {
			t.Errorf("%s uses %s, want %s", expr, got, want)
		}
	}
}

func TestTheWayBackIsFoundInAllItsForms(t *testing.T) {
	t.Parallel()
	fsys := fstest.MapFS{}
	for name, text := range map[string]string{
		"1_a.up.sql": "CREATE TABLE a ();", "1_a.down.sql": "DROP TABLE a;", "2_b.up.sql": "CREATE TABLE b ();",
		"3_c.sql": "-- +goose Up\nCREATE TABLE c ();\n-- +goose Down\nDROP TABLE c;\n", "4_d.sql": "-- migrate:up\nCREATE TABLE d ();\n-- migrate:down\n-- nothing\n",
		"V5__e.sql": "CREATE TABLE e ();", "U5__e.sql": "DROP TABLE e;", "9_alone.down.sql": "DROP TABLE x;",
	} {
		fsys["m/"+name] = &fstest.MapFile{Data: []byte(text)}
	}
	set, err := extract.Gather(t.Context(), fsys, []channel.FactSource{{Kind: "migrations", Files: []string{"m/*.sql"}, Dialect: "postgres"}}, extract.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range set.Facts {
		got = append(got, fmt.Sprintf("%s %v %v", f.Name, f.Attributes.Reversible, len(f.Attributes.Destructive) > 0))
	}
	if want := "1_a true false|2_b false false|3_c true false|4_d false false|V5__e true false"; strings.Join(got, "|") != want {
		t.Errorf("migrations = %s, want %s", strings.Join(got, "|"), want)
	}
}

func TestACommentIsNoEditOfAMigration(t *testing.T) {
	t.Parallel()
	s := channel.FactSource{Kind: "migrations", Dialect: "postgres"}
	a, b := gather(t, s, "1.sql", "CREATE TABLE a (b int);"), gather(t, s, "1.sql", "-- why\nCREATE TABLE a\n\t(b int);\n")
	c := gather(t, s, "1.sql", "CREATE TABLE a (c int);")
	if a[0].Attributes.Digest != b[0].Attributes.Digest || a[0].Attributes.Digest == c[0].Attributes.Digest {
		t.Errorf("digests %s, %s, %s", a[0].Attributes.Digest, b[0].Attributes.Digest, c[0].Attributes.Digest)
	}
}

func TestWhatIsNotUnderstoodIsAnErrorWithItsPlace(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ kind, schema, name, text, want string }{
		{"config", "s.json", "s.json", `{"properties": {"a": {"$ref": "#/nowhere"}}}`, `s.json: line 1: a: the reference "#/nowhere" leads nowhere`},
		{"config", "s.json", "s.json", `{"properties": {"a": {"$ref": "#/properties/a"}}}`, "references lead in a circle"},
		{"config", "s.json", "s.json", `[]`, "one document with keys and values"},
		{"config", "", "a.yaml", "a: [", "a.yaml"},
		{"rules", "", "r.yaml", "groups: [{rules: [{alert: A}]}]", "r.yaml: line 1: a rule needs the key expr"},
		{"features", "", "f.json", "{}", "there is no key flags"},
		{"openapi", "", "o.yaml", "openapi: 3.0.0", "there is no key paths"},
		{"metrics", "", "m.go", "package", "m.go"},
		{"facts", "", "facts.json", "{}", "facts have the schema"},
	} {
		if _, err := try(channel.FactSource{Kind: c.kind, Schema: c.schema}, c.name, c.text); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s %s: %v, want %q", c.kind, c.text, err, c.want)
		}
	}
}

func TestOneNameOfTwoFilesIsRefusedUntilTheyHaveScopes(t *testing.T) {
	t.Parallel()
	fsys := fstest.MapFS{"a.txt": {Data: []byte("  --x\tone\n")}, "b.txt": {Data: []byte("  --x\tother\n")}}
	sources := []channel.FactSource{{Kind: "flags", Files: []string{"a.txt"}}, {Kind: "flags", Files: []string{"b.txt"}}}
	var twice *extract.TwiceError
	if _, err := extract.Gather(t.Context(), fsys, sources, extract.Options{}); !errors.As(err, &twice) || !strings.Contains(err.Error(), "a.txt:1 and in b.txt:1") {
		t.Errorf("error = %v", err)
	}
	sources[1].Scope = "b"
	if set, err := extract.Gather(t.Context(), fsys, sources, extract.Options{}); err != nil || len(set.Facts) != 2 {
		t.Errorf("with a scope: %v, %v", set, err)
	}
}

func TestWhatACommitDoesNotHaveIsListed(t *testing.T) {
	t.Parallel()
	fsys := fstest.MapFS{"deploy/x.yaml": {Data: []byte("kind: Service\n")}, "deploy/.git/y.yaml": {Data: []byte("[")}}
	set, err := extract.Gather(t.Context(), fsys, []channel.FactSource{
		{Kind: "manifests", Files: []string{"deploy/**/*.yaml", "old/*.yaml", "a/b.yaml"}}, {Kind: "flags", Command: []string{"./gone"}},
	}, extract.Options{Run: func(context.Context, []string) ([]byte, error) { return nil, fs.ErrNotExist }})
	if err != nil || fmt.Sprint(set.Missing) != "[{manifests old/*.yaml} {manifests a/b.yaml} {flags ./gone}]" {
		t.Errorf("missing = %v, %v", set, err)
	}
	if _, err := extract.Gather(t.Context(), fsys, []channel.FactSource{{Kind: "flags", Command: []string{"./x"}}}, extract.Options{}); err == nil {
		t.Error("a command ran without a place to run in")
	}
	if _, err := extract.Gather(t.Context(), fsys, []channel.FactSource{{Kind: "manifests", Files: []string{"deploy"}}}, extract.Options{}); err == nil {
		t.Error("a folder was read as a file")
	}
}

// FuzzExtractors reads files from anywhere by every extractor: each ends, and what it returns is a set.
func FuzzExtractors(f *testing.F) {
	for i, text := range []string{
		`{"properties": {"a": {"$ref": "#/$defs/b", "items": {"$ref": "#"}}}, "$defs": {"b": {"allOf": [{"$ref": "#"}]}}}`,
		"a: &a\n  #b: c\n  d: [*a]\n", "  -c, --config string   x (default \"y\") [$ENV]\n", "ALTER TABLE t ADD (a int, b int), DROP c; -- +goose Down\nSELECT $$x$$, 'a''b'",
		"kind: List\nitems: [{kind: Pod, spec: {containers: [{image: x}]}}]", "groups: [{rules: [{alert: A, expr: 'sum by (a) ({__name__=\"b\"}[5m:1m] offset 1h)'}]}]",
		"package m\nvar a = p.NewCounter(p.CounterOpts{Name: \"a\" + b})", "# A\n```\n# b\n~~~", "| a | b |\n|---|---|\n| `c` | d |", `{"flags": {"a": {"variants": {"b": 1}}}}`,
		"kind: CustomResourceDefinition\nspec: {versions: [{served: true, schema: {openAPIV3Schema: {properties: {a: {additionalProperties: {}}}}}}]}",
		"paths: {/a: {get: {parameters: [{$ref: '#/b'}]}}}\nb: {name: c, in: query}",
	} {
		f.Add(uint8(i), []byte(text))
	}
	f.Fuzz(func(t *testing.T, kind uint8, data []byte) {
		s := channel.FactSource{Kind: channel.FactKinds[int(kind)%len(channel.FactKinds)], Dialect: []string{"postgres", "mysql", "sqlite"}[int(kind)%3]}
		names := map[string]string{"metrics": "m.go"}
		name := names[s.Kind]
		if name == "" {
			name = "file.yaml"
		}
		if s.Kind == "config" && kind%2 == 0 {
			s.Schema = name
		}
		set, err := try(s, name, string(data))
		if err != nil {
			return
		}
		for _, one := range set.Facts {
			if one.Path == "" {
				t.Errorf("a fact without a path: %+v", one)
			}
		}
		if got := fact.Diff(set, set); len(got) > 0 {
			t.Errorf("a set differs from itself: %+v", got)
		}
	})
}

func TestAFeatureFlagWithTwoStatesIsRefused(t *testing.T) {
	t.Parallel()
	on, off := `{"flags": {"a": {"defaultVariant": "on"}}}`, `{"flags": {"a": {"defaultVariant": "off"}}}`
	files := fstest.MapFS{"flags/lts.json": {Data: []byte(off)}, "flags/service.json": {Data: []byte(on)}, "flags/same.json": {Data: []byte(on)}}
	_, err := extract.Gather(t.Context(), files, []channel.FactSource{{Kind: "features", Files: []string{"flags/*.json"}}}, extract.Options{})
	var twice *extract.TwiceError
	if !errors.As(err, &twice) || twice.First.Path != "flags/lts.json" || twice.Second.Path != "flags/same.json" {
		t.Errorf("two states are %v", err)
	}
	set, err := extract.Gather(t.Context(), files, []channel.FactSource{{Kind: "features", Files: []string{"flags/s*.json"}}, {Kind: "features", Files: []string{"flags/lts.json"}, Scope: "lts"}}, extract.Options{})
	if err != nil || show(set.Facts) != "1 feature a state=on\n1 feature lts a state=off\n" {
		t.Errorf("one state in two files, and another with a scope, are %v, %v", set, err)
	}
}

func TestInheritedFlagsAreToldOnce(t *testing.T) {
	t.Parallel()
	page := func(name, rest string) *fstest.MapFile {
		return &fstest.MapFile{Data: []byte("## " + name + "\n\n```\n" + name + " [flags]\n```\n\n### Options\n\n" + rest)}
	}
	parents := "### Options inherited from parent commands\n\n```\n      --as string   who\n```\n"
	files := fstest.MapFS{
		"d/acme.md": page("acme", "```\n      --as string   who\n```\n"), "d/acme_a.md": page("acme a", "```\n  --n int   how many\n```\n\n"+parents), "d/acme_b.md": page("acme b", parents),
	}
	set, err := extract.Gather(t.Context(), files, []channel.FactSource{{Kind: "flags", Files: []string{"d/*.md"}}}, extract.Options{})
	if err != nil {
		t.Fatal(err)
	}
	want := "10 flag acme --as type=string says=who default=\n10 flag acme-a --n type=int says=how many default=0\n"
	if got := show(set.Facts); got != want {
		t.Errorf("%swant %s", got, want)
	}
}
