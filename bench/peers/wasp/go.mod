module mortise.example/peer-wasp

go 1.21

require (
	github.com/nicholasjackson/wasp v0.0.8
	github.com/wasmerio/wasmer-go v1.0.4
	mortise.example/peer v0.0.0
)

replace mortise.example/peer => ../go
