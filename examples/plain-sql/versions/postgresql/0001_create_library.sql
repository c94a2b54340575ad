-- migrate:up
CREATE TABLE authors (
    id integer NOT NULL,
    name text NOT NULL,
    CONSTRAINT authors_pkey PRIMARY KEY (id)
);
CREATE TABLE books (
    id integer NOT NULL,
    author_id integer NOT NULL,
    title text NOT NULL,
    CONSTRAINT books_author_id_fkey FOREIGN KEY (author_id) REFERENCES authors(id),
    CONSTRAINT books_pkey PRIMARY KEY (id)
);

-- migrate:down
DROP TABLE books;
DROP TABLE authors;
