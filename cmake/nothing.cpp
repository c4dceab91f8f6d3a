// A library target needs one source file of its own; everything else comes from the rooms.
