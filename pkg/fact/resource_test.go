package fact_test

import (
	"testing"

	"github.com/relctl/relctl/pkg/fact"
)

// resources are facts by name and value, in turn, of a product that also has a Deployment and a StatefulSet.
func resources(pairs ...string) *fact.Set {
	facts := []fact.Fact{
		{Kind: fact.Image, Name: "Deployment/web/web", Attributes: fact.Attributes{Value: "web:1"}},
		{Kind: fact.Port, Name: "StatefulSet/db/db:sql", Attributes: fact.Attributes{Value: "5432/TCP"}},
	}
	for i := 0; i < len(pairs); i += 2 {
		facts = append(facts, fact.Fact{Kind: fact.Resource, Name: pairs[i], Attributes: fact.Attributes{Value: pairs[i+1]}})
	}
	return set(facts...)
}

func TestChangesOfReplicasAndVolumesAreJudged(t *testing.T) {
	t.Parallel()
	const (
		set1, volume1 = "StatefulSet/db/data requests.storage", "PersistentVolumeClaim/files requests.storage"
		refusedSet    = ", which Kubernetes refuses for a StatefulSet that exists"
		refusedVolume = ", which Kubernetes refuses for a claim that exists"
	)
	for _, c := range []struct {
		says          string
		before, after *fact.Set
		want          string
	}{
		{"more replicas", resources("Deployment/web replicas", "1"), resources("Deployment/web replicas", "3"), "action Deployment/web replicas: more, from 1 to 3"},
		{"fewer", resources("Deployment/web replicas", "3"), resources("Deployment/web replicas", "2"), "notice Deployment/web replicas: less, from 3 to 2"},
		{"replicas that an autoscaler chooses from now on", resources("Deployment/web replicas", "3"), resources("HorizontalPodAutoscaler/web maxReplicas", "5"),
			"action Deployment/web replicas: no longer set (it was 3): 1 runs, or what an autoscaler chooses\nnotice HorizontalPodAutoscaler/web maxReplicas: new, 5"},
		{"replicas where nothing was set", resources(), resources("Deployment/web replicas", "3"), "action Deployment/web replicas: set now, to 3; before, 1 ran, or what an autoscaler chose"},
		{"replicas of something new", resources(), resources("Deployment/mail replicas", "3"), "notice Deployment/mail replicas: new, 3"},
		{"replicas of something that is gone", resources("Deployment/mail replicas", "3"), resources(), "action Deployment/mail replicas: removed"},
		{"another target", resources("HorizontalPodAutoscaler/web target.cpu", "80%"), resources("HorizontalPodAutoscaler/web target.cpu", "60%"), "action HorizontalPodAutoscaler/web target.cpu: changed from 80% to 60%"},
		{"a volume that grows", resources(volume1, "1Gi"), resources(volume1, "10Gi"), "action " + volume1 + ": more, from 1Gi to 10Gi"},
		{"a volume that shrinks", resources(volume1, "1Pi"), resources(volume1, "10Gi"), "breaking " + volume1 + ": less, from 1Pi to 10Gi" + refusedVolume},
		{"a volume of another class", resources("PersistentVolumeClaim/files volume", "ReadWriteOnce"), resources("PersistentVolumeClaim/files volume", "ReadWriteOnce, class ssd"),
			"breaking PersistentVolumeClaim/files volume: changed from ReadWriteOnce to ReadWriteOnce, class ssd" + refusedVolume},
		{"a volume that is gone", resources(volume1, "1Gi"), resources(), "action " + volume1 + ": removed; what prunes such objects deletes the data, too"},
		{"a larger claim of a StatefulSet", resources(set1, "1Gi"), resources(set1, "10Gi"), "breaking " + set1 + ": more, from 1Gi to 10Gi" + refusedSet},
		{"the same size in other words", resources(set1, "1Gi"), resources(set1, "1024Mi"), ""},
		{"a claim more, of a StatefulSet that was there", resources(), resources(set1, "1Gi", "StatefulSet/db/data volume", "ReadWriteOnce"),
			"breaking " + set1 + ": new, 1Gi" + refusedSet + "\nnotice StatefulSet/db/data volume: new, ReadWriteOnce"},
		{"a claim less", resources(set1, "1Gi"), resources(), "breaking " + set1 + ": removed" + refusedSet},
		{"a StatefulSet that is new", resources(), resources("StatefulSet/queue/data requests.storage", "1Gi"), "notice StatefulSet/queue/data requests.storage: new, 1Gi"},
		{"a StatefulSet that is gone, with the memory of a container", resources("StatefulSet/queue/data requests.storage", "1Gi", "StatefulSet/queue/q requests.memory", "1Gi"), resources(),
			"action StatefulSet/queue/data requests.storage: removed\naction StatefulSet/queue/q requests.memory: removed"},
		{"the memory of a StatefulSet", resources("StatefulSet/db/db requests.memory", "1Gi"), resources("StatefulSet/db/db requests.memory", "2Gi"), "action StatefulSet/db/db requests.memory: more, from 1Gi to 2Gi"},
		{"a claim under a scope", resources("east StatefulSet/db/data requests.storage", "1Gi"), resources("east StatefulSet/db/data requests.storage", "2Gi"),
			"breaking east StatefulSet/db/data requests.storage: more, from 1Gi to 2Gi" + refusedSet},
	} {
		if got := lines(fact.Diff(c.before, c.after)); got != c.want {
			t.Errorf("%s:\n%s\nwant:\n%s", c.says, got, c.want)
		}
	}
}
