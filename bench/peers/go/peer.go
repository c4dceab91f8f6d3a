// Package peer is what the peers in Go share: the list of cases, how they are measured, and how they tell it (see ../README.md).
package peer

import (
	"bufio"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Case is a line of the list of cases.
type Case struct {
	Kind, Name, File, Operation string
	Payload                     []byte
}

// Must ends the program where there is an error.
func Must(err error) {
	if err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", filepath.Base(os.Args[0]), err)
		os.Exit(1)
	}
}

// Same ends the program where the guest's first answer is not what it should be: the time of a wrong one is worth nothing.
func Same(got, wanted string) {
	if got != wanted {
		Must(fmt.Errorf("%d bytes came back instead of %d, or others", len(got), len(wanted)))
	}
}

// Main measures the cases that there is a run for: the function that `prepare` returns, or nil for none. What has to be closed
// after a case is left to the end of the program.
func Main(name string, modules []string, prepare func(Case) func()) {
	if processors := os.Getenv("GOMAXPROCS"); processors != "" {
		name += ", GOMAXPROCS=" + processors
	}
	with := versions(modules)
	seconds, err := strconv.ParseFloat(os.Args[2], 64)
	Must(err)
	list, err := os.Open(os.Args[1])
	Must(err)
	for lines := bufio.NewScanner(list); lines.Scan(); {
		field := strings.Split(lines.Text(), "\t")
		if len(field) != 5 {
			continue
		}
		payload, err := os.ReadFile(field[4])
		Must(err)
		run := prepare(Case{field[0], field[1], field[2], field[3], payload})
		if run != nil {
			fmt.Printf("{\"peer\":\"%s\",\"version\":\"%s\",\"case\":\"%s\",\"ns\":%.1f}\n", name, with, field[1], measure(seconds, run))
		}
	}
}

// Nanoseconds of one run: the mean of all that fit into the time, after a warm-up of a tenth of it. The garbage collector's turns
// are among them.
func measure(seconds float64, run func()) float64 {
	// Ever longer batches, until reading the clock between them costs nothing.
	batch, begin := 1, time.Now()
	for time.Since(begin).Seconds() < seconds/10 {
		at := time.Now()
		for i := 0; i < batch; i++ {
			run()
		}
		if time.Since(at).Seconds() < 1e-4 {
			batch *= 2
		}
	}
	calls, begin := 0, time.Now()
	for {
		for i := 0; i < batch; i++ {
			run()
		}
		calls += batch
		if took := time.Since(begin).Seconds(); took >= seconds {
			return took * 1e9 / float64(calls)
		}
	}
}

// The modules' versions that were built in.
func versions(modules []string) string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		Must(fmt.Errorf("the program tells nothing of how it was built"))
	}
	var out []string
	for _, module := range modules {
		at := slices.IndexFunc(info.Deps, func(built *debug.Module) bool { return built.Path == module })
		if at < 0 {
			Must(fmt.Errorf("%s is not built in", module))
		}
		version := strings.TrimPrefix(info.Deps[at].Version, "v")
		if info.Deps[at].Replace != nil {
			version = "of a given folder"
		}
		out = append(out, path.Base(module)+" "+version)
	}
	return strings.Join(append(out, strings.Replace(info.GoVersion, "go", "Go ", 1)), ", ")
}
