// Package prometheustest runs a real Prometheus server for tests.
package prometheustest

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
)

var listening = regexp.MustCompile(`msg="Listening on" .*address=(127\.0\.0\.1:[0-9]+)`)

// Start runs a server on loopback that has the series, as OpenMetrics with times, and returns its address once it
// answers. Its data lie in dir. stop ends it. The programs prometheus and promtool must be there.
func Start(dir, series string) (address string, stop func(), err error) {
	file, config, data := filepath.Join(dir, "series"), filepath.Join(dir, "prometheus.yml"), filepath.Join(dir, "data")
	for name, text := range map[string]string{file: series, config: "global: {}\n"} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			return "", nil, err
		}
	}
	if out, err := exec.Command("promtool", "tsdb", "create-blocks-from", "openmetrics", "--quiet", file, data).CombinedOutput(); err != nil {
		return "", nil, fmt.Errorf("promtool: %w\n%s", err, out)
	}
	cmd := exec.Command("prometheus", "--config.file="+config, "--storage.tsdb.path="+data, "--storage.tsdb.retention.time=10y", "--web.listen-address=127.0.0.1:0")
	logs, err := cmd.StderrPipe()
	if err != nil {
		return "", nil, err
	}
	if err := cmd.Start(); err != nil {
		return "", nil, err
	}
	stop = func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}
	var said strings.Builder
	for lines := bufio.NewScanner(logs); lines.Scan(); {
		said.WriteString(lines.Text() + "\n")
		if m := listening.FindStringSubmatch(lines.Text()); m != nil {
			address = m[1]
		}
		if strings.Contains(lines.Text(), "Server is ready to receive web requests") && address != "" {
			go func() { _, _ = io.Copy(io.Discard, logs) }()
			return "http://" + address, stop, nil
		}
	}
	stop()
	return "", nil, fmt.Errorf("prometheus did not start:\n%s", said.String())
}
