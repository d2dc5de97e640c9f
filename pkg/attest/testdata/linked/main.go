// Command linked is a program with modules in it, for tests to look into.
package main

import (
	"fmt"

	cdx "github.com/CycloneDX/cyclonedx-go"
	"github.com/Masterminds/semver/v3"
)

func main() { fmt.Println(cdx.NewBOM().SpecVersion, semver.MustParse("1.0.0")) }
