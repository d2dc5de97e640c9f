package cut

// RingGate is a gate of a ring, for tests.
var RingGate = (*Project).ringGate

// Place is what addresses of one repository have in common, for tests.
var Place = place
