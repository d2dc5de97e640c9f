package cut

// RingGate is a gate of a ring, for tests.
var RingGate = (*Project).ringGate
