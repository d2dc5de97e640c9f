// Package slo turns service level objectives into Prometheus rules.
//
// An SLO file says of a service which of its requests count, and how many of them may fail:
//
//	service: acme-api
//	runbook_url: https://runbooks.example/acme-api
//	slos:
//	  - name: availability
//	    objective: 99.9
//	    total: http_requests_total{job="acme-api"}
//	    errors: http_requests_total{job="acme-api",code=~"5.."}
//
// The rules are those of the SRE workbook (https://sre.google/workbook/alerting-on-slos/): the share of errors is
// recorded over seven windows, and an alert fires while the error budget is used up too fast in a long window and, so
// that it ends soon after the fault does, in a short one as well. All is kept apart by the labels ring and version of
// the service's series, so that an alert says which release caused it, and so that a gate of a ring can ask for
//
//	slo:errors:ratio_rate1h{service="acme-api",slo="availability",ring="{ring}",version="{version}"}
//
// where a ring without requests has no value, which is no data.
package slo
