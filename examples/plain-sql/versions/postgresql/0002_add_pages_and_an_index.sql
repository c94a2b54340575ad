-- migrate:up
ALTER TABLE books ADD COLUMN pages integer DEFAULT 0;
CREATE INDEX books_by_title ON books USING btree (title);

-- migrate:down
DROP INDEX books_by_title;
ALTER TABLE books DROP COLUMN pages;
