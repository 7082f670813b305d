package sqlite

import (
	"context"
	"database/sql"
	"embed"
	"io/fs"

	"github.com/pressly/goose/v3"

	"github.com/neckfrac/neckfrac"
)

//go:embed migrations/*.sql
var migrations embed.FS

// migrate brings the schema up to this release's. A newer schema is refused: an old
// binary can't know which of its writes would break it.
func migrate(ctx context.Context, db *sql.DB) error {
	p, err := provider(db)
	if err != nil {
		return err
	}
	current, target, err := p.GetVersions(ctx)
	if err != nil {
		return err
	}
	if current > target {
		return neckfrac.Errorf(neckfrac.Unsupported, "open ledger", "schema version %d is newer than this release's %d", current, target)
	}
	_, err = p.Up(ctx)
	return err
}

func provider(db *sql.DB) (*goose.Provider, error) {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, err
	}
	return goose.NewProvider(goose.DialectSQLite3, db, files, goose.WithDisableGlobalRegistry(true))
}

// current wants the schema of this release, without changing anything.
func current(ctx context.Context, db *sql.DB) error {
	p, err := provider(db)
	if err != nil {
		return err
	}
	have, want, err := p.GetVersions(ctx)
	if err == nil && have != want {
		err = neckfrac.Errorf(neckfrac.Unsupported, "open ledger", "schema version %d, this release reads %d", have, want)
	}
	return err
}
