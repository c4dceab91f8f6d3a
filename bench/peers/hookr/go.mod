module mortise.example/peer-hookr

go 1.24

require (
	github.com/mopeyjellyfish/hookr v1.2.8
	mortise.example/peer v0.0.0
)

replace mortise.example/peer => ../go
