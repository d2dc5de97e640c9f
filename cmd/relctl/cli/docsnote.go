package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/relctl/relctl/pkg/fact"
	"github.com/relctl/relctl/pkg/guide"
	"github.com/relctl/relctl/pkg/handbook"
	"github.com/relctl/relctl/pkg/project"
	"github.com/relctl/relctl/pkg/release"
)

// notesReport is what relctl docs note prints with --json.
type notesReport struct {
	Schema string `json:"schema"`
	// Channel and Since are the release that is compared with.
	Channel string          `json:"channel"`
	Since   release.Version `json:"since"`
	// Written says that the files were written; a dry run writes none.
	Written bool            `json:"written"`
	Missing []guide.Missing `json:"missing"`
}

func newDocsNote(s IO) *cobra.Command {
	var remote, name *string
	var asJSON, dryRun *bool
	cmd := &cobra.Command{
		Use:   "note [fact]",
		Short: "Write a note for operators about a change, to be filled in",
		Long: `note compares the facts of the working tree with those of the last release, and writes a file for the fact that is named,
or for each breaking one that has no note yet: what changed, and what only people know, to be filled in. A note that
still says TODO is refused. Files that are there are never written over.

A release with a breaking fact and no note is refused (gate notes); docs.notes in channels/product.yaml says otherwise.
The release is the newest of the LTS lines, or the last of --channel.`,
		Example: `  relctl docs note                          for each breaking fact without one
  relctl docs note config server.listen     for this one
  relctl docs note --dry-run                what is missing`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			p, err := look(cmd.Context(), cmd, *remote)
			if err != nil {
				return err
			}
			if handbook.New(p).NotesDir() == "/notes" {
				return &handbook.DocsError{Text: "channels/product.yaml names no folder with the operator's documentation", Remedy: "add the line: docs: {operator: docs/operator}"}
			}
			undone, err := wantedNotes(cmd, p, *name, strings.Join(args, " "))
			if err != nil {
				return err
			}
			if !*dryRun {
				if err := writeNotes(p.Repo.Top(), undone.Missing); err != nil {
					return err
				}
			}
			if *asJSON {
				return s.json(notesReport{
					Schema: "https://relctl.dev/schema/docs-note/v1", Channel: undone.Channel, Since: undone.Since, Written: !*dryRun, Missing: undone.Missing,
				})
			}
			printMissingNotes(s, undone, *dryRun)
			return nil
		},
	}
	remote, asJSON = addRemote(cmd), addJSON(cmd)
	name = cmd.Flags().String("channel", "", "compare with the last release of this `channel`")
	dryRun = cmd.Flags().Bool("dry-run", false, "only say what would be written")
	return cmd
}

// wantedNotes are the notes to write: about the fact that is named, else about all that break.
func wantedNotes(cmd *cobra.Command, p *project.Project, channelName, about string) (*handbook.Undone, error) {
	if channelName != "" {
		if _, err := p.Policy.Channel(channelName); err != nil {
			return nil, err
		}
	}
	if about == "" {
		return handbook.New(p).Undone(cmd.Context(), channelName, fact.Breaking)
	}
	want, err := guide.ParseAnswer(about)
	if err != nil {
		return nil, usagef("relctl docs note --dry-run lists the breaking facts without a note", "%s", err)
	}
	undone, err := handbook.New(p).Undone(cmd.Context(), channelName, fact.Notice)
	if err != nil {
		return nil, err
	}
	for _, m := range undone.Missing {
		if want.Is(m.Kind, m.Name) {
			undone.Missing = []guide.Missing{m}
			return undone, nil
		}
	}
	return nil, &handbook.DocsError{
		Text:   fmt.Sprintf("nothing changed of %s since %s, or it has a note", plain(about), undone.Since),
		Remedy: fmt.Sprintf("relctl facts diff %s HEAD lists what changed", undone.Since),
	}
}

// writeNotes writes drafts, never over a file that is there.
func writeNotes(top string, missing []guide.Missing) error {
	root, err := os.OpenRoot(top)
	if err != nil {
		return err
	}
	defer func() { _ = root.Close() }() // nothing is buffered
	for _, m := range missing {
		if err := root.MkdirAll(filepath.FromSlash(path.Dir(m.File)), 0o755); err != nil {
			return err
		}
		f, err := root.OpenFile(filepath.FromSlash(m.File), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
		if errors.Is(err, fs.ErrExist) {
			return &handbook.DocsError{Text: m.File + " is there already", Remedy: "fill it in, or name the fact in its key facts: " + m.Fact()}
		}
		if err != nil {
			return err
		}
		_, err = f.Write(m.Draft())
		if err := errors.Join(err, f.Close()); err != nil {
			return err
		}
	}
	return nil
}

func printMissingNotes(s IO, u *handbook.Undone, dryRun bool) {
	if len(u.Missing) == 0 {
		s.print("each fact that breaks since %s has a note\n", u.Since)
		return
	}
	did := "written, to be filled in and committed"
	if dryRun {
		did = "would be written"
	}
	s.say("compared with %s of %s", u.Since, plain(u.Channel))
	for _, m := range u.Missing {
		s.print("%s\n", plain(m.File))
		for _, t := range m.Texts {
			s.say("  %s", plain(string(m.Kind)+" "+t))
		}
	}
	s.say("%s %s", release.Count(len(u.Missing), "note"), did)
}
