package extract

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/relctl/relctl/pkg/channel"
	"github.com/relctl/relctl/pkg/fact"
)

// metrics reads the metrics that a product exports: from Go source that registers them with Prometheus' client library,
// by a pattern over any source, or from what /metrics answered.
func metrics(s channel.FactSource, files []file) ([]fact.Fact, error) {
	consts := constants{}
	for _, f := range files {
		if s.Pattern == "" && path.Ext(f.path) == ".go" {
			consts.read(f)
		}
	}
	return each(func(s channel.FactSource, f file) ([]fact.Fact, error) {
		switch {
		case s.Pattern != "":
			return byPattern(s.Pattern, fact.Metric, f)
		case path.Ext(f.path) == ".go":
			return goMetrics(f, consts)
		}
		return exposition(f), nil
	})(s, files)
}

var (
	typeLine   = regexp.MustCompile(`^# (TYPE|HELP) ([A-Za-z_:][\w:]*) (.*)$`)
	sampleLine = regexp.MustCompile(`^([A-Za-z_:][\w:]*)(?:\{(.*)\})? `)
	labelName  = regexp.MustCompile(`(?:^|,)\s*([A-Za-z_]\w*)="(?:[^"\\]|\\.)*"`)
)

// exposition reads the text format of Prometheus. The series of a histogram or summary belong to its name.
func exposition(f file) []fact.Fact {
	found := map[string]*fact.Fact{}
	get := func(name string, line int) *fact.Fact {
		if found[name] == nil {
			found[name] = &fact.Fact{Kind: fact.Metric, Name: name, Line: line}
		}
		return found[name]
	}
	for i, line := range strings.Split(strings.ToValidUTF8(string(f.data), "?"), "\n") {
		if m := typeLine.FindStringSubmatch(line); m != nil {
			if one := get(m[2], i+1); m[1] == "TYPE" {
				one.Attributes.Type = m[3]
			} else {
				annotate(one, m[3])
			}
			continue
		}
		m := sampleLine.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		name := m[1]
		for _, end := range []string{"_bucket", "_sum", "_count"} {
			if base, ok := strings.CutSuffix(name, end); ok && found[base] != nil {
				name = base
			}
		}
		one := get(name, i+1)
		for _, label := range labelName.FindAllStringSubmatch(m[2], -1) {
			if l := label[1]; l != "le" && l != "quantile" && !slices.Contains(one.Attributes.Labels, l) {
				one.Attributes.Labels = append(one.Attributes.Labels, l)
			}
		}
	}
	var out []fact.Fact
	for _, one := range found {
		slices.Sort(one.Attributes.Labels)
		out = append(out, *one)
	}
	fact.Sort(out)
	return out
}

// metricCalls are the functions of Prometheus' client library that make a metric, by the type that it gets.
var metricCalls = regexp.MustCompile(`^New(Counter|Gauge|Histogram|Summary|Untyped)(?:Vec|Func|VecFunc)?$`)

// goMetrics reads the metrics that a Go file makes: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "x"}, …),
// whatever the package is called, and prometheus.NewDesc. Names that are put together from variables are not known.
func goMetrics(f file, consts constants) ([]fact.Fact, error) {
	if strings.HasSuffix(f.path, "_test.go") {
		return nil, nil
	}
	fset := token.NewFileSet()
	parsed, err := parser.ParseFile(fset, f.path, f.data, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	r := goReader{consts: consts, folder: path.Dir(f.path)}
	ast.Inspect(parsed, func(n ast.Node) bool {
		if call, ok := n.(*ast.CallExpr); ok {
			if one, ok := r.metric(call); ok {
				one.Line = fset.Position(call.Pos()).Line
				r.out = append(r.out, one)
			}
		}
		return true
	})
	return r.out, nil
}

// goReader reads one Go file.
type goReader struct {
	consts constants
	folder string
	out    []fact.Fact
}

// constants are the strings that Go files name, by folder and name; those that others can see also by package and name.
// A name with two values has none.
type constants map[string]*string

func (c constants) read(f file) {
	parsed, err := parser.ParseFile(token.NewFileSet(), f.path, f.data, parser.SkipObjectResolution)
	if err != nil {
		return // goMetrics says so
	}
	for _, decl := range parsed.Decls {
		gen, ok := decl.(*ast.GenDecl)
		if !ok {
			continue
		}
		for _, spec := range gen.Specs {
			values, ok := spec.(*ast.ValueSpec)
			if !ok {
				continue
			}
			for i, name := range values.Names {
				if i >= len(values.Values) {
					break
				}
				if v, ok := literal(values.Values[i]); ok {
					c.add(path.Dir(f.path)+"/"+name.Name, v)
					c.add(parsed.Name.Name+"."+name.Name, v)
				}
			}
		}
	}
}

func (c constants) add(name, v string) {
	if old, ok := c[name]; ok && (old == nil || *old != v) {
		c[name] = nil
		return
	}
	c[name] = &v
}

func (c constants) get(name string) (string, bool) {
	if v := c[name]; v != nil {
		return *v, true
	}
	return "", false
}

func literal(e ast.Expr) (string, bool) {
	lit, ok := e.(*ast.BasicLit)
	if !ok || lit.Kind != token.STRING {
		return "", false
	}
	v, err := strconv.Unquote(lit.Value)
	return v, err == nil
}

// str returns the value of a string expression, if the file tells it.
func (r *goReader) str(e ast.Expr) (string, bool) {
	switch e := e.(type) {
	case *ast.BasicLit:
		return literal(e)
	case *ast.Ident:
		return r.consts.get(r.folder + "/" + e.Name)
	case *ast.SelectorExpr:
		if pkg, ok := e.X.(*ast.Ident); ok {
			return r.consts.get(pkg.Name + "." + e.Sel.Name)
		}
	case *ast.BinaryExpr:
		x, okX := r.str(e.X)
		y, okY := r.str(e.Y)
		return x + y, okX && okY && e.Op == token.ADD
	case *ast.CallExpr:
		if callee(e) == "BuildFQName" && len(e.Args) == 3 {
			return r.fullName(e.Args[0], e.Args[1], e.Args[2])
		}
	}
	return "", false
}

// fullName joins namespace, subsystem and name as the client library does.
func (r *goReader) fullName(parts ...ast.Expr) (string, bool) {
	var out []string
	for _, p := range parts {
		if p == nil {
			continue
		}
		v, ok := r.str(p)
		if !ok {
			return "", false
		}
		if v != "" {
			out = append(out, v)
		}
	}
	return strings.Join(out, "_"), len(out) > 0
}

// callee returns the name of what is called, without its package or receiver.
func callee(call *ast.CallExpr) string {
	switch fun := call.Fun.(type) {
	case *ast.SelectorExpr:
		return fun.Sel.Name
	case *ast.Ident:
		return fun.Name
	}
	return ""
}

func (r *goReader) metric(call *ast.CallExpr) (fact.Fact, bool) {
	f := fact.Fact{Kind: fact.Metric}
	name := callee(call)
	if name == "NewDesc" && len(call.Args) >= 3 {
		var ok bool
		f.Name, ok = r.str(call.Args[0])
		help, _ := r.str(call.Args[1])
		annotate(&f, help)
		f.Attributes.Labels = r.labels(call.Args[2])
		return f, ok
	}
	m := metricCalls.FindStringSubmatch(name)
	if m == nil || len(call.Args) == 0 {
		return f, false
	}
	opts, ok := call.Args[0].(*ast.CompositeLit)
	if !ok {
		return f, false
	}
	fields := map[string]ast.Expr{}
	for _, e := range opts.Elts {
		if kv, ok := e.(*ast.KeyValueExpr); ok {
			if key, ok := kv.Key.(*ast.Ident); ok {
				fields[key.Name] = kv.Value
			}
		}
	}
	if fields["Name"] == nil {
		return f, false
	}
	f.Name, ok = r.fullName(fields["Namespace"], fields["Subsystem"], fields["Name"])
	if help, has := r.str(fields["Help"]); has {
		annotate(&f, help)
	}
	f.Attributes.Type = strings.ToLower(m[1])
	if len(call.Args) > 1 && strings.HasSuffix(name, "Vec") {
		f.Attributes.Labels = r.labels(call.Args[1])
	}
	return f, ok
}

// labels reads []string{"a", "b"}; nil says that they are not known.
func (r *goReader) labels(e ast.Expr) []string {
	list, ok := e.(*ast.CompositeLit)
	if !ok {
		return nil
	}
	var out []string
	for _, item := range list.Elts {
		v, ok := r.str(item)
		if !ok {
			return nil
		}
		out = append(out, v)
	}
	slices.Sort(out)
	return out
}
