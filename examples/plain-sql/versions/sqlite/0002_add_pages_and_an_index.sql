-- migrate:up
ALTER TABLE books ADD COLUMN pages INTEGER DEFAULT 0;
CREATE INDEX books_by_title ON books (title);

-- migrate:down
DROP INDEX books_by_title;
ALTER TABLE books DROP COLUMN pages;
