// The hookr cases on hookr with wazero. usage: peer-hookr CASES SECONDS   (see ../README.md)
package main

import (
	"context"

	"github.com/mopeyjellyfish/hookr/runtime"
	"mortise.example/peer"
)

func main() {
	ctx := context.Background()
	start := func(file string) *runtime.Runtime {
		plugin, err := runtime.New(ctx, runtime.WithFile(file),
			runtime.WithCallHandler(func(_ context.Context, _ string, payload []byte) ([]byte, error) { return payload, nil }))
		peer.Must(err)
		return plugin
	}
	peer.Main("hookr", []string{"github.com/mopeyjellyfish/hookr", "github.com/tetratelabs/wazero"}, func(of peer.Case) func() {
		switch of.Kind {
		case "hookr":
			plugin := start(of.File)
			answer, err := plugin.Invoke(ctx, of.Operation, of.Payload)
			peer.Must(err)
			peer.Same(string(answer), string(of.Payload))
			return func() {
				_, err := plugin.Invoke(ctx, of.Operation, of.Payload)
				peer.Must(err)
			}
		case "hookr-fresh":
			// hookr has no second instance of a compiled module that it could close again: each sandbox is a runtime of its own.
			return func() {
				plugin := start(of.File)
				_, err := plugin.Invoke(ctx, of.Operation, of.Payload)
				peer.Must(err)
				peer.Must(plugin.Close(ctx))
			}
		}
		return nil
	})
}
