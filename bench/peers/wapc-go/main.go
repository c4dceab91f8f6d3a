// The waPC cases on wapc-go with wazero. usage: peer-wapc-go CASES SECONDS   (see ../README.md)
package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"path"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/wapc/wapc-go"
	"github.com/wapc/wapc-go/engines/wazero"
)

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "peer-wapc-go:", err)
		os.Exit(1)
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
func versions(modules ...string) string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		must(fmt.Errorf("the program tells nothing of how it was built"))
	}
	var out []string
	for _, module := range modules {
		at := slices.IndexFunc(info.Deps, func(built *debug.Module) bool { return built.Path == module })
		if at < 0 {
			must(fmt.Errorf("%s is not built in", module))
		}
		version := strings.TrimPrefix(info.Deps[at].Version, "v")
		if info.Deps[at].Replace != nil {
			version = "of a given folder"
		}
		out = append(out, path.Base(module)+" "+version)
	}
	return strings.Join(append(out, strings.Replace(info.GoVersion, "go", "Go ", 1)), ", ")
}

func main() {
	ctx := context.Background()
	peer := "wapc-go"
	if processors := os.Getenv("GOMAXPROCS"); processors != "" {
		peer += ", GOMAXPROCS=" + processors
	}
	with := versions("github.com/wapc/wapc-go", "github.com/tetratelabs/wazero")
	seconds, err := strconv.ParseFloat(os.Args[2], 64)
	must(err)
	file, err := os.Open(os.Args[1])
	must(err)
	echo := func(_ context.Context, _, _, _ string, payload []byte) ([]byte, error) { return payload, nil }
	for lines := bufio.NewScanner(file); lines.Scan(); {
		field := strings.Split(lines.Text(), "\t")
		if len(field) != 5 || !strings.HasPrefix(field[0], "wapc") {
			continue
		}
		wasm, err := os.ReadFile(field[2])
		must(err)
		payload, err := os.ReadFile(field[4])
		must(err)
		module, err := wazero.Engine().New(ctx, echo, wasm, &wapc.ModuleConfig{})
		must(err)
		var ns float64
		switch field[0] {
		case "wapc":
			instance, err := module.Instantiate(ctx)
			must(err)
			ns = measure(seconds, func() {
				_, err := instance.Invoke(ctx, field[3], payload)
				must(err)
			})
		case "wapc-fresh":
			ns = measure(seconds, func() {
				instance, err := module.Instantiate(ctx)
				must(err)
				_, err = instance.Invoke(ctx, field[3], payload)
				must(err)
				must(instance.Close(ctx))
			})
		default:
			continue
		}
		fmt.Printf("{\"peer\":\"%s\",\"version\":\"%s\",\"case\":\"%s\",\"ns\":%.1f}\n", peer, with, field[1], ns)
	}
}
