package site

import (
	"fmt"
	"io/fs"
	"path"
	"strings"
)

// notesDir holds what people wrote about single changes. It is material for the upgrade guide, not pages.
const notesDir = "notes/"

// Read takes all files of a folder: Markdown as pages, but for the folder notes, the rest as assets.
func Read(fsys fs.FS, dir string) ([]Page, []Asset, error) {
	dir = path.Clean(dir)
	var pages []Page
	var assets []Asset
	total := int64(0)
	err := fs.WalkDir(fsys, dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		if !d.Type().IsRegular() {
			return fmt.Errorf("%s is not a regular file", name)
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		if total += info.Size(); total > MaxBytes {
			return &SizeError{fmt.Sprintf("%s has more than %d bytes", dir, MaxBytes)}
		}
		data, err := fs.ReadFile(fsys, name)
		if err != nil {
			return err
		}
		to := name
		if dir != "." {
			to = strings.TrimPrefix(name, dir+"/")
		}
		if strings.ToLower(path.Ext(to)) == ".md" && !strings.HasPrefix(to, notesDir) {
			pages = append(pages, Page{Path: to, Markdown: data, Source: name})
		} else {
			assets = append(assets, Asset{Path: to, Data: data})
		}
		return nil
	})
	return pages, assets, err
}
