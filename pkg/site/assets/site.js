// What a page can do beyond being read: the theme, copying code, and search. Nothing here is needed to read it.
"use strict";
(() => {
	const root = document.documentElement;
	const stored = (value) => {
		try {
			if (value !== undefined) localStorage.setItem("theme", value);
			return localStorage.getItem("theme");
		} catch { // a browser that keeps nothing
			return value;
		}
	};
	const saved = stored();
	if (saved === "dark" || saved === "light") root.dataset.theme = saved;

	function theme(button) {
		const system = matchMedia("(prefers-color-scheme: dark)");
		const dark = () => root.dataset.theme ? root.dataset.theme === "dark" : system.matches;
		const show = () => button.setAttribute("aria-pressed", dark());
		button.addEventListener("click", () => {
			root.dataset.theme = dark() ? "light" : "dark";
			stored(root.dataset.theme);
			show();
		});
		system.addEventListener("change", show);
		button.hidden = false;
		show();
	}

	// text is what a block of code is copied as: the commands of a session without prompts and answers, else all of it.
	function text(code) {
		if (!code.querySelector(".gp")) return code.textContent;
		const copy = code.cloneNode(true);
		for (const e of copy.querySelectorAll(".gp, .go")) e.remove();
		return copy.textContent.replace(/^\s*\n/gm, "").replace(/^ +/gm, "");
	}

	function copying(block) {
		const code = block.querySelector("code"), button = document.createElement("button");
		button.type = "button";
		button.className = "copy";
		button.textContent = "Copy";
		button.setAttribute("aria-label", "Copy this code");
		const say = (word) => {
			button.textContent = word;
			button.classList.add("said");
			setTimeout(() => { button.textContent = "Copy"; button.classList.remove("said"); }, 2000);
		};
		button.addEventListener("click", async () => {
			try {
				await navigator.clipboard.writeText(text(code));
				say("Copied");
			} catch { // no permission, or not a secure origin: leave it selected
				getSelection().selectAllChildren(code);
				say("Selected");
			}
		});
		block.append(button);
	}

	const fold = (s) => s.toLowerCase().normalize("NFKD").replace(/\p{M}/gu, "");
	let entries = null, parts = []; // parts are indexes that were not read yet
	window.relctlSearch = (index) => {
		const more = index.sections.map(([page, id, heading, body]) => {
			const [href, title] = index.pages[page];
			return { href: href + (id ? "#" + id : ""), title, heading, body, t: fold(title), b: fold(body), name: fold(id ? heading : title) };
		});
		entries = entries ? entries.concat(more) : more;
		parts = parts.concat(index.parts ?? []);
	};

	// rank of a word in a text: 3 as a whole word, 2 at the beginning of one, 1 within, 0 not at all.
	const letter = /[\p{L}\p{N}]/u;
	function rank(text, word) {
		let best = 0;
		for (let at = text.indexOf(word); at >= 0 && best < 3; at = text.indexOf(word, at + 1)) {
			const begins = at === 0 || !letter.test(text[at - 1]), end = text[at + word.length];
			best = Math.max(best, begins ? (end === undefined || !letter.test(end) ? 3 : 2) : 1);
		}
		return best;
	}

	function find(words) {
		const found = [];
		for (const e of entries) {
			let score = 0;
			for (const w of words) {
				const s = 8 * rank(e.name, w) + 2 * rank(e.t, w) + (e.b.includes(w) ? 1 : 0);
				if (s === 0) { score = 0; break; }
				score += s;
			}
			if (score > 0) found.push([score, e]);
		}
		return found.sort((a, b) => b[0] - a[0]).map((f) => f[1]);
	}

	// marked adds a text to a parent, with the words in it marked.
	function marked(parent, text, words) {
		const pattern = new RegExp(words.map((w) => w.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&")).join("|"), "giu");
		let last = 0;
		for (const m of text.matchAll(pattern)) {
			parent.append(text.slice(last, m.index));
			const mark = document.createElement("mark");
			mark.textContent = m[0];
			parent.append(mark);
			last = m.index + m[0].length;
		}
		parent.append(text.slice(last));
	}

	function excerpt(e, words) {
		const at = Math.max(0, Math.min(...words.map((w) => e.b.indexOf(w)).filter((i) => i >= 0), Infinity) - 50);
		const from = at === Infinity || at === 0 ? 0 : e.body.indexOf(" ", at) + 1;
		return (from > 0 ? "… " : "") + e.body.slice(from, from + 160) + (e.body.length > from + 160 ? " …" : "");
	}

	function searching(form) {
		const input = form.querySelector("input"), panel = form.querySelector(".results");
		const status = panel.querySelector("p"), list = panel.querySelector("ol"), base = document.body.dataset.home.replace(/index\.html$/, "");
		const read = (name) => {
			const script = document.createElement("script");
			script.className = "index";
			script.src = document.body.dataset.assets + name;
			script.addEventListener("load", () => {
				const first = name === "search.js", last = parts.length === 0;
				if (!last) read(parts.shift());
				if (first || last) show();
			});
			script.addEventListener("error", () => { status.textContent = "The search index is missing."; });
			document.head.append(script);
		};
		const load = () => { if (!document.querySelector("script.index")) read("search.js"); };
		function show() {
			const words = fold(input.value).split(/\s+/).filter(Boolean).slice(0, 8);
			panel.hidden = words.length === 0;
			list.replaceChildren();
			if (panel.hidden || !entries) return;
			const found = find(words);
			status.textContent = found.length === 0 ? "Nothing found. Try fewer words." : found.length === 1 ? "1 result" : found.length + " results";
			for (const e of found.slice(0, 20)) {
				const item = document.createElement("li"), a = document.createElement("a"), title = document.createElement("b"), small = document.createElement("small");
				a.href = base + e.href;
				marked(title, e.heading ? e.title + " › " + e.heading : e.title, words);
				marked(small, excerpt(e, words), words);
				a.append(title, small);
				item.append(a);
				list.append(item);
			}
		}
		const close = () => { panel.hidden = true; };
		input.addEventListener("focus", load);
		input.addEventListener("input", () => { load(); show(); });
		form.addEventListener("submit", (event) => {
			event.preventDefault();
			const first = list.querySelector("a");
			if (first && input.value.trim()) first.click();
			else input.focus();
		});
		list.addEventListener("click", close);
		form.addEventListener("keydown", (event) => {
			const stops = [input, ...list.querySelectorAll("a")], at = stops.indexOf(document.activeElement);
			if (event.key === "ArrowDown") stops[Math.min(at + 1, stops.length - 1)].focus();
			else if (event.key === "ArrowUp") stops[Math.max(at - 1, 0)].focus();
			else if (event.key === "Escape") { input.value = ""; close(); input.focus(); }
			else return;
			event.preventDefault();
		});
		document.addEventListener("click", (event) => { if (!form.contains(event.target)) close(); });
		document.addEventListener("keydown", (event) => {
			const typing = event.target.matches("input, textarea, select, [contenteditable]");
			if (event.key !== "/" || typing || event.ctrlKey || event.altKey || event.metaKey) return;
			event.preventDefault();
			input.focus();
			input.select();
		});
		form.hidden = false;
	}

	document.addEventListener("DOMContentLoaded", () => {
		theme(document.querySelector(".theme"));
		searching(document.querySelector(".search"));
		document.querySelectorAll(".code").forEach(copying);
	});
})();
