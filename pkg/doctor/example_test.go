package doctor_test

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/relctl/relctl/pkg/doctor"
)

// A folder that is no repository: what is wrong is a finding, not an error.
func ExampleExamine() {
	dir, err := os.MkdirTemp("", "doctor")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = os.RemoveAll(dir) }()
	findings, err := doctor.Examine(context.Background(), doctor.Options{Dir: dir, Now: time.Now()})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, f := range findings {
		if f.Status == doctor.Problem {
			fmt.Println(f.Subject)
		}
	}
	fmt.Println(doctor.Failed(findings))
	// Output:
	// repository
	// true
}
