// Package version chooses the version of the next release.
//
// An LTS channel owns a line: "2.4" moves patch by patch, "2" takes new features as minor versions. A rolling channel
// counts by semantic versions, where the changes decide, or by the calendar, where the date does: YYYY.MDD.N is the
// year, the month times 100 plus the day, and a counter for the day, such as 2026.103.1 for the first release of
// January 3rd 2026. That is a valid semantic version on every day, and later days sort higher.
//
// Whatever is chosen is greater than every version of the same scheme that was released before, so that a version never
// falls and is never given twice. Versions of different schemes are never compared: a channel may change its scheme.
package version
