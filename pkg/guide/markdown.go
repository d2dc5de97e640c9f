package guide

import (
	"fmt"
	"slices"
	"strings"

	"github.com/relctl/relctl/pkg/fact"
)

// Title of the guide, plain text.
func (g *Guide) Title() string {
	return fmt.Sprintf("Upgrade %s from %s to %s", g.Product, g.From, g.To)
}

// Markdown writes the guide as a page of the operator's documentation.
func (g *Guide) Markdown() []byte {
	w := &writer{}
	w.heading(1, line(g.Title()))
	g.intro(w)
	g.act(w)
	g.path(w)
	g.before(w)
	for i, s := range g.Steps {
		g.step(w, i, s)
	}
	g.deprecated(w)
	g.security(w)
	w.entries("Known issues", 2, g.Known)
	g.files(w)
	if len(g.Gaps) > 0 {
		w.heading(2, "What this guide cannot tell")
		w.list(g.Gaps)
	}
	return []byte(strings.TrimRight(w.b.String(), "\n") + "\n")
}

func (g *Guide) intro(w *writer) {
	what := name(g.To)
	if g.Channel != "" {
		what += ", " + line(g.Channel)
	}
	if !g.Date.IsZero() {
		what += " of " + g.Date.UTC().Format("2 January 2006")
	}
	w.para("For whoever runs %s %s and goes to %s. Read it to the end before you begin.", line(g.Product), name(g.From), what)
	if g.Unreleased {
		w.para("%s is not released yet: this is what the guide would say as things are.", name(g.To))
	}
	if len(g.Others) > 0 {
		var links []string
		for _, p := range g.Others {
			links = append(links, link(p))
		}
		w.para("You run another release? There are guides %s.", strings.Join(links, ", "))
	}
}

// link to a page, or its name where there is none.
func link(p Page) string {
	if p.Path == "" {
		return line(p.Name)
	}
	return "[" + line(p.Name) + "](" + p.Path + ")"
}

func (g *Guide) act(w *writer) {
	w.heading(2, "Who must act")
	if len(g.Act) == 0 {
		told := "Nobody has to change anything."
		if len(g.Gaps) > 0 {
			told = "As far as is known, nobody has to change anything; see [what this guide cannot tell](#what-this-guide-cannot-tell)."
		}
		w.para("%s Install it as described below.", told)
		return
	}
	var rows [][]string
	for _, a := range g.Act {
		var names []string
		for _, n := range a.Names {
			names = append(names, code(n))
		}
		if a.Who == "everybody" {
			names = nil
			for _, n := range a.Names {
				names = append(names, line(n))
			}
		}
		about := strings.Join(names, ", ")
		if a.Breaking+a.Action > len(a.Names) {
			about += ", …"
		}
		rows = append(rows, []string{upper(a.Who), number(a.Breaking), number(a.Action), about})
	}
	w.table([]string{"Who", "Breaking", "Action", "About"}, rows)
}

func number(n int) string {
	if n == 0 {
		return "–"
	}
	return fmt.Sprint(n)
}

func upper(text string) string { return strings.ToUpper(text[:1]) + text[1:] }

func (g *Guide) path(w *writer) {
	w.heading(2, "Path")
	var items []string
	for _, s := range g.Steps {
		item := "Install **" + name(s.To) + "**"
		if s.Channel != "" {
			item += " (" + line(s.Channel) + ")"
		}
		if s.Stop != "" {
			item += ", a required stop: " + line(s.Stop)
		}
		item += "."
		if m := s.NoReturn(); m != nil {
			item += " It has a point of no return: migration " + code(m.Name) + "."
		}
		items = append(items, item)
	}
	if len(items) > 1 {
		w.para("There is no shorter way: from %s install these %d releases, one after the other, and verify each before you go on.", name(g.From), len(items))
	}
	w.numbered(items)
	if g.Bundles {
		w.para("A release on the way may have been withdrawn since this was written. Once the bundles are checked as below, `relverify path %s` says what holds today.", name(g.To))
	}
}

// bundle is the name of a release's file.
func (g *Guide) bundle(version string) string { return fmt.Sprintf("%s-%s", g.Product, version) }

func (g *Guide) before(w *writer) {
	w.heading(2, "Before you begin")
	var items []string
	if g.Bundles {
		check := "Have the bundles of all releases on the path, and check each:\n\n```sh\n"
		for _, s := range g.Steps {
			check += "relverify " + g.bundle(s.To) + ".bundle\n"
		}
		wants := "The answer must begin with `GENUINE`; otherwise stop."
		if len(g.Steps) > 1 {
			wants += " Of a release behind a required stop it says `REFUSED – genuine, and not for you` until the stop is installed; check it again then."
		}
		wants += " If you have a key and no site, write `--key <file>` before the name of each bundle, as in `relverify unpack --key vendor.pub …`; commands that name no bundle are for sites."
		items = append(items, check+"```\n\n"+wants+"\n")
	}
	for _, s := range g.Steps {
		if s.Config && g.Bundles {
			items = append(items, "Ask which of your settings change, for each of your configuration files (put its name in the place of `my.yaml`):\n\n```sh\nrelverify check-config my.yaml "+g.bundle(g.To)+".bundle\n```\n\nIt compares with what is installed, if the bundle of "+name(g.From)+" lies beside; else, and without a site, name that bundle, its folder or its `docs/facts.json` with `--from`.\n")
			break
		}
	}
	for _, s := range g.Steps {
		for _, c := range s.Conditions {
			items = append(items, "Before you go to "+name(s.To)+": "+strings.TrimSuffix(line(c), ".")+".")
		}
	}
	backup := "Back up all data and the configuration"
	if p, ok := g.Pages["backup"]; ok {
		backup += ", as [" + line(p.Name) + "](" + p.Path + ") says"
	}
	items = append(items, backup+". Make sure that you can restore it.")
	items = append(items, "Keep the programs, images and files of "+name(g.From)+" and your configuration as they are now: you need them to go back.")
	if waits := g.waits(); len(waits) > 0 {
		items = append(items, "Choose a time at which the service may stand still: "+strings.Join(waits, "; ")+".")
	}
	w.numbered(items)
}

// waits are the migrations for which others wait.
func (g *Guide) waits() []string {
	var out []string
	for _, s := range g.Steps {
		for _, m := range s.Migrations {
			if m.Lock.Worse(fact.LockShort) {
				out = append(out, "while migration "+code(m.Name)+" of "+name(s.To)+" runs, "+lockWords[m.Lock])
			}
		}
	}
	return out
}

var lockWords = map[fact.Lock]string{
	"": "not known", fact.LockNone: "nobody waits", fact.LockShort: "all wait for a moment", fact.LockWrites: "writers wait, as long as the table is worked through",
	fact.LockAll: "readers and writers wait, as long as the table is worked through",
}

func (g *Guide) step(w *writer, i int, s Step) {
	title := fmt.Sprintf("From %s to %s", name(s.From), name(s.To))
	if len(g.Steps) > 1 {
		title = fmt.Sprintf("Step %d of %d: from %s to %s", i+1, len(g.Steps), name(s.From), name(s.To))
	}
	w.heading(2, title)
	if len(s.Breaking)+len(s.Other)+len(s.Areas)+len(s.Migrations) == 0 {
		changelog := "changelog in its own documentation"
		if i == len(g.Steps)-1 {
			changelog = "[changelog](changelog.md)"
		}
		w.para("Nothing changes that operators care about. The %s tells what else did.", changelog)
	}
	w.entries("Breaking changes", 3, s.Breaking)
	w.entries("Also to do or to know", 3, s.Other)
	for _, a := range s.Areas {
		a.write(w)
	}
	s.database(w)
	g.install(w, s, i == 0)
	g.verify(w, s)
	g.back(w, s)
}

var impactWords = map[fact.Impact]string{fact.Breaking: "**breaking**", fact.Action: "action", fact.Notice: "notice"}

func (a Area) write(w *writer) {
	w.heading(3, a.Title)
	var rows [][]string
	withDefaults := slices.ContainsFunc(a.Changes, func(c Change) bool { return c.DefaultBefore != nil || c.DefaultAfter != nil })
	head := []string{"Impact", "What", "Change"}
	if withDefaults {
		head = append(head, "Default before", "Default now")
	}
	for _, c := range a.Changes {
		text := strings.TrimPrefix(c.Text, c.Name+": ")
		if c.What == "default" && c.DefaultBefore != nil && c.DefaultAfter != nil {
			text = "default changed"
		}
		r := []string{impactWords[c.Impact], string(c.Kind) + " " + code(c.Name), line(text)}
		if withDefaults {
			r = append(r, value(c.DefaultBefore), value(c.DefaultAfter))
		}
		rows = append(rows, r)
	}
	w.table(head, rows)
}

func value(v *string) string {
	if v == nil {
		return "–"
	}
	if short := clip(*v, maxValue); short != *v {
		return code(short + "…")
	}
	return code(*v)
}

// maxValue is how much of a value a table shows, in bytes.
const maxValue = 80

func (s Step) database(w *writer) {
	if len(s.Migrations) == 0 {
		return
	}
	w.heading(3, "Database migrations")
	var rows [][]string
	for _, m := range s.Migrations {
		rows = append(rows, []string{code(m.Name), line(m.Does), lockWords[m.Lock], wayBack(m.Destructive, m.Reversible)})
	}
	w.table([]string{"Migration", "Does", "Who waits", "Way back"}, rows)
	if m := s.NoReturn(); m != nil {
		w.para("**Point of no return:** once %s has run, only the backup leads back to %s.", code(m.Name), name(s.From))
	}
}

// wayBack says whether what a migration did can be undone.
func wayBack(destructive []string, reversible bool) string {
	switch {
	case len(destructive) > 0:
		return "**no, it " + line(strings.Join(destructive, ", ")) + "**"
	case !reversible:
		return "no; it deletes nothing"
	}
	return "yes"
}

func (g *Guide) install(w *writer, s Step, first bool) {
	w.heading(3, "Install "+name(s.To))
	var items []string
	if !first {
		items = append(items, "Back up once more, and keep the programs and files of "+name(s.From)+": from here you go back to "+name(s.From)+".")
	}
	if g.Bundles {
		items = append(items, fmt.Sprintf("Check the bundle once more and unpack it:\n\n```sh\nrelverify unpack %[1]s.bundle %[1]s\n```\n\nWhat you install lies in `%[1]s/artifacts`, this documentation in `%[1]s/docs`.\n", g.bundle(s.To)))
	}
	if len(s.Breaking)+len(s.Other) > 0 {
		items = append(items, "Do what stands under *Do this* above and has to be done first.")
	}
	if slices.ContainsFunc(s.Areas, func(a Area) bool { return a.Title == areas[0].title && a.act() }) {
		items = append(items, "Write the new configuration into a copy of yours, by the table *"+areas[0].title+"* above.")
	}
	install := "Install the new release as you installed the one that runs."
	switch pages := g.installPages(); {
	case len(pages) > 0:
		install = "Install, by the page for your kind of installation:\n\n- " + strings.Join(pages, "\n- ") + "\n"
	case g.Pages["upgrade"].Path != "":
		install = "Install as " + link(g.Pages["upgrade"]) + " says."
	case g.Pages["install"].Path != "":
		install = "Install as " + link(g.Pages["install"]) + " says."
	}
	items = append(items, install)
	if m := s.NoReturn(); m != nil {
		items = append(items, "Run the migrations as the page for your kind of installation says; where it says nothing, the new programs run them when they start. Before "+code(m.Name)+" runs, look at your backup once more.")
	}
	w.numbered(items)
}

// installPages are the links to the pages by kind of installation.
func (g *Guide) installPages() []string {
	var out []string
	for _, p := range g.Install {
		if p.Path != "" {
			out = append(out, link(p))
		}
	}
	return out
}

// act reports whether a change of the area asks for something.
func (a Area) act() bool {
	return slices.ContainsFunc(a.Changes, func(c Change) bool { return c.Impact != fact.Notice })
}

func (g *Guide) verify(w *writer, s Step) {
	w.heading(3, "Verify "+name(s.To))
	items := []string{"The programs are up, and say that they are " + name(s.To) + ". The pages for your kind of installation say how to ask them."}
	for _, e := range append(slices.Clone(s.Breaking), s.Other...) {
		if check := labelled(line(e.Title)+":", e.Check); check != "" && len(items) < maxRows {
			items = append(items, check)
		}
	}
	if len(s.Alerts) > 0 {
		const most = 10
		var names []string
		for _, a := range s.Alerts[:min(len(s.Alerts), most)] {
			names = append(names, code(a))
		}
		text := strings.Join(names, ", ")
		if n := len(s.Alerts) - most; n > 0 {
			text += fmt.Sprintf(" and %d more", n)
		}
		items = append(items, "After a quarter of an hour none of its alerts fires: "+text+".")
	}
	if p, ok := g.Pages["troubleshoot"]; ok {
		items = append(items, "If something is wrong, see "+link(p)+".")
	}
	w.numbered(items)
}

func (g *Guide) back(w *writer, s Step) {
	w.heading(3, "Roll back to "+name(s.From))
	restore := "restore the backup"
	if p, ok := g.Pages["restore"]; ok {
		restore += " (" + link(p) + ")"
	} else if p, ok := g.Pages["backup"]; ok {
		restore += " (" + link(p) + ")"
	}
	kept := fmt.Sprintf("put the programs, files and configuration of %s that you kept in place, and start it", name(s.From))
	switch m := s.NoReturn(); {
	case m != nil:
		w.para("**Before** migration %s has run: stop %s, %s.", code(m.Name), name(s.To), kept)
		w.para("**After it** there is no way back but the backup: stop %s, %s from before this step, then %s. What was written since is lost.", name(s.To), restore, kept)
	case slices.ContainsFunc(s.Migrations, func(m Migration) bool { return !m.Reversible }):
		w.para("Stop %s, %s. The migrations stay; they delete nothing, and have no way back of their own. If %s does not run with them, %s from before this step; what was written since is lost.", name(s.To), kept, name(s.From), restore)
	default:
		w.para("Stop %s, %s. Nothing that is known here keeps you from it; if the data should be damaged, %s.", name(s.To), kept, restore)
	}
	if names := s.grown(); len(names) > 0 {
		w.para("Volumes do not shrink: in the manifests of %s that you kept, leave %s as large as they are now.", name(s.From), strings.Join(names, ", "))
	}
	if g.Bundles {
		w.para("`relverify` does not unpack a release that is older than the one it has noted, so use the files that you kept, and tell it what runs:")
		w.b.WriteString("```sh\nrelverify installed " + s.From + "\n```\n\n")
	}
}

// grown are the volumes that are larger after a step, each with its new size.
func (s Step) grown() []string {
	var out []string
	for _, a := range s.Areas {
		for _, c := range a.Changes {
			if c.Kind == fact.Resource && c.What == fact.Grown {
				out = append(out, fmt.Sprintf("%s (%s)", code(c.Name), code(c.After)))
			}
		}
	}
	return out
}

func (g *Guide) deprecated(w *writer) {
	if len(g.Deprecated) == 0 {
		return
	}
	w.heading(2, "Deprecated")
	w.para("It works in %s and will not in a later release. Change it when you have time.", name(g.To))
	var rows [][]string
	for _, d := range g.Deprecated {
		removed, since := "not said", "before"
		if d.RemovedIn != "" {
			removed = code(d.RemovedIn)
		}
		if d.New {
			since = "**new**"
		}
		rows = append(rows, []string{string(d.Kind) + " " + code(d.Name), removed, line(d.Use), since})
	}
	w.table([]string{"What", "Removed in", "Use instead", "Deprecated"}, rows)
}

var statusWords = map[string]string{
	"affected": "affected", "not_affected": "not affected", "fixed": "fixed", "under_investigation": "under investigation",
}

func (g *Guide) security(w *writer) {
	if len(g.Security) == 0 {
		return
	}
	w.heading(2, "Security")
	var rows [][]string
	for _, s := range g.Security {
		id, fixed := line(strings.Join(s.IDs, ", ")), "–"
		if id == "" {
			id = "no number"
		}
		if s.Fixed {
			fixed = "by this upgrade"
		}
		status := statusWords[s.Status]
		if s.Detail != "" {
			status += ": " + line(s.Detail)
		}
		rows = append(rows, []string{id, line(s.Text), fixed, strings.TrimPrefix(status, ": ")})
	}
	w.table([]string{"Weakness", "About", "Mended", name(g.To) + " is"}, rows)
	if g.Bundles {
		w.para("For programs that read VEX, the bundle has it as `sbom/%s.openvex.json`.", line(g.Product))
	}
}

func (g *Guide) files(w *writer) {
	if len(g.Files) == 0 {
		return
	}
	w.heading(2, "Files and checksums")
	w.para("%s of %s. `relverify` compares them for you; `SHA256SUMS` lists all files.", "Programs, packages and images", name(g.To))
	var rows [][]string
	for _, f := range g.Files {
		rows = append(rows, []string{code(f.Path), code(f.SHA256)})
	}
	w.table([]string{"File", "SHA-256"}, rows)
}
