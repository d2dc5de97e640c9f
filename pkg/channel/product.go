package channel

// Product is what all channels share, the file channels/product.yaml.
type Product struct {
	// Name is the product's name, as it stands in every release.
	Name string `json:"name" is:"name"`
	// Goreleaser is the path of goreleaser's configuration. Default is ".goreleaser.yaml", unless build is there.
	Goreleaser string `json:"goreleaser,omitempty" is:"path" one:"how the product is built,optional"`
	// Build is a command that builds the product, for products that goreleaser cannot build.
	Build *Build `json:"build,omitempty" one:"how the product is built,optional"`
	// Images are the container images that are made of the product's programs.
	Images []Image `json:"images,omitempty"`
	// Stores are where releases are published.
	Stores []Store `json:"stores,omitempty"`
	// Signing lists the keys that sign releases.
	Signing Signing `json:"signing,omitzero"`
	// Shards lists the keys that sign parts of a build which were made on machines of their own.
	Shards Shards `json:"shards,omitzero"`
	// Roles are the people who may approve and waive, by the name of the role.
	Roles map[string][]Signer `json:"roles,omitempty"`
	// Docs is where the product's documentation lies.
	Docs Docs `json:"docs,omitzero"`
	// Deploy is where the manifests of the managed service lie.
	Deploy *ProductDeploy `json:"deploy,omitempty"`
	// History is how changes are known again on other branches.
	History History `json:"history,omitzero"`
	// Trust is how long what customers may trust lasts.
	Trust ProductTrust `json:"trust,omitzero"`
}

// History is how changes are known again on other branches.
type History struct {
	// Decorations are regular expressions (RE2) of what backports of this product add at the begin or the end of a
	// subject, such as "^\\[lts\\] ". They come beside the usual ones, which relctl knows: "[release-2.4] …",
	// "… (cherry-pick #12 for 2.4)", "chore(backport release-2.4): …", "… (#12)".
	Decorations []string `json:"decorations,omitempty" is:"pattern"`
}

// Build is a command that leaves files in a folder.
type Build struct {
	// Command is the program with its arguments, run in a checkout of the commit to release.
	Command []string `json:"command" is:"argument"`
	// Output is the folder, relative to the checkout, in which it leaves what is to be released.
	Output string `json:"output" is:"path"`
}

// Store is where releases are published.
type Store struct {
	// Directory is a folder, relative to the repository's root or absolute, that any web server can serve.
	Directory string `json:"directory,omitempty" is:"text" one:"where the store lies"`
	// Registry is a registry of container images with the path below which the product's repositories lie, such as
	// registry.acme.example/acme. It gets the images; credentials are those of docker login.
	Registry string `json:"registry,omitempty" is:"registry" one:"where the store lies"`
	// URL is a repository of an OCI registry, oci://registry.acme.example/acme/releases, or a bucket,
	// s3://bucket/prefix?endpoint=https://s3.acme.example&region=eu, without the two what the AWS variables say. It gets
	// all files of releases, as a directory does; credentials are those of docker login and of the AWS tools.
	URL string `json:"url,omitempty" is:"storeurl" one:"where the store lies"`
}

// Image is a container image: a base and, over it, programs that the build made for Linux and files of the repository.
// It has one variant for each platform that the programs were built for.
type Image struct {
	// Name is the image's name; a release holds it as images/<name>.oci.tar.
	Name string `json:"name" is:"name"`
	// Repository is the image's path below a registry of stores, such as service/acmed. Default is name.
	Repository string `json:"repository,omitempty" is:"repository"`
	// Base is what lies below: "scratch" for nothing, a reference with a digest such as
	// gcr.io/distroless/static@sha256:…, or an OCI image layout in the repository, oci:deploy/base@sha256:…. Default is
	// scratch.
	Base string `json:"base,omitempty" is:"base"`
	// Binaries are the names of the programs, which lie in /usr/local/bin. Default is the one called as the image.
	Binaries []string `json:"binaries,omitempty" is:"program"`
	// Entrypoint is what a container runs, with arguments that are always there. Default is the first of binaries.
	Entrypoint []string `json:"entrypoint,omitempty" is:"argument"`
	// Cmd is the list of arguments that a deployment may replace.
	Cmd []string `json:"cmd,omitempty" is:"argument"`
	// Env lists variables, such as GOMAXPROCS=2; they replace those of the base.
	Env []string `json:"env,omitempty" is:"variable"`
	// User is whom a container runs as, "<uid>" or "<uid>:<gid>" in numbers and quotes, so that Kubernetes can tell that
	// it is not root. Default is the base's, or else "65532:65532".
	User string `json:"user,omitempty" is:"user"`
	// Labels are further labels. Those that name version, revision, date and base are relctl's to set.
	Labels map[string]string `json:"labels,omitempty" is:"text"`
	// Ports are what the program listens on, such as 8080/tcp.
	Ports []string `json:"ports,omitempty" is:"port"`
	// Files are further files and folders of the repository.
	Files []ImageFile `json:"files,omitempty"`
}

// ImageFile is a file or folder of the repository that goes into an image.
type ImageFile struct {
	// From is the path in the repository.
	From string `json:"from" is:"path"`
	// To is the absolute path in the image.
	To string `json:"to" is:"target"`
	// Mode is "0644" or "0755" for all files. Default is by each file's executable bit.
	Mode string `json:"mode,omitempty" is:"mode"`
}

// Signing lists the keys that sign releases.
type Signing struct {
	// Keys are the paths of public keys, PEM files in the repository.
	Keys []string `json:"keys" is:"path"`
	// Threshold is how many of the keys must have signed a release. Default is 1.
	Threshold int `json:"threshold,omitempty"`
}

// Shards lists the keys that sign parts of a build which were made on machines of their own.
type Shards struct {
	// Keys are the paths of public keys, PEM files in the repository. A cut takes a part that one of them signed, and no
	// other. They are not those that sign releases.
	Keys []string `json:"keys" is:"path"`
}

// Signer is a person or machine, known by the key that signs what they approve.
type Signer struct {
	// Name is how the signer is called in the ledger's reports.
	Name string `json:"name" is:"text"`
	// SSH is the public key as in authorized_keys, such as "ssh-ed25519 AAAA…".
	SSH string `json:"ssh,omitempty" is:"sshkey" one:"which key the signer has"`
	// OpenPGP is the path of an armored public key in the repository.
	OpenPGP string `json:"openpgp,omitempty" is:"path" one:"which key the signer has"`
}

// Docs is where the product's documentation lies.
type Docs struct {
	// Operator is the folder with the operator's guide, which every release carries.
	Operator string `json:"operator,omitempty" is:"path"`
	// Facts are where relctl reads what operators care about at a commit, such as configuration keys and alerts. They are
	// what relctl facts prints and compares.
	Facts []FactSource `json:"facts,omitempty"`
	// Contract says what happens where alerts, runbooks and facts do not agree: a release is refused, or only warned of
	// ("warn"), or nothing ("off"). Default is to refuse, if operator is named, and facts of the kinds rules and runbooks are.
	Contract string `json:"contract,omitempty" is:"contract"`
	// External are names that exist elsewhere, with * for any part: metrics, flags, keys and commands of other programs
	// that runbooks and alerts use, alerts without a runbook, and addresses of runbooks that lie elsewhere.
	External []string `json:"external,omitempty" is:"text"`
	// RunbookBase is what comes before the path of a runbook's page in the alerts that releases carry, such as
	// https://docs.intranet.example/acme/. Default is the relative path from the alerts to the pages.
	RunbookBase string `json:"runbook_base,omitempty" is:"text"`
	// Notes says what happens about a breaking change of a fact that no file in the folder notes of the operator's guide
	// answers: refuse stops the cut, warn says so in the plan, off asks for none. Default is refuse where there are facts
	// and an operator's guide.
	Notes string `json:"notes,omitempty" is:"notes"`
	// Install are the pages that say how to install and upgrade, by kind of installation such as kubernetes, as paths in
	// the operator's guide, perhaps with a section: install.md#kubernetes. Upgrade guides lead to them.
	Install map[string]string `json:"install,omitempty" is:"page"`
}

// FactSource is where facts of one kind are read at a commit. Exactly one of schema, files and command says where.
type FactSource struct {
	// Kind says what is read: config (keys of a configuration file), flags (the help of a program, with its environment
	// variables), commands (those that the help of a program lists), migrations (SQL), manifests (Kubernetes and compose: ports, images, resources, probes), rules (alerts and
	// recording rules of Prometheus), metrics (Go source, or what /metrics answers), runbooks (Markdown), messages (log
	// messages or error codes), features (feature flags of OpenFeature's flagd), crds (custom resource definitions), openapi,
	// or facts (JSON as relctl facts prints it).
	Kind string `json:"kind" is:"factkind"`
	// Schema is a JSON Schema of the configuration file, for config.
	Schema string `json:"schema,omitempty" is:"path" one:"where the facts are"`
	// Files are paths, with * for any part of a name and ** for any folders. For config they are files with all keys and
	// their defaults, in YAML or TOML; for flags what a program prints with --help.
	Files []string `json:"files,omitempty" is:"glob" one:"where the facts are"`
	// Command prints the help for flags, or JSON for facts. It runs in a checkout of the commit, with the environment of a
	// gate. Files are to be preferred: they need no build, and can be read at any commit.
	Command []string `json:"command,omitempty" is:"argument" one:"where the facts are"`
	// Scope is put before the names, to keep apart what several programs or files have under the same name, such as acmed.
	Scope string `json:"scope,omitempty" is:"name"`
	// Dialect is the database of migrations.
	Dialect string `json:"dialect,omitempty" is:"dialect"`
	// Pattern is a regular expression (RE2) by which flags, commands, messages or metrics are found in files, with the groups (?P<name>…)
	// and perhaps (?P<type>…) and (?P<text>…).
	Pattern string `json:"pattern,omitempty" is:"factpattern"`
}

// ProductDeploy is where the manifests of the managed service lie.
type ProductDeploy struct {
	// Base is the folder with the kustomize base that every ring builds on.
	Base string `json:"base,omitempty" is:"path"`
	// Engine applies the manifests that relctl renders.
	Engine string `json:"engine,omitempty" is:"engine"`
	// Repository is the URL under which the engine finds the rendered manifests: this repository's, or that of a separate
	// one, which is then used through the remote that has this URL, or by the URL itself. Default is this repository. With
	// oci://<registry>/<path> the branch stays in this one, and Flux reads what its cells run from signed artifacts there,
	// one with the tag of each ring's name.
	Repository string `json:"repository,omitempty" is:"deployurl"`
	// Branch is the short name of the branch for rendered manifests. Default is relctl/deploy.
	Branch string `json:"branch,omitempty" is:"deploybranch"`
	// Keys are the paths of public keys, PEM files in the repository, of which one must have signed an artifact. The
	// commands about rings sign with --key.
	Keys []string `json:"keys,omitempty" is:"path"`
	// Secret is the name of the Kubernetes Secret with which Flux reads the repository or the artifacts. Without it they
	// are public.
	Secret string `json:"secret,omitempty" is:"secret"`
}
