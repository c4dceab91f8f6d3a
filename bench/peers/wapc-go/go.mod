module mortise.example/peer-wapc-go

go 1.21

require (
	github.com/wapc/wapc-go v0.7.0
	mortise.example/peer v0.0.0
)

require (
	github.com/Workiva/go-datastructures v1.1.5 // indirect
	github.com/tetratelabs/wazero v1.7.3 // indirect
)

replace mortise.example/peer => ../go
