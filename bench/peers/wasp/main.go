// The wasp cases on wasp with Wasmer. usage: peer-wasp CASES SECONDS   (see ../README.md)
package main

import (
	"github.com/nicholasjackson/wasp/engine"
	"github.com/nicholasjackson/wasp/engine/logger"
	"mortise.example/peer"
)

func main() {
	peer.Main("wasp", []string{"github.com/nicholasjackson/wasp", "github.com/wasmerio/wasmer-go"}, func(of peer.Case) func() {
		if of.Kind != "wasp" && of.Kind != "wasp-numbers" && of.Kind != "wasp-fresh" {
			return nil
		}
		callbacks := &engine.Callbacks{}
		callbacks.AddCallback("env", "twice", func(text string) string { return text + text })
		host := engine.New(logger.New(nil, nil, nil, nil))
		peer.Must(host.RegisterPlugin("guest", of.File, &engine.PluginConfig{Callbacks: callbacks}))
		text := string(of.Payload)
		if of.Kind == "wasp-fresh" {
			return func() {
				instance, err := host.GetInstance("guest", "")
				peer.Must(err)
				var answer string
				peer.Must(instance.CallFunction(of.Operation, &answer, text))
				peer.Must(instance.Remove())
			}
		}
		instance, err := host.GetInstance("guest", "")
		peer.Must(err)
		if of.Kind == "wasp-numbers" {
			return func() {
				var sum int32
				peer.Must(instance.CallFunction(of.Operation, &sum, 2, 3))
			}
		}
		var answer string
		call := func() { peer.Must(instance.CallFunction(of.Operation, &answer, text)) }
		call()
		peer.Same(answer, map[string]string{"shout": text, "ask": text + text}[of.Operation])
		return call
	})
}
