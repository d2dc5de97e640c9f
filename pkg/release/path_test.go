package release_test

import (
	"strings"
	"testing"

	"github.com/relctl/relctl/pkg/release"
)

// Names are judged alike on every system, so that this test holds for Windows and macOS where it runs on neither.
func TestNoPathMeansSomethingElseOnAnotherSystem(t *testing.T) {
	t.Parallel()
	for path, where := range map[string]string{
		`docs\a`: "Windows: a folder", `docs/..\..\a`: "Windows: leads out", "C:/a": "Windows: a drive", "c:a": "Windows: a drive", `\\host\share`: "Windows: the network",
		"//host/share": "Windows: the network", `\??\C:\a`: "Windows: a device path", "docs/a:b": "Windows: a stream; macOS: a slash", "docs/a::$DATA": "Windows: a stream",
		"docs/con": "Windows: a device", "docs/NUL.md": "Windows: a device", "docs/Aux.tar.gz": "Windows: a device", "docs/com1": "Windows: a device", "docs/LPT9.txt": "Windows: a device",
		"docs/COM0": "Windows: a device", "docs/conin$": "Windows: the console", "docs/CONOUT$": "Windows: the console", "docs/prn/a": "Windows: a device",
		"docs/nul .md": "Windows: a device, since spaces before the dot do not count", "docs/com1  .tar.gz": "Windows: a device", "docs/COM\u00b9": "Windows: a device",
		"docs/a.": "Windows: a", "docs/a ": "Windows: a", "docs/a./b": "Windows: a/b", "docs/a /b": "Windows: a/b", "docs/...": "Windows: the folder itself",
		"docs/a?": "Windows: no name", "docs/a*": "Windows: no name", "docs/a|b": "Windows: no name", "docs/<a>": "Windows: no name", `docs/"a"`: "Windows: no name",
		"docs/\u00e9": "macOS: may come back as two characters", "docs/e\u0301": "macOS: may come back as one character", "docs/\u212a": "macOS: k", "docs/\ufb01": "macOS: fi",
		"docs/a\u200d": "macOS: may be a", "docs/a\x00b": "all: a", "docs/a\nb": "all: two lines", "docs/./a": "all: docs/a", "docs//a": "all: docs/a", "docs/a/": "all: docs/a", "/docs/a": "all: absolute",
		"docs/" + strings.Repeat("a", 251): "longer than a name may be",
	} {
		if release.CheckPath(path) == nil {
			t.Errorf("%q is accepted (%s)", path, where)
		}
	}
	for _, path := range []string{"docs/console.md", "docs/com10.txt", "docs/null", "docs/a.con", "docs/auxiliary/a", "docs/lpt", "docs/.hidden", "docs/a b.md", "docs/a..b"} {
		if err := release.CheckPath(path); err != nil {
			t.Errorf("refused, and means the same everywhere: %v", err)
		}
	}
}
