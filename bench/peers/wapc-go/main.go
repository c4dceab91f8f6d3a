// The waPC cases on wapc-go with wazero. usage: peer-wapc-go CASES SECONDS   (see ../README.md)
package main

import (
	"bufio"
	"context"
	"fmt"
	"math"
	"os"
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

// Nanoseconds of one run: the least of the batches that fit into the time.
func measure(seconds float64, run func()) float64 {
	begin := time.Now()
	best := math.MaxFloat64
	for batch := 1; time.Since(begin).Seconds() < seconds; {
		at := time.Now()
		for i := 0; i < batch; i++ {
			run()
		}
		took := float64(time.Since(at).Nanoseconds())
		best = math.Min(best, took/float64(batch))
		if took < 1e6 && batch < 1<<20 {
			batch *= 2
		}
	}
	return best
}

func main() {
	ctx := context.Background()
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
		fmt.Printf("{\"peer\":\"wapc-go\",\"version\":\"wapc-go 0.7.0, wazero\",\"case\":\"%s\",\"ns\":%.1f}\n", field[1], ns)
	}
}
