// Package deploy turns a release into what a GitOps engine applies, and keeps it on the deploy branch. It contains no
// deploy engine: Argo CD, Flux, or a person with kubectl does the rest.
//
// # The deploy branch
//
//	rings/<ring>/kustomization.yaml        a person's; written once, as a start
//	rings/<ring>/release/                  the product's base at the release's commit, and a kustomize component that
//	                                       pins its images and labels its objects
//	cells/<cell>/kustomization.yaml        a person's, for what is different in one cell; need not be there
//	rendered/<ring>/<cell>/manifests.yaml  what the cell shall run, to the byte
//	rendered/<ring>/<cell>/relctl.json     which release that is, see [Deployed]
//	gitops/argocd/<channel>/               an AppProject and an ApplicationSet
//	gitops/flux/<channel>/                 for each cell a GitRepository or OCIRepository, and a Kustomization
//
// All other files are people's. `kustomize build rings/<ring>` on the branch gives the same objects as relctl does.
//
// # Rendering
//
// [Render] and [GitOps.Render] are functions of their input alone: equal inputs give equal bytes, so that nothing in a
// cluster changes unless something in the release, the ring or the cell did. kustomize's library renders from memory.
// What it would fetch from the network and what would start a program is refused before it runs, and so is YAML that
// grows out of proportion.
//
// The version stands in labels of the objects themselves, never in pod templates or selectors: pods restart if what
// they run changes, not if its name does.
//
// What a cluster would refuse, or what would surprise on the second release, comes back as [Problems]: images without
// digest, Jobs that are the same in every release, selectors with versions, invalid labels, objects outside of a
// namespace, changes of immutable fields.
//
// # Committing
//
// [Branch.Commit] puts a [Set] on the branch of the remote as one commit, or none if all of it is there. The ledger
// decides what runs where; the branch is its projection and can be made again at any time.
package deploy
