module mortise.example/peer

go 1.21
