package rollout

// Place is what addresses of one repository have in common, for tests.
var Place = place
